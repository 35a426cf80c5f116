"""Asking: one command, and its answer as the class that the protocol states."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from rfhydra.client.connection import Connection
from rfhydra.errors import RfhydraError
from rfhydra.protocol import commands as ask
from rfhydra.protocol.archives import CancelScan, CopyArchived
from rfhydra.protocol.base import BaseCommand
from rfhydra.protocol.cards import CancelCard
from rfhydra.protocol.live import StartStream, StopStream
from rfhydra.protocol.messages import Message
from rfhydra.protocol.missions import DeleteMission, RenameMission
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.recordings import CaptureStream, CloseRecording, OpenRecording
from rfhydra.protocol.signals import DeleteSignal, EmptyTrash, RelabelSample, RenameSignal, RestoreSignal
from rfhydra.protocol.unknowns import LabelUnknown
from rfhydra.protocol.upgrades import CancelUpgrade, UndoUpgrade

A = TypeVar("A", bound=Message)

_ONCE: Final = frozenset(
    {
        ask.RollbackSignal,
        ask.CancelTraining,
        ask.DeleteTrainingSample,
        RelabelSample,
        RenameSignal,
        DeleteSignal,
        RestoreSignal,
        EmptyTrash,
        StartStream,
        StopStream,
        CancelUpgrade,
        UndoUpgrade,
        LabelUnknown,
        OpenRecording,
        CloseRecording,
        CaptureStream,
        CancelCard,
        RenameMission,
        DeleteMission,
        CancelScan,
        CopyArchived,
    }
)
"""Commands that are not idempotent: not sent again after a lost connection."""


class Asking:
    """Base of the typed commands of a client."""

    _connection: Connection

    async def _ask(
        self,
        command: type[BaseCommand[A]],
        *,
        greeting: bool = False,
        at_once: Callable[[Message], None] | None = None,
        **fields: Any,
    ) -> A:
        """Send ``command`` with ``fields``, without those that are None; the rest as :meth:`Connection.ask` takes it.

        Raises:
            InvalidMessage: a field is of the wrong type or out of range; nothing was sent.
        """
        assert fields.keys() <= command.model_fields.keys()
        sent = parse(command, {key: value for key, value in fields.items() if value is not None})
        answer = await self._connection.ask(sent, retryable=command not in _ONCE, greeting=greeting, at_once=at_once)
        return checked(command.answer_type(), answer)


def checked(expected: type[A], message: Message) -> A:
    """``message`` if it is of the class that answers.

    Raises:
        RfhydraError: it is not.
    """
    if not isinstance(message, expected):
        raise RfhydraError(f"the server answered with {message.type} instead of {expected.__name__}")
    return message
