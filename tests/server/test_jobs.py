"""Trainings that run in a process of their own, and what may befall it, the server, and the queue."""

import asyncio
import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import Busy, Conflict, NotFound
from rfhydra.protocol.messages import Jobs, JobSnapshot, TrainingEvent, TrainingFailed, TrainingProgress
from rfhydra.protocol.types import Job, TrainingRequest
from rfhydra.server.jobs.process import TrainingProcess
from rfhydra.server.jobs.queue import MAX_ATTEMPTS
from rfhydra.store.workspace import Workspace
from tests.server.given import WAIT_SEC
from tests.server.jobs_given import LONG, Watched, wait_for_end, watched
from tests.store.given import add_job, progress
from tests.training import given
from tests.training.given import OTHER, SIGNAL

Scenario = Callable[[Watched], Awaitable[None]]
SHORT = {"kind": "embedding", "epochs": 2}
CANCELLED = "the training was cancelled; the active version is as it was"


@pytest.fixture
def site(small: Workspace) -> Workspace:
    """A workspace with six samples of one signal, six of another, and four of a third, which are too few."""
    for name, seeds in ((SIGNAL, range(6)), (OTHER, range(10, 16)), ("rare", range(20, 24))):
        given.add_noise(small, seeds, name)
    return small


@pytest.fixture
def run(site: Workspace, body: Path) -> Callable[[Scenario], None]:
    """Lets a scenario run on trainings of ``site``."""

    def call(scenario: Scenario) -> None:
        async def main() -> None:
            async with watched(site, body) as here:
                await scenario(here)

        asyncio.run(main())

    return call


async def train(here: Watched, signal_name: str = SIGNAL, **fields: Any) -> Job:
    request_id = fields.pop("request_id", None)
    request = TrainingRequest.model_validate({"signal_name": signal_name, **SHORT, **fields})
    return await here.jobs.submit(request, request_id=request_id)


def test_a_training_is_told_while_it_runs_and_stored_before(run: Callable[[Scenario], None], site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job = await train(here, notes="first", **LONG)
        assert (job.state, job.signal_name, job.notes, job.last_seq) == ("queued", SIGNAL, "first", 0)
        pid = await here.paused(job)
        assert (here.jobs.running, here.jobs.queued) == (1, 0)
        seen = await here.jobs.get(job.job_id)
        assert (seen.job.state, seen.job.attempts, seen.job.version) == ("running", 1, None)
        assert seen.events[: len(here.events)] == here.events
        os.kill(pid, signal.SIGCONT)
        complete = await here.completed(job)
        events = here.of(job)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.ts for event in events] == sorted(event.ts for event in events)
        epochs = [event for event in events if isinstance(event, TrainingProgress)]
        assert len(epochs) == len(events) - 1 == complete.epochs_trained
        assert [event.epoch for event in epochs] == list(range(1, len(epochs) + 1))
        assert (complete.version, complete.sample_count) == (1, 6)
        assert complete.auto_promoted == (complete.metrics["f1_score"] > 0)
        seen = await here.jobs.get(job.job_id)
        assert seen.events == events
        assert (seen.job.state, seen.job.version, seen.job.last_seq) == ("completed", 1, complete.seq)
        assert (here.jobs.running, here.jobs.queued) == (0, 0)
        assert here.pid == pid

    run(scenario)
    assert site.versions.get(SIGNAL, 1).notes == "first"


def test_jobs_queue_in_order_one_per_signal_and_a_request_is_one_job(site: Workspace, body: Path) -> None:
    async def scenario() -> None:
        async with watched(site, body, max_jobs_queued=2) as here:
            first = await train(here, request_id="r-1", **LONG)
            pid = await here.paused(first)
            with pytest.raises(Conflict, match="is queued or running"):
                await train(here)
            second, third = await train(here, OTHER), await train(here, "rare", request_id="r-3")
            assert (here.jobs.running, here.jobs.queued) == (1, 2)
            with pytest.raises(Busy, match="2 trainings are queued, the limit is 2"):
                await train(here, "more")
            assert (await train(here, request_id="r-1")).job_id == first.job_id
            assert (await train(here, "rare", request_id="r-3")).job_id == third.job_id
            page = await here.jobs.page(2)
            assert [job.job_id for job in page.jobs] == [third.job_id, second.job_id]
            page = await here.jobs.page(2, int(page.next_cursor or 0))
            assert ([job.job_id for job in page.jobs], page.next_cursor) == ([first.job_id], None)
            all_jobs, *running = await here.jobs.snapshots()
            assert isinstance(all_jobs, Jobs)
            assert [job.state for job in all_jobs.jobs] == ["queued", "queued", "running"]
            assert all(isinstance(each, JobSnapshot) for each in running)
            assert [each.job.job_id for each in running if isinstance(each, JobSnapshot)] == [
                job.job_id for job in (first, second, third)
            ]
            await here.jobs.cancel(first.job_id)
            os.kill(pid, signal.SIGCONT)
            assert (await here.completed(second)).version == 1
            failed = await here.failed(third)
            assert (failed.code, failed.error) == (
                "not_enough_samples",
                "Not enough samples (minimum 5 required): rare has 4",
            )
            order = list(dict.fromkeys(event.job_id for event in here.events))
            assert order == [job.job_id for job in (first, second, third)]
            assert (await train(here, request_id="r-1")).state == "cancelled"
            assert (here.jobs.running, here.jobs.queued) == (0, 0)

    asyncio.run(scenario())


def test_what_cannot_be_is_refused_at_once(run: Callable[[Scenario], None]) -> None:
    async def scenario(here: Watched) -> None:
        with pytest.raises(NotFound):
            await here.jobs.get("nothing")
        with pytest.raises(NotFound):
            await here.jobs.cancel("nothing")
        assert await here.jobs.page(10) == Jobs(jobs=[])
        assert await here.jobs.cancel() is None
        assert here.jobs.process.pid is None  # not before it is needed

    run(scenario)


def test_an_extension_needs_something_to_extend(run: Callable[[Scenario], None]) -> None:
    async def scenario(here: Watched) -> None:
        assert (await here.failed(await train(here, extend=True))).code == "not_found"
        await here.completed(await train(here))
        here.workspace.versions.activate(SIGNAL, 1)
        complete = await here.completed(await train(here, extend=True))
        assert (complete.version, complete.previous_version) == (2, 1)
        assert complete.previous_metrics is not None

    run(scenario)


def test_a_cancel_stops_the_running_training_and_changes_nothing(
    run: Callable[[Scenario], None], site: Workspace
) -> None:
    before = given.everything(site)

    async def scenario(here: Watched) -> None:
        job, waiting = await train(here, **LONG), await train(here, OTHER)
        pid = await here.paused(job)
        cancelled = await here.jobs.cancel()
        assert cancelled is not None
        assert (cancelled.job_id, cancelled.state) == (job.job_id, "running")
        os.kill(pid, signal.SIGCONT)
        failed = await here.failed(job)
        assert (failed.code, failed.error, failed.seq) == ("cancelled", CANCELLED, len(here.of(job)))
        assert (await here.jobs.get(job.job_id)).job.state == "cancelled"
        await here.completed(waiting)
        assert here.pid == pid
        assert (await here.jobs.cancel(job.job_id)) == (await here.jobs.get(job.job_id)).job
        assert (await here.jobs.cancel(waiting.job_id)) == (await here.jobs.get(waiting.job_id)).job

    run(scenario)
    assert site.versions.signals() == [OTHER]
    after = given.everything(site)
    assert after["samples"] == before["samples"]
    assert {row[0] for table in ("head_versions", "splits", "split_members") for row in after[table]} == {OTHER}


def test_a_cancel_ends_a_job_that_waits_at_once(run: Callable[[Scenario], None]) -> None:
    async def scenario(here: Watched) -> None:
        job, waiting = await train(here, **LONG), await train(here, OTHER)
        pid = await here.paused(job)
        cancelled = await here.jobs.cancel(waiting.job_id)
        assert cancelled is not None
        assert (cancelled.state, cancelled.code, cancelled.attempts) == ("cancelled", "cancelled", 0)
        (event,) = here.of(waiting)
        assert isinstance(event, TrainingFailed)
        assert (event.code, event.seq) == ("cancelled", 1)
        assert here.jobs.queued == 0
        again = await train(here, OTHER)
        os.kill(pid, signal.SIGCONT)
        await here.jobs.cancel(job.job_id)
        await here.completed(again)

    run(scenario)


def test_a_cancel_right_after_the_request_is_heard(run: Callable[[Scenario], None], site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job = await train(here, **LONG)
        assert await here.jobs.cancel() is not None
        assert (await here.failed(job)).code == "cancelled"
        job = await train(here, **LONG)
        while here.jobs.process.pid is None:  # the process is being started
            await asyncio.sleep(0)
        assert await here.jobs.cancel(job.job_id) is not None
        assert (await here.failed(job)).code == "cancelled"
        await here.completed(await train(here))

    run(scenario)


def test_a_training_that_does_not_heed_a_cancel_is_ended_by_force(
    run: Callable[[Scenario], None], site: Workspace, body: Path
) -> None:
    async def scenario(here: Watched) -> None:
        here.jobs.process = TrainingProcess(site.path, body, cancel_grace_sec=0.1)
        job = await train(here, **LONG)
        pid = await here.paused(job)
        await here.jobs.cancel()
        assert (await here.failed(job)).code == "cancelled"
        assert not Path(f"/proc/{pid}").exists()
        await here.completed(await train(here))

    run(scenario)


def test_a_killed_training_process_costs_one_training(run: Callable[[Scenario], None], site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job, waiting = await train(here, **LONG), await train(here, OTHER)
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
        await here.completed(await train(here))
        assert here.pid != idle

    run(scenario)
    assert [head.version for head in site.versions.list(SIGNAL)] == [1]


def test_processes_leave_nothing_behind(run: Callable[[Scenario], None]) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def scenario(here: Watched) -> None:
        pids, counts = [], []
        for _ in range(3):
            await here.completed(await train(here, epochs=1))
            pids.append(here.pid)
            await here.jobs.process.close()
            counts.append(descriptors())
        assert len(set(counts)) == 1
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)

    run(scenario)


def test_nothing_that_lies_about_is_imported(
    run: Callable[[Scenario], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)

    async def scenario(here: Watched) -> None:
        await here.completed(await train(here))

    run(scenario)


def test_a_stop_lets_a_training_finish_if_there_is_time(run: Callable[[Scenario], None], site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job, waiting = await train(here), await train(here, OTHER)
        await here.epoch(job)
        await here.jobs.stop(WAIT_SEC)
        assert (await here.completed(job)).version == 1
        assert here.of(waiting) == []
        with pytest.raises(Busy, match="the server is stopping"):
            await train(here)

    run(scenario)
    assert [(job.signal_name, job.state, job.attempts) for job in site.jobs.unfinished()] == [(OTHER, "queued", 0)]


def test_a_training_that_was_stopped_runs_again_at_the_next_start(
    run: Callable[[Scenario], None], site: Workspace
) -> None:
    stopped: list[TrainingEvent] = []

    async def stop(here: Watched) -> None:
        job = await train(here, **LONG)
        pid = await here.paused(job)
        await here.jobs.stop(0)
        assert not Path(f"/proc/{pid}").exists()
        stopped.extend(here.of(job))

    async def go_on(here: Watched) -> None:
        (job,) = (await here.jobs.page(1)).jobs
        assert job.job_id == stopped[0].job_id
        complete = await here.completed(job)
        snapshot = await here.jobs.get(job.job_id)
        assert [event.seq for event in snapshot.events] == list(range(1, complete.seq + 1))
        assert snapshot.events[: len(stopped)] == stopped
        assert snapshot.job.attempts == 1  # a stop is nobody's fault

    run(stop)
    assert [job.state for job in site.jobs.unfinished()] == ["queued"]
    run(go_on)


@asynccontextmanager
async def killed_server(path: Path, body: Path) -> AsyncIterator[list[TrainingProgress]]:
    """What a server told of its long training before it was killed in the middle of it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.server.keeper", str(path), str(body)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        first = server.stdout.readline()
        server.kill()
        told = [first, *(line for line in server.stdout if line.endswith("\n"))]
    wait_for_end(pid)  # the training process goes with its server
    yield [TrainingProgress.model_validate(json.loads(line)) for line in told]


def test_a_training_that_the_server_did_not_survive_runs_again(site: Workspace, body: Path) -> None:
    async def scenario() -> None:
        seqs: list[int] = []
        job_ids = set()
        for attempt in (1, 2):
            async with killed_server(site.path, body) as told:
                assert [event.seq for event in told] == list(range(told[0].seq, told[-1].seq + 1))
                seqs.append(told[-1].seq)
                job_ids |= {event.job_id for event in told}
                assert told[0].epoch == 1 or attempt == 1
        with Workspace.open(site.path) as workspace:
            async with watched(workspace, body) as here:
                (job,) = (await here.jobs.page(10)).jobs
                assert {job.job_id} == job_ids
                assert job.request_id == "r-1"
                complete = await here.completed(job)
                snapshot = await here.jobs.get(job.job_id)
                assert snapshot.job.attempts == 3
                assert [event.seq for event in snapshot.events] == list(range(1, complete.seq + 1))
                assert complete.seq > seqs[1] > seqs[0]
                epochs = [event.epoch for event in snapshot.events if isinstance(event, TrainingProgress)]
                assert epochs.count(1) == 3
                assert [head.version for head in workspace.versions.list(SIGNAL)] == [complete.version] == [1]

    site.close()
    asyncio.run(scenario())


def test_a_training_that_always_kills_the_server_is_given_up(run: Callable[[Scenario], None], site: Workspace) -> None:
    job = add_job(site)
    for _ in range(MAX_ATTEMPTS - 1):
        site.jobs.start_next()
        site.jobs.requeue(job.job_id)
    site.jobs.start_next()
    site.jobs.record(job.job_id, progress(1))

    async def scenario(here: Watched) -> None:
        (event,) = here.events
        assert isinstance(event, TrainingFailed)
        assert (event.job_id, event.seq, event.code) == (job.job_id, 2, "internal")
        assert "3 times" in event.error
        await here.completed(await train(here))

    run(scenario)
    assert (site.jobs.get(job.job_id).state, site.jobs.get(job.job_id).attempts) == ("failed", MAX_ATTEMPTS)


def test_a_full_disk_costs_epochs_of_the_curve_but_not_the_training(
    run: Callable[[Scenario], None], site: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Room(logging.Handler):
        """Makes room on the disk once it has been missed."""

        def emit(self, record: logging.LogRecord) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    async def scenario(here: Watched) -> None:
        def fill(event: TrainingEvent) -> None:
            here.on_event = lambda event: None
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))

        here.on_event = fill
        job = await train(here, **LONG)
        complete = await here.completed(job)
        assert [event.seq for event in here.of(job)] == list(range(1, complete.seq + 1))

    room = Room()
    logging.getLogger("rfhydra.server.jobs").addHandler(room)
    try:
        run(scenario)
    finally:
        logging.getLogger("rfhydra.server.jobs").removeHandler(room)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "could not be stored" in caplog.text
    assert [head.version for head in site.versions.list(SIGNAL)] == [1]


def test_a_body_that_is_missing_fails_the_job_alone(site: Workspace, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watched(site, tmp_path / "none.safetensors") as here:
            for _ in range(2):
                failed = await here.failed(await train(here))
                assert failed.code == "not_found"
                assert str(tmp_path) not in failed.error

    asyncio.run(scenario())
