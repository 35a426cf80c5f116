"""Arrangements: what the transmitters of a scene are, for each kind of scene."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from rfhydra.pretrain.burst_source import BurstSource
from rfhydra.pretrain.keyed import keyed_class, random_line_code, seen_gap, slow_line_code, variant
from rfhydra.pretrain.mix import MIXED
from rfhydra.pretrain.transmitters import Exchange, Fleet, Single, Station, Train, Transmitter
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import Burst, LineCode, log_uniform

Arrangement = Callable[[BurstSource, SpectrogramSpec], list[Transmitter]]

BAND_FILLING: Final = 0.6  # part of exchanges whose packets fill the band
WITH_PREAMBLE: Final = 0.6  # part of stations whose packets begin with one


def mixed(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """Up to three trains of keyed packets, and up to six single bursts."""
    rng, line_code, transmitters = source.rng, random_line_code(source.rng, spec), list[Transmitter]()
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.7 else 0):
        transmitters.append(_train(source, line_code, spec))
        line_code = variant(line_code, rng) if rng.random() < 0.5 else random_line_code(rng, spec)
    return transmitters + _singles(source, spec, 6)


def wide(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """A train of bursts that fill the band, a crowd of them that overlap, or bursts that last longer than the window.

    There are others, too.
    """
    rng, made, which = source.rng, list[Transmitter](), source.rng.random()
    if which < 0.4:
        burst = source.draw_wide(int(spec.hop * log_uniform(rng, 5, 200)))
        gap = int(spec.hop * log_uniform(rng, 4, 150))
        made.append(Train(source.number(), burst, int(rng.integers(1, 6)), gap))
    elif which < 0.65:
        short = source.draw_wide(int(spec.hop * log_uniform(rng, 6, 60)))
        made.append(Fleet(source.number(), [short], int(rng.integers(4, 21)), overlap=0.5))
    else:
        made += [Single(source.number(), source.draw_lasting(spec)) for _ in range(int(rng.integers(1, 4)))]
    return made + _singles(source, spec, 4)


def back_to_back(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """One or two exchanges."""
    rng = source.rng
    if rng.random() < BAND_FILLING:
        return [_exchange(source, spec, source.draw_wide)]
    narrow = [
        _exchange(source, spec, lambda samples: source.cut(source.draw(spec), samples))
        for _ in range(int(rng.integers(1, 3)))
    ]
    return [*narrow, *_singles(source, spec, 3)]


def paused(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """One or two trains of packets with a pause just longer than the longest one inside."""
    rng, made = source.rng, list[Transmitter]()
    for _ in range(int(rng.integers(1, 3))):
        line_code = slow_line_code(rng, spec)
        packet = _packet(source, line_code, spec, int(spec.hop * rng.uniform(30, 150)))
        gap = int(line_code.longest_gap * rng.uniform(1.25, 2.2))
        made.append(Train(source.number(), packet, int(rng.integers(3, 13)), gap))
    return made + _singles(source, spec, 3)


def lines(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """Eight to thirty slow FSK transmissions of one or two makes, most of them in slots of time."""
    rng, made = source.rng, list[Transmitter]()
    makes = int(rng.integers(1, 3))
    for _ in range(makes):
        samples = int(spec.hop * log_uniform(rng, 60, 500))
        tones = int(rng.choice([2, 4, 8, 8, 16]))
        symbol, bandwidth = samples // int(rng.integers(30, 120)), rng.uniform(0.6, 4) / spec.rows
        payloads = [source.draw_line(samples, bandwidth, tones=tones, symbol=symbol) for _ in range(2)]
        slot = int(samples * rng.uniform(1.05, 1.4)) if rng.random() < 0.7 else None
        count = int(rng.integers(8, 31)) // makes
        made.append(Fleet(source.number(), payloads, count, rng.choice([0, 0, 1, 3]) / spec.rows, slot))
    return made + _singles(source, spec, 2)


def fleet(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """Four to fourteen transmitters of one make, sometimes as many of another one, and others."""
    rng, made = source.rng, list[Transmitter]()
    for _ in range(1 if rng.random() < 0.7 else 2):
        length = int(spec.hop * log_uniform(rng, 8, 120))
        if rng.random() < 0.7:
            line_code = random_line_code(rng, spec)
            payloads = [_packet(source, line_code, spec, length) for _ in range(3)]
        else:
            payloads = [source.cut(source.draw(spec), length)]
        drift = log_uniform(rng, 0.2, 3) * min(payloads[0].bandwidth, 0.03)
        made.append(Fleet(source.number(), payloads, int(rng.integers(4, 15)), drift))
    return made + _singles(source, spec, 3)


def tiny(source: BurstSource, spec: SpectrogramSpec) -> list[Transmitter]:
    """Up to three makes of short or thin emissions, five to twenty of each, and a train of short ones."""
    rng, made = source.rng, list[Transmitter]()
    for _ in range(int(rng.integers(1, 4))):
        burst = source.draw_short(spec) if rng.random() < 0.5 else source.draw_thin(spec)
        made.append(Fleet(source.number(), [burst], int(rng.integers(5, 21))))
    gap = max(seen_gap(spec), int(spec.hop * log_uniform(rng, 3, 60)))
    made.append(Train(source.number(), source.draw_short(spec), int(rng.integers(3, 20)), gap))
    return made + _singles(source, spec, 2)


ARRANGED: Final[dict[str, Arrangement]] = {
    MIXED: mixed,
    "wide": wide,
    "back_to_back": back_to_back,
    "paused": paused,
    "lines": lines,
    "fleet": fleet,
    "tiny": tiny,
}


def _singles(source: BurstSource, spec: SpectrogramSpec, most: int) -> list[Transmitter]:
    return [Single(source.number(), source.draw(spec)) for _ in range(int(source.rng.integers(0, most + 1)))]


def _train(source: BurstSource, line_code: LineCode, spec: SpectrogramSpec) -> Train:
    rng = source.rng
    packet = _packet(source, line_code, spec, int(spec.hop * rng.uniform(8, 300)))
    min_gap = max(seen_gap(spec), int(line_code.longest_gap * rng.uniform(1.3, 3)))
    gap = max(min_gap, int(len(packet) * log_uniform(rng, 0.03, 3)))
    return Train(source.number(), packet, int(rng.integers(1, 13)), gap)


def _packet(source: BurstSource, line_code: LineCode, spec: SpectrogramSpec, max_samples: int) -> Burst:
    return replace(line_code.packet(source.rng, max_samples), kind=keyed_class(line_code, spec))


def _exchange(source: BurstSource, spec: SpectrogramSpec, draw: Callable[[int], Burst]) -> Exchange:
    rng, stations = source.rng, list[Station]()
    for _ in range(int(rng.integers(1, 3))):
        shortest = int(spec.hop * log_uniform(rng, 3, 40))
        longest = int(shortest * rng.uniform(1, 3))
        preamble = int(spec.hop * rng.uniform(2, 8)) if rng.random() < WITH_PREAMBLE else 0
        period = int(log_uniform(rng, 8, 64))
        stations.append(Station(source.number(), draw(2 * longest), shortest, longest, preamble, period))
    least = int(max(0.6 * spec.hop, 0.25 * spec.fft_size))
    return Exchange(stations, (least, max(least, int(rng.uniform(1, 10) * spec.hop))))
