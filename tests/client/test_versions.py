"""The methods for versions, thresholds, missions and the audit log against a live server."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.client import Client
from rfhydra.errors import NotFound
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import running
from tests.training.given import SIGNAL


@pytest.fixture
def url(site: Path, body_file: Path) -> Iterator[str]:
    with Workspace.open(site) as workspace, running(workspace, Settings(backbone_path=body_file)) as port:
        yield f"ws://127.0.0.1:{port}"


def test_versions_are_looked_at_compared_and_annotated(url: str) -> None:
    async def visit() -> None:
        async with Client(url) as client:
            detail = await client.get_version(SIGNAL, 1, examples=1)
            assert detail.validation is not None
            assert len(detail.validation.missed) == 1
            compared = await client.compare_versions(SIGNAL, [1, 2], limit=1)
            assert (compared.a.version, compared.b.version, len(compared.found)) == (1, 2, 1)
            assert compared.next_cursor is not None
            rest = await client.compare_versions(SIGNAL, [1, 2], cursor=compared.next_cursor)
            assert len(rest.found) == compared.boxes - 1
            assert (await client.set_version_notes(SIGNAL, 2, "roof")).notes == "roof"
            newest = await client.get_audit(SIGNAL, limit=1)
            assert [each.action for each in newest.entries] == ["version.notes"]
            assert (await client.get_card(SIGNAL)).card is None
            with pytest.raises(NotFound):
                await client.cancel_card()

    asyncio.run(visit())


def test_missions_are_saved_loaded_and_heard_of(url: str) -> None:
    async def visit() -> None:
        async with Client(url) as client, client.subscribe("heads", "missions") as pushes:
            assert [type(await anext(pushes)).__name__ for _ in range(2)] == ["LoadedHeads", "Missions"]
            await client.save_mission("night", {SIGNAL: 0.7})
            assert [each.mission_name for each in await client.get_missions()] == ["night"]
            loaded = await client.load_mission("night")
            assert (loaded.thresholds[SIGNAL].threshold, loaded.thresholds[SIGNAL].is_overridden) == (0.7, True)
            own = await client.set_threshold(SIGNAL)
            assert own.thresholds[SIGNAL].threshold == own.thresholds[SIGNAL].own_threshold
            (saved,) = await client.save_mission("night")  # what is loaded now
            assert [each.threshold for each in saved.heads] == [None]
            assert [each.mission_name for each in await client.rename_mission("night", "late")] == ["late"]
            assert await client.delete_mission("late") == []
            pushed = [type(await anext(pushes)).__name__ for _ in range(6)]
            assert sorted(pushed) == ["LoadedHeads"] * 2 + ["Missions"] * 4

    asyncio.run(visit())
