"""The client and archives, on a real server."""

import asyncio
from pathlib import Path

import pytest

from rfhydra.client import Client
from rfhydra.errors import Cancelled, NotFound
from rfhydra.protocol.recording_contents import RecordingBox
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.archive.given import record
from tests.server.json_peer import running
from tests.training.given import CENTER_HZ, SIGNAL

NIGHT = "night"
NAME = "take.sigmf-meta"
BOX = RecordingBox(time_start_sec=0.005, time_end_sec=0.01, freq_low_hz=CENTER_HZ - 20e3, freq_high_hz=CENTER_HZ + 20e3)


def test_an_archive_is_scanned_searched_and_copied_from(site: Path, body_file: Path, tmp_path: Path) -> None:
    (tmp_path / NIGHT).mkdir()
    record(tmp_path / NIGHT / "take", seed=1, windows=3)

    async def scenario(url: str) -> None:
        async with Client(url) as client:
            assert (await client.get_archives()).archives[0].result is None
            run = await client.start_scan(NIGHT)
            joined = await client.start_scan(NIGHT)
            assert joined.job_id == run.job_id
            assert {each.archive async for each in run} <= {NIGHT}
            result = (await joined.result()).result
            assert (await run.result()).result == result
            assert (await client.get_archives()).archives[0].result == result
            timeline = await client.get_archive_timeline(NIGHT, columns=4)
            assert sum(timeline.rows[0].hits) == result.hits[SIGNAL]
            page = await client.get_archive_hits(NIGHT, SIGNAL, from_sec=0, to_sec=timeline.duration_sec)
            assert page.found == result.hits[SIGNAL]
            similar = await client.find_similar(NIGHT, BOX, recording=NAME, limit=3)
            assert all(each.recording == NAME for each in similar)
            assert (await client.get_archived_view(NIGHT, NAME, columns=20, rows=20)).cols <= 20
            copied = await client.copy_archived(NIGHT, NAME, 0, 0.02)
            assert copied.time_start_sec == 0
            again = await client.find_similar(NIGHT, BOX, recording_id=copied.recording.recording_id, limit=3)
            assert len(again) <= 3
            with pytest.raises(NotFound):
                await client.cancel_scan()

    with (
        Workspace.open(site) as workspace,
        running(workspace, Settings(backbone_path=body_file, archives={NIGHT: tmp_path / NIGHT})) as port,
    ):
        asyncio.run(scenario(f"ws://127.0.0.1:{port}"))


def test_a_cancelled_scan_raises_so(site: Path, body_file: Path, tmp_path: Path) -> None:
    (tmp_path / NIGHT).mkdir()
    record(tmp_path / NIGHT / "take", seed=1, windows=3)

    async def scenario(url: str) -> None:
        async with Client(url) as client:
            run = await client.start_scan(NIGHT, [SIGNAL], restart=True)
            assert (await client.cancel_scan()).job_id == run.job_id
            with pytest.raises(Cancelled):
                await run.result()

    with (
        Workspace.open(site) as workspace,
        running(workspace, Settings(backbone_path=body_file, archives={NIGHT: tmp_path / NIGHT})) as port,
    ):
        asyncio.run(scenario(f"ws://127.0.0.1:{port}"))
