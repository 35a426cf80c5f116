import asyncio
import threading
from collections.abc import Iterator

import pytest

from rfhydra.errors import Busy, Cancelled, NotFound
from rfhydra.server.executor import SerialExecutor, Stop


@pytest.fixture
def executor() -> Iterator[SerialExecutor]:
    made = SerialExecutor("test", 3)
    yield made
    made.close()


def test_calls_run_in_order_in_one_other_thread(executor: SerialExecutor) -> None:
    async def run() -> list[tuple[int, str]]:
        return await asyncio.gather(
            *(executor.run(lambda number=number: (number, threading.current_thread().name)) for number in range(3))  # type: ignore[misc]
        )

    assert asyncio.run(run()) == [(number, "rfhydra-test_0") for number in range(3)]
    assert executor.waiting == 0


def test_what_goes_wrong_is_raised_where_it_was_asked_for(executor: SerialExecutor) -> None:
    def fail() -> None:
        raise NotFound("nothing")

    with pytest.raises(NotFound, match="nothing"):
        asyncio.run(executor.run(fail))


def test_a_full_lane_refuses_but_what_the_server_owes_itself(executor: SerialExecutor) -> None:
    async def run() -> None:
        hold = threading.Event()
        waiting = [asyncio.create_task(executor.run(hold.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        assert executor.waiting == 3
        with pytest.raises(Busy, match="test"):
            await executor.run(lambda: None)
        owed = asyncio.create_task(executor.run(lambda: "done", refusable=False))
        await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(*waiting)
        assert await owed == "done"
        assert await executor.run(lambda: "again") == "again"

    asyncio.run(run())


def test_a_call_whose_caller_is_gone_never_begins(executor: SerialExecutor) -> None:
    begun: list[str] = []

    async def run() -> None:
        hold = threading.Event()
        first = asyncio.create_task(executor.run(hold.wait))
        gone = asyncio.create_task(executor.run(lambda: begun.append("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        hold.set()
        await first
        await executor.run(lambda: begun.append("next"))

    asyncio.run(run())
    assert begun == ["next"]
    assert executor.waiting == 0


def test_a_running_call_stops_when_its_caller_is_gone(executor: SerialExecutor) -> None:
    outcomes: list[str] = []

    async def run() -> None:
        loop, running = asyncio.get_running_loop(), asyncio.Event()

        def work(stop: Stop) -> None:
            loop.call_soon_threadsafe(running.set)
            try:
                while True:
                    stop.check()
            except Cancelled:
                outcomes.append("stopped")
                raise

        caller = asyncio.create_task(executor.run_stoppable(work))
        await running.wait()
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

    asyncio.run(run())
    executor.close()
    assert outcomes == ["stopped"]
