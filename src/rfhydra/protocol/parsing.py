"""JSON text to checked models. Error texts name the field and never repeat a value that was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from rfhydra.errors import InvalidJson, InvalidMessage, RfhydraError, TooLarge
from rfhydra.protocol.fields import UNION_TAGS, CorrelationId

MAX_QUOTED_LENGTH: Final = 64
"""Characters of received text that an error may repeat."""
_BYTES_PER_VALUE: Final = 32
"""Of JSON text outside strings, on average: more than the longest number that a float64 takes."""
M = TypeVar("M", bound=BaseModel)


def read_json(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text message.

    Raises:
        InvalidJson: the text is not a JSON object.
    """
    try:
        fields = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidJson(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidJson("a message must be one JSON object")
    return fields


def require_few_values(text: bytes, max_values: int) -> None:
    """Refuse JSON text that would cost more to read than its payload: many values, many escapes, or long numbers.

    Takes no memory and no time to speak of: reading such a text takes seconds and gigabytes, without a chance for
    another thread.

    Raises:
        TooLarge: it holds more than ``max_values`` values and escaped characters, or more than 32 bytes outside
            strings for each.
    """
    if sum(map(text.count, (b",", b"[", b"{", b"\\"))) > max_values:
        raise TooLarge(f"the message holds more than {max_values} JSON values or escapes (max_message_values)")
    outside = text.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"', 4 * max_values)[::2]
    if sum(map(len, outside)) > _BYTES_PER_VALUE * max_values:
        raise TooLarge(
            f"numbers and space of the message take more than {_BYTES_PER_VALUE * max_values} bytes:"
            f" {_BYTES_PER_VALUE} for each of {max_values} JSON values (max_message_values)"
        )


@dataclass(frozen=True)
class Envelope:
    """``id`` and ``command`` of a command, for its answer, also where the command is invalid."""

    id: str | int | None
    command: str | None


def read_envelope(fields: dict[str, Any]) -> Envelope:
    """``id`` and ``command`` of a JSON object where they are valid, else None."""
    try:
        number = _id().validate_python(fields.get("id"), strict=True)
    except ValidationError:
        number = None
    name = fields.get("command")
    return Envelope(number, name[:MAX_QUOTED_LENGTH] if isinstance(name, str) else None)


@cache
def _id() -> TypeAdapter[CorrelationId | None]:
    return TypeAdapter(CorrelationId | None)


def parse(model: type[M], fields: Mapping[str, Any], what: str = "") -> M:
    """``fields`` as a ``model``; errors begin with ``what``.

    Raises:
        InvalidMessage: a field is missing, of the wrong type or out of range.
        InvalidName: a signal name outside the allowed alphabet.
        TooLarge: a list has more items than it may.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _translated(error, what) from None


def _translated(error: ValidationError, what: str) -> RfhydraError:
    """The first error, with its field. Lists stop at their first error, so there are never many."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part)[:MAX_QUOTED_LENGTH] for part in first["loc"] if part not in UNION_TAGS)
    if first["type"] == "too_long":
        return TooLarge(f"{what}{field} has too many items, the limit is {first['ctx']['max_length']}")
    message = first["msg"].removeprefix("Value error, ")
    return InvalidMessage(what + (f"{field}: {message}" if field else message))
