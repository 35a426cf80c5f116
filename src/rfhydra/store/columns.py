"""Column values: JSON documents and times."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from rfhydra.config import MAX_JSON_BYTES
from rfhydra.errors import InvalidMessage, TooLarge

LIVE: Final = "signal_name < '~'"
"""Condition of the rows that are not in the trash."""
_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def to_json(value: Any, field: str) -> str:
    """``value`` as compact JSON, ASCII only.

    Raises:
        InvalidMessage: ``value`` is not JSON (numbers that are not finite are not).
        TooLarge: more than ``MAX_JSON_BYTES``.
    """
    try:
        text = _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMessage(f"{field} is not JSON: {error}") from None
    if len(text) > MAX_JSON_BYTES:
        raise TooLarge(f"{field} takes {len(text)} bytes as JSON, the limit is {MAX_JSON_BYTES}")
    return text


def utc_now() -> str:
    """Now, as :func:`utc_text`."""
    return utc_text(datetime.now(UTC))


def utc_text(moment: datetime) -> str:
    """``moment`` (UTC if it is naive) as ISO 8601 in UTC with microseconds and a ``Z``: texts sort as times do."""
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").replace("+00:00", "Z")


def utc_text_at(utc_sec: float | None) -> str | None:
    """A time in seconds since 1970 UTC as :func:`utc_text`; None for None, and for a year that no clock has."""
    try:
        return None if utc_sec is None else utc_text(datetime.fromtimestamp(utc_sec, UTC))
    except (ValueError, OverflowError):
        return None
