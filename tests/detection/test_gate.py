"""The energy gate on noise and on bursts of any place, size and SNR that a head may detect."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.detection.gate import SPUR_WINDOWS, TILE_PX, EnergyGate
from rfhydra.detection.mosaic import Mosaic
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window, spectrogram
from rfhydra.synth import Emission, Receiver, Scene, Squelch, make_burst

SPEC = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)


def image(scene: Scene, seed: int, receiver: Receiver | None = None) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return spectrogram((receiver or Receiver()).apply(scene, np.random.default_rng([seed, 1])), SPEC).numpy()


def around(emission: Emission) -> Rectangle:
    x0, x1 = emission.start / SPEC.hop, emission.stop / SPEC.hop
    y0, y1 = ((0.5 - edge) * SPEC.rows for edge in (emission.high, emission.low))
    return Rectangle.around(np.array([x0, y0, x1, y1]))


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_looked_at(seed: int) -> None:
    gate = EnergyGate(SPEC)
    tilted = Receiver(tilt_db=(-3.0, 0.0, 1.0))
    for number in range(3):
        assert gate.regions(image(Scene(SPEC.window_samples), 10 * seed + number, tilted)) == []


@settings(max_examples=40)
@given(
    st.sampled_from(("ook", "fsk2", "qpsk", "chirp", "ofdm")),
    st.floats(20, 400),
    st.floats(8, 200),
    st.floats(10, 40),
    st.integers(0, 2**31),
)
def test_a_burst_lies_in_a_region(kind: str, cols: float, rows: float, snr_db: float, seed: int) -> None:
    rng, scene = np.random.default_rng(seed), Scene(SPEC.window_samples)
    burst = make_burst(kind, rng, int(cols * SPEC.hop), rows / SPEC.rows)
    emission = scene.place(burst, rng, snr_db, cut=0.0)
    assert emission is not None
    regions = EnergyGate(SPEC).regions(image(scene, seed))
    if regions is None:
        return
    burst_area = around(emission)
    middle = Rectangle(
        (burst_area.top + burst_area.bottom) // 2,
        (burst_area.top + burst_area.bottom) // 2 + 1,
        (burst_area.left + burst_area.right) // 2,
        (burst_area.left + burst_area.right) // 2 + 1,
    )
    assert any(region.meets(middle) for region in regions)


@settings(max_examples=30)
@given(st.integers(0, 12), st.integers(0, 2**31))
def test_regions_are_whole_tiles_that_do_not_meet(bursts: int, seed: int) -> None:
    rng, scene = np.random.default_rng(seed), Scene(SPEC.window_samples)
    for _ in range(bursts):
        scene.place(make_burst("qpsk", rng, 20 * SPEC.hop, 0.05), rng, 15.0)
    regions = EnergyGate(SPEC).regions(image(scene, seed))
    if regions is None:
        return
    for number, region in enumerate(regions):
        assert all(edge % TILE_PX == 0 for edge in (region.top, region.bottom, region.left, region.right))
        assert not any(region.meets(other) for other in regions[:number])
    assert not regions or Mosaic.of(regions).pixels < SPEC.rows * SPEC.cols


def test_a_full_band_is_looked_at_as_a_whole() -> None:
    rng, scene = np.random.default_rng(0), Scene(SPEC.window_samples)
    for _ in range(40):
        scene.place(make_burst("qpsk", rng, 100 * SPEC.hop, 0.08), rng, 15.0)
    assert EnergyGate(SPEC).regions(image(scene, 0)) is None


def test_a_lasting_emission_does_not_become_the_floor() -> None:
    rng, gate = np.random.default_rng(0), EnergyGate(SPEC)
    for number in range(30):
        scene = Scene(SPEC.window_samples)
        burst = make_burst("qpsk", rng, SPEC.window_samples, 0.1)
        scene.add(burst, start=0, freq=0.2, snr_db=6.0)
        regions = gate.regions(image(scene, number))
        assert regions is None or regions
    assert gate.regions(image(Scene(SPEC.window_samples), 99)) == []


def test_short_windows_have_regions_inside_them() -> None:
    rng, scene = np.random.default_rng(0), Scene(300 * SPEC.hop)
    scene.place(make_burst("qpsk", rng, 20 * SPEC.hop, 0.05), rng, 20.0)
    regions = EnergyGate(SPEC).regions(image(scene, 0))
    assert regions
    assert all(region.right <= 300 and region.bottom <= SPEC.rows for region in regions)


def with_carrier(number: int, snr_db: float = 25.0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    scene, rng = Scene(SPEC.window_samples), np.random.default_rng(0)
    scene.add(make_burst("tone", rng, SPEC.window_samples, 0.002), start=0, freq=0.2, snr_db=snr_db)
    return image(scene, number)


def test_a_carrier_that_lasts_becomes_a_spur_and_another_one_does_not() -> None:
    gate = EnergyGate(SPEC)
    found = [gate.regions(with_carrier(number)) for number in range(SPUR_WINDOWS + 3)]
    assert all(found[:SPUR_WINDOWS])
    assert found[-1] == []
    assert gate.regions(with_carrier(0, snr_db=35.0))


def test_a_carrier_that_is_wanted_is_looked_at_for_ever() -> None:
    gate = EnergyGate(SPEC)
    row = int((0.5 - 0.2) * SPEC.rows)
    for number in range(2 * SPUR_WINDOWS):
        assert gate.regions(with_carrier(number))
        if number % SPUR_WINDOWS == SPUR_WINDOWS - 1:
            gate.keep(slice(row - 3, row + 4))


def test_a_burst_over_a_spur_is_looked_at() -> None:
    gate = EnergyGate(SPEC)
    for number in range(SPUR_WINDOWS + 2):
        gate.regions(with_carrier(number))
    scene, rng = Scene(SPEC.window_samples), np.random.default_rng(0)
    scene.add(make_burst("tone", rng, SPEC.window_samples, 0.002), start=0, freq=0.2, snr_db=25.0)
    scene.add(make_burst("qpsk", rng, 40 * SPEC.hop, 0.05), start=200 * SPEC.hop, freq=0.2, snr_db=15.0)
    assert gate.regions(image(scene, 0))


WIDE = SpectrogramSpec(fft_size=128, hop=32, rows=128, cols=256)


def packets(spec: SpectrogramSpec, fill: float, snr_db: float, seed: int, windows: int = 1) -> Scene:
    """Packets of 90 % of the band and 10 to 60 columns, one after another, that fill so much of the time."""
    rng, scene = np.random.default_rng(seed), Scene(windows * spec.window_samples)
    start = 0
    while True:
        length = int(rng.uniform(10, 60) * spec.hop)
        start += int(length * (1 / fill - 1) * rng.uniform(0.8, 1.2))
        if start + length > len(scene.iq):
            return scene
        scene.add(make_burst("ofdm", rng, length, 0.9), start=start, freq=0.0, snr_db=snr_db)
        start += length


def looked_at(regions: list[Rectangle] | None, emission: Emission, spec: SpectrogramSpec) -> bool:
    """Whether one region holds all of ``emission``."""
    left, right = emission.start // spec.hop, -(-emission.stop // spec.hop)
    middle = spec.rows // 2
    return regions is None or any(
        each.left <= left and min(right, spec.cols) <= each.right and each.top <= middle < each.bottom
        for each in regions
    )


@pytest.mark.parametrize("spec", [SPEC, WIDE], ids=["512", "128"])
@pytest.mark.parametrize("squelch", [None, Squelch(lead=0, hang=0), Squelch(lead=20, hang=20, output=0.01)])
@settings(max_examples=15)
@given(st.floats(0.3, 0.95), st.floats(10, 40), st.integers(0, 2**31))
def test_packets_that_fill_the_band_are_looked_at(
    spec: SpectrogramSpec, squelch: Squelch | None, fill: float, snr_db: float, seed: int
) -> None:
    scene = packets(spec, fill, snr_db, seed)
    iq = Receiver(squelch=squelch).apply(scene, np.random.default_rng(seed))
    regions = EnergyGate(spec).regions(spectrogram(iq, spec).numpy())
    assert all(looked_at(regions, each, spec) for each in scene.emissions)


def test_an_emission_that_fills_whole_windows_is_looked_at_until_it_is_the_noise() -> None:
    gate, noise, full = EnergyGate(WIDE), Scene(WIDE.window_samples), Scene(WIDE.window_samples)
    full.add(make_burst("ofdm", np.random.default_rng(0), WIDE.window_samples, 1.0), start=0, freq=0.0, snr_db=20.0)

    def regions(scene: Scene, seed: int) -> list[Rectangle] | None:
        window = make_window(Receiver().apply(scene, np.random.default_rng(seed)), WIDE, None, None)
        return gate.regions(window.image, window.floor_db)

    assert regions(Scene(WIDE.window_samples), 0) is not None
    assert [regions(full, seed) for seed in range(SPUR_WINDOWS)] == [None] * SPUR_WINDOWS
    gate.keep(slice(0, WIDE.rows))
    assert [regions(full, seed) for seed in range(SPUR_WINDOWS - 1)] == [None] * (SPUR_WINDOWS - 1)
    assert regions(full, 0) is not None
    assert regions(noise, 1) is not None
    assert regions(full, 1) is None


def test_silence_is_no_floor() -> None:
    gate, scene = EnergyGate(SPEC), Scene(SPEC.window_samples)
    for number, silence in enumerate((0.0, 0.6, 0.0, 1.0, 0.0, 0.9, 0.0)):
        iq = Receiver(silence=silence).apply(scene, np.random.default_rng(number))
        window = make_window(iq, SPEC, None, None)
        regions = gate.regions(window.image, window.floor_db)
        assert silence or regions == []
