"""Undisturbed courses of all changes, on which the faults are based, and the choice of faults."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from rfhydra.hydra.backbone import Backbone
from tests.store.faults.calls import COMMITTED, PREPARED, Call
from tests.store.faults.changes import CHANGES, STOCKED
from tests.store.faults.inspection import Rows, inspect
from tests.store.faults.victim import Order, Victim

FAULTS: Final = int(os.environ.get("RFHYDRA_FAULTS", "40"))
SITE: Final = Path("sites/roof/mission")
"""The workspace below the root of a course; ``create`` makes its parents, too."""
T = TypeVar("T")


@dataclass(frozen=True)
class Course:
    """A change that nothing disturbed.

    Attributes:
        inputs: those of :func:`make_inputs`.
        base: the tree that it began with; the workspace is at :data:`SITE` below it.
        root: where the calls were made, and ``left`` a copy of how they left it.
        calls: those of the preparation and those of the commit, which follow :data:`PREPARED`.
        allowed: the rows that may be found if the commit is interrupted, last those that the complete commit leaves;
            None where there is no workspace.
    """

    change: str
    inputs: Path
    base: Path
    root: Path
    left: Path
    calls: list[Call]
    allowed: list[Rows | None]

    @property
    def commit(self) -> list[Call]:
        """The calls of the commit, each a place for a fault."""
        return [call for call in self.calls[self.index_of(PREPARED) + 1 :] if call.name != "mark"]

    def index_of(self, text: str) -> int:
        return next(index for index, call in enumerate(self.calls) if (call.name, call.path) == ("mark", text))

    @property
    def acknowledged(self) -> int:
        """Index of the call that acknowledges the change."""
        return self.index_of(COMMITTED)


def run_course(change: str, directory: Path, inputs: Path, victim: Victim, backbone: Backbone) -> Course:
    """Make a change in a new ``directory``; ``inputs`` are those of :func:`make_inputs`."""
    base, left = directory / "base", directory / "left"
    base.mkdir(parents=True)
    CHANGES[change].base(inputs / STOCKED, base / SITE)
    order = place_order(change, base, directory, inputs)
    status, calls = victim.execute(order)
    assert status == 0
    root = Path(order.root)
    shutil.copytree(root, left)
    shutil.copytree(base, directory / "before")
    before, after = inspect(directory / "before" / SITE, backbone), inspect(root / SITE, backbone)
    return Course(change, inputs, base, root, left, calls, [before, after] if CHANGES[change].is_visible else [after])


def place_order(
    change: str,
    base: Path,
    directory: Path,
    inputs: Path,
    last: int = 0,
    *,
    halfway: bool = False,
    free: int | None = None,
) -> Order:
    """An order to make a change in a copy of ``base``."""
    root = directory / "root"
    shutil.copytree(base, root)
    return Order(change, str(root), str(root / SITE), str(inputs), str(directory / "log"), last, halfway, free)


def spread(places: dict[str, list[T]], count: int) -> dict[str, list[T]]:
    """About ``count`` of all places, of each change as many as of any other, as far as it has so many."""
    quota = 1
    while sum(min(quota, len(each)) for each in places.values()) < min(count, sum(map(len, places.values()))):
        quota += 1
    return {change: _evenly(each, quota) for change, each in places.items()}


def _evenly(places: Sequence[T], count: int) -> list[T]:
    if len(places) <= count:
        return [*places]
    return [places[round(index * (len(places) - 1) / max(count - 1, 1))] for index in range(count)]
