"""Both engines give what one process gives, also when processes are killed under them."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rfhydra.archive.engine import MAX_ATTEMPTS, Engine
from rfhydra.archive.engine_local import LocalEngine
from rfhydra.archive.manifest import Finished
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.scan import ArchiveFiles, scan
from rfhydra.archive.source import Failure, find_sources
from rfhydra.errors import Incompatible
from rfhydra.recordings.known import KnownFields
from tests.archive.given import Here, plan_of, record

RECORDINGS: Final = 12
WORKERS: Final = 2
STORE_BYTES: Final = 80 << 20


@pytest.fixture
def plan(site: Path, body_file: Path) -> ScanPlan:
    return plan_of(site, body_file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive")
    for seed in range(RECORDINGS):
        record(path / f"r{seed}", seed)
    return path


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray cluster on this machine, to which this process is connected."""
    ray = pytest.importorskip("ray")
    ray.init(
        address="local",
        num_cpus=WORKERS,
        object_store_memory=STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    try:
        yield
    finally:
        ray.shutdown()


@pytest.fixture(params=["local", "ray"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "local":
        return LocalEngine(WORKERS)
    request.getfixturevalue("cluster")
    from rfhydra.archive.engine_ray import RayEngine

    return RayEngine()


def busy_workers() -> list[int]:
    """Processes of either engine that are scanning now."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    tasks = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(b"ray::_scan"):
                tasks.append(int(path.parent.name))
    return children + tasks


def files_of(folder: Path, out: Path, plan: ScanPlan, engine: Engine) -> tuple[bytes, bytes]:
    """Both tables of a scan of ``folder``."""
    files = ArchiveFiles.at(out)
    scan(plan, *find_sources([folder], KnownFields()), files, engine)
    return files.hits.read_bytes(), files.emissions.read_bytes()


def test_every_engine_finds_the_same(engine: Engine, plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    expected = files_of(folder, tmp_path / "here.parquet", plan, Here())
    assert files_of(folder, tmp_path / "there.parquet", plan, engine) == expected


def test_a_recording_whose_process_is_killed_is_scanned_again(
    engine: Engine, plan: ScanPlan, folder: Path, tmp_path: Path
) -> None:
    sources, _ = find_sources([folder], KnownFields())
    killed, found = list[int](), list[str]()
    for entry in engine.run(plan, sources, tmp_path, lambda path, seconds: None):
        assert isinstance(entry, Finished), entry
        found.append(Path(entry.path).stem)
        while not killed:
            for pid in busy_workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    assert sorted(found) == sorted(Path(each.path).stem for each in sources)


def test_an_engine_that_is_closed_leaves_no_process(
    engine: Engine, plan: ScanPlan, folder: Path, tmp_path: Path
) -> None:
    sources, _ = find_sources([folder], KnownFields())
    entries = engine.run(plan, sources, tmp_path, lambda path, seconds: None)
    next(iter(entries))
    entries.close()
    while busy_workers():
        os.sched_yield()


def test_what_ends_a_scan_comes_from_the_process(engine: Engine, plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    other = ScanPlan(plan.spec, "another", plan.backbone_file)
    with pytest.raises(Incompatible, match="backbone another"):
        files_of(folder, tmp_path / "hits.parquet", other, engine)


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
