"""Size of a run, and what its parts share: scenes, backbone and caches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.fewshot.emitters import PER_FAMILY
from benchmarks.fewshot.pool import ScenePool
from benchmarks.real_devices import Collection
from benchmarks.results import Row
from benchmarks.scenes import RenderedScene
from benchmarks.trial import TrainedHead, train_on
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.torch_backbone import TorchBackbone

Unit = tuple[str, Callable[[], list[Row]]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Counts of everything that is measured."""

    emitters: int | None = None  # under test; None for all
    draws: int = 5  # of support scenes
    sizes: tuple[int, ...] = (5, 10, 20, 50)  # boxes of a support, rising
    test_rounds: int = 60  # test scenes with each emitter; half as many without it are added
    timed: int = 3  # emitters whose training is timed, without a cache
    position_boxes: int = 20  # in one third of the band
    position_draws: int = 5
    position_emitters: int | None = None
    cross_boxes: int = 20  # of each head
    cross_rounds: int = 30  # of test scenes
    baseline_emitters: int = 6  # of every baseline
    baseline_sizes: tuple[int, ...] = (10, 50)
    baseline_rounds: int = 30  # test scenes with each emitter, without a cache
    real_supports: tuple[int, ...] = (3, 5, 10)  # recordings that a head of a device is trained on
    real_seeds: int = 3  # random splits of the recordings
    real_recordings: int | None = None  # most test recordings of each device; None for all

    @property
    def support_rounds(self) -> int:
        """Rounds of support scenes in each draw."""
        return max(self.sizes)

    def override(self, **values: int | None) -> "Plan":
        """The plan with those of ``values`` that are not None."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})  # type: ignore[arg-type]


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
    real_supports=(5,),
    real_seeds=1,
    real_recordings=5,
)


@dataclass(frozen=True, eq=False)
class Bench:
    """Everything that the parts measure with.

    Attributes:
        plan: size of the run.
        pool: the scenes.
        backbone: the backbone under test, without a cache.
        cached: the same backbone with a cache of its proposals, for embedding heads.
        features: directory of the feature cache.
        collections: recordings of real signals; none where there are no recordings.
    """

    plan: Plan
    pool: ScenePool
    backbone: TorchBackbone
    cached: Backbone
    features: Path
    collections: Sequence[Collection] = ()

    @property
    def emitters(self) -> list[str]:
        """The emitters under test, the first of every family before the second ones."""
        names = self.pool.emitters
        by_family = [name for index in range(PER_FAMILY) for name in names[index::PER_FAMILY]]
        return by_family[: self.plan.emitters]

    def support(self, emitter: str, draw: int = 0) -> list[RenderedScene]:
        """All support scenes of one draw."""
        return self.pool.support(emitter, draw, self.plan.support_rounds)

    def test(self, emitter: str) -> list[RenderedScene]:
        """All test scenes, with and without ``emitter``."""
        return self.pool.test(emitter, self.plan.test_rounds)

    def train(self, emitter: str, scenes: Sequence[RenderedScene]) -> TrainedHead:
        """Train an embedding head with the feature cache."""
        return train_on(self.backbone, emitter, scenes, cache=self.features)
