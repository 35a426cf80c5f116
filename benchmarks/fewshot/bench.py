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
    """Counts of everything that is measured.

    Attributes:
        emitters: emitters under test; None for all.
        draws: draws of support scenes.
        sizes: boxes of a support, rising.
        test_rounds: test scenes with each emitter; half as many without it are added.
        timed: emitters whose training is timed, without a cache.
        position_boxes: boxes in one third of the band.
        position_draws: draws that the position part takes its support scenes from.
        position_emitters: emitters of the position part.
        cross_boxes: boxes of each head of the cross part.
        cross_rounds: rounds of test scenes of the cross part.
        baseline_emitters: emitters of every baseline but ``rcnn``, at each of ``baseline_sizes``.
        baseline_sizes: boxes of a support of the baselines.
        baseline_rounds: test scenes with each emitter of the baselines, without a cache.
        rcnn_emitters: emitters of the ``rcnn`` baselines.
        real_supports: recordings that a head of a device is trained on.
        real_seeds: random splits of the recordings.
        real_recordings: most test recordings of each device; None for all.
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
    rcnn_emitters=1,
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
        collection: recordings of real devices, None where there are none.
    """

    plan: Plan
    pool: ScenePool
    backbone: TorchBackbone
    cached: Backbone
    features: Path
    collection: Collection | None = None

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
