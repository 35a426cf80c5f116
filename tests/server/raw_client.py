"""Bare TCP connections to a server, for what no WebSocket library sends."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from tests.server.json_peer import WAIT_SEC

CONT, TEXT, BINARY, CLOSE, PING = 0, 1, 2, 8, 9
_NO_MASK: Final = bytes(4)


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, length: int | None = None) -> bytes:
    """A frame of a client; ``length`` is what its header declares, by default the truth."""
    size = len(data) if length is None else length
    first = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        return first + bytes([0x80 | size]) + _NO_MASK + data
    return first + b"\xff" + struct.pack("!Q", size) + _NO_MASK + data


@contextmanager
def raw(port: int) -> Iterator[socket.socket]:
    """A TCP connection that has said nothing."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=WAIT_SEC)) as connected:
        yield connected


@contextmanager
def upgraded(port: int, *headers: bytes, query: str = "") -> Iterator[socket.socket]:
    """A connection after the handshake of a WebSocket."""
    with raw(port) as connected:
        connected.sendall(upgrade(port, *headers, query=query))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connected.recv(1)
        assert head.startswith(b"HTTP/1.1 101")
        yield connected


def upgrade(port: int, *headers: bytes, query: str = "") -> bytes:
    """The request of a handshake."""
    lines = [
        f"GET /ws{query} HTTP/1.1".encode(),
        f"Host: 127.0.0.1:{port}".encode(),
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def rest(connected: socket.socket) -> bytes:
    """All that comes until the server closes; also where it resets the connection."""
    received = b""
    try:
        while data := connected.recv(1 << 16):
            received += data
    except ConnectionError:
        pass
    return received


def close_code(received: bytes) -> int | None:
    """The code of the close frame at the end of ``received``, which holds frames of less than 126 bytes each."""
    while len(received) >= 2:
        opcode, size = received[0] & 0x0F, received[1]
        if opcode == CLOSE:
            return int(struct.unpack_from("!H", received, 2)[0])
        received = received[2 + size :]
    return None
