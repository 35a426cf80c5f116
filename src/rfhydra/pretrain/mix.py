"""The scene mix: how often scenes hold what."""

from dataclasses import dataclass, fields, replace
from typing import Final, Self

from rfhydra.synth import Rng

ARRANGEMENTS: Final = ("wide", "back_to_back", "paused", "lines", "fleet", "tiny")
MIXED: Final = "mixed"


@dataclass(frozen=True, kw_only=True)
class SceneMix:
    """Probabilities, 0..1 each.

    Attributes:
        wide: bursts that fill the band, or last longer than the window.
        back_to_back: packets of one or two stations, half a column to ten columns apart.
        paused: keyed packets with pauses that are just longer than those inside them.
        lines: dense parallel lines, 1 to 4 rows high.
        fleet: transmitters of one make, each with a carrier, a drift and a level of its own.
        tiny: emissions of 3 to 6 columns, or of 2 to 5 rows.
        small_contract: contracts of 64 to 256 rows.
        drift: a transmitter's carrier drifts.
        fine_bits: 12 to 16 bits.
        ac_coupled: a notch at the centre of the band.
        decimation_edges: both edges of the band are filtered off.
        sideband: audio of an SSB receiver, so that half of the band is empty.
        pumping: an AGC that turns the noise down with the emission, and slowly up again.
        squelched: constant output between emissions.

    The first six are arrangements, of which a scene has at most one. The other scenes are mixed: trains of keyed
    packets and single bursts. The last six are properties of the receiver.
    """

    wide: float = 0.07
    back_to_back: float = 0.10
    paused: float = 0.08
    lines: float = 0.05
    fleet: float = 0.10
    tiny: float = 0.08
    small_contract: float = 0.15
    drift: float = 0.15
    fine_bits: float = 0.2
    ac_coupled: float = 0.1
    decimation_edges: float = 0.12
    sideband: float = 0.05
    pumping: float = 0.12
    squelched: float = 0.1

    @classmethod
    def only(cls, *names: str) -> Self:
        """A mix in which each of ``names`` is certain and nothing else occurs."""
        return replace(cls(**{field.name: 0.0 for field in fields(cls)}), **dict.fromkeys(names, 1.0))

    def draw_arrangement(self, rng: Rng) -> str:
        """One of :data:`ARRANGEMENTS`, or :data:`MIXED`."""
        at = rng.random()
        for name in ARRANGEMENTS:
            at -= getattr(self, name)
            if at < 0:
                return name
        return MIXED
