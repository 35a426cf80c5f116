from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running, training_paused
from tests.server.watched_jobs import LONGER
from tests.training import given
from tests.training.given import OTHER, SIGNAL

RARE = "rare"
"""A signal of which samples are deleted."""
FEW = "few"
"""A signal with too few samples for a validation."""
ENDS = ("training_complete", "training_failed")


@pytest.fixture(scope="module")
def port(body: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One server for all: its training process takes a while to start."""
    settings = Settings(limits=Limits(max_notes_length=10), backbone_path=body, grace_sec=0)
    with Workspace.create(tmp_path_factory.mktemp("trainings") / "site", given.SMALL_SPEC) as workspace:
        for name, seeds in ((SIGNAL, range(6)), (OTHER, range(10, 16)), (RARE, range(20, 26)), (FEW, range(30, 34))):
            given.add_noise(workspace, seeds, name)
        with running(workspace, settings) as number:
            yield number


def test_the_one_who_asked_hears_every_epoch_and_the_end(client: Peer) -> None:
    client.send("train_signal", signal_name=SIGNAL, notes="first")
    *progress, complete = client.until(*ENDS)
    assert [each["type"] for each in progress] == ["training_progress"] * len(progress)
    assert complete["type"] == "training_complete"
    assert complete["epochs_trained"] == progress[-1]["epoch"]
    assert {each["job_id"] for each in (*progress, complete)} == {complete["job_id"]}
    assert [each["seq"] for each in (*progress, complete)] == sorted({each["seq"] for each in (*progress, complete)})
    assert all(each["elapsed_sec"] > 0 and each["val_loss"] > 0 for each in progress)
    assert complete["auto_promoted"] == (complete["metrics"]["f1_score"] > 0)
    active = client.ask("get_registry")["signals"][SIGNAL]["active_version"]
    assert (active == complete["version"]) == complete["auto_promoted"]


def test_an_id_is_answered_with_the_job_and_a_request_id_makes_it_one(client: Peer) -> None:
    first = client.ask("train_signal", signal_name=OTHER, id=1, request_id="once")
    assert (first["type"], first["id"], first["success"]) == ("result", 1, True)
    client.send("train_signal", signal_name=OTHER, id=2, request_id="once")
    second = next(each for each in client.until("result") if each["type"] == "result")
    assert second["job_id"] == first["job_id"]
    client.send("extend_signal", signal_name=OTHER, id=3, request_id="once")
    assert client.until("error")[-1]["code"] == "conflict"
    events = client.until(*ENDS)
    assert events[-1]["job_id"] == first["job_id"]
    jobs = client.ask("list_jobs")["jobs"]
    assert sum(job["request_id"] == "once" for job in jobs) == 1


def test_a_job_is_asked_for_with_all_that_it_told(client: Peer) -> None:
    job_id = client.ask("train_signal", signal_name=SIGNAL, id=1)["job_id"]
    heard = client.until(*ENDS)
    snapshot = client.ask("get_job", job_id=job_id)
    assert [each["seq"] for each in snapshot["events"]] == list(range(1, snapshot["job"]["last_seq"] + 1))
    assert snapshot["events"][-1] == heard[-1]
    assert snapshot["job"]["state"] == "completed"


def test_too_few_samples_are_a_failed_training(client: Peer) -> None:
    client.send("train_signal", signal_name="nobody")
    (failed,) = client.until(*ENDS)
    assert failed["code"] == "not_enough_samples"
    assert "minimum 5" in failed["error"]


def test_a_provisional_head_is_asked_for_and_replaces_no_validated_one(client: Peer) -> None:
    assert client.answer("promote_version", signal_name=RARE, version=train(client, RARE)["version"])["version"] == 1
    samples = client.ask("get_training_samples", signal_name=RARE)["samples"]
    for sample in samples[2:]:
        client.ask("delete_training_sample", sample_id=sample["sample_id"])
    refused = train(client, RARE)
    assert refused["error"].startswith("Not enough samples (minimum 5 required)")
    assert (refused["type"], refused["code"]) == ("training_failed", "not_enough_samples")
    client.send("train_signal", signal_name=RARE, provisional=True)
    *progress, complete = client.until(*ENDS)
    assert {(each["f1_score"], each["val_loss"]) for each in progress} == {(None, None)}
    assert (complete["type"], complete["version"], complete["auto_promoted"]) == ("training_complete", 2, False)
    assert (complete["metrics"]["f1_score"], complete["metrics"]["provisional"]) == (None, True)
    versions = client.ask("get_version_history", signal_name=RARE)["versions"]
    assert [(each["version"], each["provisional"]) for each in versions] == [(1, False), (2, True)]
    error = client.ask("promote_version", signal_name=RARE, version=2)
    assert (error["type"], error["code"]) == ("error", "conflict")
    assert "add samples up to 5" in error["message"]
    entry = client.ask("get_registry")["signals"][RARE]
    assert (entry["active_version"], entry["provisional"]) == (1, False)


def train(client: Peer, signal_name: str) -> dict[str, Any]:
    """The last message of a training."""
    client.send("train_signal", signal_name=signal_name)
    return client.until(*ENDS)[-1]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"notes": "x" * 11}, "too_large"), ({"epochs": 1001}, "too_large"), ({"kind": "magic"}, "invalid_message")],
)
def test_a_training_over_a_limit_is_refused(client: Peer, fields: dict[str, object], code: str) -> None:
    assert client.answer("train_signal", signal_name=SIGNAL, **fields)["code"] == code


def test_one_job_per_signal_and_a_cancel_ends_it_within_an_epoch(client: Peer) -> None:
    before = client.ask("get_registry")
    client.send("train_signal", signal_name=FEW, **LONGER)
    client.until("training_progress")
    with training_paused():
        client.send("train_signal", signal_name=FEW)
        assert client.until("error")[-1]["code"] == "conflict"
        cancelled = client.ask("cancel_training", id="c")
        assert (cancelled["type"], cancelled["id"]) == ("result", "c")
    failed = client.until(*ENDS)[-1]
    assert (failed["type"], failed["code"]) == ("training_failed", "cancelled")
    assert client.ask("get_registry") == before


def test_a_client_that_leaves_stops_nothing_and_one_that_comes_sees_the_curve_so_far(port: int) -> None:
    with ExitStack() as pause:
        with peer(port) as starter:
            job_id = starter.answer("train_signal", signal_name=FEW, **LONGER)["job_id"]
            starter.until("training_progress")
            pause.enter_context(training_paused())
        with peer(port) as visitor:
            listing, running_job = visitor.answer("subscribe", topics=["jobs"])["snapshots"]
            assert listing["jobs"][0]["job_id"] == running_job["job"]["job_id"] == job_id
            assert [each["seq"] for each in running_job["events"]] == list(range(1, len(running_job["events"]) + 1))
            visitor.send("cancel_training", job_id=job_id)
            pause.close()
            last = visitor.until(*ENDS)[-1]
            assert (last["job_id"], last["code"]) == (job_id, "cancelled")


def test_who_unsubscribed_hears_no_more(port: int, client: Peer) -> None:
    with peer(port) as other:
        other.answer("subscribe", topics=["jobs", "registry"])
        assert other.answer("unsubscribe", topics=["jobs"])["topics"] == ["registry"]
        client.send("train_signal", signal_name="nobody")
        client.until(*ENDS)
        assert other.ask("get_loaded_heads")["type"] == "loaded_heads"
        assert other.ask("unsubscribe")["topics"] == []
