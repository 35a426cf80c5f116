import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import Busy, Cancelled, Conflict, InvalidMessage, InvalidName, NotEnoughSamples, NotFound
from rfhydra.protocol.trainings import TrainingProgress
from rfhydra.protocol.types import Job, TrainingRequest
from rfhydra.store.jobs import KEPT_HISTORIES, JobStore
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.workspace import Workspace
from tests.store.small_data import METRICS, SIGNAL, SPEC, add_job, add_version, create_old, progress, result_of


@pytest.fixture
def jobs(workspace: Workspace) -> JobStore:
    return workspace.jobs


def started(workspace: Workspace, signal_name: str = SIGNAL, **fields: Any) -> Job:
    add_job(workspace, signal_name, **fields)
    job = workspace.jobs.start_next()
    assert job is not None
    assert job.signal_name == signal_name
    return job


def record_and_fail(workspace: Workspace, job: Job) -> None:
    with workspace.db.transaction():
        assert workspace.jobs.record(job.job_id, progress(3)).seq == 3
        workspace.samples.get("a" * 64)


def test_a_job_is_kept_as_it_was_asked_for(workspace: Workspace, jobs: JobStore) -> None:
    job = add_job(workspace, extend=True, epochs=7, notes="low SNR", provisional=True, request_id="r-1")
    assert (job.signal_name, job.action, job.kind, job.epochs) == (SIGNAL, "extend", "embedding", 7)
    assert (job.notes, job.request_id, job.state, job.attempts, job.last_seq) == ("low SNR", "r-1", "queued", 0, 0)
    assert (job.started_at, job.finished_at, job.version, job.error, job.code) == (None,) * 5
    assert job.created_at.endswith("Z")
    fields = {"extend": True, "epochs": 7, "notes": "low SNR", "provisional": True}
    assert job.request == TrainingRequest.model_validate({"signal_name": SIGNAL, **fields})
    assert jobs.get(job.job_id) == job
    assert jobs.unfinished() == [job]
    entry = workspace.audit.list(limit=1)[0]
    assert (entry.action, entry.detail["job_id"]) == ("job.add", job.job_id)


def test_a_request_is_one_job_however_often_it_comes(workspace: Workspace, jobs: JobStore) -> None:
    job = add_job(workspace, request_id="r-1")
    assert add_job(workspace, request_id="r-1") == job
    jobs.fail(job.job_id, Cancelled("stop"))
    assert add_job(workspace, request_id="r-1") == jobs.get(job.job_id)
    assert [each.job_id for _, each in jobs.page(10)] == [job.job_id]
    assert add_job(workspace, request_id="r-2").job_id != job.job_id


@pytest.mark.parametrize(
    "other", [{"signal_name": "another"}, {"extend": True}, {"provisional": True}, {"epochs": 7}, {"notes": "other"}]
)
def test_a_request_id_of_another_request_is_a_conflict(workspace: Workspace, other: dict[str, Any]) -> None:
    job = add_job(workspace, request_id="r-1")
    with pytest.raises(Conflict, match=f"with another {next(iter(other))}: a new request needs a new request_id"):
        add_job(workspace, request_id="r-1", **other)
    assert workspace.jobs.unfinished() == [job]


def test_a_signal_has_one_job_at_a_time(workspace: Workspace, jobs: JobStore) -> None:
    job = add_job(workspace)
    with pytest.raises(Conflict, match="is queued or running"):
        add_job(workspace)
    jobs.start_next()
    with pytest.raises(Conflict, match="is queued or running"):
        add_job(workspace, extend=True)
    add_job(workspace, "other")
    jobs.fail(job.job_id, Cancelled("stop"))
    assert add_job(workspace).job_id != job.job_id


def test_the_queue_has_a_bound(workspace: Workspace, jobs: JobStore) -> None:
    for number in range(3):
        add_job(workspace, f"s{number}", max_queued=3)
    with pytest.raises(Busy, match="3 trainings are queued, the limit is 3"):
        add_job(workspace, "s3", max_queued=3)
    jobs.start_next()
    add_job(workspace, "s3", max_queued=3)


def test_a_bad_name_is_refused(workspace: Workspace, jobs: JobStore) -> None:
    with pytest.raises(InvalidName):
        add_job(workspace, "../etc/passwd")
    assert jobs.page(10) == []


def test_jobs_start_in_the_order_in_which_they_came_one_at_a_time(workspace: Workspace, jobs: JobStore) -> None:
    assert jobs.start_next() is None
    first, second = add_job(workspace, "zulu"), add_job(workspace, "alpha")
    running = jobs.start_next()
    assert running is not None
    assert (running.job_id, running.state, running.attempts) == (first.job_id, "running", 1)
    assert running.started_at is not None
    assert jobs.start_next() is None
    jobs.fail(first.job_id, Cancelled("stop"))
    running = jobs.start_next()
    assert running is not None
    assert running.job_id == second.job_id


def test_events_are_numbered_without_a_gap_whatever_happens(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        job = started(workspace)
        assert [workspace.jobs.record(job.job_id, progress(each)).seq for each in (1, 2)] == [1, 2]
        with pytest.raises(NotFound):
            record_and_fail(workspace, job)
    with Workspace.open(path) as workspace:
        workspace.jobs.requeue(job.job_id)
        assert workspace.jobs.start_next() == workspace.jobs.get(job.job_id)
        assert workspace.jobs.record(job.job_id, progress(1)).seq == 3
        events = workspace.jobs.events(job.job_id)
        assert all(isinstance(each, TrainingProgress) for each in events)
        assert [(each.seq, each.model_dump()["epoch"]) for each in events] == [(1, 1), (2, 2), (3, 1)]
        assert all(each.ts.endswith("Z") for each in events)
        assert workspace.jobs.get(job.job_id).last_seq == 3


def test_a_completed_job_names_its_version(workspace: Workspace, jobs: JobStore) -> None:
    job, head = started(workspace), add_version(workspace)
    event = jobs.complete(job.job_id, result_of(head))
    assert (event.seq, event.version, event.metrics["recall"]) == (1, 1, METRICS["recall"])
    assert jobs.events(job.job_id) == [event]
    ended = jobs.get(job.job_id)
    assert (ended.state, ended.version, ended.error, ended.code) == ("completed", 1, None, None)
    assert ended.finished_at is not None
    assert jobs.unfinished() == []


@pytest.mark.parametrize(
    ("error", "state"), [(Cancelled("enough"), "cancelled"), (NotEnoughSamples("only 4"), "failed")]
)
@pytest.mark.parametrize("running", [True, False])
def test_a_failed_job_says_why(
    workspace: Workspace, jobs: JobStore, error: Cancelled | NotEnoughSamples, state: str, running: bool
) -> None:
    job = started(workspace) if running else add_job(workspace)
    event = jobs.fail(job.job_id, error)
    ended = jobs.get(job.job_id)
    assert (ended.state, ended.error, ended.code, ended.version) == (state, str(error), error.code, None)
    assert (event.error, event.code) == (str(error), error.code)
    assert jobs.events(job.job_id) == [event]


def test_a_job_that_has_ended_tells_nothing_more(workspace: Workspace, jobs: JobStore) -> None:
    job = started(workspace)
    jobs.fail(job.job_id, Cancelled("stop"))
    with pytest.raises(Conflict, match="is not running"):
        jobs.record(job.job_id, progress(1))
    with pytest.raises(Conflict, match="is not running"):
        jobs.complete(job.job_id, result_of(add_version(workspace)))
    with pytest.raises(Conflict, match="is finished"):
        jobs.fail(job.job_id, Cancelled("again"))
    jobs.requeue(job.job_id)
    assert jobs.get(job.job_id).state == "cancelled"
    assert jobs.get(job.job_id).last_seq == 1


def test_a_waiting_job_tells_nothing(workspace: Workspace, jobs: JobStore) -> None:
    job = add_job(workspace)
    with pytest.raises(Conflict, match="is not running"):
        jobs.record(job.job_id, progress(1))
    with pytest.raises(Conflict, match="is not running"):
        jobs.complete(job.job_id, result_of(add_version(workspace)))


def test_what_is_no_json_is_not_told(workspace: Workspace, jobs: JobStore) -> None:
    job = started(workspace)
    with pytest.raises(InvalidMessage, match="the message is not JSON"):
        jobs.record(job.job_id, progress(1, float("nan")))
    assert jobs.get(job.job_id).last_seq == 0


def test_a_job_that_waits_again_keeps_its_place(workspace: Workspace, jobs: JobStore) -> None:
    job = started(workspace)
    add_job(workspace, "other")
    jobs.requeue(job.job_id)
    assert (jobs.get(job.job_id).state, jobs.get(job.job_id).attempts) == ("queued", 1)
    again = jobs.start_next()
    assert again is not None
    assert (again.job_id, again.attempts) == (job.job_id, 2)
    jobs.requeue(job.job_id, forgive=True)
    assert jobs.get(job.job_id).attempts == 1


def test_pages_go_from_new_to_old(workspace: Workspace, jobs: JobStore) -> None:
    made = [add_job(workspace, f"s{number}") for number in range(5)]
    first = jobs.page(2)
    assert [job.job_id for _, job in first] == [made[4].job_id, made[3].job_id]
    rest = jobs.page(10, before=first[-1][0])
    assert [job for _, job in rest] == made[2::-1]
    assert jobs.page(10, before=rest[-1][0]) == []


def test_only_the_newest_histories_are_kept(workspace: Workspace, jobs: JobStore) -> None:
    waiting = started(workspace, "long")
    jobs.record(waiting.job_id, progress(1))
    made = []
    for number in range(KEPT_HISTORIES + 2):
        made.append(add_job(workspace, f"s{number}"))
        jobs.fail(made[-1].job_id, Cancelled("stop"))
    assert [len(jobs.events(job.job_id)) for job in made[:4]] == [0, 0, 1, 1]
    assert len(jobs.events(made[-1].job_id)) == 1
    assert len(jobs.events(waiting.job_id)) == 1
    assert jobs.get(made[0].job_id).state == "cancelled"
    assert jobs.get(made[0].job_id).last_seq == 1


def test_a_job_that_is_not_there(jobs: JobStore) -> None:
    for call in (jobs.get, jobs.requeue):
        with pytest.raises(NotFound, match="no job 'x"):
            call("x" * 1000)
    with pytest.raises(NotFound, match="no job 'x"):
        jobs.record("x", progress(1))
    assert jobs.events("x") == []


def test_a_workspace_from_before_jobs_gets_them(path: Path) -> None:
    create_old(path, 1)
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        assert add_job(workspace).state == "queued"


def test_jobs_from_before_provisional_heads_asked_for_none(path: Path) -> None:
    create_old(path, 7)
    with closing(sqlite3.connect(path / "rfhydra.db")) as connection:
        connection.execute(
            "INSERT INTO jobs (job_id, signal_name, action, kind, epochs, request_id, created_at)"
            " VALUES (?, ?, 'train', 'embedding', 50, 'r-1', '2026-01-01T00:00:00Z')",
            ("a" * 32, SIGNAL),
        )
        connection.commit()
    with Workspace.open(path) as workspace:
        (job,) = workspace.jobs.unfinished()
        assert job.provisional is False
        assert add_job(workspace, request_id="r-1") == job
