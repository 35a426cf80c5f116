"""Receiver artefacts: each has the level that it is given."""

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from rfhydra.synth import (
    Burst,
    Receiver,
    Scene,
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
