"""The local engine gives what one process gives, also when processes are killed under it."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from rfhydra.archive.engine import MAX_ATTEMPTS
from rfhydra.archive.engine_local import LocalEngine
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.source import Failure, find_sources
from rfhydra.recordings.known import KnownFields
from tests.archive.engine_checks import CHECKS, WORKERS
from tests.archive.given import record


@pytest.mark.parametrize("check", CHECKS)
def test_the_engine(check: Callable[..., None], plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    check(LocalEngine(WORKERS), plan, folder, tmp_path / "out")


def test_a_recording_that_ends_every_process_is_given_up(plan: ScanPlan, tmp_path: Path) -> None:
    record(tmp_path / "deadly", 0, windows=4)
    sources, _ = find_sources([tmp_path], KnownFields())
    kills = list[float]()

    def kill(path: str, seconds_done: float) -> None:
        kills.append(seconds_done)
        for child in multiprocessing.active_children():
            child.kill()
            child.join()

    (entry,) = LocalEngine(1).run(plan, sources, tmp_path, kill)
    assert isinstance(entry, Failure)
    assert f"died, {MAX_ATTEMPTS} times" in entry.message
    assert len(kills) >= MAX_ATTEMPTS


def test_local_processes_share_the_cores(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    """No more processes than recordings are started."""
    sources, _ = find_sources([folder], KnownFields())
    seen = list[int]()

    def count(path: str, seconds_done: float) -> None:
        seen.append(len(multiprocessing.active_children()))

    assert len([*LocalEngine(8).run(plan, sources[:1], tmp_path, count)]) == 1
    assert set(seen) == {1}
