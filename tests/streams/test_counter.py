"""Numbers of samples over gaps and lost connections."""

from rfhydra.streams.counter import SampleCounter


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_samples_are_counted_on() -> None:
    counter = SampleCounter()
    assert [counter.place(10, 1e3), counter.place(5, 1e3), counter.next_sample] == [0, 10, 15]


def test_known_losses_are_skipped() -> None:
    counter = SampleCounter()
    counter.place(10, 1e3)
    counter.skip(7)
    assert counter.place(10, 1e3) == 17


def test_a_lost_connection_is_measured_by_the_clock() -> None:
    clock = Clock()
    counter = SampleCounter(clock)
    counter.place(10, 1e3)
    counter.interrupt()
    clock.now += 2.0
    assert counter.place(100, 1e3) == 10 + 1900, "the samples took 100 ms of the 2 s themselves"
    clock.now += 2.0
    assert counter.place(100, 1e3) == 2010, "without an interruption, the clock has no say"


def test_a_burst_after_an_interruption_is_no_negative_gap() -> None:
    clock = Clock()
    counter = SampleCounter(clock)
    counter.place(10, 1e3)
    counter.interrupt()
    assert counter.place(100, 1e3) == 10


def test_nothing_is_lost_before_the_first_sample() -> None:
    clock = Clock()
    counter = SampleCounter(clock)
    counter.interrupt()
    clock.now += 2.0
    assert counter.place(100, 1e3) == 0
