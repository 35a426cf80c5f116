from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.protocol.live import WaterfallSettings
from rfhydra.spectrum.waterfall import MAX_SPECTRA_PER_COLUMN, Columns, Waterfall

RATE_HZ = 64_000.0
SIZE = 64


def sine(cycles_per_sample: float, samples: int, level: float = 1.0) -> NDArray[np.complex64]:
    wave: NDArray[np.complex64] = (level * np.exp(2j * np.pi * cycles_per_sample * np.arange(samples))).astype("c8")
    return wave


def settings(**fields: object) -> WaterfallSettings:
    return WaterfallSettings.model_validate({"fft_size": SIZE, "columns_per_sec": 100.0, **fields})


def feed(waterfall: Waterfall, iq: NDArray[np.complex64], sizes: list[int], start: int = 0) -> list[Columns]:
    edges = np.cumsum([0, *sizes])
    found = [waterfall.add(iq[begin:end], start + int(begin)) for begin, end in pairwise(edges)]
    return [each for each in found if each is not None]


def test_a_sine_of_full_scale_has_0_db_in_its_row() -> None:
    offset = 8  # bins above the centre
    waterfall = Waterfall(settings(min_db=-100, max_db=0), RATE_HZ)
    (columns,) = feed(waterfall, sine(offset / SIZE, 1280), [1280])
    assert (columns.pixels.shape, columns.samples_per_column) == ((SIZE, 2), 640)
    row = SIZE // 2 - 1 - offset
    assert (columns.pixels.argmax(axis=0) == row).all()
    assert (columns.pixels[row] == 255).all()


@pytest.mark.parametrize(("level", "grey"), [(0.1, 204), (10, 255), (1e-9, 0), (0, 0)])
def test_levels_are_greys_between_the_limits(level: float, grey: int) -> None:
    waterfall = Waterfall(settings(min_db=-100, max_db=0), RATE_HZ)
    (columns,) = feed(waterfall, sine(0, 1280, level), [1280])
    assert columns.pixels[SIZE // 2 - 1].tolist() == [grey, grey]


def test_the_peak_shows_a_short_burst_and_the_mean_does_not() -> None:
    iq = np.zeros(1280, np.complex64)
    iq[:SIZE] = 1
    peak, mean = (
        feed(Waterfall(settings(hold=hold), RATE_HZ), iq, [1280])[0].pixels[SIZE // 2 - 1] for hold in ("peak", "mean")
    )
    assert peak[0] == 255
    assert mean[0] == pytest.approx(255 * (120 - 10) / 120, abs=1)  # one of ten spectra
    assert peak[1] == mean[1] == 0


@given(st.lists(st.integers(1, 900), min_size=1, max_size=12), st.integers(0, 10**9), st.integers(1, 5))
def test_columns_do_not_depend_on_how_the_samples_come(sizes: list[int], start: int, per_frame: int) -> None:
    total = sum(sizes)
    rng = np.random.default_rng(7)
    iq = (rng.standard_normal(total) + 1j * rng.standard_normal(total)).astype(np.complex64)
    whole = feed(Waterfall(settings(columns_per_frame=1), RATE_HZ), iq, [total], start)
    parts = feed(Waterfall(settings(columns_per_frame=per_frame), RATE_HZ), iq, sizes, start)
    assert all(part.pixels.shape[1] >= per_frame for part in parts)
    expected = start
    for part in parts:
        assert part.start_sample == expected
        expected += part.pixels.shape[1] * part.samples_per_column
    joined = np.concatenate([part.pixels for part in parts], axis=1) if parts else np.empty((SIZE, 0), np.uint8)
    all_columns = whole[0].pixels if whole else np.empty((SIZE, 0), np.uint8)
    assert all_columns.shape[1] - joined.shape[1] < per_frame
    np.testing.assert_array_equal(joined, all_columns[:, : joined.shape[1]])


def test_after_a_gap_columns_begin_anew() -> None:
    waterfall = Waterfall(settings(columns_per_frame=1), RATE_HZ)
    assert waterfall.add(sine(0, 700), 0) is not None
    after = waterfall.add(sine(0, 640), 5000)
    assert after is not None
    assert (after.start_sample, after.pixels.shape[1]) == (5000, 1)


def test_a_column_is_never_shorter_than_a_spectrum() -> None:
    waterfall = Waterfall(settings(columns_per_sec=1000), 1000.0)
    assert waterfall.samples_per_column == SIZE


def test_the_work_for_a_column_does_not_grow_with_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    spectra = []
    transform = np.fft.fft

    def counted(spans: NDArray[np.complex64], axis: int) -> NDArray[np.complexfloating]:
        spectra.append(len(spans))
        return transform(spans, axis=axis)

    monkeypatch.setattr(np.fft, "fft", counted)
    for rate_hz in (1e6, 20e6):
        spectra.clear()
        waterfall = Waterfall(settings(), rate_hz)
        samples = 4 * waterfall.samples_per_column
        feed(waterfall, np.zeros(samples, np.complex64), [samples])
        assert sum(spectra) == 4 * MAX_SPECTRA_PER_COLUMN
