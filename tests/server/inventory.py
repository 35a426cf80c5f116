"""What a workspace must be like whatever was sent to its server, and whenever that was killed."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.types import Job
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True)
class Inventory:
    """All that a workspace holds, read back from the disk.

    ``samples``: signal, then sample id, then its metadata. ``versions``: signal, then the numbers that are kept.
    ``missions``: mission, then signal, then its threshold.
    """

    samples: dict[str, dict[str, dict[str, Any]]]
    versions: dict[str, list[int]]
    active: dict[str, int | None]
    previous: dict[str, int | None]
    loaded: dict[str, int]
    thresholds: dict[str, float]
    missions: dict[str, dict[str, float | None]]
    jobs: dict[str, Job]


def take_inventory(path: Path, backbone: Backbone) -> Inventory:
    """Open the workspace as the next server would, check all that must hold in it, and read everything."""
    with Workspace.open(path) as workspace:
        db, samples, versions = workspace.db, workspace.samples, workspace.versions
        assert db.value("PRAGMA integrity_check") == "ok"
        assert db.rows("PRAGMA foreign_key_check") == []
        assert list((path / "blobs" / "tmp").iterdir()) == []
        for name in samples.signal_names():
            for sample in samples.list(name):
                assert samples.image(sample).shape == (workspace.spec.rows, sample.cols)
                samples.iq(sample)
                assert sample.boxes
        for name in versions.signals():
            _check_versions(workspace, name, backbone)
        jobs = [job for _, job in workspace.jobs.page(sys.maxsize)]
        for job in jobs:
            _check_job(workspace, job)
        return Inventory(
            samples={
                name: {sample.sample_id: sample.metadata for sample in samples.list(name)}
                for name in samples.signal_names()
            },
            versions={name: [head.version for head in versions.list(name)] for name in versions.signals()},
            active={name: versions.active(name) for name in versions.signals()},
            previous={name: versions.previous(name) for name in versions.signals()},
            loaded=workspace.loaded.versions(),
            thresholds=workspace.loaded.thresholds(),
            missions={
                each.mission_name: {head.signal_name: head.threshold for head in each.heads}
                for each in workspace.missions.all()
            },
            jobs={job.job_id: job for job in jobs},
        )


def _check_versions(workspace: Workspace, name: str, backbone: Backbone) -> None:
    """Numbers without a gap, every head loads, the active one is live, and the audit log tells the same."""
    db, versions, manager = workspace.db, workspace.versions, VersionManager(workspace)
    rows = db.rows("SELECT version, split_version FROM head_versions WHERE signal_name = ? ORDER BY version", (name,))
    numbers, live = [row["version"] for row in rows], [head.version for head in versions.list(name)]
    assert numbers == list(range(1, len(numbers) + 1))
    for version in live:
        manager.load_head(name, version, backbone)  # replays its golden vectors
    active = versions.active(name)
    assert active is None or active in live
    told = workspace.audit.list(name, limit=sys.maxsize)
    assert [entry.detail["version"] for entry in reversed(told) if entry.action == "version.add"] == numbers
    changes = [entry.detail["to"] for entry in told if entry.action in ("version.activate", "version.rollback")]
    assert changes[:1] == ([] if active is None else [active])
    loaded = workspace.loaded.versions().get(name)
    assert loaded is None or loaded in live
    changes = [entry.detail.get("to") for entry in told if entry.action in ("head.load", "head.unload")]
    assert (changes or [None])[0] == loaded


def _check_job(workspace: Workspace, job: Job) -> None:
    """Its messages are numbered without a gap, and what it made is there if it says so."""
    events = workspace.jobs.events(job.job_id)
    assert [event.seq for event in events] in ([], list(range(1, job.last_seq + 1)))
    ends = [event.type for event in events if event.type != "training_progress"]
    match job.state:
        case "queued" | "running":
            assert (job.finished_at, job.version, ends) == (None, None, [])
        case "completed":
            assert job.version is not None
            workspace.versions.get(job.signal_name, job.version, include_retired=True)
            assert ends in ([], ["training_complete"])
        case "failed" | "cancelled":
            assert (job.version, job.code is not None) == (None, True)
            assert ends in ([], ["training_failed"])
