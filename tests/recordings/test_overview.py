"""Overviews of recordings: what they show, and what they cost."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.recordings import Capture, Recording
from rfhydra.recordings.overview import MAX_COLS, MAX_ROWS, Extent, Overview, Pooling, overviews

RATE_HZ = 1e6
CENTER_HZ = 100e6


def recording(stored: NDArray[np.int8], retunes: dict[int, float] | None = None) -> Recording:
    path = Path("given.cs8")
    captures = tuple(Capture(start, hz) for start, hz in {0: CENTER_HZ, **(retunes or {})}.items())
    return Recording(path, path, 0, "ci8", RATE_HZ, captures, (), {}, None, stored)


def silence(samples: int) -> NDArray[np.int8]:
    return np.zeros((samples, 2), np.int8)


def of(given_recording: Recording, *extent: float | None, **options: object) -> list[Overview]:
    return overviews(given_recording, Extent.of(given_recording, *extent), **options)  # type: ignore[arg-type]


@given(st.integers(1, 3_000_000), st.floats(0, 1), st.sampled_from(["max", "mean"]), st.sampled_from([64, 1024, None]))
def test_an_impulse_is_seen_wherever_it_is(samples: int, place: float, pooling: Pooling, fft_size: int | None) -> None:
    stored, at = silence(samples), min(int(place * samples), samples - 1)
    stored[at] = 127
    (made,) = of(recording(stored), fft_size=fft_size, pooling=pooling)
    rows, cols = made.level_db.shape
    assert rows <= MAX_ROWS
    assert cols <= MAX_COLS
    loudest = int(np.unravel_index(np.argmax(made.level_db), made.level_db.shape)[1])
    seconds = (loudest + 0.5) / cols * (made.end_sec - made.start_sec)
    reach = (made.end_sec - made.start_sec) / cols + made.fft_size / RATE_HZ
    assert abs(seconds - at / RATE_HZ) <= reach
    if 0 < at < samples - 1:  # the taper starts with 0
        assert made.level_db.max() > -190


@given(st.floats(-0.45, 0.45), st.sampled_from([128, 1024]))
def test_a_tone_is_in_its_row_at_its_level(frequency: float, size: int) -> None:
    tone = np.exp(2j * np.pi * frequency * np.arange(20_000)).astype(np.complex64)
    stored = np.rint(64 * tone.view(np.float32).reshape(-1, 2)).astype(np.int8)
    (made,) = of(recording(stored), fft_size=size)
    column = made.level_db[:, made.level_db.shape[1] // 2]
    row, rows = int(np.argmax(column)), len(column)
    hertz = made.freq_high_hz - (row + 0.5) / rows * (made.freq_high_hz - made.freq_low_hz)
    assert abs(hertz - CENTER_HZ - frequency * RATE_HZ) <= RATE_HZ / size
    assert column[row] == pytest.approx(-6, abs=1.6)


def test_a_part_of_the_band_and_of_the_time() -> None:
    (made,) = of(recording(silence(1_000_000)), 0.25, 0.5, CENTER_HZ + 100e3, CENTER_HZ + 200e3)
    assert (made.start_sec, made.end_sec) == pytest.approx((0.25, 0.75), abs=5e-3)
    width = RATE_HZ / made.fft_size
    assert made.freq_low_hz == pytest.approx(CENTER_HZ + 100e3, abs=1.5 * width)
    assert made.freq_high_hz == pytest.approx(CENTER_HZ + 200e3, abs=1.5 * width)


def test_each_tuning_has_an_overview() -> None:
    stored = np.random.default_rng(1).integers(-50, 50, (3000, 2)).astype(np.int8)
    low, high = of(recording(stored, {1000: 90e6, 2000: CENTER_HZ}), fft_size=64)
    assert (low.center_freq_hz, high.center_freq_hz) == (90e6, CENTER_HZ)
    assert low.level_db.shape == high.level_db.shape
    received = np.isfinite(low.level_db[0])
    assert (received ^ np.isfinite(high.level_db[0])).mean() > 0.9
    assert received.mean() == pytest.approx(1 / 3, abs=0.05)
    assert [each.center_freq_hz for each in of(recording(stored, {1000: 90e6}), 0, None, 89e6, 91e6)] == [90e6]


def test_what_cannot_be_shown() -> None:
    short = recording(silence(1000))
    for extent in ((1.0,), (-1.0, 5.0), (0.0, 0.0)):
        with pytest.raises(InvalidMessage, match=r"given lasts 0\.001 s: there is nothing from"):
            of(short, *extent)
    with pytest.raises(InvalidMessage, match="its band is 99500000 to 100500000 Hz"):
        of(short, 0.0, None, 200e6)
    with pytest.raises(InvalidMessage, match="nothing between 100100000 and 100000000 Hz"):
        of(short, 0.0, None, 100.1e6, 100e6)
    with pytest.raises(InvalidMessage, match="fft_size 100 must be a power of two"):
        of(short, fft_size=100)
    with pytest.raises(TooLarge, match="has 8 centre frequencies there"):
        of(recording(silence(1000), {100 * number: 1e6 * number for number in range(1, 8)}))


def test_memory_does_not_grow_with_the_recording() -> None:
    peaks = []
    for samples in (4_000_000, 16_000_000):
        given_recording = recording(silence(samples))
        tracemalloc.start()
        of(given_recording, fft_size=1024)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 100e6


def test_parts_are_the_whole() -> None:
    extent = Extent(10, 110, 1.0, 2.0)
    assert extent.parts(3) == [Extent(10, 43, 1.0, 2.0), Extent(43, 76, 1.0, 2.0), Extent(76, 110, 1.0, 2.0)]
