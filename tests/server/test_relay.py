import asyncio
import threading

from rfhydra.server.relay import Relay


def test_items_of_a_thread_arrive_in_order_on_the_loop() -> None:
    async def scenario() -> list[int]:
        taken: list[int] = []
        done = asyncio.Event()

        def take(items: list[int], dropped: int) -> None:
            assert threading.current_thread() is threading.main_thread()
            assert dropped == 0
            taken.extend(items)
            if len(taken) == 1000:
                done.set()

        relay = Relay(take, 1000)

        def put_all() -> None:
            for number in range(1000):
                relay.put(number)

        thread = threading.Thread(target=put_all)
        thread.start()
        await done.wait()
        thread.join()
        return taken

    assert asyncio.run(scenario()) == list(range(1000))


def test_a_late_loop_finds_the_newest_items_and_how_many_were_dropped() -> None:
    calls: list[tuple[list[int], int]] = []

    async def scenario() -> None:
        relay = Relay[int](lambda items, dropped: calls.append((items, dropped)), 3)
        for number in range(10):
            relay.put(number)
        await asyncio.sleep(0)
        relay.put(10)
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert calls == [([7, 8, 9], 7), ([10], 0)]


def test_after_the_end_of_the_loop_nobody_waits() -> None:
    async def make() -> Relay[int]:
        return Relay(lambda items, dropped: None, 3)

    relay = asyncio.run(make())
    for number in range(10):
        relay.put(number)
