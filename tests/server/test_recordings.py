"""Recordings on a live server: uploads, their bounds, and what a restart leaves."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rfhydra.protocol.frames import UploadFrame
from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.server.server_process import serving
from tests.server.uploads import TAG, begin, pair, scene_files, send, upload
from tests.training.given import CENTER_HZ, RATE_HZ

TAKE = {"g001_433.92M_250k.cu8": bytes(range(256)) * 400}
RAW = {"take.cu8": bytes(range(256)) * 400}
LIMITS = Limits(
    max_recordings=3,
    max_recordings_bytes=1 << 20,
    max_uploads=2,
    max_chunk_bytes=1 << 16,
    upload_linger_sec=3600,
)
pytestmark = pytest.mark.usefixtures("binary_frames")


@pytest.fixture
def port(small: Workspace, body_file: Path) -> Iterator[int]:
    with running(small, Settings(backbone_path=body_file, limits=LIMITS)) as number:
        yield number


def stored(workspace: Workspace) -> list[str]:
    """All files below the recordings of a workspace, relative."""
    root = workspace.path / "recordings"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def names(client: Peer) -> list[str]:
    return [each["name"] for each in client.ask("list_recordings")["recordings"]]


def test_a_file_is_sent_in_pieces_and_its_name_tells_what_it_is(client: Peer) -> None:
    told = begin(client, TAKE)
    assert (told["received_bytes"], told["size_bytes"], told["recording"]) == (0, 102_400, None)
    half = send(client, TAKE, 0, 50_000)
    assert (half["received_bytes"], half["recording"]) == (50_000, None)
    info = send(client, TAKE, 50_000)["recording"]
    assert info["recording_id"] == told["upload_id"]
    assert (info["name"], info["container"], info["datatype"]) == ("g001_433.92M_250k", "raw", "cu8")
    assert (info["sample_rate_hz"], info["center_freq_hz"], info["samples"]) == (250e3, 433.92e6, 51_200)
    assert (info["duration_sec"], info["stream_id"], info["warnings"]) == (0.2048, None, [])
    assert client.ask("list_recordings")["recordings"] == [info]


def test_a_pair_is_opened_whatever_its_metadata_call_the_data(client: Peer, tmp_path: Path) -> None:
    files = scene_files(tmp_path, annotated=True)
    meta, data = files.values()
    renamed = {
        "data.bin": data,
        "A.sigmf-meta": meta.replace(b'"global": {', b'"global": {"core:dataset": "../x.bin",'),
    }
    info = upload(client, renamed)
    assert (info["name"], info["container"], info["annotations"]) == ("A", "SigMF", 2)
    assert (info["sample_rate_hz"], info["center_freq_hz"]) == (RATE_HZ, CENTER_HZ)
    assert [each["name"] for each in info["files"]] == ["data.bin", "A.sigmf-meta"]


def test_what_a_file_does_not_state_is_given_without_its_bytes(client: Peer) -> None:
    told = begin(client, RAW)
    refused = send(client, RAW)
    assert (refused["type"], refused["code"]) == ("error", "invalid_message")
    assert "sample_rate_hz" in refused["message"]
    assert names(client) == []
    again = client.ask("resume_upload", upload_id=told["upload_id"], tag=3, center_freq_hz=1e6)
    assert again["code"] == "invalid_message"
    opened = client.ask("resume_upload", upload_id=told["upload_id"], tag=3, sample_rate_hz=1e6)
    assert (opened["tag"], opened["recording"]["sample_rate_hz"]) == (3, 1e6)
    assert opened["recording"]["center_freq_hz"] == 1e6
    assert client.ask("resume_upload", upload_id=told["upload_id"], tag=4) == {**opened, "tag": 4}


def test_a_lost_connection_is_resumed(port: int) -> None:
    with peer(port) as first:
        first.ask("hello", binary=True)
        told = begin(first, TAKE)
        send(first, TAKE, 0, 50_000)
    with peer(port) as second:
        second.ask("hello", binary=True)
        second.socket.send(UploadFrame(TAG, 50_000, b"x").encode())
        assert second.receive()["code"] == "not_found"
        resumed = second.ask("resume_upload", upload_id=told["upload_id"], tag=9)
        assert resumed["received_bytes"] == 50_000
        assert send(second, TAKE, 40_000, tag=9)["recording"]["samples"] == 51_200  # some of them twice


def test_bytes_that_are_not_the_next_ones_are_refused(client: Peer) -> None:
    begin(client, TAKE)
    for frame in (UploadFrame(TAG, 1, b"x"), UploadFrame(TAG, 0, bytes((1 << 16) + 1)), UploadFrame(8, 0, b"x")):
        client.socket.send(frame.encode())
    assert [client.receive()["code"] for _ in range(3)] == ["invalid_message", "too_large", "not_found"]
    client.socket.send(UploadFrame(TAG, 0, b"x").encode()[:-1])
    assert client.receive()["code"] == "invalid_message"
    client.socket.send(UploadFrame(TAG, 0, bytes(102_401)).encode()[:-1])
    assert client.receive()["code"] == "invalid_message"
    send(client, TAKE, 0, 100_000)
    client.socket.send(UploadFrame(TAG, 100_000, bytes(2401)).encode())  # one more than there are
    assert client.receive()["code"] == "invalid_message"
    assert send(client, TAKE, 100_000)["recording"] is not None


def test_frames_need_a_connection_that_uses_them(port: int) -> None:
    with peer(port) as client:
        assert begin(client, TAKE)["code"] == "invalid_message"
        client.socket.send(UploadFrame(TAG, 0, b"x").encode())
        assert client.receive()["code"] == "invalid_message"


@pytest.mark.parametrize(
    "name", ["../../../evil.cu8", "/etc/passwd", "..", ".", "a/b\\c.wav", "x" * 255, "con\n.cu8", "\0.npz", ".sigmf"]
)
def test_a_name_is_never_a_path(small: Workspace, client: Peer, name: str) -> None:
    before = sorted(small.path.parent.rglob("*"))
    told = begin(client, {name: b"abcd"}, datatype="cu8", sample_rate_hz=1e6)
    answer = send(client, {name: b"abcd"})
    assert answer["type"] in ("recording_upload", "error")
    new = [path for path in sorted(small.path.parent.rglob("*")) if path not in before]
    assert {path.relative_to(small.path).parts[0] for path in new} <= {"recordings", "rfhydra.db-wal", "rfhydra.db-shm"}
    assert all(each.startswith(f"{told['upload_id']}/") for each in stored(small))


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"a.wav": b"no wav at all"}, "wav"),
        ({"a.npz": b"PK\x05\x06" + bytes(12) + b"\xff\xff\xff\x7f" + bytes(2)}, "npz"),
        ({"a.sigmf": b"no tar"}, "archive"),
        ({"a.sigmf-meta": b"{}"}, "together"),
        ({"a.sigmf-meta": b"{}", "b.wav": b"x"}, "global"),
        ({"a.sigmf-meta": b'{"global": {}, "captures": [' + b"{}," * 300_000 + b"{}]}", "b": b"x"}, "JSON values"),
        ({"a.cu8": b"x" * 9, "b.cu8": b"x" * 9}, "alone"),
        ({"a.cu8": b"x"}, "sample_rate_hz"),
    ],
)
def test_what_is_no_recording_says_why_and_is_given_up(
    small: Workspace, client: Peer, files: dict[str, bytes], wanted: str
) -> None:
    told = begin(client, files)
    answer = send(client, files)
    assert answer["type"] == "error"
    assert answer["code"] in ("invalid_message", "too_large", "not_found")
    assert wanted in answer["message"]
    assert str(small.path) not in answer["message"]
    client.ask("close_recording", recording_id=told["upload_id"])
    assert stored(small) == []


def test_the_recordings_are_pushed_as_they_change(port: int, client: Peer) -> None:
    with peer(port) as watcher:
        (snapshot,) = watcher.ask("subscribe", topics=["recordings"])["snapshots"]
        assert snapshot == {"type": "recordings", "recordings": [], "used_bytes": 0}
        info = upload(client, TAKE)
        while (push := watcher.receive())["recordings"] != [info]:
            pass
        assert push["used_bytes"] == 102_400
        left = client.ask("close_recording", recording_id=info["recording_id"])
        assert left["recordings"] == watcher.receive()["recordings"] == []
    assert client.ask("close_recording", recording_id=info["recording_id"])["code"] == "not_found"


def test_the_one_that_was_not_used_for_longest_makes_room(small: Workspace, client: Peer) -> None:
    ids = [upload(client, {f"{name}_433M_250k.cu8": b"x" * 1000})["recording_id"] for name in "abc"]
    client.ask("get_recording_view", recording_id=ids[0])
    upload(client, {"d_433M_250k.cu8": b"x" * 1000})  # a fourth
    assert sorted(names(client)) == ["a_433M_250k", "c_433M_250k", "d_433M_250k"]
    upload(client, {"e_433M_250k.cu8": b"x" * ((1 << 20) - 1500)})  # too many bytes beside more than one
    assert sorted(names(client)) == ["d_433M_250k", "e_433M_250k"]
    assert {each.partition("/")[0] for each in stored(small)} == {
        each["recording_id"] for each in client.ask("list_recordings")["recordings"]
    }
    too_large = begin(client, {"f.cu8": b"x" * ((1 << 20) + 1)})
    assert (too_large["code"], "max_recordings_bytes" in too_large["message"]) == ("too_large", True)


def test_unfinished_uploads_are_bounded(port: int) -> None:
    with peer(port) as one, peer(port) as two, peer(port) as three:
        for client in (one, two, three):
            client.ask("hello", binary=True)
        told = begin(one, {"a.cu8": b"x" * (1 << 20)})
        assert begin(one, TAKE, tag=1)["code"] == "conflict"
        assert begin(two, TAKE)["code"] == "busy"  # the first takes all the room
        one.ask("close_recording", recording_id=told["upload_id"])
        assert begin(one, TAKE)["type"] == begin(two, TAKE)["type"] == "recording_upload"
        assert "max_uploads" in begin(three, TAKE)["message"]


def test_an_upload_without_bytes_and_a_recording_without_use_are_removed(small: Workspace, body_file: Path) -> None:
    limits = LIMITS.model_copy(update={"upload_linger_sec": 1, "recording_idle_sec": 60})
    with running(small, Settings(backbone_path=body_file, limits=limits)) as port, peer(port) as client:
        client.ask("hello", binary=True)
        with peer(port) as watcher:
            watcher.ask("subscribe", topics=["recordings"])
            begin(client, TAKE)
            while watcher.receive()["used_bytes"]:
                pass
        info = upload(client, TAKE)
    entry = small.path / "recordings" / info["recording_id"] / "recording.json"
    then = entry.stat().st_mtime - 61
    os.utime(entry, (then, then))
    with running(small, Settings(backbone_path=body_file, limits=limits)) as port, peer(port) as client:
        assert names(client) == []
    assert stored(small) == []


def test_a_killed_server_leaves_recordings_and_no_half_upload(
    small: Workspace, body_file: Path, tmp_path: Path
) -> None:
    path, files = small.path, pair(tmp_path, np.ones(10_000, np.complex64))
    small.close()
    with serving(path, "--backbone", body_file) as server:
        with peer(server.port) as client:
            client.ask("hello", binary=True)
            info = upload(client, files)
            half = begin(client, TAKE)["upload_id"]
            send(client, TAKE, 0, 50_000)
        server.kill()
    assert (path / "recordings" / half).is_dir()
    with Workspace.open(path) as workspace, running(workspace, Settings(backbone_path=body_file)) as port:
        with peer(port) as client:
            (held,) = client.ask("list_recordings")["recordings"]
            assert {**held, "used_at": info["used_at"]} == info
            view = client.ask("get_recording_view", recording_id=info["recording_id"])
            assert view["type"] == "recording_view"
            assert client.ask("resume_upload", upload_id=half, tag=1)["code"] == "not_found"
        assert {each.partition("/")[0] for each in stored(workspace)} == {info["recording_id"]}
