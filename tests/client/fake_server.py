"""A peer that does as a test tells it, and messages for it to send."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, serve

from rfhydra.protocol.limits import Limits

Handler = Callable[[ServerConnection], Awaitable[None]]

JOB: Final = "0123456789abcdef0123456789abcdef"
NOW: Final = "2026-11-24T12:00:00.000000Z"
METRICS: Final = {"f1_score": 0.9, "precision": 0.92, "recall": 0.88}
HELLO: Final = {
    "type": "hello",
    "server_version": "0.1.0",
    "api_version": 1,
    "min_api_version": 1,
    "features": [],
    "limits": Limits(max_message_bytes=10_000).model_dump(),
    "spectrogram": {},
    "backbone": {"version": 1, "id": "tiny"},
}
LOADED: Final = {"type": "loaded_heads", "heads": [], "versions": {}}


@asynccontextmanager
async def peer(*handlers: Handler) -> AsyncIterator[str]:
    """A server on loopback whose nth connection is attended to by the nth handler, later ones by the last. Its URL."""
    waiting = list(handlers)

    async def attend(socket: ServerConnection) -> None:
        await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(socket)

    async with serve(attend, "127.0.0.1", 0) as server:
        host, port = next(iter(server.sockets)).getsockname()
        yield f"ws://{host}:{port}"


async def command(socket: ServerConnection, name: str) -> dict[str, Any]:
    """The next command, which must be ``name``."""
    body: dict[str, Any] = json.loads(await socket.recv())
    assert body["command"] == name
    return body


async def answer(socket: ServerConnection, name: str, message: dict[str, Any]) -> dict[str, Any]:
    """Wait for the command ``name``, answer it with ``message``, and return the command."""
    body = await command(socket, name)
    await push(socket, {**message, "id": body["id"]})
    return body


async def push(socket: ServerConnection, message: dict[str, Any]) -> None:
    await socket.send(json.dumps(message))


def progress(seq: int) -> dict[str, Any]:
    losses = {"train_loss": 0.5, "val_loss": 0.5, "is_best": True, "elapsed_sec": 1.0}
    return {**_event("training_progress", seq), "epoch": seq, "total_epochs": 50, **losses, **METRICS}


def complete(seq: int) -> dict[str, Any]:
    return {
        **_event("training_complete", seq),
        "version": 1,
        "sample_count": 10,
        "epochs_trained": seq - 1,
        "early_stopped": True,
        "metrics": METRICS,
        "previous_version": None,
        "previous_metrics": None,
        "auto_promoted": True,
        "promotion_reason": "the first version",
        "training_time_sec": 1.0,
    }


def failed(seq: int, code: str) -> dict[str, Any]:
    return {**_event("training_failed", seq), "error": "it did not work", "code": code}


def snapshot(*events: dict[str, Any], state: str = "running", code: str | None = None) -> dict[str, Any]:
    ended = state in ("completed", "failed", "cancelled")
    return {
        "type": "job",
        "job": {
            "job_id": JOB,
            "signal_name": "lora",
            "action": "train",
            "kind": "embedding",
            "epochs": 50,
            "notes": None,
            "request_id": None,
            "state": state,
            "attempts": 1,
            "created_at": NOW,
            "started_at": NOW,
            "finished_at": NOW if ended else None,
            "last_seq": len(events),
            "version": 1 if state == "completed" else None,
            "error": "it did not work" if code else None,
            "code": code,
        },
        "events": list(events),
    }


def subscribed(*topics: str, snapshots: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"type": "subscriptions", "topics": list(topics), "snapshots": list(snapshots)}


def _event(kind: str, seq: int) -> dict[str, Any]:
    return {"type": kind, "signal_name": "lora", "job_id": JOB, "seq": seq, "ts": NOW}
