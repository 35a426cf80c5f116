"""The queue of trainings: messages, order, cancellation, a full disk."""

import asyncio
import logging
import os
import resource
import signal
from pathlib import Path

import pytest

from rfhydra.errors import Busy, Conflict, NotFound
from rfhydra.protocol.trainings import Jobs, JobSnapshot, TrainingEvent, TrainingFailed, TrainingProgress
from rfhydra.store.workspace import Workspace
from tests.server.watched_jobs import LONG, Run, Watched, watched
from tests.training import given
from tests.training.given import OTHER, SIGNAL

CANCELLED = "the training was cancelled; the active version is as it was"


def test_a_training_is_told_while_it_runs_and_stored_before(run: Run, training_site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job = await here.train(notes="first", **LONG)
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
    assert training_site.versions.get(SIGNAL, 1).notes == "first"


def test_jobs_queue_in_order_one_per_signal_and_a_request_is_one_job(training_site: Workspace, body: Path) -> None:
    async def scenario() -> None:
        async with watched(training_site, body, max_jobs_queued=2) as here:
            first = await here.train(request_id="r-1", **LONG)
            pid = await here.paused(first)
            with pytest.raises(Conflict, match="is queued or running"):
                await here.train()
            second, third = await here.train(OTHER), await here.train("rare", request_id="r-3")
            assert (here.jobs.running, here.jobs.queued) == (1, 2)
            with pytest.raises(Busy, match="2 trainings are queued, the limit is 2"):
                await here.train("more")
            assert (await here.train(request_id="r-1", **LONG)).job_id == first.job_id
            with pytest.raises(Conflict, match=r"request_id was used .* with another signal_name"):
                await here.train(OTHER, request_id="r-1", **LONG)
            assert (await here.train("rare", request_id="r-3")).job_id == third.job_id
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
                "Not enough samples (minimum 5 required): rare has 4; label more, or ask for a provisional head"
                " (provisional)",
            )
            order = list(dict.fromkeys(event.job_id for event in here.events))
            assert order == [job.job_id for job in (first, second, third)]
            assert (await here.train(request_id="r-1", **LONG)).state == "cancelled"
            assert (here.jobs.running, here.jobs.queued) == (0, 0)

    asyncio.run(scenario())


def test_what_cannot_be_is_refused_at_once(run: Run) -> None:
    async def scenario(here: Watched) -> None:
        with pytest.raises(NotFound):
            await here.jobs.get("nothing")
        with pytest.raises(NotFound):
            await here.jobs.cancel("nothing")
        assert await here.jobs.page(10) == Jobs(jobs=[])
        assert await here.jobs.cancel() is None
        assert here.jobs.process.pid is None  # not before it is needed

    run(scenario)


def test_an_extension_needs_something_to_extend(run: Run) -> None:
    async def scenario(here: Watched) -> None:
        assert (await here.failed(await here.train(extend=True))).code == "not_found"
        await here.completed(await here.train())
        here.workspace.versions.activate(SIGNAL, 1)
        complete = await here.completed(await here.train(extend=True))
        assert (complete.version, complete.previous_version) == (2, 1)
        assert complete.previous_metrics is not None

    run(scenario)


def test_a_cancel_stops_the_running_training_and_changes_nothing(run: Run, training_site: Workspace) -> None:
    before = given.everything(training_site)

    async def scenario(here: Watched) -> None:
        job, waiting = await here.train(**LONG), await here.train(OTHER)
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
    assert training_site.versions.signals() == [OTHER]
    after = given.everything(training_site)
    assert after["samples"] == before["samples"]
    assert {row[0] for table in ("head_versions", "splits", "split_members") for row in after[table]} == {OTHER}


def test_a_cancel_ends_a_job_that_waits_at_once(run: Run) -> None:
    async def scenario(here: Watched) -> None:
        job, waiting = await here.train(**LONG), await here.train(OTHER)
        pid = await here.paused(job)
        cancelled = await here.jobs.cancel(waiting.job_id)
        assert cancelled is not None
        assert (cancelled.state, cancelled.code, cancelled.attempts) == ("cancelled", "cancelled", 0)
        (event,) = here.of(waiting)
        assert isinstance(event, TrainingFailed)
        assert (event.code, event.seq) == ("cancelled", 1)
        assert here.jobs.queued == 0
        again = await here.train(OTHER)
        os.kill(pid, signal.SIGCONT)
        await here.jobs.cancel(job.job_id)
        await here.completed(again)

    run(scenario)


def test_a_cancel_right_after_the_request_is_heard(run: Run, training_site: Workspace) -> None:
    async def scenario(here: Watched) -> None:
        job = await here.train(**LONG)
        assert await here.jobs.cancel() is not None
        assert (await here.failed(job)).code == "cancelled"
        job = await here.train(**LONG)
        while here.jobs.process.pid is None:  # the process is being started
            await asyncio.sleep(0)
        assert await here.jobs.cancel(job.job_id) is not None
        assert (await here.failed(job)).code == "cancelled"
        await here.completed(await here.train())

    run(scenario)


def test_a_full_disk_costs_epochs_of_the_curve_but_not_the_training(
    run: Run, training_site: Workspace, caplog: pytest.LogCaptureFixture
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
        job = await here.train(**LONG)
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
    assert [head.version for head in training_site.versions.list(SIGNAL)] == [1]
