"""Recordings sent to a server by a client that speaks bare JSON and frames."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.protocol.frames import UploadFrame
from rfhydra.recordings import Annotation, write_recording
from tests.server.json_peer import Peer
from tests.training import given
from tests.training.given import CENTER_HZ, RATE_HZ

TAG: Final = 7
CHUNK: Final = 50_000


def pair(folder: Path, iq: NDArray[np.complex64], annotations: list[Annotation] | None = None) -> dict[str, bytes]:
    """A SigMF recording as its two files by name."""
    meta = write_recording(folder / "night", iq, RATE_HZ, CENTER_HZ, annotations or [], datatype="ci16_le")
    return {path.name: path.read_bytes() for path in (meta, meta.with_suffix(".sigmf-data"))}


def scene_files(folder: Path, seed: int = 1, *, annotated: bool = False) -> dict[str, bytes]:
    """A scene as the two files of a SigMF recording."""
    made = given.scene(seed)
    return pair(folder, given.heard(made, seed), given.annotations_of(made) if annotated else [])


def begin(client: Peer, files: Mapping[str, bytes], tag: int = TAG, **known: Any) -> dict[str, Any]:
    """The answer to ``open_recording``."""
    described = [{"name": name, "size_bytes": len(data)} for name, data in files.items()]
    return client.ask("open_recording", files=described, tag=tag, **known)


def send(client: Peer, files: Mapping[str, bytes], start: int = 0, end: int | None = None, tag: int = TAG) -> Any:
    """Send bytes of ``files`` in pieces; the answer to the last one."""
    data = b"".join(files.values())
    last = len(data) if end is None else end
    answer = None
    for first in range(start, last, CHUNK):
        part = data[first : min(first + CHUNK, last)]
        client.socket.send(UploadFrame(tag, first, part).encode())
        answer = client.receive()
        assert answer["id"] == tag
    return answer


def upload(client: Peer, files: Mapping[str, bytes], tag: int = TAG, **known: Any) -> dict[str, Any]:
    """Send a recording; what the server says of it."""
    begin(client, files, tag, **known)
    answer: dict[str, Any] = send(client, files, tag=tag)
    assert answer["type"] == "recording_upload", answer
    recording: dict[str, Any] = answer["recording"]
    return recording
