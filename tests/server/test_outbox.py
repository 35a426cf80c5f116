import asyncio

from rfhydra.server.net.outbox import MAX_ITEMS, Outbox, Payload


def drain(outbox: Outbox, count: int) -> list[Payload]:
    async def take() -> list[Payload]:
        return [await outbox.take() for _ in range(count)]

    return asyncio.run(take())


def test_messages_keep_their_order() -> None:
    outbox = Outbox(10, 100)
    assert outbox.put("a")
    outbox.put_latest("job", lambda dropped: f"epoch {dropped}")
    assert outbox.put(b"b")
    assert drain(outbox, 3) == ["a", "epoch 0", b"b"]


def test_the_latest_of_a_key_takes_the_place_of_the_first_and_knows_how_many_it_replaced() -> None:
    outbox = Outbox(10, 100)
    for epoch in range(1, 5):
        outbox.put_latest("job", lambda dropped, epoch=epoch: f"epoch {epoch}, {dropped} dropped")  # type: ignore[misc]
        outbox.put_latest("other", lambda dropped: "other")
    outbox.put("complete")
    assert drain(outbox, 3) == ["epoch 4, 3 dropped", "other", "complete"]
    assert outbox.dropped == 6


def test_the_latest_few_of_a_key_are_kept_and_the_first_knows_how_many_were_dropped() -> None:
    outbox = Outbox(10, 100)
    for frame in range(5):
        outbox.put_latest("waterfall", lambda dropped, frame=frame: f"frame {frame}, {dropped} dropped", 3)  # type: ignore[misc]
    outbox.put("a")
    assert drain(outbox, 2) == ["frame 2, 2 dropped", "frame 3, 0 dropped"]
    outbox.put_latest("waterfall", lambda dropped: f"frame 5, {dropped} dropped", 3)
    assert drain(outbox, 3) == ["frame 4, 0 dropped", "a", "frame 5, 0 dropped"]
    assert outbox.dropped == 2


def test_a_key_that_was_taken_begins_anew() -> None:
    outbox = Outbox(10, 100)
    outbox.put_latest("job", lambda dropped: f"first {dropped}")
    assert drain(outbox, 1) == ["first 0"]
    outbox.put_latest("job", lambda dropped: f"second {dropped}")
    assert drain(outbox, 1) == ["second 0"]


def test_there_is_no_room_over_the_bounds() -> None:
    outbox = Outbox(2, 10)
    assert outbox.put("12345")
    assert not outbox.put("123456")
    assert outbox.put("12345")
    assert not outbox.put("")
    assert drain(outbox, 2) == ["12345", "12345"]
    assert outbox.put("12345")


def test_one_message_always_has_room() -> None:
    outbox = Outbox(2, 10)
    assert outbox.put("x" * 1000)
    assert not outbox.put("y")


def test_what_replaces_each_other_takes_no_room() -> None:
    outbox = Outbox(1, 10)
    outbox.put("1234567890")
    for _ in range(1000):
        outbox.put_latest("job", lambda dropped: "epoch")
    assert drain(outbox, 2) == ["1234567890", "epoch"]


def test_take_waits_and_emptied_says_when_all_was_taken() -> None:
    async def talk() -> list[Payload]:
        outbox, taken = Outbox(10, 100), list[Payload]()

        async def take_all() -> None:
            while True:
                taken.append(await outbox.take())

        taker = asyncio.create_task(take_all())
        outbox.put("a")
        outbox.put("b")
        await outbox.emptied()
        taker.cancel()
        return taken

    assert asyncio.run(talk()) == ["a", "b"]


def test_items_of_a_key_are_sent_together_in_the_place_of_the_first() -> None:
    outbox = Outbox(10, 100)

    def render(items: list[int], dropped: int) -> str:
        return f"{items}, {dropped} dropped"

    outbox.put_items("tracks", [1, 2], render)
    outbox.put("a")
    outbox.put_items("tracks", [3], render)
    outbox.put_items("others", [9], render)
    assert drain(outbox, 3) == ["[1, 2, 3], 0 dropped", "a", "[9], 0 dropped"]
    outbox.put_items("tracks", [4], render)
    assert drain(outbox, 1) == ["[4], 0 dropped"]


def test_of_too_many_items_the_newest_are_kept() -> None:
    outbox = Outbox(1, 10)
    outbox.put("1234567890")  # items take no room of control messages
    for number in range(3 * MAX_ITEMS):
        outbox.put_items("tracks", [number], lambda items, dropped: f"{items[0]} {items[-1]} {len(items)} {dropped}")
    first, last = 2 * MAX_ITEMS, 3 * MAX_ITEMS - 1
    assert drain(outbox, 2)[1] == f"{first} {last} {MAX_ITEMS} {2 * MAX_ITEMS}"
    assert outbox.dropped == 2 * MAX_ITEMS
