"""Floods of small frames: pings, fragments that are empty, fragments of one byte."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Final

from websockets.frames import Opcode

from tests.abuse.attack import MIB, Target, both, masked

_CONNECTIONS: Final = 4
_MOST_BYTES: Final = 24 * MIB
_BATCH: Final = 5000


def _flood(first: bytes, frames: Iterable[bytes], target: Target) -> str:
    """``first`` and then the frames, again and again, on some connections that read nothing."""
    chunk, taken = b"".join(frames), 0
    with ExitStack() as stack:
        socks = []
        for _ in range(_CONNECTIONS):
            with suppress(OSError):
                socks.append(stack.enter_context(target.unread()))
                socks[-1].sendall(first)
                socks[-1].settimeout(0.05)
        rests = [b""] * len(socks)
        for number in target.moments():
            each = number % len(socks)
            rests[each] = rests[each] or chunk
            with suppress(OSError):
                count = socks[each].send(rests[each])
                rests[each], taken = rests[each][count:], taken + count
            if taken >= _MOST_BYTES:
                break
    return f"{taken / MIB:.1f} MiB taken"


_BEGIN: Final = masked(Opcode.TEXT, b"{", final=False)
ATTACKS: Final = (
    *both("pings", partial(_flood, b"", [masked(Opcode.PING, bytes(125))] * _BATCH), allowed_bytes=64 * MIB),
    *both("empty-fragments", partial(_flood, _BEGIN, [masked(Opcode.CONT, b"", final=False)] * _BATCH)),
    *both("one-byte-fragments", partial(_flood, _BEGIN, [masked(Opcode.CONT, b" ", final=False)] * _BATCH)),
    *both("empty-messages", partial(_flood, b"", [masked(Opcode.TEXT, b"")] * _BATCH), allowed_bytes=64 * MIB),
)
