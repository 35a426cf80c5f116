"""The client and live streams of a real server, which may die."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.client import Client
from rfhydra.errors import Conflict, InvalidMessage, NotFound
from rfhydra.protocol.frames import StreamWaterfallFrame
from rfhydra.protocol.live import NamedSource, Streams
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import open_recording
from tests.server.server_process import Server, serving
from tests.server.stream_scenes import record
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL

PATIENCE_SEC = 600.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("air") / "night")


def iq_of(recording: Path) -> NDArray[np.complex64]:
    opened = open_recording(recording)
    return opened.read(0, opened.sample_count)


async def until_ended(client: Client, stream_id: str) -> str | None:
    """Wait for the end of a stream; its error."""
    async with client.subscribe("streams") as changes:
        async for push in changes:
            assert isinstance(push, Streams)
            for status in push.streams:
                if status.stream_id == stream_id and status.state in ("ended", "failed"):
                    return status.error
    raise AssertionError("the subscription has ended")


def test_a_stream_is_started_followed_and_stopped(site: Path, body_file: Path, recording: Path) -> None:
    async def scenario(url: str) -> None:
        async with Client(url) as client, client.tracks("night") as tracks, client.tracks("other") as others:
            await client.load_heads([SIGNAL])
            assert [each.name for each in (await client.list_sources()).sources] == ["loop", "roof"]
            started = await client.start_stream(NamedSource(name="roof"), [SIGNAL], stream_id="night")
            assert (started.stream_id, started.source) == ("night", "roof")
            assert await until_ended(client, "night") is None
            events: list[TrackEvent] = []
            while not events or sum(each.event == "end" for each in events) < (await client.get_streams())[0].tracks:
                events.append(await anext(tracks))
            assert tracks.dropped == 0
            assert {each.signal_name for each in events} == {SIGNAL}
            others.end()
            assert [each async for each in others] == []
            await client.start_stream(NamedSource(name="loop"))
            with pytest.raises(Conflict):
                await client.start_stream(NamedSource(name="loop"), stream_id="again")
            with pytest.raises((InvalidMessage, Conflict)):
                await client.tune_stream("loop", gain_db=3)
            assert (await client.stop_stream("loop")).state == "ended"
            assert [each.stream_id for each in await client.get_streams()] == ["night"]

    sources = ("--source", f"roof={recording}", "--source", f"loop={recording}?loop=1&pace=1")
    with serving(site, "--backbone", body_file, *sources) as server:
        asyncio.run(scenario(server.url))


def test_iq_is_pushed_and_seen(site: Path, body_file: Path, recording: Path) -> None:
    iq = iq_of(recording)

    async def scenario(url: str) -> None:
        async with Client(url, binary=True) as client, client.subscribe("waterfall") as waterfall:
            chosen = await client.set_waterfall(fft_size=64, columns_per_sec=100)
            assert (chosen.fft_size, chosen.columns_per_frame) == (64, 2)
            async with client.push_stream(RATE_HZ, CENTER_HZ, stream_id="field") as stream:
                assert stream.status.state in ("connecting", "running")
                await stream.send(iq.astype("<c8").tobytes())
                frame = await anext(waterfall)
                assert isinstance(frame, StreamWaterfallFrame)
                assert (frame.stream_id, frame.rows) == ("field", 64)
            assert await until_ended(client, "field") is None
            (status,) = await client.get_streams()
            assert (status.samples, status.lost_samples, stream.lost_samples) == (len(iq), 0, 0)
            with pytest.raises(NotFound, match="ended"):
                await stream.send(bytes(8))

    with serving(site, "--backbone", body_file) as server:
        asyncio.run(scenario(server.url))


def test_pushing_needs_binary_frames() -> None:
    with pytest.raises(InvalidMessage, match="binary=True"):
        Client().push_stream(RATE_HZ, CENTER_HZ)


def test_a_stream_that_another_client_stops_takes_no_more(site: Path, body_file: Path) -> None:
    async def scenario(url: str) -> None:
        async with (
            Client(url, binary=True) as client,
            Client(url) as other,
            client.push_stream(RATE_HZ, CENTER_HZ, stream_id="field") as stream,
        ):
            await other.stop_stream("field")
            await stream.send(bytes(8))
            await client.get_streams()  # the refusal comes before its answer
            with pytest.raises(NotFound, match="tag"):
                await stream.send(bytes(8))

    with serving(site, "--backbone", body_file) as server:
        asyncio.run(scenario(server.url))


def test_a_pushed_stream_goes_on_when_its_server_is_back(site: Path, body_file: Path, recording: Path) -> None:
    iq = iq_of(recording)[:100_000]
    samples = iq.astype("<c8").tobytes()

    async def scenario(first: Server) -> None:
        async with (
            Client(first.url, binary=True, reconnect_timeout_sec=PATIENCE_SEC, answer_sec=PATIENCE_SEC) as client,
            client.push_stream(RATE_HZ, CENTER_HZ, stream_id="field") as stream,
        ):
            await stream.send(samples)
            first.kill()
            with serving(site, "--backbone", body_file, port=first.port):
                while not await client.get_streams():
                    pass
                await stream.send(samples)
                while (status := (await client.get_streams())[0]).samples < len(iq):
                    pass
                assert (status.stream_id, status.lost_samples) == ("field", 0)

    with serving(site, "--backbone", body_file) as server:
        asyncio.run(scenario(server))
