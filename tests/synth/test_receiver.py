"""Receiver artefacts: each has the level that it is given."""

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from rfhydra.synth import (
    Burst,
    Passband,
    Pumping,
    Receiver,
    Scene,
    Squelch,
)
from tests.synth.given import burst_of, decibels, power, seeds, share_in_band


def one_tone(samples: int, freq: float, snr_db: float) -> Scene:
    scene = Scene(samples)
    carrier = Burst("tone", np.ones(samples, np.complex64), -0.5 / samples, 0.5 / samples)
    scene.add(carrier, start=0, freq=freq, snr_db=snr_db)
    return scene


def line_db(iq: NDArray[np.complexfloating], freq: float) -> float:
    """Power of the line at ``freq``, a whole number of turns of ``iq``."""
    return decibels(float(np.abs(np.mean(iq * np.exp(-2j * np.pi * freq * np.arange(len(iq))))) ** 2))


def test_default_receiver_adds_unit_noise_only() -> None:
    scene = one_tone(50_000, 0.125, 50.0)
    noise = Receiver().apply(scene, np.random.default_rng(0)) - scene.iq
    assert noise.dtype == np.complex64
    assert power(noise) == pytest.approx(1, rel=0.02)
    assert share_in_band(noise, -0.25, 0.25) == pytest.approx(0.5, abs=0.02)


def test_an_image_is_a_mirrored_line() -> None:
    received = Receiver(image_db=-25.0).apply(one_tone(8000, 0.125, 90.0), np.random.default_rng(0))
    assert line_db(received, -0.125) - line_db(received, 0.125) == pytest.approx(-25, abs=0.5)


def test_dc_and_spurs_are_lines_of_their_amplitude() -> None:
    received = Receiver(dc=0.5, spurs=((0.25, 0.2),)).apply(Scene(80_000), np.random.default_rng(0))
    assert line_db(received, 0.0) == pytest.approx(decibels(0.5**2), abs=0.5)
    assert line_db(received, 0.25) == pytest.approx(decibels(0.2**2), abs=0.5)


def test_a_tilt_shapes_the_noise() -> None:
    received = Receiver(tilt_db=(-20.0, 0.0, 6.0)).apply(Scene(60_000), np.random.default_rng(0))
    shares = [share_in_band(received, freq - 0.01, freq + 0.01) for freq in (-0.48, 0.0, 0.48)]
    assert decibels(shares[0] / shares[1]) == pytest.approx(-19, abs=1)
    assert decibels(shares[2] / shares[1]) == pytest.approx(6, abs=1)


def test_an_agc_lowers_the_noise_under_strong_emissions_only() -> None:
    scene = Scene(60_000)
    for start, snr_db in ((10_000, 20.0), (30_000, 30.0)):
        scene.add(burst_of("qpsk", 0, 10_000), start=start, freq=0.0, snr_db=snr_db)
    noise = Receiver(agc_db=12.0).apply(scene, np.random.default_rng(0)) - scene.iq
    levels = [decibels(power(noise[start : start + 10_000])) for start in (0, 10_000, 30_000, 50_000)]
    assert levels == pytest.approx([0, 0, -12, 0], abs=0.3)


def test_steps_change_the_noise_level() -> None:
    noise = Receiver(steps=((0.25, 0.5, -10.0),)).apply(Scene(40_000), np.random.default_rng(0))
    levels = [decibels(power(part)) for part in np.split(noise, 4)]
    assert levels == pytest.approx([0, -10, 0, 0], abs=0.3)


@pytest.mark.parametrize(("overload_db", "least", "most"), [(-12.0, 0.0, 0.001), (6.0, 0.2, 0.9)])
def test_overload_clips(overload_db: float, least: float, most: float) -> None:
    received = Receiver(bits=8, overload_db=overload_db).apply(one_tone(20_000, 0.0123, 80.0), np.random.default_rng(0))
    parts = received.view(np.float32)
    np.testing.assert_allclose(parts * 127, np.round(parts * 127), atol=1e-4)
    assert np.abs(parts).max() <= 128 / 127 + 1e-6
    assert least <= np.mean(np.abs(parts) >= 1) <= most


def test_silence_is_digital_and_at_the_start() -> None:
    received = Receiver(silence=0.3).apply(Scene(10_000), np.random.default_rng(0))
    assert (received[:3000] == -1 - 1j).all()
    assert not (received[3000:] == -1 - 1j).any()


def test_a_passband_attenuates_the_rest() -> None:
    receiver = Receiver(passband=Passband(-0.2, 0.3, 0.02, 40.0))
    received = receiver.apply(Scene(60_000), np.random.default_rng(0))
    inside, below, above = (share_in_band(received, low, low + 0.04) for low in (0.2, -0.3, 0.4))
    assert decibels(below / inside) == pytest.approx(-40, abs=1)
    assert decibels(above / inside) == pytest.approx(-40, abs=1)
    assert receiver.band == (-0.2, 0.3)


def test_ac_coupling_is_a_notch_at_the_centre() -> None:
    received = Receiver(ac_coupling=0.01).apply(Scene(60_000), np.random.default_rng(0))
    centre, corner, far = (share_in_band(received, freq, freq + 0.0008) for freq in (-0.0004, 0.0096, 0.3))
    assert decibels(centre / far) < -25
    assert decibels(corner / far) == pytest.approx(-3, abs=1.5)


def test_a_pumping_agc_turns_everything_down_and_recovers() -> None:
    scene, decay_db = one_tone(64_000, 0.125, decibels(64_000)), 0.002
    scene.iq[:16_000] *= 100  # 40 dB above the noise
    scene.iq[16_000:] = 0
    received = Receiver(pumping=Pumping(10.0, 0.5, decay_db)).apply(scene, np.random.default_rng(0))
    after, later, last = (decibels(power(received[at : at + 1000])) for at in (16_064, 21_064, 60_000))
    loud_db = decibels(power(scene.iq[:16_000]))
    assert after == pytest.approx(-(loud_db - 10) / 2 + 0.5, abs=1)
    assert later - after == pytest.approx(decay_db / 2 * 5000, abs=0.7)
    assert last == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("output", [0, -1 - 1j])
def test_a_squelch_is_open_around_emissions_and_in_its_openings(output: complex) -> None:
    scene = Scene(20_000)
    scene.add(burst_of("qpsk", 0, 4000), start=8000, freq=0.0, snr_db=20.0)
    squelch = Squelch(lead=100, hang=500, openings=((0.9, 0.95),), output=output)
    received = Receiver(squelch=squelch).apply(scene, np.random.default_rng(0))
    closed = received == output
    opened = np.zeros(20_000, bool)
    opened[7900:12_500] = opened[18_000:19_000] = True
    np.testing.assert_array_equal(closed, ~opened)


@given(seeds)
@settings(max_examples=10)
def test_audio_leaves_the_lower_half_of_the_band_empty(seed: int) -> None:
    receiver = Receiver(passband=Passband(0.02, 0.3, 0.02, 70.0), audio=True, bits=16, overload_db=0.0)
    scene = one_tone(20_000, 0.1, decibels(20_000) + 20)
    received = receiver.apply(scene, np.random.default_rng(seed))
    assert share_in_band(received, -0.499, -1e-3) < 1e-10
    assert share_in_band(received, 0.099, 0.101) > 0.9
    assert line_db(received, 0.1) == pytest.approx(decibels(power(received)), abs=0.3)


@given(seeds)
@settings(max_examples=20)
def test_random_receiver_is_finite_and_deterministic_under_a_seed(seed: int) -> None:
    scene = one_tone(4000, 0.1, 30.0)

    def received() -> NDArray[np.complex64]:
        rng = np.random.default_rng(seed)
        return Receiver.random(rng).apply(scene, rng)

    first = received()
    assert first.dtype == np.complex64
    assert first.shape == scene.iq.shape
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, received())
