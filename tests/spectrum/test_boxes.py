"""The conversion between pixels and seconds/Hz, and invalid boxes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.errors import InvalidBox
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram

SPEC = SpectrogramSpec(fft_size=256, hop=64, rows=128, cols=100)
FRAME = Frame(SPEC, sample_rate_hz=1e6, center_freq_hz=433.92e6, cols=100)
BAND_HZ = (FRAME.freq_low_hz, FRAME.freq_high_hz)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    fft_size = 2 ** draw(st.integers(6, 12))
    rows = 2 ** draw(st.integers(5, fft_size.bit_length() - 1))
    spec = SpectrogramSpec(fft_size=fft_size, hop=2 * draw(st.integers(1, fft_size // 2)), rows=rows)
    return Frame(spec, draw(st.floats(1, 1e9)), draw(st.floats(0, 1e10)), draw(st.integers(32, 1024)))


@given(frames(), st.data())
def test_pixel_round_trip(frame: Frame, data: st.DataObject) -> None:
    def edges(size: int) -> tuple[float, float]:
        start = data.draw(st.floats(-10, size - 1, width=32))
        return start, start + data.draw(st.floats(0.5, size, width=32))

    (x0, x1), (y0, y1) = edges(frame.cols), edges(frame.spec.rows)
    pixels = np.array([[x0, y0, x1, y1]], np.float32)
    round_trip = frame.to_pixels(frame.to_boxes(pixels))
    assert round_trip.dtype == np.float32
    # at 10 GHz a float64 resolves 2e-6 Hz, which is much of a row where the band is 1 Hz wide
    np.testing.assert_allclose(round_trip, pixels, atol=1e-3 + 4e-6 * frame.spec.rows, rtol=1e-6)


def test_the_axes() -> None:
    assert math.isclose(FRAME.duration_sec, 100 * 64 / 1e6)
    whole = Box(0.0, FRAME.duration_sec, *BAND_HZ)
    np.testing.assert_allclose(FRAME.to_pixels([whole]), [[0, 0, 100, 128]], atol=1e-4)
    high, low = FRAME.to_boxes([[0, 0, 1, 1], [0, 127, 1, 128]])
    assert high.freq_low_hz > low.freq_high_hz
    assert FRAME.to_pixels([]).shape == (0, 4)


@st.composite
def bursts(draw: st.DrawFn) -> tuple[SpectrogramSpec, float, int]:
    """A contract, a frequency in cycles per sample within 0.4 bins of any bin's centre, and a column."""
    fft_size = draw(st.sampled_from([64, 256, 1024]))
    rows = draw(st.sampled_from([rows for rows in (32, 64, 256, 1024) if rows <= fft_size]))
    hop = draw(st.sampled_from([fft_size // 4, fft_size // 2, fft_size]))
    bin_index = draw(st.integers(-fft_size // 2, fft_size // 2 - 1))
    freq = (bin_index + draw(st.floats(-0.4, 0.4))) / fft_size
    return SpectrogramSpec(fft_size=fft_size, hop=hop, rows=rows, cols=32), freq, draw(st.integers(0, 31))


@given(bursts())
def test_pixels_of_a_tone_and_a_pulse_match_the_frame(burst: tuple[SpectrogramSpec, float, int]) -> None:
    spec, freq, col = burst
    noise = (
        0.1 * np.random.default_rng(0).standard_normal((spec.window_samples, 2), np.float32).view(np.complex64)[:, 0]
    )
    tone = np.exp(2j * np.pi * freq * np.arange(spec.window_samples))
    pulse = np.where(np.arange(spec.window_samples) // spec.hop == col, tone, 0)
    row_seen = int(spectrogram(noise + tone, spec).float().mean(1).argmax())
    col_seen = int(spectrogram(noise + pulse, spec).amax(0).argmax())

    frame = Frame(spec, sample_rate_hz=2e6, center_freq_hz=868e6, cols=spec.cols)
    hz, sec = 868e6 + freq * 2e6, (col + 0.5) * spec.hop / 2e6
    ((x, y, _, _),) = frame.to_pixels([Box(sec, sec + 1, hz - 1, hz)])
    assert (int(y), int(x)) == (row_seen, col_seen)


@pytest.mark.parametrize(
    "values",
    [
        (math.nan, 1.0, 0.0, 1.0),
        (0.0, math.inf, 0.0, 1.0),
        (0.0, 1.0, -math.inf, 1.0),
        (0.0, 1.0, 0.0, math.nan),
        (1.0, 1.0, 0.0, 1.0),
        (2.0, 1.0, 0.0, 1.0),
        (0.0, 1.0, 5.0, 5.0),
        (0.0, 1.0, 6.0, 5.0),
    ],
)
def test_empty_or_infinite_boxes_are_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(InvalidBox):
        Box(*values)


@pytest.mark.parametrize("pixels", [[3.0, 3.0, 3.0, 9.0], [0.0, 9.0, 5.0, 9.0], [0.0, 0.0, math.nan, 1.0]])
def test_empty_or_infinite_pixel_boxes_are_refused(pixels: list[float]) -> None:
    with pytest.raises(InvalidBox):
        FRAME.to_boxes([pixels])


@pytest.mark.parametrize(("rate_hz", "center_hz"), [(0.0, 0.0), (-1.0, 0.0), (math.nan, 0.0), (math.inf, 0.0)])
def test_a_frame_needs_a_sample_rate(rate_hz: float, center_hz: float) -> None:
    with pytest.raises(InvalidBox, match="sample_rate_hz"):
        Frame(SPEC, rate_hz, center_hz, 100)


def test_a_frame_needs_a_centre_frequency() -> None:
    with pytest.raises(InvalidBox, match="center_freq_hz"):
        Frame(SPEC, 1e6, math.nan, 100)


def test_shifted_moves_time_only() -> None:
    assert Box(1, 2, 3, 4).shifted(0.5) == Box(1.5, 2.5, 3, 4)


def test_clip_keeps_what_is_inside() -> None:
    low, high = BAND_HZ
    inside = Box(0.001, 0.002, low + 1e5, low + 2e5)
    assert FRAME.clip(inside) == inside
    assert FRAME.clip(Box(-0.001, 0.001, low - 1e5, low + 1e5)) == Box(0.0, 0.001, low, low + 1e5)
    assert FRAME.clip(Box(-0.002, -0.001, low, high)) is None
    assert FRAME.clip(Box(0.0, 0.001, high, high + 1.0)) is None


def test_clip_drops_boxes_below_the_visible_part() -> None:
    low, _ = BAND_HZ
    quarter = Box(-0.001, 0.001, low - 1e5, low + 1e5)
    assert FRAME.clip(quarter, min_visible=0.24) is not None
    assert FRAME.clip(quarter, min_visible=0.26) is None


def test_require_inside_tolerates_one_pixel() -> None:
    low, high = BAND_HZ
    sec, hz, end = FRAME.seconds_per_col, FRAME.hz_per_row, FRAME.duration_sec
    nearly = Box(-0.9 * sec, end + 0.9 * sec, low - 0.9 * hz, high + 0.9 * hz)
    assert FRAME.require_inside(nearly) == Box(0.0, end, low, high)
    for early_late in (Box(-1.1 * sec, end, low, high), Box(0.0, end + 1.1 * sec, low, high)):
        with pytest.raises(InvalidBox, match="time"):
            FRAME.require_inside(early_late)
    for beside in (Box(0.0, end, low - 1.1 * hz, high), Box(0.0, end, low, high + 1.1 * hz)):
        with pytest.raises(InvalidBox, match="frequency"):
            FRAME.require_inside(beside)
    with pytest.raises(InvalidBox, match="no extent"):
        FRAME.require_inside(Box(-0.5 * sec, -0.1 * sec, low, high))
