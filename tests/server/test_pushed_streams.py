"""Streams whose IQ clients push."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.frames import StreamIqFrame
from rfhydra.protocol.limits import Limits
from rfhydra.recordings import open_recording
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.server.stream_scenes import ended, events_of, expected_events, record, without_clock
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL

TAG = 5
SOURCE = {"kind": "push", "sample_rate_hz": RATE_HZ, "center_freq_hz": CENTER_HZ, "tag": TAG}
LIMITS = Limits(max_push_samples=1 << 14)
STEP = 10_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("air") / "night")


@pytest.fixture(scope="module")
def iq(recording: Path) -> NDArray[np.complex64]:
    opened = open_recording(recording)
    return opened.read(0, opened.sample_count)


@pytest.fixture
def workspace(site: Path) -> Iterator[Workspace]:
    with Workspace.open(site) as opened:
        yield opened


@pytest.fixture
def port(workspace: Workspace, body_file: Path) -> Iterator[int]:
    with running(workspace, Settings(backbone_path=body_file, limits=LIMITS)) as number:
        yield number


@pytest.fixture
def sender(port: int) -> Iterator[Peer]:
    with peer(port) as client:
        client.ask("hello", binary=True)
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("subscribe", topics=["tracks", "streams"])
        yield client


def push(client: Peer, iq: NDArray[np.complex64], start: int = 0, tag: int = TAG, **fields: Any) -> None:
    where = {"sample_rate_hz": RATE_HZ, "center_freq_hz": CENTER_HZ, **fields}
    samples = iq.astype("<c8").tobytes()
    client.socket.send(
        StreamIqFrame(tag=tag, datatype="cf32_le", start_sample=start, samples=samples, **where).encode()
    )


def push_all(client: Peer, iq: NDArray[np.complex64], begin: int = 0, end: int | None = None) -> None:
    for start in range(begin, len(iq) if end is None else end, STEP):
        push(client, iq[start : min(start + STEP, end or len(iq))], start)


def finish(client: Peer, tag: int = TAG) -> None:
    push(client, np.empty(0, np.complex64), tag=tag)


def answer(client: Peer, number: int) -> dict[str, Any]:
    while (message := client.receive()).get("id") != number:
        pass
    return message


def test_what_is_pushed_is_detected_in_as_if_it_came_from_a_receiver(
    sender: Peer, workspace: Workspace, body_file: Path, recording: Path, iq: NDArray[np.complex64]
) -> None:
    sender.send("start_stream", id=1, source=SOURCE, stream_id="field")
    push_all(sender, iq)
    finish(sender)
    status, heard = ended(sender, "field")
    expected = expected_events(workspace, load_backbone(body_file), str(recording), "field")
    assert without_clock(events_of(heard, "field")) == without_clock(expected)
    assert (status["state"], status["samples"], status["lost_samples"]) == ("ended", len(iq), 0)


def test_missing_samples_are_counted(sender: Peer, iq: NDArray[np.complex64]) -> None:
    sender.send("start_stream", source=SOURCE, stream_id="field")
    push(sender, iq[:STEP])
    push(sender, iq[3 * STEP : 4 * STEP], 3 * STEP)
    finish(sender)
    status, _ = ended(sender, "field")
    assert (status["samples"], status["lost_samples"]) == (2 * STEP, 2 * STEP)


@pytest.mark.parametrize(
    ("samples", "fields", "code"),
    [
        (np.ones(10), {"tag": 6}, "not_found"),
        (np.ones(10), {"start": 0}, "invalid_message"),
        (np.full(10, np.nan), {}, "invalid_message"),
        (np.ones(LIMITS.max_push_samples + 1), {}, "too_large"),
        (np.ones(10), {"sample_rate_hz": 1e300}, "invalid_message"),
        (np.ones(10), {"center_freq_hz": 1e300}, "invalid_message"),
        (np.ones(10), {"start": 2**53 - 1}, "invalid_message"),
    ],
)
def test_a_wrong_frame_is_refused_and_the_stream_goes_on(
    sender: Peer, samples: NDArray[np.float64], fields: dict[str, Any], code: str
) -> None:
    ones = np.ones(100, np.complex64)
    sender.send("start_stream", id=1, source=SOURCE, stream_id="field")
    push(sender, ones)
    push(sender, samples.astype(np.complex64), **{"start": 100, **fields})
    refusal = answer(sender, fields.get("tag", TAG))
    assert (refusal["type"], refusal["code"]) == ("error", code)
    push(sender, ones, 100)
    finish(sender)
    status, heard = ended(sender, "field")
    assert (status["samples"], status["lost_samples"]) == (200, 0)
    assert not [each for each in heard if each["type"] == "error"]


def test_frames_are_for_connections_that_asked_for_them(port: int) -> None:
    with peer(port) as client:
        push(client, np.ones(10, np.complex64))
        assert client.receive()["code"] == "invalid_message"


def test_a_tag_is_for_one_stream_of_a_connection(sender: Peer) -> None:
    sender.send("start_stream", id=1, source=SOURCE)
    first = answer(sender, 1)["stream"]["stream_id"]
    assert first.startswith("push-")
    sender.send("start_stream", id=2, source=SOURCE)
    assert answer(sender, 2)["code"] == "conflict"
    sender.send("stop_stream", id=3, stream_id=first)
    answer(sender, 3)
    push(sender, np.ones(10, np.complex64))
    assert answer(sender, TAG)["code"] == "not_found"
    sender.send("start_stream", id=4, source=SOURCE)
    assert answer(sender, 4)["type"] == "stream"


def test_a_stream_goes_on_with_another_connection(port: int, sender: Peer, iq: NDArray[np.complex64]) -> None:
    half = len(iq) // 2 // STEP * STEP
    with peer(port) as first:
        first.ask("hello", binary=True)
        first.ask("start_stream", source=SOURCE, stream_id="field")
        push_all(first, iq, end=half)
        first.ask("get_streams")  # what was sent before has arrived
    again = {**SOURCE, "tag": 9}
    sender.send("start_stream", id=1, source=again, stream_id="field")
    assert answer(sender, 1)["stream"]["state"] in ("connecting", "running")
    for start in range(half, len(iq), STEP):
        push(sender, iq[start : start + STEP], start, tag=9)
    finish(sender, tag=9)
    status, _ = ended(sender, "field")
    assert (status["samples"], status["lost_samples"], status["reconnects"]) == (len(iq), 0, 0)


def test_who_lost_a_stream_to_another_connection_cannot_push_it(port: int, sender: Peer) -> None:
    with peer(port) as first:
        first.ask("hello", binary=True)
        first.ask("start_stream", source=SOURCE, stream_id="field")
        sender.send("start_stream", id=1, source=SOURCE, stream_id="field")
        answer(sender, 1)
        push(first, np.ones(10, np.complex64))
        assert first.receive()["code"] == "not_found"


def test_a_stream_ends_when_its_client_does_not_come_back(workspace: Workspace, body_file: Path) -> None:
    settings = Settings(backbone_path=body_file, limits=Limits(push_linger_sec=0))
    with running(workspace, settings) as port, peer(port) as watcher:
        watcher.ask("subscribe", topics=["streams"])
        with peer(port) as client:
            client.ask("hello", binary=True)
            client.ask("start_stream", source=SOURCE, stream_id="field")
            push(client, np.ones(100, np.complex64))
            client.ask("get_streams")
        status, _ = ended(watcher, "field")
        assert (status["state"], status["samples"]) == ("ended", 100)
    assert workspace.streams.all() == []
