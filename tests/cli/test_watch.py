"""``rfhydra watch`` in processes of its own, on recordings."""

import json
import signal
from pathlib import Path

import pytest

from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.recordings import open_recording
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import run
from tests.live.stream import received
from tests.server.forked import forked
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL

ADDRESS = f"?rate={RATE_HZ:g}&freq={CENTER_HZ:g}&datatype=cf32_le"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("watched") / "scene.cf32"
    received(4.3).tofile(path)
    return path


def test_events_are_lines_and_the_tracks_those_of_detect(site: Path, body_file: Path, recording: Path) -> None:
    outcome = run("watch", site, f"{recording}{ADDRESS}", "--backbone", body_file, "--json")
    assert outcome.status == 0
    state = json.loads(outcome.stderr)["stream"]
    assert (state["state"], state["lost_samples"], state["dropped_samples"]) == ("ended", 0, 0)
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    with Workspace.view(site) as workspace:
        backbone = load_backbone(body_file)
        detector = HydraDetector(workspace.spec, backbone)
        detector.load_heads(VersionManager(workspace).load_heads([SIGNAL], backbone))
    found = detect_recording(
        open_recording(recording, datatype="cf32_le", sample_rate_hz=RATE_HZ, center_freq_hz=CENTER_HZ), detector
    )
    ends = [each for each in events if each["event"] == "end" and each["merged_into"] is None]
    assert sorted(each["time_start_sec"] for each in ends) == sorted(each.box.time_start_sec for each in found)


def test_a_summary_is_printed_at_the_end(site: Path, body_file: Path, recording: Path) -> None:
    outcome = run("watch", site, f"{recording}{ADDRESS}", "--backbone", body_file, "--heads", SIGNAL)
    assert outcome.status == 0
    assert outcome.stdout.splitlines()[-1].startswith("ended · ")


def test_it_ends_after_its_time(site: Path, body_file: Path, recording: Path) -> None:
    address = f"{recording}{ADDRESS}&loop=1&pace=1"
    outcome = run("watch", site, address, "--backbone", body_file, "--for", "200ms")
    assert outcome.status == 0
    assert outcome.stdout.splitlines()[-1].startswith("ended · ")


def test_interrupted_it_ends_its_tracks_and_says_so(site: Path, body_file: Path, recording: Path) -> None:
    address = f"{recording}{ADDRESS}&loop=1"
    with forked("watch", site, address, "--backbone", body_file, "--json") as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]  # or there is nothing to detect, and the test waits
        child.send_signal(signal.SIGINT)
        rest, message = child.communicate()
    assert child.returncode == 130
    assert json.loads(message.splitlines()[-1])["code"] == "cancelled"
    events = [json.loads(line) for line in [*lines, *rest.splitlines()] if line.strip()]
    began, ended = ({each["track_id"] for each in events if each["event"] == kind} for kind in ("begin", "end"))
    assert began == ended


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nosuch.sigmf-meta",), 1, "there is no nosuch.sigmf-meta"),
        (("zmq://nowhere",), 2, "HOST:PORT"),
        (("nosuch.sigmf-meta", "--for", "soon"), 2, "--for"),
        (("nosuch.sigmf-meta", "--heads", "nosuch"), 1, "nosuch"),
    ],
)
def test_errors_are_one_line(site: Path, body_file: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    outcome = run("watch", site, *arguments, "--backbone", body_file)
    assert outcome.status == status
    assert said in outcome.stderr.splitlines()[-1]
