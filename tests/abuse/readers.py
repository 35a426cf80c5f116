"""Clients that never read what they asked for or subscribed to."""

import json
from contextlib import ExitStack, suppress
from typing import Any, Final

from websockets.frames import Opcode

from tests.abuse.attack import MIB, Attack, Target, masked
from tests.training.given import SIGNAL

_CLIENTS: Final = 16
_OUTBOX: Final = 2 * MIB


def _command(**fields: Any) -> bytes:
    return masked(Opcode.TEXT, json.dumps(fields).encode())


def _answers(target: Target) -> str:
    """Large answers."""
    asked = _command(command="get_training_samples", signal_name=SIGNAL, include_spectrogram=True)
    with ExitStack() as stack:
        socks = [stack.enter_context(target.unread()) for _ in range(_CLIENTS)]
        sent = 0
        for number in target.moments():
            sock = socks[number % _CLIENTS]
            sock.settimeout(0.02)
            with suppress(OSError):
                sent += sock.send(asked)
    return f"{sent // len(asked)} answers asked for"


def _pushes(target: Target) -> str:
    """Pushes of a registry that changes all the time."""
    topics = ["jobs", "registry", "samples", "detections", "metrics"]
    with ExitStack() as stack, target.peer() as changing:
        for _ in range(_CLIENTS):
            stack.enter_context(target.unread()).sendall(_command(command="subscribe", topics=topics))
        for number in target.moments():
            target.code(changing, "load_heads" if number % 2 else "unload_heads", signal_names=[SIGNAL])
    return f"{number} changes"


ATTACKS: Final = tuple(
    Attack(name, run, options=("--limit", f"max_outbox_bytes={_OUTBOX}"), allowed_bytes=_CLIENTS * _OUTBOX)
    for name, run in (("unread-answers", _answers), ("unread-pushes", _pushes))
)
