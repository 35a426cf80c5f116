"""Recordings of what streams have received."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.protocol.limits import Limits
from rfhydra.recordings import open_recording
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.server.test_pushed_streams import SOURCE, push
from tests.training import given
from tests.training.given import CENTER_HZ, RATE_HZ

COUNT = 50_000
KEPT = 40_000


@pytest.fixture
def port(small: Workspace, body_file: Path) -> Iterator[int]:
    limits = Limits(stream_history_bytes=8 * KEPT)
    with running(small, Settings(backbone_path=body_file, limits=limits)) as number:
        yield number


@pytest.fixture
def iq() -> NDArray[np.complex64]:
    return given.heard(given.scene(3), 3)[:COUNT]


@pytest.fixture
def sender(port: int, iq: NDArray[np.complex64]) -> Iterator[Peer]:
    """A client whose stream has received all samples."""
    with peer(port) as client:
        client.ask("hello", binary=True)
        client.ask("start_stream", source=SOURCE, stream_id="field")
        for start in range(0, COUNT, 10_000):
            push(client, iq[start : start + 10_000], start)
        while client.ask("get_streams")["streams"][0]["samples"] < COUNT:
            pass
        yield client


def captured(workspace: Workspace, recording_id: str) -> NDArray[np.complex64]:
    recording = open_recording(workspace.path / "recordings" / recording_id / "samples")
    return recording.read(0, recording.sample_count)


def test_the_last_seconds_of_a_stream_become_a_recording(
    sender: Peer, small: Workspace, iq: NDArray[np.complex64]
) -> None:
    info = sender.ask("capture_stream", stream_id="field", duration_sec=0.01)["recording"]
    assert (info["stream_id"], info["samples"], info["center_freq_hz"]) == ("field", 10_000, CENTER_HZ)
    assert info["start_time"].endswith("Z")
    assert info["name"].startswith("field-")
    assert np.array_equal(captured(small, info["recording_id"]), iq[-10_000:])
    longest = sender.ask("capture_stream", stream_id="field", duration_sec=100)["recording"]
    assert np.array_equal(captured(small, longest["recording_id"]), iq[-KEPT:])
    held = sender.ask("list_recordings")
    assert [each["recording_id"] for each in held["recordings"]] == [longest["recording_id"], info["recording_id"]]
    assert held["used_bytes"] == longest["size_bytes"] + info["size_bytes"]
    assert sender.ask("get_recording_view", recording_id=info["recording_id"])["type"] == "recording_view"


def test_a_stretch_of_the_time_of_a_stream_does_too(sender: Peer, small: Workspace, iq: NDArray[np.complex64]) -> None:
    ask = {"stream_id": "field", "time_start_sec": 0.02, "time_end_sec": 0.03}
    info = sender.ask("capture_stream", **ask)["recording"]
    assert np.array_equal(captured(small, info["recording_id"]), iq[20_000:30_000])
    gone = sender.ask("capture_stream", **{**ask, "time_start_sec": 0.0, "time_end_sec": 0.005})
    assert (gone["code"], "0.01 to 0.05 s are" in gone["message"]) == ("not_found", True)
    assert sender.ask("capture_stream", stream_id="other", duration_sec=1)["code"] == "not_found"
    assert sender.ask("capture_stream", stream_id="field")["code"] == "invalid_message"


def test_a_frozen_window_can_be_labelled(sender: Peer, small: Workspace) -> None:
    info = sender.ask("capture_stream", stream_id="field", duration_sec=0.02)["recording"]
    box = {
        "time_start_sec": 0.005,
        "time_end_sec": 0.009,
        "freq_low_hz": CENTER_HZ - RATE_HZ / 8,
        "freq_high_hz": CENTER_HZ + RATE_HZ / 8,
    }
    wanted = [{"signal_name": "new", "box": box}]
    (told,) = sender.ask("label_recording", recording_id=info["recording_id"], annotations=wanted)["signals"]
    assert (told["signal_name"], told["new_samples"], told["box_count"]) == ("new", 1, 1)
    (sample,) = small.samples.list("new")
    assert small.samples.iq(sample) is not None
