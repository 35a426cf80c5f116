"""Detectability cards of versions on the wire: the stored card, and its measurement."""

from typing import Literal, TypeAlias

from pydantic import Field, JsonValue

from rfhydra.errors import ErrorCode
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Positive, SignalName, absent


class _CardMessage(BaseMessage):
    signal_name: str
    """The signal."""
    version: int
    """The version."""


class _CardJob(_CardMessage):
    job_id: str
    """The measurement."""
    ts: str
    """Time, UTC, ISO 8601."""


class CardProgress(_CardJob):
    """The measurement of a card goes on."""

    type: Literal["card_progress"] = "card_progress"
    stage: str
    """What is measured, in words; ``waiting`` while a training runs, and ``loading`` before the first trial."""
    done: int
    """Number of trials that are done in this stage."""
    total: int | None
    """Number of its trials; null where it has none."""


class CardComplete(_CardJob):
    """A card was measured and stored."""

    type: Literal["card_complete"] = "card_complete"
    card: dict[str, JsonValue]
    """The card, as in ``card``."""


class CardFailed(_CardJob):
    """The measurement of a card has failed or was cancelled; a card that was stored before is as it was."""

    type: Literal["card_failed"] = "card_failed"
    error: str
    """Reason."""
    code: ErrorCode
    """Error code."""


CardEvent: TypeAlias = CardProgress | CardComplete | CardFailed


class Card(_CardMessage):
    """The detectability card of a version."""

    type: Literal["card"] = "card"
    card: dict[str, JsonValue] | None
    """The fields of ``rfhydra card --json``; null where none is stored."""
    picture_b64: str | None = Field(default=None, exclude_if=absent)
    """Base64 of a PNG of the card; absent without one, and unless asked for."""
    progress: CardProgress | None
    """The measurement of this card, null where none is under way."""


class GetCard(BaseCommand[Card]):
    """Ask for the detectability card that is stored with a version."""

    answered_in_order = False

    command: Literal["get_card"] = "get_card"
    signal_name: SignalName
    """The signal."""
    version: Positive | None = None
    """The version; absent: the active one."""
    include_picture: bool = False
    """Whether to include a picture of it."""


class MakeCard(BaseCommand[CardProgress]):
    """Measure the detectability card of a version, and store it with the version in the place of a former one.

    It takes turns with trainings. Followed by ``card_progress`` and by exactly one of ``card_complete`` and
    ``card_failed``, to those who subscribed to ``cards`` and to the connection that asked. While it is under way, the
    same command joins it, and one for another version is refused with ``busy``. A server that stops or dies forgets it.
    """

    command: Literal["make_card"] = "make_card"
    signal_name: SignalName
    """The signal."""
    version: Positive | None = None
    """The version; absent: the active one."""


class CancelCard(BaseCommand[CardProgress]):
    """Stop the measurement of a card. It ends with ``card_failed``, code ``cancelled``."""

    command: Literal["cancel_card"] = "cancel_card"


MessageOnCards: TypeAlias = CardEvent | Card
CommandOnCards: TypeAlias = GetCard | MakeCard | CancelCard
