"""Stages of a training: pushed to those who subscribed to jobs, and to nobody else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.client import Client
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.types import TrainingRequest
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import peer, running, training_paused
from tests.server.watched_jobs import LONG
from tests.training.given import SIGNAL


@pytest.fixture
def port(site: Path, body_file: Path) -> Iterator[int]:
    settings = Settings(backbone_path=body_file, grace_sec=0)
    with Workspace.open(site) as workspace, running(workspace, settings) as number:
        yield number


def test_the_stages_of_a_training_come_in_their_order_and_only_to_subscribers(port: int) -> None:
    with peer(port) as client, peer(port) as other:
        other.ask("subscribe", topics=["jobs"])
        client.send("train_signal", signal_name=SIGNAL, epochs=3)
        heard = client.until("training_complete")
        assert {each["type"] for each in heard} == {"training_progress", "training_complete"}
        told = [each for each in other.until("training_complete") if each["type"] == "job_stage"]
    names = [each["stage"] for each in told]
    assert names == sorted(names, key=["starting", "looking", "fitting", "calibrating", "comparing"].index)
    assert {"starting", "looking"} <= set(names)
    counted = [(each["done"], each["total"]) for each in told if each["done"] is not None]
    assert counted == sorted(counted)
    assert counted[-1][0] == counted[-1][1]
    assert {each["job_id"] for each in told} == {heard[-1]["job_id"]}


def test_subscribers_are_told_of_trainings_that_others_queue_once(port: int) -> None:
    with peer(port) as client, peer(port) as other:
        other.ask("subscribe", topics=["jobs"])
        for number in (1, 2):
            asked = client.ask("train_signal", signal_name=SIGNAL, id=number, request_id="again", **LONG)
        client.send("cancel_training")
        heard = other.until("training_failed")
    (queued,) = [each for each in heard if each["type"] == "job"]
    assert queued["job"]["job_id"] == asked["job_id"]
    assert (queued["job"]["state"], queued["job"]["signal_name"], queued["events"]) == ("queued", SIGNAL, [])


def test_who_comes_later_is_told_the_stage(port: int) -> None:
    with peer(port) as client:
        job_id = client.ask("train_signal", signal_name=SIGNAL, id=1, **LONG)["job_id"]
        client.until("training_progress")
        with training_paused(), peer(port) as visitor:
            snapshot = visitor.ask("get_job", job_id=job_id)
            assert (snapshot["stage"]["stage"], snapshot["stage"]["job_id"]) == ("fitting", job_id)
            client.send("cancel_training")
        assert client.until("training_failed")[-1]["code"] == "cancelled"
        assert client.ask("get_job", job_id=job_id)["stage"] is None


def test_the_client_hears_the_stages_of_its_training(port: int) -> None:
    heard = list[JobStage]()

    async def train() -> None:
        async with Client(f"ws://127.0.0.1:{port}") as client:
            run = await client.train(TrainingRequest(signal_name=SIGNAL, epochs=2), on_stage=heard.append)
            await run.result()
            assert run.stage == heard[-1]

    asyncio.run(train())
    assert "looking" in {each.stage for each in heard}
