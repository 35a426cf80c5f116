"""The audit log on the wire."""

from typing import Literal

from pydantic import JsonValue

from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Cursor, Positive, SignalName, WireModel


class AuditRecord(WireModel):
    """One change of the workspace."""

    entry_id: int
    """Its number, from 1."""
    at: str
    """UTC, ISO 8601."""
    who: str
    """Who made it: a user, or the address of a client."""
    action: str
    """What was changed, such as ``version.activate``."""
    signal_name: str | None
    """The signal by its name at that time; null for changes of no signal."""
    detail: dict[str, JsonValue]
    """Details, which depend on ``action``."""


class AuditTrail(BaseMessage):
    """A page of the audit log, newest first."""

    type: Literal["audit"] = "audit"
    entries: list[AuditRecord]
    """The page; shorter than requested where the answer would be too large."""
    next_cursor: str | None
    """Cursor of the next page; null on the last."""


class GetAudit(BaseCommand[AuditTrail]):
    """Ask for a page of the audit log: who changed what, when and why."""

    command: Literal["get_audit"] = "get_audit"
    signal_name: SignalName | None = None
    """Only changes of this signal, under this name."""
    limit: Positive | None = None
    """Maximum number of entries, at most ``limits.max_page``, which is also the default."""
    cursor: Cursor | None = None
    """``next_cursor`` of the previous page."""
