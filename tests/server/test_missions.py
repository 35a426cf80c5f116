"""Missions and thresholds over a live server: each test that restarts it does so on the same workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, npy_b64, peer, running
from tests.training.given import OTHER, SIGNAL, SMALL_SPEC


@contextmanager
def served(site: Path, body_file: Path, **limits: int) -> Iterator[Peer]:
    settings = Settings(backbone_path=body_file, limits=Limits(**limits))
    with Workspace.open(site) as workspace, running(workspace, settings) as port, peer(port) as client:
        yield client


@pytest.fixture
def two_heads(site: Path, body_file: Path) -> Path:
    """A workspace whose two signals have active heads."""
    with Workspace.open(site) as workspace:
        add_head(workspace, workspace.versions.artifact(workspace.versions.get(SIGNAL, 2)))
    return site


def add_head(workspace: Workspace, artifact: bytes) -> None:
    """Make ``artifact`` the active head of the other signal."""
    like = workspace.versions.get(SIGNAL, 2)
    added = workspace.versions.add(
        signal_name=OTHER,
        kind=like.kind,
        artifact=artifact,
        spec_id=like.spec_id,
        backbone_id=like.backbone_id,
        metrics=like.metrics,
        sample_count=6,
        split_version=None,
        epochs_trained=1,
        early_stopped=False,
        training_time_sec=1.0,
    )
    workspace.versions.activate(OTHER, added.version)


def missions(answer: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    assert answer["type"] == "missions", answer
    return {
        each["mission_name"]: {head["signal_name"]: head["threshold"] for head in each["heads"]}
        for each in answer["missions"]
    }


def overridden(loaded: dict[str, Any]) -> dict[str, float | None]:
    """The threshold that was set for each loaded head, None where none was."""
    assert loaded["type"] == "loaded_heads", loaded
    return {name: each["threshold"] if each["is_overridden"] else None for name, each in loaded["thresholds"].items()}


def test_a_threshold_is_set_for_detection_and_for_the_next_server(site: Path, body_file: Path) -> None:
    image = npy_b64(np.random.default_rng(1).integers(0, 255, (SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8))
    with served(site, body_file) as client:
        assert client.ask("set_threshold", signal_name=SIGNAL, threshold=0.5)["code"] == "not_found"
        own = client.ask("load_heads", signal_names=[SIGNAL])["thresholds"][SIGNAL]
        assert own == {"threshold": own["own_threshold"], "own_threshold": own["own_threshold"], "is_overridden": False}
        strict = client.ask("set_threshold", signal_name=SIGNAL, threshold=1.0)
        assert strict["thresholds"][SIGNAL] == {**own, "threshold": 1.0, "is_overridden": True}
        few = client.ask("detect", spectrogram_b64=image)
        assert (few["detections"], few["thresholds"]) == ([], {SIGNAL: 1.0})
        client.ask("set_threshold", signal_name=SIGNAL, threshold=0.0)
        assert client.ask("detect", spectrogram_b64=image)["detections"]
        client.ask("set_threshold", signal_name=SIGNAL, threshold=0.75)
        client.ask("promote_version", signal_name=SIGNAL, version=3)
    with served(site, body_file) as client:
        assert overridden(client.ask("get_loaded_heads")) == {SIGNAL: 0.75}
        assert overridden(client.ask("load_heads", signal_names=[SIGNAL])) == {SIGNAL: 0.75}
        assert client.ask("set_threshold", signal_name=SIGNAL)["thresholds"][SIGNAL]["is_overridden"] is False
    with served(site, body_file) as client:
        assert overridden(client.ask("get_loaded_heads")) == {SIGNAL: None}
        for wrong in (-0.1, 1.1, "high"):
            assert client.ask("set_threshold", signal_name=SIGNAL, threshold=wrong)["code"] == "invalid_message"


def test_a_mission_loads_its_heads_and_no_others(two_heads: Path, body_file: Path) -> None:
    with served(two_heads, body_file) as client:
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("set_threshold", signal_name=SIGNAL, threshold=0.6)
        assert missions(client.ask("save_mission", mission_name="night")) == {"night": {SIGNAL: 0.6}}
        client.ask("save_mission", mission_name="day", heads=[{"signal_name": OTHER, "threshold": 0.2}])
        assert overridden(client.ask("load_mission", mission_name="day")) == {OTHER: 0.2}
        client.ask("set_threshold", signal_name=OTHER, threshold=0.9)
    with served(two_heads, body_file) as client:
        assert overridden(client.ask("get_loaded_heads")) == {OTHER: 0.9}
        assert overridden(client.ask("load_mission", mission_name="night")) == {SIGNAL: 0.6}
        both = [{"signal_name": name} for name in (SIGNAL, OTHER)]
        client.ask("save_mission", mission_name="night", heads=both)
        assert overridden(client.ask("load_mission", mission_name="night")) == {SIGNAL: None, OTHER: None}
        assert missions(client.ask("rename_mission", mission_name="night", new_name="late")).keys() == {"day", "late"}
        assert missions(client.ask("delete_mission", mission_name="day")).keys() == {"late"}
    with served(two_heads, body_file) as client:
        assert missions(client.ask("get_missions")) == {"late": {SIGNAL: None, OTHER: None}}
        assert client.ask("get_loaded_heads")["heads"] == sorted([SIGNAL, OTHER])


def test_a_mission_that_cannot_be_loaded_changes_nothing(two_heads: Path, body_file: Path) -> None:
    with served(two_heads, body_file) as client:
        heads = [{"signal_name": SIGNAL, "threshold": 0.3}, {"signal_name": OTHER}]
        client.ask("save_mission", mission_name="both", heads=heads)
    with Workspace.open(two_heads) as workspace:
        add_head(workspace, b"no head")
    with served(two_heads, body_file) as client:
        before = client.ask("load_heads", signal_names=[SIGNAL])
        assert client.ask("load_mission", mission_name="both")["type"] == "error"
        assert client.ask("load_mission", mission_name="nobody")["code"] == "not_found"
        assert client.ask("get_loaded_heads") == before
    with served(two_heads, body_file, max_heads=1) as client:
        assert client.ask("load_mission", mission_name="both")["code"] == "too_large"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"mission_name": "../x"}, "invalid_name"),
        ({"mission_name": "night", "heads": []}, "invalid_message"),
        ({"mission_name": "night", "heads": [{"signal_name": "a/b"}]}, "invalid_name"),
        ({"mission_name": "night", "heads": [{"signal_name": "nobody"}]}, "not_found"),
        ({"mission_name": "night", "heads": [{"signal_name": SIGNAL}] * 2}, "invalid_message"),
        ({"mission_name": "night", "heads": [{"signal_name": SIGNAL, "threshold": 2}]}, "invalid_message"),
        ({"mission_name": "night"}, "invalid_message"),  # nothing is loaded
    ],
)
def test_what_is_no_mission_is_refused(site: Path, body_file: Path, fields: dict[str, Any], code: str) -> None:
    with served(site, body_file) as client:
        assert client.ask("save_mission", **fields)["code"] == code
        assert missions(client.ask("get_missions")) == {}


def test_subscribers_hear_of_missions_heads_and_thresholds(two_heads: Path, body_file: Path) -> None:
    settings = Settings(backbone_path=body_file)
    with (
        Workspace.open(two_heads) as workspace,
        running(workspace, settings) as port,
        peer(port) as client,
        peer(port) as other,
    ):
        heads, saved = other.ask("subscribe", topics=["heads", "missions"])["snapshots"]
        assert (heads["heads"], missions(saved)) == ([], {})
        client.ask("load_heads", signal_names=[SIGNAL])
        assert other.receive()["heads"] == [SIGNAL]
        client.ask("set_threshold", signal_name=SIGNAL, threshold=0.4)
        assert overridden(other.receive()) == {SIGNAL: 0.4}
        client.ask("save_mission", mission_name="night")
        assert missions(other.receive()) == {"night": {SIGNAL: 0.4}}
        client.ask("rename_signal", signal_name=SIGNAL, new_name="gate")
        pushed = {message["type"]: message for message in (other.receive(), other.receive())}
        assert overridden(pushed["loaded_heads"]) == {"gate": 0.4}
        assert missions(pushed["missions"]) == {"night": {"gate": 0.4}}
        client.ask("delete_signal", signal_name="gate")
        pushed = {message["type"]: message for message in (other.receive(), other.receive())}
        assert (pushed["loaded_heads"]["heads"], missions(pushed["missions"])) == ([], {"night": {}})
        assert client.ask("load_mission", mission_name="night")["code"] == "conflict"
        client.ask("restore_signal", signal_name="gate")
        assert missions(other.receive()) == {"night": {"gate": 0.4}}
