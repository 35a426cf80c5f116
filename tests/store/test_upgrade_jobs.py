from pathlib import Path

import pytest

from rfhydra.errors import Cancelled, Conflict, NotFound
from rfhydra.protocol.upgrade_reports import UpgradeReport
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.upgrade_jobs import MAX_UPGRADE_JOBS_KEPT
from rfhydra.store.workspace import Workspace
from tests.store.small_data import create_old

REPORT = UpgradeReport(backbone_id="new", former_backbone_id="old", heads=[], left=[], current=["lora"])


def test_one_upgrade_at_a_time_which_the_same_request_joins(workspace: Workspace) -> None:
    jobs = workspace.upgrade_jobs
    assert (jobs.newest(), jobs.unfinished()) == (None, None)
    job = jobs.add("new", force=False, who="ada")
    assert (job.state, job.attempts, job.force) == ("running", 1, False)
    assert jobs.add("new", force=False) == job == jobs.unfinished()
    for backbone_id, force in (("new", True), ("other", False)):
        with pytest.raises(Conflict, match="another upgrade is running"):
            jobs.add(backbone_id, force=force)
    done = jobs.complete(job.job_id, REPORT)
    assert (done.state, done.report, jobs.unfinished()) == ("completed", REPORT, None)
    with pytest.raises(Conflict, match="is finished"):
        jobs.fail(job.job_id, Cancelled("too late"))
    jobs.count_attempt(job.job_id, 1)
    assert jobs.get(job.job_id) == done == jobs.newest()


def test_a_cancelled_upgrade_is_no_failed_one(workspace: Workspace) -> None:
    jobs = workspace.upgrade_jobs
    states = [
        jobs.fail(jobs.add("new", force=False).job_id, error).state for error in (Cancelled("no"), Conflict("worse"))
    ]
    assert states == ["cancelled", "failed"]


def test_only_the_newest_are_kept(workspace: Workspace) -> None:
    jobs = workspace.upgrade_jobs
    made = [jobs.complete(jobs.add("new", force=False).job_id, REPORT) for _ in range(MAX_UPGRADE_JOBS_KEPT + 1)]
    assert jobs.newest() == made[-1]
    assert jobs.get(made[1].job_id) == made[1]
    with pytest.raises(NotFound):
        jobs.get(made[0].job_id)


def test_a_workspace_from_before_upgrades_of_servers_has_none(path: Path) -> None:
    create_old(path, 7)
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        assert workspace.upgrade_jobs.newest() is None
