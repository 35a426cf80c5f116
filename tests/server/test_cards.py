"""Detectability cards over a live server: measured in the training process, stored, shown, cancelled."""

import asyncio
import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rfhydra.client import Client
from rfhydra.errors import Cancelled
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running, training_paused
from tests.server.watched_jobs import LONG
from tests.training.given import OTHER, SIGNAL

ENDS = ("card_complete", "card_failed")


@pytest.fixture(scope="module")
def port(shared_site: Path, body_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One server for all: its training process takes a while to start. Of the other signal there is no head."""
    site = Path(shutil.copytree(shared_site, tmp_path_factory.mktemp("cards") / "site-b"))
    with Workspace.open(site) as workspace, running(workspace, Settings(backbone_path=body_file)) as number:
        yield number


def end(client: Peer) -> dict[str, Any]:
    return client.until(*ENDS)[-1]


def test_a_card_is_measured_stored_and_shown_and_subscribers_hear_of_it(port: int, client: Peer) -> None:
    before = client.ask("get_card", signal_name=SIGNAL, include_picture=True)
    assert before == {"type": "card", "signal_name": SIGNAL, "version": 1, "card": None, "progress": None}
    with peer(port) as other:
        other.ask("subscribe", topics=["cards"])
        begun = client.ask("make_card", signal_name=SIGNAL, id=1)
        assert (begun["type"], begun["id"], begun["version"], begun["stage"]) == ("card_progress", 1, 1, "waiting")
        *progress, complete = client.until(*ENDS)
        assert complete["type"] == "card_complete", complete
        assert {each["type"] for each in progress} == {"card_progress"}
        stages = [each["stage"] for each in progress]
        assert stages[0] == "loading"
        assert "background" in stages
        assert {each["job_id"] for each in progress} == {begun["job_id"]} == {complete["job_id"]}
        assert end(other) == complete
    stored = client.ask("get_card", signal_name=SIGNAL, version=1, include_picture=True)
    assert (stored["card"], stored["progress"]) == (complete["card"], None)
    assert stored["card"]["signal_name"] == SIGNAL
    with Image.open(io.BytesIO(base64.b64decode(stored["picture_b64"]))) as picture:
        assert picture.format == "PNG"
    assert "picture_b64" not in client.ask("get_card", signal_name=SIGNAL)
    assert client.ask("get_version", signal_name=SIGNAL, version=1)["has_card"] is True


def test_one_card_at_a_time_which_others_join_and_anybody_stops(port: int, client: Peer) -> None:
    client.ask("train_signal", signal_name=OTHER, id=1, **LONG)
    client.until("training_progress")
    with training_paused(), peer(port) as other:  # the card waits for the training
        begun = other.ask("make_card", signal_name=SIGNAL, version=2)
        assert other.ask("make_card", signal_name=SIGNAL, version=2) == begun
        assert other.ask("make_card", signal_name=SIGNAL, version=3)["code"] == "busy"
        assert other.ask("get_card", signal_name=SIGNAL, version=2)["progress"] == begun
        assert other.ask("get_card", signal_name=SIGNAL, version=3)["progress"] is None
        with peer(port) as visitor:
            assert visitor.ask("subscribe", topics=["cards"])["snapshots"] == [begun]
            assert visitor.ask("cancel_card", id=7) == {**begun, "id": 7}
            failed = end(visitor)
        assert (failed["type"], failed["code"]) == ("card_failed", "cancelled")
        assert end(other) == failed
        assert other.ask("cancel_card")["code"] == "not_found"
        other.ask("cancel_training", id=2)
    client.until("training_failed")


def test_a_card_of_what_is_not_there_is_refused(client: Peer) -> None:
    assert client.ask("make_card", signal_name=SIGNAL, version=99)["code"] == "not_found"
    assert client.ask("make_card", signal_name=OTHER)["code"] == "not_found"
    assert client.ask("get_card", signal_name=OTHER)["code"] == "not_found"


def test_the_client_follows_a_measurement(port: int) -> None:
    async def measure() -> None:
        async with Client(f"ws://127.0.0.1:{port}") as client:
            run = await client.make_card(SIGNAL, 3)
            stages = [each.stage async for each in run]
            assert stages[0] == "loading"
            complete = await run.result()
            assert (await client.get_card(SIGNAL, 3)).card == complete.card
            again = await client.make_card(SIGNAL, 3)
            await anext(again)  # it is being measured
            await client.cancel_card()
            with pytest.raises(Cancelled):
                await again.result()

    asyncio.run(measure())
