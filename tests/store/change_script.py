"""A life of a workspace in steps, to be killed at any moment.

What step n does depends on n alone, and it writes exactly one audit entry, or what a training tells while it runs: the
number of both says how far a workspace has come, and a second one that takes as many steps must look the same.
"""

import itertools
import sys
from pathlib import Path
from typing import Any

from rfhydra.errors import NotEnoughSamples
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.missions import MissionHead
from rfhydra.protocol.trainings import TrainingEvent
from rfhydra.protocol.types import Job
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, add_job, add_sample, add_version, box, iq, progress

STEPS_PER_CYCLE = 27


def take_step(workspace: Workspace, number: int) -> None:
    cycle, step = divmod(number, STEPS_PER_CYCLE)
    first, second = 2 * cycle, 2 * cycle + 1  # the samples of this cycle; the second one is deleted in it
    versions, samples = workspace.versions, workspace.samples
    match step:
        case 0:
            add_sample(workspace, first, iq=iq(first))
        case 1:
            add_sample(workspace, second)
        case 2:
            add_sample(workspace, first, boxes=[box(cycle % 20), box(9)])
        case 3:
            ids = [sample.sample_id for sample in samples.list(SIGNAL)]
            workspace.splits.create(SIGNAL, train=ids[:1], val=ids[1:])
        case 4:
            samples.delete(samples.list(SIGNAL)[-1].sample_id)
        case 5 | 7 | 9 | 10:
            split = workspace.splits.active_version(SIGNAL)
            add_version(workspace, artifact=f"weights {number}".encode() * 1000, split_version=split)
        case 6 | 8 | 11:
            versions.activate(SIGNAL, versions.list(SIGNAL)[-1].version, reason=f"step {number}")
        case 12:
            versions.rollback(SIGNAL)
        case 13:
            versions.retire(SIGNAL, keep=1)
            workspace.collect_garbage()
        case 14:
            add_job(workspace, request_id=f"request {number}")
        case 15 | 18:
            workspace.jobs.start_next()
        case 16 | 19:
            workspace.jobs.record(workspace.jobs.unfinished()[0].job_id, progress(number))
        case 17:
            workspace.jobs.requeue(workspace.jobs.unfinished()[0].job_id)
        case 20:
            workspace.jobs.fail(workspace.jobs.unfinished()[0].job_id, NotEnoughSamples(f"too few: {number}"))
        case 21:
            assert add_job(workspace, request_id=f"request {number - 7}").finished_at is not None
            workspace.audit.record("look", SIGNAL)
        case 22:
            workspace.loaded.load({SIGNAL: versions.active(SIGNAL) or 0})
        case 23:
            workspace.loaded.set_threshold(SIGNAL, (cycle % 9 + 1) / 10)
        case 24:
            workspace.missions.save("night", [MissionHead(signal_name=SIGNAL, threshold=(cycle % 7) / 10)], Limits())
        case 25:
            versions.set_notes(SIGNAL, versions.active(SIGNAL) or 0, f"step {number}")
        case 26 if cycle % 2:
            workspace.loaded.unload()
        case 26:  # what is loaded stays, over the next cycle's retirement
            workspace.audit.record("watch", SIGNAL)


def steps_taken(workspace: Workspace) -> int:
    told = workspace.db.value("SELECT coalesce(sum(last_seq - (finished_at IS NOT NULL)), 0) FROM jobs")
    return int(workspace.db.value("SELECT count(*) FROM audit")) + int(told)


def state(workspace: Workspace) -> dict[str, Any]:
    """All that a user can see, read back from the disk, but for the times."""
    samples, versions = workspace.samples, workspace.versions
    return {
        "samples": [
            (sample.sample_id, sample.boxes, samples.image(sample).sum(), samples.iq(sample) is None)
            for sample in samples.list(SIGNAL)
        ],
        "splits": [workspace.splits.members(SIGNAL, split.version) for split in workspace.splits.history(SIGNAL)],
        "versions": [
            (head.version, head.split_version, head.notes, versions.artifact(head)) for head in versions.list(SIGNAL)
        ],
        "active": versions.active(SIGNAL),
        "previous": versions.previous(SIGNAL),
        "loaded": (workspace.loaded.versions(), workspace.loaded.thresholds()),
        "missions": [(each.mission_name, each.heads) for each in workspace.missions.all()],
        "jobs": [_seen(job, workspace.jobs.events(job.job_id)) for _, job in workspace.jobs.page(sys.maxsize)],
        "audit": [
            (entry.action, entry.signal_name, {**entry.detail, "job_id": None})
            for entry in workspace.audit.list(limit=sys.maxsize)
        ],
    }


def _seen(job: Job, events: list[TrainingEvent]) -> tuple[Any, ...]:
    """A job but for its id, which is drawn, and its times; its events must be numbered without a gap."""
    assert [event.seq for event in events] == list(range(1, job.last_seq + 1))
    return (
        job.state,
        job.attempts,
        job.request_id,
        job.error,
        job.code,
        [event.model_dump(exclude={"job_id", "ts"}) for event in events],
    )


if __name__ == "__main__":
    with Workspace.open(Path(sys.argv[1])) as workspace:
        for number in itertools.count(steps_taken(workspace)):
            take_step(workspace, number)
            print(number + 1, flush=True)
