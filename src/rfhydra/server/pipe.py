"""What the server and its training process say to each other: frames of JSON with bytes behind it, over two pipes.

The server gives orders, :class:`Train` and :class:`Cancel`; the process reports, :class:`Started`, an :class:`Epoch`
for every epoch, and then one :class:`Done` or :class:`Failed`. Everything is plain data: nothing that is read is ever
run.
"""

import json
import struct
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, get_args

from pydantic import TypeAdapter

from rfhydra.training.fitted import Fitted
from rfhydra.training.service import TrainingRequest
from rfhydra.training.trainer import TrainingProgress

HEAD: Final = struct.Struct("<II")
"""The lengths in bytes of the JSON and of what is behind it."""


@dataclass(frozen=True)
class Train:
    """Order: train this, as job ``job_id``."""

    job_id: str
    request: TrainingRequest


@dataclass(frozen=True)
class Cancel:
    """Order: stop job ``job_id`` if it is the one that runs."""

    job_id: str


@dataclass(frozen=True)
class Started:
    """Report: the order has been taken; what happens from here on is that training's doing."""


@dataclass(frozen=True)
class Epoch:
    """Report: an epoch has ended."""

    progress: TrainingProgress


@dataclass(frozen=True)
class Done:
    """Report: the head is trained."""

    fitted: Fitted


@dataclass(frozen=True)
class Failed:
    """Report: the training has ended without a head."""

    code: str
    error: str


Frame: TypeAlias = Train | Cancel | Started | Epoch | Done | Failed

_KINDS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Frame)}


def encode(frame: Frame) -> bytes:
    """A frame as bytes. The artifact of a trained head goes behind the JSON, which holds no bytes.

    Raises:
        ValueError: a number is not finite.
    """
    behind = b""
    if isinstance(frame, Done):
        behind = frame.fitted.artifact.data
        frame = Done(replace(frame.fitted, artifact=replace(frame.fitted.artifact, data=b"")))
    kind = type(frame).__name__
    fields = _KINDS[kind].dump_python(frame, mode="json")
    text = json.dumps({"kind": kind, "fields": fields}, allow_nan=False).encode()
    return HEAD.pack(len(text), len(behind)) + text + behind


def decode(text: bytes, behind: bytes) -> Frame:
    """The inverse of :func:`encode`, without the head.

    Raises:
        ValueError: not a frame.
    """
    try:
        described = json.loads(text)
        frame: Frame = _KINDS[described["kind"]].validate_python(described["fields"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a frame: {error}") from None
    if isinstance(frame, Done):
        return Done(replace(frame.fitted, artifact=replace(frame.fitted.artifact, data=behind)))
    return frame
