"""The commands against a live server: they print what they print for a workspace of one's own."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.recordings import open_recording
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import png_size, run
from tests.server.server_process import VERSIONS, serving
from tests.server.stream_scenes import record
from tests.training.given import OTHER, SIGNAL


@pytest.fixture(scope="module")
def url(shared_site: Path, tmp_path_factory: pytest.TempPathFactory, body_file: Path) -> Iterator[str]:
    path = shutil.copytree(shared_site, tmp_path_factory.mktemp("served") / "site-b")
    with serving(path, "--backbone", body_file) as server:
        yield server.url


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout)


def test_versions_promote_rollback_and_registry(url: str) -> None:
    history = answer("versions", "--server", url, SIGNAL)
    assert [each["version"] for each in history["versions"]] == list(range(1, VERSIONS + 1))
    assert answer("promote", SIGNAL, 3, f"--server={url}") == {"signal_name": SIGNAL, "version": 3}
    assert answer("registry", "--server", url)["signals"][SIGNAL]["active_version"] == 3
    assert answer("rollback", "--server", url, SIGNAL)["active_version"] == history["active_version"]
    assert SIGNAL in run("registry", "--server", url).stdout
    assert SIGNAL in run("versions", "--server", url, SIGNAL).stdout


def test_train_and_extend(url: str, tmp_path: Path) -> None:
    curve = tmp_path / "curve.png"
    trained = answer("train", "--server", url, OTHER, "--epochs", 2, "--notes", "from afar", "--png", curve)
    assert (trained["signal_name"], trained["version"], trained["sample_count"]) == (OTHER, 1, 6)
    assert [each["epoch"] for each in trained["history"]] == list(range(1, trained["epochs_trained"] + 1))
    assert min(png_size(curve)) > 300
    answer("promote", "--server", url, OTHER, 1)  # on noise it finds nothing, so it is not promoted
    outcome = run("extend", "--server", url, OTHER, "--epochs", 2)
    assert f"{OTHER} version 2: 6 samples" in outcome.stdout
    assert answer("versions", "--server", url, OTHER)["versions"][0]["notes"] == "from afar"
    listed = answer("jobs", "--server", url)["jobs"]
    assert [(each["signal_name"], each["state"]) for each in listed] == [(OTHER, "completed"), (OTHER, "completed")]
    assert listed[0]["job_id"] in run("jobs", "--server", url).stdout


def test_load_loaded_and_unload(url: str) -> None:
    assert answer("load", SIGNAL, "--server", url)["heads"] == [SIGNAL]
    assert answer("loaded", "--server", url)["heads"] == [SIGNAL]
    assert SIGNAL in run("loaded", "--server", url).stdout
    assert answer("unload", "--server", url)["heads"] == []


def test_errors_of_the_server_are_errors_of_the_command(url: str) -> None:
    outcome = run("promote", "--server", url, SIGNAL, 77)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("error (not_found) ")
    outcome = run("train", "--server", url, "ghost")
    assert (outcome.status, "error (not_" in outcome.stderr) == (1, True)
    outcome = run("cancel", "--server", url)
    assert outcome.stderr.startswith("error (not_found) ")


def test_nobody_is_there() -> None:
    outcome = run("registry", "--server", "ws://127.0.0.1:1")
    assert (outcome.status, outcome.stdout) == (1, "")
    assert "no server answers at ws://127.0.0.1:1" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["registry", "--server", "mission"],
        ["registry", "mission", "--server", "ws://127.0.0.1:1"],  # a workspace or a server, not both
        ["train", SIGNAL, "--server", "ws://127.0.0.1:1", "--backbone", "body.safetensors"],
        ["versions", "--server", "ws://127.0.0.1:1"],
        ["jobs", "--limit", 0],
    ],
)
def test_calls_that_cannot_be_meant(arguments: list[object]) -> None:
    assert run(*arguments).status == 2


def test_detect_and_eval_beside_a_server(shared_site: Path, tmp_path: Path, body_file: Path) -> None:
    path = shutil.copytree(shared_site, tmp_path / "site-b")
    recording = record(tmp_path / "night", windows=2)
    with serving(path, "--backbone", body_file) as server:
        refused = run("detect", "--server", server.url, recording)
        assert "(not_found) no head is loaded on the server" in refused.stderr
        answer("load", SIGNAL, "--server", server.url)
        refused = run("detect", "--server", server.url, recording, "--heads", "ghost")
        assert f"the head of 'ghost' is not loaded on the server, which has {SIGNAL}" in refused.stderr
        sigmf = tmp_path / "found.sigmf-meta"
        arguments = ("detect", "--server", server.url, recording, "--threshold", 0, "--sigmf", sigmf)
        (found,) = answer(*arguments)["recordings"]
        report = answer("eval", "--server", server.url, SIGNAL, recording)
        read = answer("registry", path)["signals"][SIGNAL]  # readers need no lock
        busy = run("promote", path, SIGNAL, 3)
        assert f"(busy) workspace site-b is served at {server.url}" in busy.stderr
    detector = detector_of(path, body_file)
    expected = [each.to_dict() for each in detect_recording(open_recording(recording), detector, 0.0, gated=False)]
    assert expected
    assert found["detections"] == [pytest.approx({"number": n, **each}) for n, each in enumerate(expected, start=1)]
    assert len(json.loads(sigmf.read_text())["annotations"]) == len(expected)
    assert (report["version"], report["threshold"]) == (read["active_version"], detector.loaded_threshold(SIGNAL))
    assert run("promote", path, SIGNAL, 3).status == 0


def detector_of(path: Path, body_file: Path) -> HydraDetector:
    backbone = load_backbone(body_file)
    with Workspace.view(path) as workspace:
        detector = HydraDetector(workspace.spec, backbone)
        detector.load_heads(VersionManager(workspace).load_heads([SIGNAL], backbone))
    return detector


def test_streams_and_sources(shared_site: Path, tmp_path: Path, body_file: Path) -> None:
    path = shutil.copytree(shared_site, tmp_path / "site-b")
    recording = record(tmp_path / "night")
    with serving(path, "--backbone", body_file, "--source", f"roof={recording}?pace=1&loop=1") as server:
        answer("load", SIGNAL, "--server", server.url)
        started = answer("streams", "--start", "roof", "--heads", SIGNAL, "--server", server.url)
        assert [(each["name"], each["kind"], each["stream_id"]) for each in started["sources"]] == [
            ("roof", "recording", "roof")
        ]
        assert [each["stream_id"] for each in started["streams"]] == ["roof"]
        assert "roof" in run("streams", "--server", server.url).stdout
        assert run("streams", "--start", "cellar", "--server", server.url).status == 1
        assert run("streams", "--heads", SIGNAL, "--server", server.url).status == 2
        assert answer("streams", "--stop", "roof", "--server", server.url)["streams"] == []


@pytest.mark.parametrize("source", ["roof", "=x", "roof=", "a/b=x", "roof=magic://x", "roof=x=y?pace=maybe"])
def test_a_server_refuses_a_source_that_it_cannot_understand(shared_site: Path, source: str) -> None:
    outcome = run("serve", shared_site, "--source", source)
    assert outcome.status in (1, 2)
    assert len(outcome.stderr.splitlines()) == 1
