"""Arrangements: the truth boxes hold the emissions, and each arrangement is what its name says."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.pretrain.arrangements import ARRANGED
from rfhydra.pretrain.burst_source import BurstSource
from rfhydra.pretrain.mix import ARRANGEMENTS, MIXED
from rfhydra.pretrain.scenes import CONTRACTS, SMALL_CONTRACTS
from rfhydra.pretrain.transmitters import Exchange, Fleet, Station, Train, Transmitter
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import BAND_EDGE, Burst, Emission, Rng, Scene
from tests.pretrain.given import tiny_library
from tests.synth.given import power, share_in_boxes

LARGE, SMALL = CONTRACTS[0], SMALL_CONTRACTS[3]
SEEDS = range(8)


def transmitters(name: str, seed: int, spec: SpectrogramSpec = LARGE) -> list[Transmitter]:
    return ARRANGED[name](BurstSource(tiny_library(), np.random.default_rng(seed)), spec)


def sent(transmitter: Transmitter, rng: Rng, spec: SpectrogramSpec = LARGE) -> Scene:
    scene = Scene(spec.window_samples)
    assert len(transmitter.send(scene, rng)) == len(scene.emissions)
    return scene


def scenes_of(name: str, kind: type) -> Iterator[list[Emission]]:
    """The emissions of each transmitter of a ``kind`` of the arrangement, alone."""
    for seed in SEEDS:
        for transmitter in transmitters(name, seed):
            if isinstance(transmitter, kind):
                yield sent(transmitter, np.random.default_rng(seed)).emissions


def test_every_arrangement_of_the_mix_can_be_drawn() -> None:
    assert set(ARRANGED) == {*ARRANGEMENTS, MIXED}


@pytest.mark.parametrize("spec", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("name", ARRANGED)
@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1))
def test_truth_boxes_hold_the_energy(name: str, spec: SpectrogramSpec, seed: int) -> None:
    for transmitter in transmitters(name, seed, spec):
        scene = sent(transmitter, np.random.default_rng(seed), spec)
        if scene.emissions:
            assert share_in_boxes(scene, scene.emissions, spec.fft_size, spec.hop) >= 0.85


def test_wide_bursts_fill_the_band_or_the_window() -> None:
    bandwidths = [
        max(each.high - each.low for each in emissions) for emissions in scenes_of("wide", Train) if emissions
    ]
    crowds = [each.high - each.low for emissions in scenes_of("wide", Fleet) for each in emissions]
    assert min(bandwidths, default=1) > 0.5
    assert min(crowds, default=1) > 0.5
    source = BurstSource([], np.random.default_rng(0))
    assert all(len(source.draw_lasting(LARGE)) > LARGE.window_samples for _ in range(5))


def test_packets_of_an_exchange_are_back_to_back() -> None:
    gaps, stations, filling = list[int](), list[int](), list[float]()
    for seed in SEEDS:
        for transmitter in transmitters("back_to_back", seed):
            if isinstance(transmitter, Exchange):
                emissions = sent(transmitter, np.random.default_rng(seed)).emissions
                gaps += [late.start - early.stop for early, late in pairwise(emissions)]
                stations.append(len(transmitter.stations))
                filling += [each.high - each.low for each in emissions]
    assert min(gaps) >= int(0.6 * LARGE.hop)
    assert np.mean(np.array(gaps) <= 10 * LARGE.hop) > 0.8
    assert set(stations) == {1, 2}
    assert max(filling) > 0.6


def test_every_packet_of_a_station_has_its_preamble() -> None:
    source = np.random.default_rng(0).standard_normal((5000, 2)).view(complex)[:, 0]
    station = Station(0, Burst.measured("qpsk", source), shortest=300, longest=900, preamble=200, period=16)
    packets = [station.packet(np.random.default_rng(seed)) for seed in range(3)]
    for packet in packets:
        np.testing.assert_array_equal(packet.iq[:200], packets[0].iq[:200])
        np.testing.assert_array_equal(packet.iq[:184], packet.iq[16:200])
        assert power(packet.iq[:160]) == pytest.approx(1, rel=1e-3)
    assert not np.array_equal(packets[0].iq[200:300], packets[1].iq[200:300])
    assert len({len(packet) for packet in packets}) > 1


def inner_pause(burst: Burst) -> int:
    """Longest pause inside a packet, in samples."""
    return int(np.diff(np.flatnonzero(np.abs(burst.iq) > 1e-3)).max()) - 1


def test_pauses_between_packets_are_just_longer_than_those_inside() -> None:
    trains = [each for seed in SEEDS for each in transmitters("paused", seed) if isinstance(each, Train)]
    ratios = [train.gap / max(inner_pause(train.burst), 1) for train in trains]
    assert min(ratios) > 1.2
    assert np.median(ratios) < 3
    assert min(train.gap for train in trains) >= 2 * LARGE.hop


def test_lines_are_thin_long_and_many() -> None:
    groups = [emissions for emissions in scenes_of("lines", Fleet) if emissions]
    heights = [(each.high - each.low) * LARGE.rows for emissions in groups for each in emissions]
    lengths = [(each.stop - each.start) / LARGE.hop for emissions in groups for each in emissions]
    assert max(map(len, groups)) >= 12
    assert np.quantile(heights, 0.9) <= 8
    assert np.median(heights) <= 5
    assert np.median(lengths) > 40


def test_a_fleet_has_one_number_and_carriers_and_levels_of_its_own() -> None:
    for seed in SEEDS:
        for transmitter in transmitters("fleet", seed):
            if isinstance(transmitter, Fleet):
                scene = Scene(LARGE.window_samples)
                numbers = transmitter.send(scene, np.random.default_rng(seed))
                centres = {round(each.low + each.high, 6) for each in scene.emissions}
                levels = {each.snr_db for each in scene.emissions}
                assert set(numbers) == {transmitter.number}
                assert len(centres) == len(levels) == len(scene.emissions) > 1
                assert all(-BAND_EDGE - 0.03 <= each.low < each.high <= BAND_EDGE + 0.03 for each in scene.emissions)


def test_tiny_emissions_have_few_columns_or_few_rows() -> None:
    for emissions in scenes_of("tiny", Fleet):
        for each in emissions:
            cols, rows = (each.stop - each.start) / LARGE.hop, (each.high - each.low) * LARGE.rows
            assert cols <= 6 or rows <= 12
