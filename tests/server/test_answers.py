"""Answers are bounded: they come in pages, are cut where the protocol allows it, or are refused."""

import asyncio
from pathlib import Path

import pytest

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import TooLarge
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.trainings import Jobs, JobSnapshot
from rfhydra.protocol.types import RegistryEntry
from rfhydra.protocol.versions import Registry
from rfhydra.server.answers import require_fitting
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import peer, running
from tests.server.watched_jobs import watched
from tests.store.small_data import add_job, add_version, progress

MOST = Limits().max_answer_bytes
NOTES = "\N{SNOWMAN}" * 16_000  # 48 kB
JOBS = 40


def registry(signals: int) -> Registry:
    entry = RegistryEntry(
        active_version=1,
        active_head_version=1,
        f1_score=0.5,
        precision=0.5,
        recall=0.5,
        sample_count=5,
        last_trained="2026-01-01T00:00:00.000000Z",
    )
    return Registry(backbone_version=BACKBONE_VERSION, signals={f"signal-{number}": entry for number in range(signals)})


def test_a_registry_that_does_not_fit_is_refused() -> None:
    require_fitting(registry(3000), Limits())
    with pytest.raises(TooLarge, match=r"the limit is 1048576 \(max_answer_bytes\)"):
        require_fitting(registry(30_000), Limits())
    require_fitting(registry(30_000), Limits(max_answer_bytes=16 << 20))


@pytest.mark.slow
def test_a_server_that_cannot_answer_says_so_and_subscribes_to_nothing(small: Workspace, body: Path) -> None:
    with small.db.transaction():
        for number in range(4500):
            add_version(small, f"{number:064}", spec_id=small.spec.spec_id)
    with running(small, Settings(backbone_path=body)) as port, peer(port) as client:
        assert client.ask("get_registry", id=1)["code"] == "too_large"
        assert client.ask("subscribe", topics=["registry"])["code"] == "too_large"
        assert client.ask("subscribe", topics=["samples"])["topics"] == ["samples"]


def test_jobs_with_long_notes_come_in_more_pages(small: Workspace, body: Path) -> None:
    added = [add_job(small, f"signal-{number}", notes=NOTES).job_id for number in range(JOBS)]

    async def scenario() -> list[str]:
        async with watched(small, body, max_jobs_queued=JOBS) as here:
            await here.jobs.stop(0)
            seen: list[str] = []
            before = None
            while True:
                page = await here.jobs.page(JOBS, before)
                assert len(page.encode().encode()) <= MOST
                seen += [job.job_id for job in page.jobs]
                if page.next_cursor is None:
                    return seen
                assert 1 < len(page.jobs) < JOBS
                before = int(page.next_cursor)

    assert asyncio.run(scenario()) == added[::-1]


def test_a_long_curve_is_cut_to_its_newest_epochs(small: Workspace, body: Path) -> None:
    job = add_job(small)
    small.jobs.start_next()
    with small.db.transaction():
        for number in range(1, 5001):
            small.jobs.record(job.job_id, progress(number))

    async def scenario() -> tuple[JobSnapshot, list[Jobs | JobSnapshot]]:
        async with watched(small, body) as here:
            await here.jobs.stop(0)
            return await here.jobs.get(job.job_id), await here.jobs.snapshots()

    snapshot, snapshots = asyncio.run(scenario())
    size = len(snapshot.encode().encode())
    assert MOST / 2 < size <= MOST
    assert snapshot.events[-1].seq >= 5000
    numbers = [event.seq for event in snapshot.events]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert sum(len(each.encode().encode()) for each in snapshots) <= MOST
