"""Windows that share columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection.plan import WindowPlan
from rfhydra.spectrum import spectrogram as spectrogram_module
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import WindowSeries, make_window, spectrogram
from tests.spectrum.test_spectrogram import SPECS, noise, tone

RATE_HZ, CENTER_HZ = 1e6, 433e6


@given(
    st.sampled_from(SPECS),
    st.floats(0, 0.9),
    st.floats(0.1, 3.0),
    st.sampled_from((None, 1e-3)),
    st.integers(0, 1000),
    st.floats(-12, 12),
)
def test_images_are_those_of_each_window_alone(
    spec: SpectrogramSpec, context: float, length: float, max_wait_sec: float | None, seed: int, exponent: float
) -> None:
    """Whatever they share: bursts, silence and any gain."""
    rng = np.random.default_rng(seed)
    whole = np.concatenate([noise(spec, seed), noise(spec, seed + 1) + tone(spec, 9, 5.0), noise(spec, seed + 2)])[
        : max(int(length * spec.window_samples), spec.hop)
    ]
    whole[: rng.integers(0, len(whole))] *= np.float32(rng.choice([0.0, 0.01, 1.0]))
    whole = (whole * np.float32(10.0**exponent)).astype(np.complex64)
    plan, series = WindowPlan.of(spec, RATE_HZ, max_wait_sec, context), WindowSeries(spec, RATE_HZ, CENTER_HZ)
    for start, count in plan.spans(len(whole)):
        iq = whole[start : start + count]
        shared, alone = series.window(iq, start), make_window(iq, spec, RATE_HZ, CENTER_HZ, start)
        difference = shared.image.astype(int) - alone.image.astype(int)
        assert np.abs(difference).max() <= 1
        assert (shared.frame, shared.start_sample) == (alone.frame, alone.start_sample)


def test_a_shared_column_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, computed = SPECS[0], []
    before = spectrogram_module._block

    def counted(samples: object, spec: SpectrogramSpec, first: int, last: int) -> object:
        computed.append(last - first)
        return before(samples, spec, first, last)  # type: ignore[arg-type]

    monkeypatch.setattr(spectrogram_module, "_block", counted)
    whole, series = np.concatenate([noise(spec), noise(spec, 1)]), WindowSeries(spec, RATE_HZ, CENTER_HZ)
    step = spec.window_samples // 4
    for start in range(0, spec.window_samples, step):
        series.window(whole[start : start + spec.window_samples], start)
    reach = 2 * -(-(spec.fft_size - spec.hop) // 2 // spec.hop)  # columns whose transforms an edge cuts
    assert sum(computed) <= spec.cols + 3 * (spec.cols // 4 + 2 * reach)


def test_windows_that_do_not_meet_share_nothing() -> None:
    spec = SPECS[1]
    series = WindowSeries(spec, RATE_HZ, CENTER_HZ)
    series.window(noise(spec), 0)
    for start in (spec.window_samples, 10 * spec.window_samples, 0):
        made = series.window(noise(spec, 1), start)
        assert np.array_equal(made.image, spectrogram(noise(spec, 1), spec).numpy())


def test_seconds_of_a_window_go_on_after_a_change_of_the_rate() -> None:
    spec = SPECS[1]
    made = WindowSeries(spec, RATE_HZ, CENTER_HZ).window(noise(spec), 2_000_000, offset_sec=3.0)
    assert made.start_sec == 5.0
