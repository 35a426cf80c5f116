"""Recordings: uploads that never end, more of them than there is room for, metadata that are bombs, and views and
suggestions that nobody waits for."""

import json
from collections import Counter
from contextlib import ExitStack
from typing import Any, Final

from websockets.frames import Opcode

from rfhydra.protocol.frames import UploadFrame
from rfhydra.protocol.limits import Limits
from tests.abuse.attack import MIB, Attack, Target, masked
from tests.server.json_peer import Peer

_TAG: Final = 1
_CLIENTS: Final = 16
_ROOM: Final = ("--limit", "max_recordings_bytes=33554432", "--limit", "max_recordings=8")
_ROOM_BYTES: Final = 32 * MIB
_NAME: Final = "take_433M_1M.cu8"


def _held_bytes(target: Target) -> int:
    """What recordings take on the disk."""
    return sum(path.stat().st_size for path in (target.workspace / "recordings").rglob("*") if path.is_file())


def _begin(target: Target, client: Peer, files: dict[str, int]) -> str:
    described = [{"name": name, "size_bytes": size} for name, size in files.items()]
    return target.code(client, "open_recording", files=described, tag=_TAG)


def _send(target: Target, client: Peer, data: bytes) -> str:
    """Send all bytes of an upload; the code of the last answer."""
    code = ""
    for first in range(0, len(data), MIB):
        client.socket.send(UploadFrame(_TAG, first, data[first : first + MIB]).encode())
        answer = client.receive()
        code = str(answer.get("code", answer["type"]))
        if code == "internal":
            target.fault(f"an upload fails unexpectedly: {answer['message']}")
    return code


def _endless(target: Target) -> str:
    """Clients that begin uploads of all the room there is, and send a byte now and then."""
    codes = Counter[str]()
    with ExitStack() as stack:
        clients = [stack.enter_context(target.peer()) for _ in range(_CLIENTS)]
        for client in clients:
            client.ask("hello", binary=True)
            codes[_begin(target, client, {_NAME: _ROOM_BYTES // Limits().max_uploads})] += 1
        for number in target.moments():
            client = clients[number % _CLIENTS]
            client.socket.send(UploadFrame(_TAG, number // _CLIENTS, b"x").encode())
            client.receive()
    if codes["recording_upload"] != Limits().max_uploads:
        target.fault(f"{codes['recording_upload']} uploads run, the limit is {Limits().max_uploads}")
    return _told(codes)


def _many(target: Target) -> str:
    """One recording after the other, each of a quarter of the room."""
    codes = Counter[str]()
    data = bytes(_ROOM_BYTES // 4)
    with target.peer() as client:
        client.ask("hello", binary=True)
        for _ in target.moments():
            codes[_begin(target, client, {_NAME: len(data)})] += 1
            codes[_send(target, client, data)] += 1
            if (held := _held_bytes(target)) > _ROOM_BYTES + MIB:
                target.fault(f"recordings take {held / MIB:.0f} MiB, the limit is {_ROOM_BYTES / MIB:.0f}")
        codes[_begin(target, client, {_NAME: _ROOM_BYTES + 1})] += 1
    return _told(codes)


def _bombs(target: Target) -> str:
    """Files that are small and would be large in memory."""
    codes = Counter[str]()
    values = b'{"global": {}, "captures": [], "annotations": [' + b"[]," * (5 * MIB) + b"[]]}"
    members = b"PK\x05\x06" + bytes(8) + (1 << 30).to_bytes(4, "little") + bytes(6)
    with target.peer() as client:
        client.ask("hello", binary=True)
        for files in ({"a.sigmf-meta": values, "a.sigmf-data": b"xx"}, {"a.npz": members}):
            codes[_begin(target, client, {name: len(data) for name, data in files.items()})] += 1
            codes[_send(target, client, b"".join(files.values()))] += 1
            for upload in (target.workspace / "recordings").iterdir():
                target.code(client, "close_recording", recording_id=upload.name)
    return _told(codes)


def _unread(target: Target) -> str:
    """The largest views, and candidates, by clients that read no answer."""
    with ExitStack() as stack:
        client = stack.enter_context(target.peer(wait_sec=120))
        client.ask("hello", binary=True)
        _begin(target, client, {_NAME: 8 * MIB})
        _send(target, client, bytes(range(256)) * (8 * MIB // 256))
        recording_id = client.ask("list_recordings")["recordings"][0]["recording_id"]
        view = {"command": "get_recording_view", "recording_id": recording_id, "columns": 2048, "rows": 1024}
        found = {
            "command": "get_candidates",
            "recording_id": recording_id,
            "time_start_sec": 0,
            "time_end_sec": 0.1,
        }
        socks = [stack.enter_context(target.unread()) for _ in range(_CLIENTS)]
        for _ in target.moments():
            for sock in socks:
                target.flood(sock, _text(view) + _text(found), 1)
        return f"{target.code(client, 'get_recording_view', recording_id=recording_id)}"


def _text(fields: dict[str, Any]) -> bytes:
    return masked(Opcode.TEXT, json.dumps(fields).encode())


def _told(codes: Counter[str]) -> str:
    return ", ".join(f"{code} {count}" for code, count in codes.items())


ATTACKS: Final = (
    Attack("recordings-endless-uploads", _endless, options=_ROOM, alone=True, allowed_bytes=64 * MIB),
    Attack("recordings-many", _many, options=_ROOM, alone=True, allowed_bytes=64 * MIB),
    Attack("recordings-bombs", _bombs, alone=True, allowed_bytes=128 * MIB),
    Attack("recordings-unread-views", _unread, alone=True, allowed_bytes=384 * MIB),
)
