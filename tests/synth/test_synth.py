"""Synthetic signals: what is said about them is true of their samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.synth import (
    BAND_EDGE,
    EMITTERS,
    Burst,
    Emission,
    LineCode,
    Receiver,
    Scene,
    log_uniform,
    make_burst,
    occupied_band,
)

LINE_CODES = {
    kind: LineCode(kind, symbol=40, bits=60, gap_symbols=(1, 3), rise=8, deviation=0.03, drift=1e-3)
    for kind in ("pwm", "ppm", "manchester", "nrz", "fsk")
}
ON_OFF = [line_code for kind, line_code in LINE_CODES.items() if kind != "fsk"]
seeds = st.integers(0, 2**32 - 1)


def burst_of(kind: str, seed: int, duration: int = 8000, bandwidth: float = 0.1) -> Burst:
    rng = np.random.default_rng(seed)
    return LINE_CODES[kind].packet(rng, duration) if kind in LINE_CODES else make_burst(kind, rng, duration, bandwidth)


def power(iq: NDArray[np.complexfloating]) -> float:
    return float(np.mean(np.abs(iq) ** 2))


def decibels(ratio: float) -> float:
    return float(10 * np.log10(ratio))


def share_in_band(iq: NDArray[np.complexfloating], low: float, high: float) -> float:
    """Share of the energy from ``low`` to ``high`` cycles per sample."""
    energy, freqs = np.abs(np.fft.fft(iq)) ** 2, np.fft.fftfreq(len(iq))
    return float(energy[(freqs >= low) & (freqs <= high)].sum() / energy.sum())


def one_tone(samples: int, freq: float, snr_db: float) -> Scene:
    scene = Scene(samples)
    carrier = Burst("tone", np.ones(samples, np.complex64), -0.5 / samples, 0.5 / samples)
    scene.add(carrier, start=0, freq=freq, snr_db=snr_db)
    return scene


def line_db(iq: NDArray[np.complexfloating], freq: float) -> float:
    """Power of the line at ``freq``, a whole number of turns of ``iq``."""
    return decibels(float(np.abs(np.mean(iq * np.exp(-2j * np.pi * freq * np.arange(len(iq))))) ** 2))


@pytest.mark.parametrize("kind", [*EMITTERS, *LINE_CODES])
def test_a_seed_decides_a_burst(kind: str) -> None:
    first, again, other = burst_of(kind, 1), burst_of(kind, 1), burst_of(kind, 2)
    np.testing.assert_array_equal(first.iq, again.iq)
    assert (first.low, first.high) == (again.low, again.high)
    assert len(first) != len(other) or not np.array_equal(first.iq, other.iq)


@settings(max_examples=20)
@given(st.sampled_from([*EMITTERS, *LINE_CODES]), seeds, st.integers(600, 20_000), st.floats(0.02, 0.3))
def test_a_burst_has_unit_power_and_the_length_asked_for(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    assert burst.iq.dtype == np.complex64
    assert power(burst.iq) == pytest.approx(1, rel=1e-3)
    assert len(burst) == duration if kind in EMITTERS else len(burst) <= duration


# a chirp or hopper fills its band; keying splatters, as do the few symbols of a short OFDM burst
FACTORS = {"tone": (0.0, 0.75), "ook": (1, 2.5), "fsk2": (0.8, 2), "ofdm": (0.7, 2)}


@settings(max_examples=40)
@given(st.sampled_from(list(EMITTERS)), seeds, st.integers(4000, 30_000), st.floats(0.02, 0.25))
def test_a_burst_is_about_as_wide_as_asked(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    least, most = FACTORS.get(kind, (0.7, 1.4))
    assert least * bandwidth <= burst.bandwidth <= most * bandwidth


@settings(max_examples=40)
@given(st.sampled_from([*EMITTERS, *LINE_CODES]), seeds, st.integers(1000, 20_000), st.floats(0.02, 0.25))
def test_the_occupied_band_holds_the_power(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    assert share_in_band(burst.iq, burst.low, burst.high) > (0.96 if kind in EMITTERS else 0.93)


def test_the_occupied_band_of_white_noise_and_of_a_line() -> None:
    noise = np.random.default_rng(0).standard_normal((20_000, 2)).view(complex)[:, 0].astype(np.complex64)
    low, high = occupied_band(noise)
    assert high - low == pytest.approx(0.99, abs=0.01)
    low, high = occupied_band(np.exp(0.2j * np.pi * np.arange(20_000)).astype(np.complex64))
    assert low < 0.1 < high
    assert high - low < 8 / 4096


def spectrogram_share(scene: Scene, emission: Emission, fft_size: int = 512) -> float:
    """Share of a spectrogram's energy inside the truth box, widened by what the transform blurs."""
    hop = fft_size // 2
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(scene.iq, hop // 2), fft_size)[::hop]
    energy = np.abs(np.fft.fft(frames * np.hanning(fft_size + 1)[:-1], axis=1)) ** 2
    freqs, centres = np.fft.fftfreq(fft_size), (np.arange(len(frames)) + 0.5) * hop
    box = emission.box(1.0, 0.0)
    rows = (freqs >= box.freq_low_hz - 1.5 / fft_size) & (freqs <= box.freq_high_hz + 1.5 / fft_size)
    cols = (centres >= box.time_start_sec - hop / 2) & (centres <= box.time_end_sec + hop / 2)
    return float(energy[np.ix_(cols, rows)].sum() / energy.sum())


@settings(max_examples=60)
@given(st.sampled_from([*EMITTERS, *LINE_CODES]), seeds, st.integers(3000, 20_000), st.floats(0.02, 0.25))
def test_the_truth_box_holds_the_burst(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    scene = Scene(32_768)
    emission = scene.place(burst_of(kind, seed, duration, bandwidth), np.random.default_rng(seed), 20.0)
    assert emission is not None
    assert spectrogram_share(scene, emission) >= 0.9


@settings(max_examples=30)
@given(st.sampled_from(["qpsk", "ofdm", "fsk2", "chirp"]), seeds, st.floats(-3, 40), st.floats(0.05, 0.3))
def test_the_in_band_snr_is_the_one_asked_for(kind: str, seed: int, snr_db: float, bandwidth: float) -> None:
    rng, scene = np.random.default_rng(seed), Scene(20_000)
    emission = scene.add(burst_of(kind, seed, 20_000, bandwidth), start=0, freq=0.1, snr_db=snr_db)
    assert emission is not None
    noise = Receiver().apply(Scene(20_000), rng)
    noise_in_band = power(noise) * share_in_band(noise, emission.low, emission.high)
    signal_in_band = power(scene.iq) * share_in_band(scene.iq, emission.low, emission.high)
    assert decibels(signal_in_band / noise_in_band) == pytest.approx(snr_db, abs=1)


def test_a_truth_box_is_in_seconds_and_hz() -> None:
    box = Emission("x", 1000, 3000, -0.25, 0.125, 10.0).box(2e6, 868e6)
    assert box.as_tuple() == (0.0005, 0.0015, 867.5e6, 868.25e6)


def test_a_burst_is_cut_at_the_edges_of_the_scene() -> None:
    scene, burst = Scene(10_000), burst_of("qpsk", 0)
    early, late = (scene.add(burst, start=start, freq=0.0, snr_db=0.0) for start in (-5000, 9000))
    assert early is not None
    assert late is not None
    assert (early.start, early.stop, late.start, late.stop) == (0, 3000, 9000, 10_000)
    assert not scene.iq[3000:9000].any()
    assert scene.add(burst, start=-8000, freq=0.0, snr_db=0.0) is None
    assert scene.add(burst, start=10_000, freq=0.0, snr_db=0.0) is None
    assert scene.emissions == [early, late]


@settings(max_examples=20)
@given(seeds, st.floats(0, 0.5))
def test_placed_bursts_lie_in_the_band_and_hardly_overlap(seed: int, max_overlap: float) -> None:
    rng, scene = np.random.default_rng(seed), Scene(30_000)
    for kind in rng.choice(list(EMITTERS), 8):
        burst = make_burst(str(kind), rng, int(log_uniform(rng, 1000, 60_000)), log_uniform(rng, 0.02, 0.4))
        scene.place(burst, rng, 10.0, max_overlap=max_overlap)
    assert scene.emissions
    for index, emission in enumerate(scene.emissions):
        assert -BAND_EDGE - 1e-9 <= emission.low < emission.high <= BAND_EDGE + 1e-9
        assert 0 <= emission.start < emission.stop <= 30_000
        assert all(emission.overlap(other) <= max_overlap for other in scene.emissions[:index])


def test_overlap_is_a_part_of_the_smaller_area() -> None:
    large, small = Emission("a", 0, 100, 0.0, 0.2, 0.0), Emission("b", 90, 110, 0.1, 0.2, 0.0)
    assert large.overlap(small) == small.overlap(large) == pytest.approx(0.5)
    assert large.overlap(Emission("c", 100, 110, 0.0, 0.2, 0.0)) == 0
    assert large.overlap(Emission("d", 0, 100, 0.2, 0.3, 0.0)) == 0


def test_no_free_place_is_no_emission() -> None:
    rng, scene = np.random.default_rng(0), Scene(8000)
    assert scene.place(burst_of("ofdm", 0, bandwidth=0.9), rng, 10.0) is not None
    before = scene.iq.copy()
    assert scene.place(burst_of("ofdm", 1, bandwidth=0.9), rng, 10.0) is None
    np.testing.assert_array_equal(scene.iq, before)


def test_a_burst_wider_than_the_band_is_centred() -> None:
    scene = Scene(8000)
    emission = scene.place(burst_of("ofdm", 0, bandwidth=1.0), np.random.default_rng(0), 10.0, cut=0.0)
    assert emission is not None
    assert emission.high - emission.low > 2 * BAND_EDGE
    assert emission.low + emission.high == pytest.approx(0, abs=1e-9)


def test_a_train_is_equal_bursts_at_equal_distances() -> None:
    scene, burst = Scene(40_000), burst_of("pwm", 0, 3000)
    train = scene.place_train(burst, np.random.default_rng(0), 20.0, repeats=5, gap=2000, start=-len(burst) // 2)
    starts = [emission.start for emission in train]
    assert np.diff(starts[1:]).tolist() == [len(burst) + 2000] * 3
    assert len({(emission.low, emission.high) for emission in train}) == 1
    assert scene.emissions == train
    for emission in train:
        assert not scene.iq[emission.stop : emission.stop + 2000].any()


@settings(max_examples=60)
@given(st.sampled_from(ON_OFF), seeds, st.integers(4, 300), st.integers(30, 20_000))
def test_a_packet_begins_and_ends_with_a_pulse_and_pauses_as_it_says(
    line_code: LineCode, seed: int, bits: int, longest: int
) -> None:
    line_code = LineCode(line_code.kind, line_code.symbol, bits, line_code.gap_symbols, rise=1)
    burst = line_code.packet(np.random.default_rng(seed), longest)
    on = np.flatnonzero(np.abs(burst.iq) > 1e-6)
    assert (on[0], on[-1]) == (0, len(burst) - 1)
    assert len(burst) <= longest
    assert np.diff(on).max(initial=1) - 1 <= line_code.longest_gap


@given(seeds, st.integers(9, 400))
def test_nrz_runs_are_bounded(seed: int, bits: int) -> None:
    burst = LineCode("nrz", 1, bits, rise=1).packet(np.random.default_rng(seed), bits)
    on = np.abs(burst.iq) > 1e-6
    edges = np.flatnonzero(np.diff(on))
    assert np.diff(edges, prepend=-1, append=len(on) - 1).max() <= 4


def test_the_default_receiver_adds_unit_noise_and_no_more() -> None:
    scene = one_tone(50_000, 0.125, 50.0)
    noise = Receiver().apply(scene, np.random.default_rng(0)) - scene.iq
    assert noise.dtype == np.complex64
    assert power(noise) == pytest.approx(1, rel=0.02)
    assert share_in_band(noise, -0.25, 0.25) == pytest.approx(0.5, abs=0.02)


def test_an_image_is_a_mirrored_line() -> None:
    heard = Receiver(image_db=-25.0).apply(one_tone(8000, 0.125, 90.0), np.random.default_rng(0))
    assert line_db(heard, -0.125) - line_db(heard, 0.125) == pytest.approx(-25, abs=0.5)


def test_dc_and_spurs_are_lines_of_their_amplitude() -> None:
    heard = Receiver(dc=0.5, spurs=((0.25, 0.2),)).apply(Scene(80_000), np.random.default_rng(0))
    assert line_db(heard, 0.0) == pytest.approx(decibels(0.5**2), abs=0.5)
    assert line_db(heard, 0.25) == pytest.approx(decibels(0.2**2), abs=0.5)


def test_a_tilt_shapes_the_noise() -> None:
    heard = Receiver(tilt_db=(-20.0, 0.0, 6.0)).apply(Scene(60_000), np.random.default_rng(0))
    shares = [share_in_band(heard, freq - 0.01, freq + 0.01) for freq in (-0.48, 0.0, 0.48)]
    assert decibels(shares[0] / shares[1]) == pytest.approx(-19, abs=1)
    assert decibels(shares[2] / shares[1]) == pytest.approx(6, abs=1)


def test_an_agc_lowers_the_noise_under_strong_emissions_only() -> None:
    scene = Scene(60_000)
    for start, snr_db in ((10_000, 20.0), (30_000, 30.0)):
        scene.add(burst_of("qpsk", 0, 10_000), start=start, freq=0.0, snr_db=snr_db)
    noise = Receiver(agc_db=12.0).apply(scene, np.random.default_rng(0)) - scene.iq
    levels = [decibels(power(noise[start : start + 10_000])) for start in (0, 10_000, 30_000, 50_000)]
    assert levels == pytest.approx([0, 0, -12, 0], abs=0.3)


def test_steps_change_the_noise_for_a_while() -> None:
    noise = Receiver(steps=((0.25, 0.5, -10.0),)).apply(Scene(40_000), np.random.default_rng(0))
    levels = [decibels(power(part)) for part in np.split(noise, 4)]
    assert levels == pytest.approx([0, -10, 0, 0], abs=0.3)


@pytest.mark.parametrize(("overload_db", "least", "most"), [(-12.0, 0.0, 0.001), (6.0, 0.2, 0.9)])
def test_overload_clips(overload_db: float, least: float, most: float) -> None:
    heard = Receiver(bits=8, overload_db=overload_db).apply(one_tone(20_000, 0.0123, 80.0), np.random.default_rng(0))
    parts = heard.view(np.float32)
    np.testing.assert_allclose(parts * 127, np.round(parts * 127), atol=1e-4)
    assert np.abs(parts).max() <= 128 / 127 + 1e-6
    assert least <= np.mean(np.abs(parts) >= 1) <= most


def test_silence_is_digital_and_at_the_start() -> None:
    heard = Receiver(silence=0.3).apply(Scene(10_000), np.random.default_rng(0))
    assert (heard[:3000] == -1 - 1j).all()
    assert not (heard[3000:] == -1 - 1j).any()


@given(seeds)
@settings(max_examples=20)
def test_a_random_receiver_hears_finite_samples_the_same_way_twice(seed: int) -> None:
    scene = one_tone(4000, 0.1, 30.0)

    def heard() -> NDArray[np.complex64]:
        rng = np.random.default_rng(seed)
        return Receiver.random(rng).apply(scene, rng)

    first = heard()
    assert first.dtype == np.complex64
    assert first.shape == scene.iq.shape
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, heard())
