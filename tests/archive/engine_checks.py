"""What every engine does, also when processes are killed under it."""

import contextlib
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Final

import pytest

from rfhydra.archive.engine import Engine
from rfhydra.archive.manifest import Finished
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.scan import ArchiveFiles, scan
from rfhydra.archive.source import find_sources
from rfhydra.errors import Incompatible
from rfhydra.recordings.known import KnownFields
from tests.archive.given import Here

WORKERS: Final = 2


def files_of(folder: Path, out: Path, plan: ScanPlan, engine: Engine) -> tuple[bytes, bytes]:
    """Both tables of a scan of ``folder``."""
    files = ArchiveFiles.at(out)
    scan(plan, *find_sources([folder], KnownFields()), files, engine)
    return files.hits.read_bytes(), files.emissions.read_bytes()


def finds_what_one_process_finds(engine: Engine, plan: ScanPlan, folder: Path, out: Path) -> None:
    out.mkdir()
    expected = files_of(folder, out / "here.parquet", plan, Here())
    assert files_of(folder, out / "there.parquet", plan, engine) == expected


def scans_again_what_was_killed(engine: Engine, plan: ScanPlan, folder: Path, out: Path) -> None:
    out.mkdir()
    sources, _ = find_sources([folder], KnownFields())
    killed, found = list[int](), list[str]()
    for entry in engine.run(plan, sources, out, lambda path, seconds: None):
        assert isinstance(entry, Finished), entry
        found.append(Path(entry.path).stem)
        while not killed:
            for pid in busy_workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    assert sorted(found) == sorted(Path(each.path).stem for each in sources)


def leaves_no_process_when_closed(engine: Engine, plan: ScanPlan, folder: Path, out: Path) -> None:
    out.mkdir()
    sources, _ = find_sources([folder], KnownFields())
    entries = engine.run(plan, sources, out, lambda path, seconds: None)
    next(iter(entries))
    entries.close()
    while busy_workers():
        os.sched_yield()


def tells_what_ended_it(engine: Engine, plan: ScanPlan, folder: Path, out: Path) -> None:
    out.mkdir()
    other = ScanPlan(plan.spec, "another", plan.backbone_file)
    with pytest.raises(Incompatible, match="backbone another"):
        files_of(folder, out / "hits.parquet", other, engine)


def busy_workers() -> list[int]:
    """Processes of either engine that are scanning now."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    tasks = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(b"ray::_scan"):
                tasks.append(int(path.parent.name))
    return children + tasks


CHECKS: Final = (
    finds_what_one_process_finds,
    scans_again_what_was_killed,
    leaves_no_process_when_closed,
    tells_what_ended_it,
)
