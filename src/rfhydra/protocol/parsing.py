"""JSON text to checked models. Error texts name the field and never repeat a value that was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from rfhydra.errors import InvalidJson, InvalidMessage
from rfhydra.protocol.fields import CorrelationId

MAX_QUOTED_LENGTH: Final = 64
"""Characters of received text that an error may repeat."""
_ID: Final[TypeAdapter[CorrelationId | None]] = TypeAdapter(CorrelationId | None)
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


@dataclass(frozen=True)
class Envelope:
    """``id`` and ``command`` of a command, for its answer, also where the command is invalid."""

    id: str | int | None
    command: str | None


def read_envelope(fields: dict[str, Any]) -> Envelope:
    """``id`` and ``command`` of a JSON object where they are valid, else None."""
    try:
        number = _ID.validate_python(fields.get("id"), strict=True)
    except ValidationError:
        number = None
    name = fields.get("command")
    return Envelope(number, name[:MAX_QUOTED_LENGTH] if isinstance(name, str) else None)


def parse(model: type[M], fields: Mapping[str, Any], what: str = "") -> M:
    """``fields`` as a ``model``; errors begin with ``what``.

    Raises:
        InvalidMessage: a field is missing, of the wrong type or out of range.
        InvalidName: a signal name outside the allowed alphabet.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InvalidMessage(what + _describe(error)) from None


def _describe(error: ValidationError) -> str:
    """The first error with its field, and the number of further errors."""
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    field = ".".join(str(part)[:MAX_QUOTED_LENGTH] for part in first["loc"] if part not in ("pixels", "physical"))
    message = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(others)} more)" if others else ""
    return f"{field}: {message}{more}" if field else f"{message}{more}"
