"""Messages between the server and its training process over two pipes: JSON, followed by bytes.

The server sends :class:`Train`, :class:`Succeed`, :class:`Measure` and :class:`Cancel`; the process sends
:class:`Started`, a :class:`StageReport`, :class:`Epoch` or :class:`Trial` whenever there is progress, then
:class:`Done`, :class:`Settled`, :class:`Measured` or :class:`Failed`. Messages are plain data, never code. A backbone
is named by its file, None for the one that ships.
"""

import json
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args

from pydantic import TypeAdapter

from rfhydra.protocol.types import EpochProgress, TrainingRequest, TrainingStage
from rfhydra.protocol.upgrade_reports import LeftHead, UpgradedHead
from rfhydra.training.fitted import Fitted

HEAD: Final = struct.Struct("<II")
"""Lengths in bytes of the JSON and of the bytes after it."""


@dataclass(frozen=True)
class Train:
    """Run ``request`` on ``backbone`` as job ``job_id``."""

    job_id: str
    request: TrainingRequest
    backbone: Path | None

    @property
    def backbones(self) -> list[Path | None]:
        """What is needed for it."""
        return [self.backbone]


@dataclass(frozen=True)
class Succeed:
    """Train a successor on ``backbone`` of an active version of a signal, for the upgrade ``job_id``.

    ``former`` is the backbone of that version, to compare the two; None if there is no file of it.
    """

    job_id: str
    signal_name: str
    version: int
    backbone: Path | None
    former: Path | None

    @property
    def backbones(self) -> list[Path | None]:
        """What is needed for it, its own backbone first."""
        return [self.backbone] if self.former is None else [self.backbone, self.former]


@dataclass(frozen=True)
class Measure:
    """Measure the detectability card of a version on ``backbone``, for ``job_id``."""

    job_id: str
    signal_name: str
    version: int
    backbone: Path | None

    @property
    def backbones(self) -> list[Path | None]:
        """What is needed for it."""
        return [self.backbone]


@dataclass(frozen=True)
class Cancel:
    """Stop job ``job_id`` if it is running."""

    job_id: str


@dataclass(frozen=True)
class Started:
    """The process has received :class:`Train` or :class:`Succeed`."""


@dataclass(frozen=True)
class StageReport:
    """A stage has begun, or goes on: ``done`` samples of ``total``, None where nothing is counted."""

    stage: TrainingStage
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Trial:
    """The measurement of a card is at ``stage``, with ``done`` trials of ``total``, None where nothing is counted."""

    stage: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended."""

    progress: EpochProgress


@dataclass(frozen=True)
class Done:
    """The head is trained; ``record`` is that of a :class:`.Successor`, None after :class:`Train`."""

    fitted: Fitted
    record: dict[str, Any] | None = None


@dataclass(frozen=True)
class Settled:
    """The version has a stored successor, or can have none."""

    head: UpgradedHead | LeftHead


@dataclass(frozen=True)
class Measured:
    """The fields of the card."""

    card: dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """The training or measurement has failed."""

    code: str
    error: str


Task: TypeAlias = Train | Succeed | Measure
Answer: TypeAlias = Done | Settled | Measured
PipeMessage: TypeAlias = Task | Cancel | Started | StageReport | Trial | Epoch | Answer | Failed

_KINDS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(PipeMessage)}


def encode(message: PipeMessage) -> bytes:
    """A message as bytes; the artifact of a trained head follows the JSON.

    Raises:
        ValueError: a number is not finite.
    """
    payload = b""
    if isinstance(message, Done):
        payload = message.fitted.artifact.data
        message = _with_data(message, b"")
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
        return _with_data(message, payload)
    return message


def _with_data(message: Done, data: bytes) -> Done:
    return replace(message, fitted=replace(message.fitted, artifact=replace(message.fitted.artifact, data=data)))
