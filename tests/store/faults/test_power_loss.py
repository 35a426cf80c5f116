"""A power failure after any call: what was acknowledged is there, and no change is there in part.

``RFHYDRA_FAULTS`` says after how many calls in all, evenly over the changes; ``-s`` shows what was found.
"""

import itertools
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rfhydra.store.workspace import Workspace
from tests.store.faults.calls import PREPARED
from tests.store.faults.changes import CHANGES
from tests.store.faults.conftest import Bench
from tests.store.faults.courses import FAULTS, SITE, Course, place_order, spread
from tests.store.faults.disk import Disk, write
from tests.store.faults.inspection import inspect
from tests.store.faults.victim import REFUSED
from tests.training.given import SMALL_SPEC

_ODDS: Final = (0.0, 0.5, 0.9)
"""How likely a change that is not durable is on the disk, in each state of it that is looked at."""


def places(course: Course) -> list[int]:
    """Indices of the calls after which the power may fail, the acknowledgement last."""
    return [*range(course.index_of(PREPARED), course.acknowledged + 1)]


def states(course: Course, cuts: list[int]) -> Iterator[tuple[int, dict[Path, bytes | None]]]:
    """What the disk may hold after each of ``cuts``, without repetitions."""
    disk, chance = Disk(course.base, course.root), random.Random(course.change)
    for index, call in enumerate(course.calls):
        disk.apply(call)
        if index in cuts:
            seen: list[dict[Path, bytes | None]] = []
            for odds in _ODDS:
                tree = disk.after(lambda odds=odds: chance.random() < odds)  # type: ignore[misc]
                if tree not in seen:
                    seen.append(tree)
                    yield index, tree


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_acknowledged_survives_a_power_failure(change: str, bench: Bench, tmp_path: Path) -> None:
    course, count, done = bench.courses[change], 0, 0
    cuts = spread({name: places(each) for name, each in bench.courses.items()}, FAULTS)[change]
    for index, tree in states(course, cuts):
        root = tmp_path / "root"
        write(tree, course.root, root)
        found = inspect(root / SITE, bench.backbone)
        assert found in (course.allowed[-1:] if index >= course.acknowledged else course.allowed), index
        if found is None:
            Workspace.create(root / SITE, SMALL_SPEC).close()
        count, done = count + 1, done + (found == course.allowed[-1])
        shutil.rmtree(root)
    print(f"{change}: {count} states of the disk after {len(cuts)} calls, the change was done in {done}")


def test_what_was_opened_with_few_descriptors_is_durable_too(bench: Bench, tmp_path: Path) -> None:
    """SQLite goes on where it cannot open the directory, to sync the entry of its log."""
    course, status = bench.courses["promote"], REFUSED
    for free in itertools.count():
        directory = tmp_path / str(free)
        directory.mkdir()
        order = place_order(course.change, course.base, directory, course.inputs, free=free)
        status, calls = bench.victim.execute(order)
        if status != REFUSED:
            break
    assert (status, free > 0) == (0, True)
    disk = Disk(course.base, Path(order.root))
    for call in calls:
        disk.apply(call)
    write(disk.after(lambda: False), Path(order.root), tmp_path / "after")
    assert inspect(tmp_path / "after" / SITE, bench.backbone) == course.allowed[-1]


@pytest.mark.parametrize("change", CHANGES)
def test_the_calls_explain_all_that_is_on_the_disk(change: str, bench: Bench) -> None:
    """A change that the shim misses would be there, whatever the model says."""
    course = bench.courses[change]
    disk = Disk(course.base, course.root)
    for call in course.calls:
        disk.apply(call)
    left = Disk(course.left, course.root)
    assert disk.after(lambda: True) == left.after(lambda: True)
