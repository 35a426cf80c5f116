"""Waterfalls of streams, as clients choose to see them."""

import json
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.protocol.frames import StreamIqFrame, StreamWaterfallFrame
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.live import WaterfallSettings
from rfhydra.server.service import Settings
from rfhydra.spectrum.waterfall import Waterfall
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.training.given import CENTER_HZ, RATE_HZ

WHERE = {"sample_rate_hz": RATE_HZ, "center_freq_hz": CENTER_HZ}
STREAM = "field"
STEP = 20_000
"""Samples of a frame: 20 ms, which is a frame of the display at 50 a second."""


@pytest.fixture
def workspace(site: Path) -> Iterator[Workspace]:
    with Workspace.open(site) as opened:
        yield opened


@pytest.fixture
def port(workspace: Workspace, body_file: Path) -> Iterator[int]:
    with running(workspace, Settings(backbone_path=body_file, limits=Limits(max_waterfalls=2))) as number:
        yield number


@pytest.fixture
def pusher(port: int) -> Iterator[Peer]:
    """A connection that pushes a stream."""
    with peer(port) as client:
        client.ask("hello", binary=True)
        client.ask("start_stream", source={"kind": "push", **WHERE, "tag": 1}, stream_id=STREAM)
        yield client


def viewer(client: Peer, **settings: object) -> Peer:
    client.ask("hello", binary=True)
    if settings:
        assert client.ask("set_waterfall", **settings)["type"] == "waterfall"
    assert client.ask("subscribe", topics=["waterfall"])["snapshots"] == []
    return client


def push(client: Peer, iq: NDArray[np.complex64], start: int) -> None:
    samples = iq.astype("<c8").tobytes()
    client.socket.send(StreamIqFrame(1, "cf32_le", RATE_HZ, CENTER_HZ, start, samples).encode())


def seen(client: Peer) -> StreamWaterfallFrame:
    data = client.socket.recv(600)
    assert isinstance(data, bytes)
    return StreamWaterfallFrame.decode(data)


def noise(samples: int, seed: int = 3) -> NDArray[np.complex64]:
    rng = np.random.default_rng(seed)
    return (0.1 * (rng.standard_normal(samples) + 1j * rng.standard_normal(samples))).astype(np.complex64)


def test_a_viewer_sees_the_stream_at_its_own_size_levels_and_rate(port: int, pusher: Peer) -> None:
    chosen = {"fft_size": 256, "min_db": -80.0, "max_db": -10.0, "columns_per_sec": 200.0, "columns_per_frame": 4}
    iq = noise(5 * STEP)
    columns = Waterfall(WaterfallSettings.model_validate(chosen), RATE_HZ).add(iq, 0)
    assert columns is not None
    with peer(port) as client:
        viewer(client, **chosen)
        frames = []
        for start in range(0, len(iq), STEP):
            push(pusher, iq[start : start + STEP], start)
            frames.append(seen(client))
    assert [(each.rows, each.cols, each.start_sample, each.dropped) for each in frames] == [
        (256, 4, start, 0) for start in range(0, len(iq), STEP)
    ]
    first = frames[0]
    assert (first.stream_id, first.sample_rate_hz, first.center_freq_hz) == (STREAM, RATE_HZ, CENTER_HZ)
    assert (first.samples_per_column, first.min_db, first.max_db) == (5000, -80.0, -10.0)
    pixels = [np.frombuffer(each.pixels, np.uint8).reshape(each.rows, each.cols) for each in frames]
    np.testing.assert_array_equal(np.concatenate(pixels, axis=1), columns.pixels)


def test_fifty_frames_in_a_second_of_signal(port: int, pusher: Peer) -> None:
    with peer(port) as client:
        viewer(client, fft_size=64, columns_per_sec=50, columns_per_frame=1)
        starts = []
        for start in range(0, int(RATE_HZ), STEP):
            push(pusher, noise(STEP), start)
            starts.append(seen(client).start_sample)
    assert len(starts) == 50
    assert {later - earlier for earlier, later in pairwise(starts)} == {STEP}


def test_two_viewers_see_it_each_in_its_way_and_a_third_way_is_one_too_many(port: int, pusher: Peer) -> None:
    with peer(port) as first, peer(port) as second, peer(port) as third:
        viewer(first, fft_size=64)
        viewer(second, fft_size=128, stream_id=STREAM)
        third.ask("hello", binary=True)
        assert third.ask("set_waterfall", fft_size=32)["type"] == "waterfall"  # nothing is made before it subscribes
        assert third.ask("subscribe", topics=["waterfall", "registry"])["code"] == "busy"
        assert third.ask("unsubscribe", topics=[])["topics"] == []
        third.ask("set_waterfall", fft_size=64)
        assert third.ask("subscribe", topics=["waterfall"])["type"] == "subscriptions"
        assert third.ask("set_waterfall", fft_size=32)["code"] == "busy"
        push(pusher, noise(2 * STEP), 0)
        assert [seen(client).rows for client in (first, second, third)] == [64, 128, 64]


def test_another_stream_is_not_shown(port: int, pusher: Peer) -> None:
    with peer(port) as client, peer(port) as witness:
        viewer(client, fft_size=64, stream_id="other")
        viewer(witness, fft_size=64, columns_per_sec=50, columns_per_frame=1)
        push(pusher, noise(STEP), 0)
        assert seen(witness).start_sample == 0
        viewer(client, fft_size=32, stream_id=STREAM)
        push(pusher, noise(2 * STEP), STEP)
        assert seen(client).rows == 32


def test_nothing_is_computed_that_nobody_wants(port: int, pusher: Peer) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "rfhydra-waterfall"]

    push(pusher, noise(STEP), 0)
    pusher.ask("get_streams")
    assert threads() == []
    with peer(port) as client:
        viewer(client, fft_size=64)
        push(pusher, noise(2 * STEP), STEP)
        assert seen(client).rows == 64
        assert threads()
        client.ask("unsubscribe", topics=["waterfall"])
        push(pusher, noise(2 * STEP), 3 * STEP)
        assert client.ask("get_loaded_heads")["type"] == "loaded_heads"


def test_a_viewer_that_does_not_read_gets_fewer_frames_and_no_queue(port: int, pusher: Peer) -> None:
    size, frame_samples = 4096, 1 << 17
    with peer(port, max_queue=1) as client:
        viewer(client, fft_size=size, columns_per_sec=250, columns_per_frame=4)
        count = 400  # 400 frames of 128 KiB and more are far above what sockets hold
        for number in range(count):
            push(pusher, np.zeros(frame_samples, np.complex64), number * frame_samples)
            pusher.ask("get_streams")
        frames = [seen(client)]
        while frames[-1].start_sample + frames[-1].cols * frames[-1].samples_per_column < (count - 1) * frame_samples:
            frames.append(seen(client))
        assert sum(each.dropped for each in frames) > 0
        assert len(frames) < count
        client.send("get_loaded_heads")
        while isinstance(answer := client.socket.recv(600), bytes):
            pass
        assert json.loads(answer)["type"] == "loaded_heads"  # it is not closed
