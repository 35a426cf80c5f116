"""Large messages: lists of what is invalid, valid JSON with many keys, messages that are begun and never ended."""

import json
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from tests.abuse.attack import MIB, Target, both, masked

_SAMPLE: Final = {"signal_name": "beacon", "spectrogram_b64": "", "metadata": {}}
_ITEMS: Final = 150_000
_TIMES: Final = 3
_HALVES: Final = 48


def _send(command: str, fields: dict[str, Any], target: Target) -> str:
    """Send one command a few times."""
    codes = Counter[str]()
    with suppress(ConnectionClosed, ConnectionError), target.peer() as client:
        for _ in range(_TIMES):
            codes[target.code(client, command, **fields)] += 1
    return f"{len(json.dumps(fields)) / MIB:.1f} MiB: " + ", ".join(f"{code} {count}" for code, count in codes.items())


def _halves(target: Target) -> str:
    """Most of a message on each of many connections, and never its end."""
    data, taken = masked(Opcode.TEXT, b" " * (2 * MIB))[: 3 * MIB // 2], 0
    with ExitStack() as stack:
        for _ in range(_HALVES):
            with suppress(OSError):
                sock = stack.enter_context(target.unread())
                sock.settimeout(1)
                sock.sendall(data)
                taken += len(data)
        for _ in target.moments():
            pass
    return f"{taken / MIB:.0f} MiB taken of {_HALVES} begun messages"


ATTACKS: Final = (
    *both("bad-boxes", partial(_send, "add_training_sample", {**_SAMPLE, "boxes": [{}] * _ITEMS})),
    *both("bad-signal-names", partial(_send, "load_heads", {"signal_names": ["-"] * _ITEMS})),
    *both("bad-topics", partial(_send, "subscribe", {"topics": ["x"] * _ITEMS})),
    *both("large-json", partial(_send, "start_stream", {"source": {str(key): 1 for key in range(2 * _ITEMS)}})),
    *both(
        "large-metadata", partial(_send, "update_training_sample", {"sample_id": "x", "metadata": {"a": [[]] * _ITEMS}})
    ),
    *both("long-token", partial(_send, "auth", {"token": "x" * 3 * MIB})),
    *both("begun-messages", _halves, allowed_bytes=64 * MIB),
)
