"""Messages between the server and its training process over two pipes: JSON, followed by bytes.

The server sends :class:`Train` and :class:`Cancel`; the process sends :class:`Started`, an :class:`Epoch` for every
epoch, then :class:`Done` or :class:`Failed`. Messages are plain data, never code.
"""

import json
import struct
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, get_args

from pydantic import TypeAdapter

from rfhydra.protocol.types import EpochProgress, TrainingRequest
from rfhydra.training.fitted import Fitted

HEAD: Final = struct.Struct("<II")
"""Lengths in bytes of the JSON and of the bytes after it."""


@dataclass(frozen=True)
class Train:
    """Run ``request`` as job ``job_id``."""

    job_id: str
    request: TrainingRequest


@dataclass(frozen=True)
class Cancel:
    """Stop job ``job_id`` if it is running."""

    job_id: str


@dataclass(frozen=True)
class Started:
    """The process has received :class:`Train`."""


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended."""

    progress: EpochProgress


@dataclass(frozen=True)
class Done:
    """The head is trained."""

    fitted: Fitted


@dataclass(frozen=True)
class Failed:
    """The training has failed."""

    code: str
    error: str


PipeMessage: TypeAlias = Train | Cancel | Started | Epoch | Done | Failed

_KINDS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(PipeMessage)}


def encode(message: PipeMessage) -> bytes:
    """A message as bytes; the artifact of a trained head follows the JSON.

    Raises:
        ValueError: a number is not finite.
    """
    payload = b""
    if isinstance(message, Done):
        payload = message.fitted.artifact.data
        message = Done(replace(message.fitted, artifact=replace(message.fitted.artifact, data=b"")))
    kind = type(message).__name__
    fields = _KINDS[kind].dump_python(message, mode="json")
    text = json.dumps({"kind": kind, "fields": fields}, allow_nan=False).encode()
    return HEAD.pack(len(text), len(payload)) + text + payload


def decode(text: bytes, payload: bytes) -> PipeMessage:
    """The inverse of :func:`encode`, without the head.

    Raises:
        ValueError: not a message.
    """
    try:
        described = json.loads(text)
        message: PipeMessage = _KINDS[described["kind"]].validate_python(described["fields"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a message: {error}") from None
    if isinstance(message, Done):
        return Done(replace(message.fitted, artifact=replace(message.fitted.artifact, data=payload)))
    return message
