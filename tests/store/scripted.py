"""A life of a workspace in steps, to be killed at any moment.

What step n does depends on n alone, and it writes exactly one audit entry: the number of entries tells how far a
workspace has come, and a second one that takes as many steps must look the same.
"""

import itertools
import sys
from pathlib import Path
from typing import Any

from rfhydra.store.workspace import Workspace
from tests.store.given import SIGNAL, add_sample, add_version, box, iq

STEPS_PER_CYCLE = 14


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


def steps_taken(workspace: Workspace) -> int:
    return int(workspace.db.value("SELECT count(*) FROM audit"))


def state(workspace: Workspace) -> dict[str, Any]:
    """All that a user can see, read back from the disk, but for the times."""
    samples, versions = workspace.samples, workspace.versions
    return {
        "samples": [
            (sample.sample_id, sample.boxes, samples.image(sample).sum(), samples.iq(sample) is None)
            for sample in samples.list(SIGNAL)
        ],
        "splits": [workspace.splits.members(SIGNAL, split.version) for split in workspace.splits.history(SIGNAL)],
        "versions": [(head.version, head.split_version, versions.artifact(head)) for head in versions.list(SIGNAL)],
        "active": versions.active(SIGNAL),
        "previous": versions.previous(SIGNAL),
        "audit": [(entry.action, entry.signal_name, entry.detail) for entry in workspace.audit.list(limit=sys.maxsize)],
    }


if __name__ == "__main__":
    with Workspace.open(Path(sys.argv[1])) as workspace:
        for number in itertools.count(steps_taken(workspace)):
            take_step(workspace, number)
            print(number + 1, flush=True)
