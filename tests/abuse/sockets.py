"""Connections that say nothing, half a handshake, or HTTP without an end."""

import socket
from contextlib import ExitStack, suppress
from functools import partial
from typing import Final

from tests.abuse.attack import MIB, Attack, Target, both

_DESCRIPTORS: Final = 200
_SOCKETS: Final = 230
_HALF: Final = b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"


def _hold(said: bytes, target: Target) -> str:
    """Open more connections than the server has descriptors, and keep them."""
    with ExitStack() as stack:
        socks = []
        for _ in range(_SOCKETS):
            with suppress(OSError):
                socks.append(stack.enter_context(target.tcp()))
                socks[-1].sendall(said)
        for _ in target.moments():
            pass
        ended = sum(_ended(sock) for sock in socks)
    return f"{ended} of {_SOCKETS} connections were ended"


def _ended(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        while data := sock.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return not data


def _endless(chunk: bytes, target: Target) -> str:
    """A request that never ends."""
    with target.tcp() as sock, suppress(ConnectionError):
        sock.sendall(_HALF)
        return f"{target.flood(sock, chunk, 8 * MIB) / MIB:.1f} MiB taken"
    return "ended"


def _requests(path: str, target: Target) -> str:
    """Pipelined requests whose answers nobody reads."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with ExitStack() as stack:
        socks = [stack.enter_context(target.tcp(4096)) for _ in range(8)]
        taken = 0
        for number in target.moments():
            sock = socks[number % len(socks)]
            sock.settimeout(0.05)
            with suppress(OSError):
                taken += sock.send(request)
    return f"{taken // len(request)} requests"


ATTACKS: Final = (
    Attack("silent-sockets", partial(_hold, b""), descriptors=_DESCRIPTORS),
    Attack("half-handshakes", partial(_hold, _HALF), descriptors=_DESCRIPTORS),
    Attack("endless-headers", partial(_endless, b"X-Header: x\r\n" * 1000)),
    *both("requests-of-the-document", partial(_requests, "/docs/protocol"), allowed_bytes=16 * MIB),
    *both("requests-of-metrics", partial(_requests, "/metrics"), allowed_bytes=16 * MIB),
)
