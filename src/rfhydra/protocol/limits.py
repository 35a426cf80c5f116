"""Limits of a server: stated in ``hello``, set at start, each with an error code of its own."""

from collections.abc import Iterable
from typing import Final, Self

from pydantic import Field, model_validator

from rfhydra.config import (
    MAX_BOXES_PER_SAMPLE,
    MAX_HEADS,
    MAX_JSON_BYTES,
    MAX_NAME_LENGTH,
    MIN_SAMPLES_FOR_TRAINING,
    NAME_PATTERN,
)
from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.protocol.fields import WireModel
from rfhydra.protocol.parsing import parse

_MIB: Final = 1 << 20


class Limits(WireModel):
    """The limits of a server. Over one of them a request is refused with ``too_large``, over a queue with ``busy``."""

    max_message_bytes: int = Field(default=32 * _MIB, ge=4096, le=1 << 30)
    """Of one message to the server, text or binary. A larger one closes the connection (1009)."""
    max_message_values: int = Field(default=100_000, ge=1000, le=200_000)
    """JSON values and escaped characters of one text message; numbers and space take at most 32 bytes for each."""
    max_received_bytes: int = Field(default=128 * _MIB, ge=4096)
    """Messages that are received or handled at one time, of all clients together, beyond 64 KiB of each. When they take
    more, the connection whose message has waited longest is closed (1013)."""
    max_clients: int = Field(default=256, ge=1)
    """Authorised connections at one time. One more is closed (1013)."""
    max_pending_connections: int = Field(default=256, ge=1)
    """Connections at one time that speak HTTP, are in their handshake, or have not sent the token. One more ends the
    oldest of the address that has the most."""
    max_answer_bytes: int = Field(default=_MIB, ge=_MIB)
    """Of one answer, unless it was asked to hold arrays. Longer lists come in pages."""
    max_array_bytes: int = Field(default=4 * _MIB, ge=_MIB)
    """Of one answer that was asked to hold arrays, unless its first item alone is larger."""
    max_page: int = Field(default=100, ge=1, le=1000)
    """Items of one page."""
    max_samples_per_signal: int = Field(default=5000, ge=1)
    """Samples of one signal."""
    max_boxes_per_sample: int = Field(default=MAX_BOXES_PER_SAMPLE, ge=1, le=MAX_BOXES_PER_SAMPLE)
    """Boxes of one sample, those of other labels included."""
    max_import_labels: int = Field(default=10_000, ge=1)
    """Annotations of one recording that is imported, and its captures."""
    max_import_samples: int = Field(default=2000, ge=1)
    """Samples that one import makes, of all signals together. While their rows are stored, other commands wait."""
    max_imports_queued: int = Field(default=4, ge=1)
    """Imports that wait, of all clients together. One more is refused with ``busy``."""
    max_metadata_bytes: int = Field(default=MAX_JSON_BYTES, ge=2, le=MAX_JSON_BYTES)
    """Metadata of one sample, as JSON."""
    max_notes_length: int = Field(default=2000, ge=0, le=16_000)
    """Characters of the notes of a training or version."""
    max_epochs: int = Field(default=1000, ge=1)
    """Epochs of one training."""
    max_heads: int = Field(default=256, ge=1, le=MAX_HEADS)
    """Names in one command, heads loaded at one time, and heads of one mission."""
    max_missions: int = Field(default=100, ge=1, le=500)
    """Missions of the workspace."""
    max_mission_heads: int = Field(default=4000, ge=1, le=6000)
    """Heads of all missions together, so that their list fits an answer."""
    max_evaluations_queued: int = Field(default=8, ge=1)
    """Versions whose evaluation waits, of all clients together. One more is refused with ``busy``."""
    max_jobs_queued: int = Field(default=32, ge=1)
    """Trainings that wait. One more is refused with ``busy``."""
    max_detections_queued: int = Field(default=8, ge=1)
    """Detections that wait, of all clients together. One more is refused with ``busy``."""
    max_streams: int = Field(default=8, ge=1, le=256)
    """Live streams that run at one time. One more is refused with ``busy``."""
    max_push_samples: int = Field(default=1 << 18, ge=1024, le=1 << 24)
    """Samples of one binary frame of a pushed stream."""
    push_linger_sec: int = Field(default=30, ge=0, le=86_400)
    """Seconds that a pushed stream waits for its client to come back before it ends."""
    max_waterfalls: int = Field(default=16, ge=1)
    """Waterfalls with different settings, of all clients together. One more is refused with ``busy``."""
    stream_history_bytes: int = Field(default=32 * _MIB, ge=0, le=1 << 34)
    """Of the newest samples of each running stream, at 8 bytes a sample, for ``capture_stream``; 0 keeps none."""
    max_recordings: int = Field(default=32, ge=1, le=1000)
    """Recordings that the server holds. For one more, the one that was not used for longest is removed."""
    max_recordings_bytes: int = Field(default=4096 * _MIB, ge=_MIB)
    """What they take on the disk, unfinished uploads included; likewise. A larger one is refused."""
    recording_idle_sec: int = Field(default=30 * 86_400, ge=60)
    """Seconds after which a recording that nobody uses is removed."""
    max_uploads: int = Field(default=4, ge=1, le=64)
    """Unfinished uploads, of all clients together. One more is refused with ``busy``."""
    upload_linger_sec: int = Field(default=300, ge=1, le=86_400)
    """Seconds that an upload waits for its next byte before it is removed."""
    max_chunk_bytes: int = Field(default=_MIB, ge=1024, le=64 * _MIB)
    """Bytes of one frame of an upload; less where ``max_message_bytes`` is."""
    max_views_queued: int = Field(default=8, ge=1)
    """Views and snapped boxes of recordings that wait, of all clients together. One more is refused with ``busy``."""
    max_suggestions_queued: int = Field(default=4, ge=1)
    """Candidates and contracts that wait, of all clients together. One more is refused with ``busy``."""
    max_candidate_windows: int = Field(default=32, ge=1)
    """Windows of the contract that one ``get_candidates`` looks at."""
    max_excerpt_bytes: int = Field(default=64 * _MIB, ge=_MIB, le=1 << 32)
    """Bytes of a stretch that ``copy_archived`` copies, at 8 bytes a sample."""
    max_store_queued: int = Field(default=256, ge=1)
    """Reads and changes of the workspace that wait, of all clients together. One more is refused with ``busy``."""
    max_commands_waiting: int = Field(default=32, ge=1)
    """Commands and frames of one connection that are answered when they are done, and are not yet. One more is refused
    with ``busy``."""
    max_outbox_messages: int = Field(default=256, ge=8)
    """Control messages that a client has not taken yet. One more closes the connection (1013)."""
    max_outbox_bytes: int = Field(default=16 * _MIB, ge=_MIB)
    """The same, in bytes."""

    @model_validator(mode="after")
    def _one_message_fits(self) -> Self:
        if self.max_received_bytes < self.max_message_bytes:
            raise ValueError("max_received_bytes must be at least max_message_bytes")
        return self

    def page(self, limit: int | None) -> int | None:
        """A requested page size, cut to ``max_page``; None stays None."""
        return None if limit is None else min(limit, self.max_page)

    def require(self, name: str, value: int, limit: str) -> None:
        """Raise :class:`TooLarge` if ``value`` of the field ``name`` is over the limit that is called ``limit``."""
        most: int = getattr(self, limit)
        if value > most:
            raise TooLarge(f"{name} is {value}, the limit is {most} ({limit})")


class StatedLimits(Limits):
    """The limits, the form of a signal name, and how many samples a head needs."""

    max_name_length: int = MAX_NAME_LENGTH
    """Length of a signal name in characters."""
    name_pattern: str = NAME_PATTERN
    """Regular expression that a whole signal name matches."""
    min_training_samples: int = MIN_SAMPLES_FOR_TRAINING
    """Samples of a head that is validated. Fewer make a provisional one."""


def read_limits(settings: Iterable[str]) -> Limits:
    """The default limits, changed by ``NAME=VALUE`` texts.

    Raises:
        InvalidMessage: no such limit, not a whole number, or out of range.
    """
    values: dict[str, int] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in Limits.model_fields:
            raise InvalidMessage(f"limit {name!r} is unknown: choose from {', '.join(Limits.model_fields)}")
        if not value.isdecimal():
            raise InvalidMessage(f"limit {name} must be a whole number, as in {name}=100")
        values[name] = int(value)
    return parse(Limits, values, "limit ")
