"""Trainings across a stop or a kill of their server."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rfhydra.errors import Busy
from rfhydra.protocol.trainings import TrainingEvent, TrainingFailed, TrainingProgress
from rfhydra.server.jobs.queue import MAX_ATTEMPTS
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import WAIT_SEC
from tests.server.watched_jobs import LONG, Run, Watched, wait_for_end, watched
from tests.store.small_data import add_job, progress
from tests.training.given import OTHER, SIGNAL

CANCELLED = "the training was cancelled; the active version is as it was"


def test_a_stop_lets_a_training_finish_if_there_is_time(run: Run, training_site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job, waiting = await here.train(), await here.train(OTHER)
        await here.epoch(job)
        await here.jobs.stop(WAIT_SEC)
        assert (await here.completed(job)).version == 1
        assert here.of(waiting) == []
        with pytest.raises(Busy, match="the server is stopping"):
            await here.train()

    run(scenario)
    assert [(job.signal_name, job.state, job.attempts) for job in training_site.jobs.unfinished()] == [
        (OTHER, "queued", 0)
    ]


def test_a_training_that_was_stopped_runs_again_at_the_next_start(run: Run, training_site: Workspace) -> None:
    stopped: list[TrainingEvent] = []

    async def stop(here: Watched) -> None:
        job = await here.train(**LONG)
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
    assert [job.state for job in training_site.jobs.unfinished()] == ["queued"]
    run(go_on)


@asynccontextmanager
async def killed_server(path: Path, body: Path) -> AsyncIterator[list[TrainingProgress]]:
    """What a server told of its long training before it was killed in the middle of it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.server.jobs_process", str(path), str(body)],
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


def test_a_training_that_the_server_did_not_survive_runs_again(training_site: Workspace, body: Path) -> None:
    async def scenario() -> None:
        seqs: list[int] = []
        job_ids = set()
        for attempt in (1, 2):
            async with killed_server(training_site.path, body) as told:
                assert [event.seq for event in told] == list(range(told[0].seq, told[-1].seq + 1))
                seqs.append(told[-1].seq)
                job_ids |= {event.job_id for event in told}
                assert told[0].epoch == 1 or attempt == 1
        with Workspace.open(training_site.path) as workspace:
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

    training_site.close()
    asyncio.run(scenario())


def test_a_training_that_always_kills_the_server_is_given_up(run: Run, training_site: Workspace) -> None:
    job = add_job(training_site)
    for _ in range(MAX_ATTEMPTS - 1):
        training_site.jobs.start_next()
        training_site.jobs.requeue(job.job_id)
    training_site.jobs.start_next()
    training_site.jobs.record(job.job_id, progress(1))

    async def scenario(here: Watched) -> None:
        (event,) = here.events
        assert isinstance(event, TrainingFailed)
        assert (event.job_id, event.seq, event.code) == (job.job_id, 2, "internal")
        assert "3 times" in event.error
        await here.completed(await here.train())

    run(scenario)
    assert (training_site.jobs.get(job.job_id).state, training_site.jobs.get(job.job_id).attempts) == (
        "failed",
        MAX_ATTEMPTS,
    )
