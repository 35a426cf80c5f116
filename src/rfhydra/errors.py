"""The one error tree. Every class carries the ``code`` that it has on the wire and in ``--json`` output.

::

    RfhydraError                    internal            something else went wrong in the server
    ├── InvalidJson                 invalid_json        the message is not a JSON object
    ├── UnknownCommand              unknown_command     no such command
    ├── InvalidMessage              invalid_message     a field is missing, of the wrong type or out of range
    │   ├── InvalidBox              invalid_message     a box is empty, not finite or outside its window
    │   └── InvalidRecording        invalid_message     a recording cannot be read: empty, truncated, wrong datatype
    ├── InvalidName                 invalid_name        a signal name outside the allowed alphabet
    ├── NotFound                    not_found           no such workspace, signal, version, sample or file
    ├── Conflict                    conflict            the request contradicts the present state
    ├── Busy                        busy                workspace, training, queue or every file descriptor is in use
    ├── TooLarge                    too_large           over a stated limit
    ├── NotEnoughSamples            not_enough_samples  fewer samples than a training needs
    ├── Incompatible                incompatible        another contract, backbone or kind, or golden vectors that fail
    ├── Unauthorized                unauthorized        no token, or the wrong one
    ├── Cancelled                   cancelled           stopped by the operator
    ├── MissingExtra                internal            an optional dependency is not installed
    ├── Damaged                     internal            stored data does not match its digest
    ├── StorageFull                 internal            the disk is full; nothing was written
    └── Unreachable                 internal            no server, or the connection was lost before the answer

Messages say what is wrong, with the field and the limit, and what to do next. They never name a path inside a
workspace.
"""

from typing import ClassVar, Literal, TypeAlias

ErrorCode: TypeAlias = Literal[
    "invalid_json",
    "invalid_message",
    "unknown_command",
    "invalid_name",
    "not_found",
    "conflict",
    "busy",
    "too_large",
    "not_enough_samples",
    "incompatible",
    "unauthorized",
    "cancelled",
    "internal",
]


class RfhydraError(Exception):
    """Base of all errors that rfhydra raises."""

    code: ClassVar[ErrorCode] = "internal"


class InvalidJson(RfhydraError):
    code = "invalid_json"


class UnknownCommand(RfhydraError):
    code = "unknown_command"


class InvalidMessage(RfhydraError):
    code = "invalid_message"


class InvalidBox(InvalidMessage):
    pass


class InvalidRecording(InvalidMessage):
    pass


class InvalidName(RfhydraError):
    code = "invalid_name"


class NotFound(RfhydraError):
    code = "not_found"


class Conflict(RfhydraError):
    code = "conflict"


class Busy(RfhydraError):
    code = "busy"


class TooLarge(RfhydraError):
    code = "too_large"


class NotEnoughSamples(RfhydraError):
    code = "not_enough_samples"


class Incompatible(RfhydraError):
    code = "incompatible"


class Unauthorized(RfhydraError):
    code = "unauthorized"


class Cancelled(RfhydraError):
    code = "cancelled"


class MissingExtra(RfhydraError):
    """An optional dependency is not installed; the message names the extra."""


class Damaged(RfhydraError):
    """A stored blob does not match the digest that names it."""


class StorageFull(RfhydraError):
    """The disk is full. Nothing was changed."""


class Unreachable(RfhydraError):
    """No server, or the connection was lost before the answer; the command may have been executed."""


def error_of(code: str, message: str) -> RfhydraError:
    """The error of a code on the wire; :class:`RfhydraError` for an unknown code."""
    by_code = {each.code: each for each in RfhydraError.__subclasses__() if each.code != RfhydraError.code}
    return by_code.get(code, RfhydraError)(message)  # type: ignore[call-overload,no-any-return]


class RecordingWarning(UserWarning):
    """A recording can be read, but something is wrong with its file, which the message names."""
