"""The base classes of all commands and messages."""

from typing import ClassVar, Generic, TypeVar

from pydantic import Field

from rfhydra.protocol.fields import CorrelationId, WireModel, absent


class BaseMessage(WireModel):
    """Base of all messages."""

    id: CorrelationId | None = Field(default=None, exclude_if=absent)
    """Id of the command that it answers; absent in a push."""

    def encode(self) -> str:
        """The message as text."""
        return self.model_dump_json()


class SignalMessage(BaseMessage):
    """Base of the messages on one signal."""

    signal_name: str
    """The signal."""


A = TypeVar("A", bound=BaseMessage)


class BaseCommand(WireModel, Generic[A]):
    """Base of all commands; ``A`` is the class of the message that answers it, errors aside."""

    answered_always: ClassVar[bool] = True
    """Else only if it carries an ``id``: the fixed contract has no direct answer to it."""

    answered_in_order: ClassVar[bool] = True
    """Whether it is answered before the later commands of its connection are carried out; else when it is done. Its
    work is given up then when the connection ends."""

    id: CorrelationId | None = Field(default=None, exclude_if=absent)
    """Every direct answer carries the same id."""

    @classmethod
    def name(cls) -> str:
        """The value of ``command``."""
        name: str = cls.model_fields["command"].default
        return name

    @classmethod
    def answer_type(cls) -> type[A]:
        """The class of the message that answers it."""
        arguments = (base.__pydantic_generic_metadata__["args"] for base in cls.__mro__ if issubclass(base, WireModel))
        answer: type[A] = next(found[0] for found in arguments if found)
        return answer

    def encode(self) -> str:
        """The command as the text of a message, without the fields that are None."""
        return self.model_dump_json(exclude_none=True)
