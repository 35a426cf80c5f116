"""What the parts of the benchmark share: the plan, the scenes, the backbone and the results so far."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.fewshot.emitters import PER_FAMILY
from benchmarks.fewshot.plan import Plan
from benchmarks.fewshot.scenes import ScenePool
from benchmarks.fewshot.units import Row, Units
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.torch_backbone import TorchBackbone

console = Console()


@dataclass(frozen=True, eq=False)
class Bench:
    """``backbone`` remembers, ``plain`` is the same backbone without memory: for timing, and for heads that need
    pixels.
    """

    plan: Plan
    pool: ScenePool
    backbone: Backbone
    plain: TorchBackbone
    units: Units

    @property
    def emitters(self) -> list[str]:
        """The emitters under test. Of a part of them, other families come first."""
        names = self.pool.emitters
        by_family = [name for index in range(PER_FAMILY) for name in names[index::PER_FAMILY]]
        return by_family[: self.plan.emitters]

    def unit(self, name: str, make: Callable[[], Row]) -> Row:
        """The result of a unit of work, made if it is not there."""
        return self.units.get(name, make)


def tracked(items: Iterable[Any], what: str) -> Iterable[Any]:
    """``items`` with a progress bar."""
    return track(list(items) if not isinstance(items, Sequence) else items, what, console=console)
