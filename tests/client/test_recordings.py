"""The client and recordings: on a real server, and where the connection is lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from rfhydra.client import Client
from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.protocol.frames import UploadFrame
from rfhydra.protocol.message_examples import MESSAGE_EXAMPLES
from rfhydra.protocol.recording_contents import NewAnnotation, RecordingBox
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.client.fake_server import HELLO, answer, command, peer, push
from tests.server.json_peer import running
from tests.server.uploads import pair
from tests.spectrum.test_snap import TRUTHS, drawn, with_burst

BURST = TRUTHS[0]
UPLOAD = {**MESSAGE_EXAMPLES["recording_upload"].model_dump(mode="json"), "size_bytes": 100, "max_chunk_bytes": 60}


def told(received: int, tag: int) -> dict[str, Any]:
    recording = UPLOAD["recording"] if received == 100 else None
    return {**UPLOAD, "received_bytes": received, "tag": tag, "recording": recording, "id": tag}


def test_a_recording_is_opened_labelled_and_closed(small: Workspace, body_file: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in pair(tmp_path, with_burst(BURST, 20))]
    sent: list[int] = []

    async def scenario(url: str) -> None:
        async with Client(url, binary=True) as client:
            info = await client.open_recording(files, progress=sent.append)
            assert (await client.list_recordings()).recordings == [info]
            rough = RecordingBox(**vars(drawn(BURST, 0.2)))
            (box,) = await client.snap_boxes(info.recording_id, [rough])
            assert box.time_start_sec == pytest.approx(BURST.time_start_sec, abs=1e-3)
            labelled = await client.label_recording(info.recording_id, [NewAnnotation(signal_name="new", box=box)])
            assert [each.signal_name for each in labelled.signals] == ["new"]
            (annotation,) = (await client.get_recording_annotations(info.recording_id)).annotations
            assert annotation.label == "new"
            assert (await client.get_recording_view(info.recording_id, columns=20, rows=20)).cols <= 20
            assert (await client.export_recording_sigmf(info.recording_id)).meta["annotations"]
            assert (await client.suggest_contract(info.recording_id, [box])).source == "boxes"
            assert (await client.get_candidates(info.recording_id, 0, 0.02)).recording_id == info.recording_id
            assert (await client.close_recording(info.recording_id)).recordings == []
            with pytest.raises(NotFound):
                await client.get_recording_view(info.recording_id)

    with running(small, Settings(backbone_path=body_file)) as port:
        asyncio.run(scenario(f"ws://127.0.0.1:{port}"))
    assert sent[-1] == sum(path.stat().st_size for path in files)


def test_a_file_that_cannot_be_opened_is_forgotten_by_the_server(
    small: Workspace, body_file: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "take.cu8"
    raw.write_bytes(bytes(1000))

    async def scenario(url: str) -> None:
        async with Client(url, binary=True) as client:
            with pytest.raises(InvalidMessage, match="sample_rate_hz"):
                await client.open_recording([raw])
            assert (await client.list_recordings()).used_bytes == 0
            assert (await client.open_recording([raw], sample_rate_hz=1e6)).samples == 500

    with running(small, Settings(backbone_path=body_file)) as port:
        asyncio.run(scenario(f"ws://127.0.0.1:{port}"))


def test_a_lost_connection_goes_on_where_the_server_is(tmp_path: Path) -> None:
    raw = tmp_path / "take_433M_1M.cu8"
    raw.write_bytes(bytes(range(100)))
    received: list[UploadFrame] = []

    async def frame(socket: ServerConnection) -> UploadFrame:
        data = await socket.recv()
        assert isinstance(data, bytes)
        received.append(UploadFrame.decode(data))
        return received[-1]

    async def first(socket: ServerConnection) -> None:
        await answer(socket, "hello", HELLO)
        body = await command(socket, "open_recording")
        await push(socket, {**told(0, body["tag"]), "id": body["id"]})
        await frame(socket)
        await socket.close()  # before the answer

    async def second(socket: ServerConnection) -> None:
        await answer(socket, "hello", HELLO)
        body = await command(socket, "resume_upload")
        await push(socket, {**told(60, body["tag"]), "id": body["id"]})
        last = await frame(socket)
        await push(socket, told(100, last.tag))
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(first, second) as url, Client(url, binary=True) as client:
            assert (await client.open_recording([raw])).name == UPLOAD["recording"]["name"]

    asyncio.run(scenario())
    assert [(each.start_byte, each.data) for each in received] == [
        (0, bytes(range(60))),
        (60, bytes(range(60, 100))),
    ]
