"""Versions in detail, in comparison, with notes and in the audit log, over a live server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.server.server_process import VERSIONS
from tests.training.given import OTHER, SIGNAL


@pytest.fixture
def port(site: Path, body_file: Path) -> Iterator[int]:
    settings = Settings(backbone_path=body_file, limits=Limits(max_notes_length=20, max_page=3))
    with Workspace.open(site) as workspace, running(workspace, settings) as number:
        yield number


def test_a_version_tells_its_results_and_its_examples_can_be_shown(client: Peer) -> None:
    told = client.ask("get_version", signal_name=SIGNAL, version=1, id=1)
    assert (told["type"], told["id"], told["info"]["version"], told["info"]["is_active"]) == ("version", 1, 1, True)
    history = client.ask("get_version_history", signal_name=SIGNAL)["versions"]
    assert told["info"] == history[0]
    result = told["validation"]
    assert told["validation_missing"] is None
    assert (result["samples"], result["boxes"], result["missed_count"]) == (2, 2, 2)  # on noise it finds nothing
    at_threshold = next(each for each in result["curve"] if each["threshold"] >= told["threshold"])
    assert at_threshold["detected"] == result["false_count"]
    interval = result["intervals"]["f1_score"]
    assert interval["low"] <= told["info"]["f1_score"] <= interval["high"]
    for example in (*result["missed"], *result["false_detections"]):
        sample = client.ask("get_training_sample", sample_id=example["sample_id"], include_spectrogram=True)["sample"]
        assert 0 <= example["box"]["x_min"] < example["box"]["x_max"] <= sample["cols"]
        assert sample["spectrogram_b64"]
        assert example["box"] == pytest.approx(sample["boxes"][0]) or example in result["false_detections"]
    assert (told["epochs"], told["has_card"]) == (None, False)  # no job of this server made it
    assert told["verdict"]["decision"] == "keep"
    assert "finds none of its validation boxes" in told["verdict"]["reason"]
    assert client.ask("get_version", signal_name=SIGNAL, version=99)["code"] == "not_found"


def test_a_version_of_an_older_rfhydra_is_evaluated_once(site: Path, body_file: Path) -> None:
    def without_results() -> None:
        with closing(sqlite3.connect(site / "rfhydra.db")) as database, database:
            database.execute("DELETE FROM evaluated_samples")
            database.execute("DELETE FROM evaluations")

    without_results()
    with Workspace.open(site) as workspace, running(workspace, Settings(backbone_path=body_file)) as port:
        with peer(port) as client:
            first = client.ask("get_version", signal_name=SIGNAL, version=2)
            again = client.ask("get_version", signal_name=SIGNAL, version=2)
        assert workspace.results.get(SIGNAL, 2) is not None
        assert workspace.results.get(SIGNAL, 3) is None
    assert first == again
    assert first["validation"]["boxes"] == 2
    with Workspace.open(site) as workspace, running(workspace) as port, peer(port) as client:  # on another backbone
        assert client.ask("get_version", signal_name=SIGNAL, version=2)["validation"] == first["validation"]
        unknown = client.ask("get_version", signal_name=SIGNAL, version=3)
        assert unknown["validation"] is None
        assert "backbone" in unknown["validation_missing"]
        assert client.ask("compare_versions", signal_name=SIGNAL, versions=[2, 3])["code"] == "incompatible"


def test_a_training_on_the_server_has_epochs_and_a_verdict(client: Peer) -> None:
    job_id = client.ask("train_signal", signal_name=OTHER, id=1, epochs=3)["job_id"]
    *progress, complete = client.until("training_complete")
    assert complete["job_id"] == job_id
    told = client.ask("get_version", signal_name=OTHER, version=complete["version"])
    fields = ("epoch", "train_loss", "val_loss", "f1_score", "is_best", "elapsed_sec")
    assert [[each[name] for name in fields] for each in told["epochs"]] == [
        [each[name] for name in fields] for each in progress
    ]
    assert told["verdict"]["reason"] == complete["promotion_reason"]
    assert told["threshold"] == complete["metrics"]["threshold"]


def test_a_provisional_version_has_no_results(site: Path, body_file: Path) -> None:
    settings = Settings(backbone_path=body_file)
    with Workspace.open(site) as workspace, running(workspace, settings) as port, peer(port) as client:
        samples = client.ask("get_training_samples", signal_name=OTHER)["samples"]
        for sample in samples[2:]:
            client.ask("delete_training_sample", sample_id=sample["sample_id"])
        client.send("train_signal", signal_name=OTHER, provisional=True)
        version = client.until("training_complete")[-1]["version"]
        told = client.ask("get_version", signal_name=OTHER, version=version)
        assert (told["validation"], told["info"]["provisional"]) == (None, True)
        assert "nothing validates it" in told["validation_missing"]
        refused = client.ask("compare_versions", signal_name=OTHER, versions=[version, version])
        assert (refused["type"], refused["code"]) == ("error", "conflict")


def test_two_versions_are_compared_on_the_boxes_as_they_are_labelled_now(client: Peer) -> None:
    told = client.ask("compare_versions", signal_name=SIGNAL, versions=[1, VERSIONS], id=3)
    assert (told["type"], told["id"], told["a"]["version"], told["b"]["version"]) == (
        "version_comparison",
        3,
        1,
        VERSIONS,
    )
    assert (told["boxes"], told["samples"], len(told["found"]), told["next_cursor"]) == (2, 2, 2, None)
    assert told["gain"]["f1_gain"] == told["b"]["f1_score"] - told["a"]["f1_score"]
    assert told["a"]["curve"]
    box = told["found"][0]["box"]
    more = [{name: box[name] for name in ("x_min", "y_min", "x_max", "y_max")} for _ in range(3)]
    for number, each in enumerate(more):
        each["y_min"], each["y_max"] = 80 + 10 * number, 88 + 10 * number
    client.ask("update_training_sample", sample_id=told["found"][0]["sample_id"], boxes=more)
    first = client.ask("compare_versions", signal_name=SIGNAL, versions=[1, VERSIONS], limit=9)
    assert (first["boxes"], len(first["found"]), first["next_cursor"]) == (4, 3, "3")
    rest = client.ask("compare_versions", signal_name=SIGNAL, versions=[1, VERSIONS], cursor="3")
    assert (len(rest["found"]), rest["next_cursor"]) == (1, None)
    refused = client.ask("compare_versions", signal_name=SIGNAL, versions=[1, 2, 3])
    assert (refused["type"], refused["code"]) == ("error", "too_large")


def test_notes_are_replaced_and_survive(site: Path, body_file: Path, port: int, client: Peer) -> None:
    told = client.ask("set_version_notes", signal_name=SIGNAL, version=2, notes="roof", id=4)
    assert told == {"type": "version_notes", "id": 4, "signal_name": SIGNAL, "version": 2, "notes": "roof"}
    assert client.ask("get_version_history", signal_name=SIGNAL)["versions"][1]["notes"] == "roof"
    assert client.ask("set_version_notes", signal_name=SIGNAL, version=2, notes="x" * 21)["code"] == "too_large"
    assert client.ask("set_version_notes", signal_name=SIGNAL, version=77, notes="x")["code"] == "not_found"
    entry = client.ask("get_audit", limit=1)["entries"][0]
    assert (entry["action"], entry["detail"]) == ("version.notes", {"version": 2, "from": "", "to": "roof"})
    assert entry["who"].startswith("client 127.0.0.1:")


def test_the_audit_log_is_read_page_by_page(client: Peer) -> None:
    entries = list[dict[str, Any]]()
    cursor: dict[str, str] = {}
    while True:
        page = client.ask("get_audit", signal_name=SIGNAL, **cursor)
        assert 1 <= len(page["entries"]) <= 3  # max_page
        entries += page["entries"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    numbers = [each["entry_id"] for each in entries]
    assert numbers == sorted(set(numbers), reverse=True)
    assert {each["signal_name"] for each in entries} == {SIGNAL}
    assert [each["action"] for each in entries].count("version.add") == VERSIONS
    assert client.ask("get_audit", signal_name="nobody")["entries"] == []
    assert client.ask("get_audit", cursor="x")["code"] == "invalid_message"


def test_what_takes_long_does_not_hold_up_what_follows(site: Path, body_file: Path) -> None:
    settings = Settings(backbone_path=body_file)
    with Workspace.open(site) as workspace, running(workspace, settings) as port, peer(port) as client:
        with workspace.db.transaction():  # the evaluation waits for the database
            client.send("get_version", signal_name=SIGNAL, version=1, id="slow")
            assert client.ask("get_loaded_heads", id="quick")["id"] == "quick"
        assert client.receive()["id"] == "slow"
