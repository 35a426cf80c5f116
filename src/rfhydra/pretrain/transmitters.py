"""Transmitters: how the bursts of one, or of several of one make, are placed in a scene."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from rfhydra.synth import Burst, Emission, Rng, Scene, log_uniform, random_drift

MAX_PACKETS: Final = 80


class Transmitter(Protocol):
    """Something that sends. Its number, or numbers, are those of its emissions in every scene."""

    def send(self, scene: Scene, rng: Rng) -> list[int]:
        """Add emissions to ``scene``. Returns the transmitter number of each."""
        ...


@dataclass(frozen=True, eq=False)
class Single:
    """A transmitter of one burst. It takes a place that others have left."""

    number: int
    burst: Burst

    def send(self, scene: Scene, rng: Rng) -> list[int]:
        snr_db = rng.uniform(-1, 50) if rng.random() < 0.3 else rng.uniform(-1, 30)
        return [self.number] if scene.place(self.burst, rng, snr_db) else []


@dataclass(frozen=True, eq=False)
class Train:
    """A transmitter of ``repeats`` equal bursts, ``gap`` samples apart."""

    number: int
    burst: Burst
    repeats: int
    gap: int

    def send(self, scene: Scene, rng: Rng) -> list[int]:
        start = int(rng.uniform(-0.3 * len(self.burst), 0.8 * len(scene.iq)))
        snr_db = rng.uniform(0, 55)
        sent = scene.place_train(self.burst, rng, snr_db, repeats=self.repeats, gap=self.gap, start=start)
        return [self.number] * len(sent)


@dataclass(frozen=True, eq=False)
class Station:
    """One side of an exchange: packets of ``shortest`` to ``longest`` samples, cut from ``burst``.

    Each begins with a preamble of so many samples, a part of the burst that repeats every ``period``; 0 for none.
    """

    number: int
    burst: Burst
    shortest: int
    longest: int
    preamble: int = 0
    period: int = 16

    def packet(self, rng: Rng) -> Burst:
        length = min(int(log_uniform(rng, self.shortest, self.longest)), len(self.burst))
        start = int(rng.integers(0, len(self.burst) - length + 1))
        iq = self.burst.iq[start : start + length].copy()
        known = self.burst.iq[: self.period]
        level = float(np.sqrt(np.mean(np.abs(known) ** 2)))
        if self.preamble and level > 0:
            iq[: self.preamble] = np.resize(known / level, len(iq[: self.preamble]))
        return Burst(self.burst.kind, iq, self.burst.low, self.burst.high)


@dataclass(frozen=True, eq=False)
class Exchange:
    """Packets of ``stations`` in turn on one frequency, ``gaps`` (least, most) samples apart.

    Now and then the pause is twenty times as long.
    """

    stations: Sequence[Station]
    gaps: tuple[int, int]

    def send(self, scene: Scene, rng: Rng) -> list[int]:
        widest = max((station.burst for station in self.stations), key=lambda burst: burst.bandwidth)
        freq, levels_db = scene.random_shift(widest, rng), rng.uniform(5, 45, len(self.stations)).tolist()
        sent, at = list[int](), int(rng.uniform(-0.2, 0.4) * len(scene.iq))
        for turn in range(MAX_PACKETS):
            if at >= len(scene.iq):
                break
            index = turn % len(self.stations)
            station = self.stations[index]
            packet = station.packet(rng)
            if scene.add(packet, start=at, freq=freq, snr_db=levels_db[index], phase=rng.random()):
                sent.append(station.number)
            pause = log_uniform(rng, *self.gaps)
            at += len(packet) + int(pause if rng.random() < 0.9 else 20 * pause)
        return sent


@dataclass(frozen=True, eq=False)
class Fleet:
    """``count`` transmitters of one make, which all have its number.

    Each sends one of ``payloads`` at a place of its own, with a carrier that drifts by up to ``drift`` cycles per
    sample. With a ``slot``, in samples, all begin near the start of one. They overlap by up to ``overlap`` of their
    area.
    """

    number: int
    payloads: Sequence[Burst]
    count: int
    drift: float = 0.0
    slot: int | None = None
    overlap: float = 0.1

    def send(self, scene: Scene, rng: Rng) -> list[int]:
        strongest_db = rng.uniform(15, 50)
        return [self.number for _ in range(self.count) if self._send_one(scene, rng, rng.uniform(0, strongest_db))]

    def _send_one(self, scene: Scene, rng: Rng, snr_db: float) -> Emission | None:
        burst = self.payloads[int(rng.integers(len(self.payloads)))]
        if self.drift:
            burst = burst.drifting(random_drift(rng, len(burst), self.drift))
        if self.slot is None:
            return scene.place(burst, rng, snr_db, max_overlap=self.overlap)
        first = -int(0.5 * self.slot) if rng.random() < 0.5 else int(0.1 * self.slot)
        start = first + int(rng.integers(0, 2)) * self.slot + int(0.02 * self.slot * rng.standard_normal())
        return scene.place(burst, rng, snr_db, start=start, tries=8)
