"""``kill -9`` after, and in the middle of, each call with which a change writes: it is there whole or not at all.

``RFHYDRA_FAULTS`` says how many of these places are hit in all, evenly over the changes; ``-s`` shows which.
"""

import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import TypeAlias

import pytest

from rfhydra.store.workspace import Workspace
from tests.store.faults.changes import CHANGES
from tests.store.faults.conftest import Bench
from tests.store.faults.courses import FAULTS, SITE, Course, place_order, spread
from tests.store.faults.inspection import inspect
from tests.training.given import SMALL_SPEC

Place: TypeAlias = tuple[int, bool]
"""Number of a call, from 1, and whether it is cut in the middle."""


def places(course: Course) -> list[Place]:
    after = [(number, False) for number in range(1, len(course.commit) + 1)]
    middle = [(number, True) for number, call in enumerate(course.commit, 1) if len(call.data) > 1]
    return sorted(after + middle)


@pytest.mark.parametrize("change", CHANGES)
def test_a_killed_change_is_there_whole_or_not_at_all(change: str, bench: Bench, tmp_path: Path) -> None:
    course, hits, done = bench.courses[change], Counter[str](), 0
    for last, halfway in spread({name: places(each) for name, each in bench.courses.items()}, FAULTS)[change]:
        directory = tmp_path / f"{last}{'-' * halfway}"
        directory.mkdir()
        order = place_order(change, course.base, directory, course.inputs, last, halfway=halfway)
        status, _ = bench.victim.execute(order)
        assert status == -signal.SIGKILL
        site = Path(order.root) / SITE
        found = inspect(site, bench.backbone)
        assert found in course.allowed
        if found is None:
            Workspace.create(site, SMALL_SPEC).close()
            assert inspect(site, bench.backbone) == course.allowed[-1]
        hits[f"{course.commit[last - 1].name}{' half' * halfway}"] += 1
        done += found == course.allowed[-1]
        shutil.rmtree(directory)
    print(f"{change}: {hits.total()} kills, {done} left the change done: {dict(sorted(hits.items()))}")


def test_every_kind_of_call_is_seen(bench: Bench) -> None:
    """Also those of SQLite: a shim that misses them would let everything pass."""
    seen = {change: Counter(call.name for call in course.commit) for change, course in bench.courses.items()}
    assert {"open", "write", "fsync", "rename", "mkdir", "pwrite64", "fdatasync"} <= seen["add"].keys()
    assert seen["collect"]["unlink"] > 1
    for change, course in bench.courses.items():
        logged = [call for call in course.calls if call.path.endswith("rfhydra.db-wal") and call.is_write]
        assert logged, change
