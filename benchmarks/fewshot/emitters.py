"""Emitters under test: two of every held-out waveform, each with a bandwidth and a burst length of its own.

TorchSig draws bandwidths at random, real emitters keep theirs; so an *emitter* here is a waveform with a fixed
bandwidth (± 1 %) and burst length (± 5 %). A burst of a hundred pixels shows little but its size, so no two emitters
have the same size, and look-alikes differ more.
"""

import json
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from rfhydra.pretrain.burst_library import (
    HELD_OUT,
    base_waveforms,
    load_burst_library,
    make_burst_library,
    make_waveform,
    save_burst_library,
)
from rfhydra.store.blobs import digest_of
from rfhydra.synth import Burst, Rng, log_uniform

SEED: Final = 2026
PER_FAMILY: Final = 2
SUPPORT_BURSTS: Final = 35
TEST_BURSTS: Final = 25
BASE_PER_WAVEFORM: Final = 10
DURATIONS: Final = (2_048, 64_000)
BANDWIDTHS: Final = (0.01, 0.35)
BANDWIDTH_TOLERANCE: Final = 0.1  # of the occupied bandwidth, from burst to burst
PROBES: Final = 5
APART_OCTAVES: Final = 0.5
ALIKE_APART_OCTAVES: Final = 0.7
LOOK_ALIKES: Final = (
    {"adsb-long", "adsb-short"},
    {"btle", "gsm", "zigbee"},
    {"chirpss", "lfm-radar", "lora"},
    {"dmr", "p25"},
)
"""Waveforms that are indistinguishable in a power spectrogram when their sizes are equal."""

_BANDWIDTH_SPREAD: Final = 0.01


@dataclass(frozen=True)
class Emitter:
    """``duration`` in samples; ``asked`` is the bandwidth requested of TorchSig, ``bandwidth`` the occupied one.

    Both bandwidths are in cycles per sample.
    """

    name: str
    waveform: str
    duration: int
    asked: float
    bandwidth: float

    def octaves_from(self, other: "Emitter") -> float:
        """Difference in burst size."""
        return math.hypot(math.log2(self.duration / other.duration), math.log2(self.bandwidth / other.bandwidth))


class EmitterLibrary:
    """The emitters and their bursts in a directory, made with TorchSig where they are not there yet."""

    def __init__(self, directory: Path, progress: Callable[[str], None] = lambda name: None) -> None:
        """``progress`` is called with each waveform when its bursts are made."""
        self._files = {name: directory / f"{name}.safetensors" for name in ("emitters", "base")}
        self._table = directory / "emitters.json"
        if not self._table.exists():
            directory.mkdir(parents=True, exist_ok=True)
            self._make(progress)
        self.emitters = tuple(Emitter(**row) for row in json.loads(self._table.read_text()))
        self.library_id = digest_of(b"".join(digest_of(path.read_bytes()).encode() for path in self._files.values()))

    @cached_property
    def _bursts(self) -> tuple[dict[str, list[Burst]], list[Burst]]:
        by_name: dict[str, list[Burst]] = {}
        for burst in load_burst_library(self._files["emitters"]):
            by_name.setdefault(burst.kind, []).append(burst)
        return by_name, load_burst_library(self._files["base"])

    def bursts(self, *, test: bool) -> tuple[dict[str, list[Burst]], list[Burst]]:
        """Isolated bursts for support or for ``test`` scenes: by emitter, and of the base waveforms."""
        by_name, base = self._bursts
        part = slice(SUPPORT_BURSTS, None) if test else slice(SUPPORT_BURSTS)
        return {name: bursts[part] for name, bursts in by_name.items()}, base[int(test) :: 2]

    def _make(self, progress: Callable[[str], None]) -> None:
        emitters: list[Emitter] = []
        bursts: list[Burst] = []
        logging.getLogger("torchsig").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, waveform in enumerate(HELD_OUT):
                for index in range(PER_FAMILY):
                    rng = np.random.default_rng([SEED, number, index])
                    emitter = _choose(f"{waveform}-{index + 1}", waveform, rng, emitters)
                    emitters.append(emitter)
                    bursts += islice(_transmissions(emitter, rng), SUPPORT_BURSTS + TEST_BURSTS)
                progress(waveform)
        save_burst_library(bursts, self._files["emitters"])
        if not self._files["base"].exists():
            save_burst_library(
                make_burst_library(base_waveforms(), BASE_PER_WAVEFORM, SEED, progress=progress), self._files["base"]
            )
        # Last, because its presence means that the library is complete.
        self._table.write_text(json.dumps([asdict(emitter) for emitter in emitters], indent=2) + "\n")


def _choose(name: str, waveform: str, rng: Rng, others: list[Emitter]) -> Emitter:
    """Draw a size that the waveform keeps from burst to burst and that differs from those of ``others``."""
    alike = next((group for group in LOOK_ALIKES if waveform in group), {waveform})
    least = [ALIKE_APART_OCTAVES if other.waveform in alike else APART_OCTAVES for other in others]
    while True:
        duration, asked = int(log_uniform(rng, *DURATIONS)), log_uniform(rng, BANDWIDTHS[0] / 3, BANDWIDTHS[1])
        probes = [_transmit(waveform, rng, duration, asked) for _ in range(PROBES)]
        widths = [burst.bandwidth for burst in probes if burst is not None]
        if len(widths) < PROBES or max(widths) > (1 + BANDWIDTH_TOLERANCE) * min(widths):
            continue
        emitter = Emitter(name, waveform, duration, asked, float(np.median(widths)))
        fits = BANDWIDTHS[0] <= emitter.bandwidth <= BANDWIDTHS[1]
        if fits and all(emitter.octaves_from(other) >= apart for other, apart in zip(others, least, strict=True)):
            return emitter


def _transmissions(emitter: Emitter, rng: Rng) -> Iterator[Burst]:
    """Bursts of ``emitter``, endless."""
    while True:
        burst = _transmit(emitter.waveform, rng, emitter.duration, emitter.asked)
        if burst is not None and abs(burst.bandwidth / emitter.bandwidth - 1) <= BANDWIDTH_TOLERANCE:
            yield Burst(emitter.name, burst.iq, burst.low, burst.high)


def _transmit(waveform: str, rng: Rng, duration: int, bandwidth: float) -> Burst | None:
    try:
        return make_waveform(waveform, rng, duration, bandwidth, bandwidth_spread=_BANDWIDTH_SPREAD)
    except (ValueError, IndexError, ZeroDivisionError):  # too short or too narrow for this waveform
        return None
