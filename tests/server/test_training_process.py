"""The training process: what happens when it does not stop, is killed, or cannot load its backbone."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rfhydra.server.jobs.process import TrainingProcess
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import children
from tests.server.watched_jobs import LONG, Run, Watched, wait_for_end, watched
from tests.training.given import OTHER, SIGNAL

CANCELLED = "the training was cancelled; the active version is as it was"


def test_a_training_that_does_not_heed_a_cancel_is_ended_by_force(
    run: Run, training_site: Workspace, body: Path
) -> None:
    async def scenario(here: Watched) -> None:
        here.jobs.process = TrainingProcess(training_site.path, body, cancel_grace_sec=0.1)
        job = await here.train(**LONG)
        pid = await here.paused(job)
        await here.jobs.cancel()
        assert (await here.failed(job)).code == "cancelled"
        assert not Path(f"/proc/{pid}").exists()
        await here.completed(await here.train())

    run(scenario)


def test_a_killed_training_process_costs_one_training(run: Run, training_site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job, waiting = await here.train(**LONG), await here.train(OTHER)
        pid = await here.paused(job)
        os.kill(pid, signal.SIGKILL)
        failed = await here.failed(job)
        assert failed.code == "internal"
        assert "the training process ended unexpectedly" in failed.error
        await here.completed(waiting)
        assert here.pid != pid
        assert not Path(f"/proc/{pid}").exists()  # nor as a zombie
        idle = here.pid
        os.kill(idle, signal.SIGKILL)
        await here.completed(await here.train())
        assert here.pid != idle

    run(scenario)
    assert [head.version for head in training_site.versions.list(SIGNAL)] == [1]


def test_processes_leave_nothing_behind(run: Run) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def scenario(here: Watched) -> None:
        gc.collect()  # files that earlier tests left must not be closed while these are counted
        pids, counts = [], []
        for _ in range(3):
            await here.completed(await here.train(epochs=1))
            pids.append(here.pid)
            await here.jobs.process.close()
            counts.append(descriptors())
        assert len(set(counts)) == 1
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)

    run(scenario)


def test_nothing_that_lies_about_is_imported(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)

    async def scenario(here: Watched) -> None:
        await here.completed(await here.train())

    run(scenario)


def test_a_body_that_is_missing_fails_the_job_alone(training_site: Workspace, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watched(training_site, tmp_path / "none.safetensors") as here:
            for _ in range(2):
                failed = await here.failed(await here.train())
                assert failed.code == "not_found"
                assert str(tmp_path) not in failed.error

    asyncio.run(scenario())


def ignores_interrupts(pid: int) -> bool:
    """Whether a process is there and ignores SIGINT, which the training process does before its long imports."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    ignored = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn"))
    return bool(ignored >> (signal.SIGINT - 1) & 1)


def test_a_process_that_still_imports_ends_with_a_killed_server(training_site: Workspace, body: Path) -> None:
    path = training_site.path
    training_site.close()
    with subprocess.Popen([sys.executable, "-m", "tests.server.jobs_process", path, body]) as server:
        try:
            while not (found := [pid for pid in map(int, children(server.pid)) if ignores_interrupts(pid)]):
                assert server.poll() is None
            os.kill(found[0], signal.SIGSTOP)  # it does not get any further
        finally:
            server.kill()
    wait_for_end(found[0])


def test_a_cancel_is_answered_while_the_process_is_stopped(run: Run) -> None:
    async def scenario(here: Watched) -> None:
        job = await here.train(**LONG)
        pid = await here.paused(job)
        for _ in range(100):
            cancelled = await here.jobs.cancel(job.job_id)
            assert cancelled is not None
        assert here.jobs.running == 1
        os.kill(pid, signal.SIGKILL)
        assert (await here.failed(job)).code == "cancelled"

    run(scenario)
