"""How much is measured."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Counts of everything.

    Attributes:
        emitters: how many, of :data:`PER_FAMILY` of each family; None for all.
        draws: of support scenes.
        sizes: boxes of a support, rising.
        test_rounds: test scenes with each emitter; half as many without it come on top.
        timed: emitters whose training is timed, on a backbone that remembers nothing.
        position_boxes: boxes in one third of the band.
        position_draws: whose scenes the position part draws on.
        position_emitters: how many.
        cross_boxes: boxes of each head of the cross part.
        cross_rounds: of test scenes there.
        baseline_emitters: how many every baseline but ``rcnn`` is measured on, at each of ``baseline_sizes``.
        baseline_sizes: boxes there.
        baseline_rounds: test scenes with each emitter there, on backbones that remember nothing.
        rcnn_emitters: how many train an ``rcnn`` head.
        real_supports: recordings that a head of a device learns from.
        real_seeds: how often the recordings are split anew.
        real_recordings: tested at most, of each device; None for all.
    """

    emitters: int | None = None
    draws: int = 5
    sizes: tuple[int, ...] = (5, 10, 20, 50)
    test_rounds: int = 60
    timed: int = 3
    position_boxes: int = 20
    position_draws: int = 5
    position_emitters: int | None = None
    cross_boxes: int = 20
    cross_rounds: int = 30
    baseline_emitters: int = 6
    baseline_sizes: tuple[int, ...] = (10, 50)
    baseline_rounds: int = 30
    rcnn_emitters: int = 2
    real_supports: tuple[int, ...] = (3, 5, 10)
    real_seeds: int = 3
    real_recordings: int | None = None

    @property
    def support_rounds(self) -> int:
        return max(self.sizes)


FULL: Final = Plan()
QUICK: Final = Plan(
    emitters=12,
    draws=1,
    sizes=(5, 10, 20),
    test_rounds=10,
    timed=1,
    position_boxes=5,
    position_draws=1,
    position_emitters=4,
    cross_boxes=10,
    cross_rounds=5,
    baseline_emitters=2,
    baseline_sizes=(5,),
    baseline_rounds=8,
    rcnn_emitters=1,
    real_supports=(5,),
    real_seeds=1,
    real_recordings=5,
)


def with_overrides(plan: Plan, **given: object) -> Plan:
    """``plan`` with the values in ``given`` that are not None."""
    return replace(plan, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
