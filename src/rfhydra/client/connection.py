"""One connection to a server, kept up: commands go out with an id, answers come back to whom they are for.

This file owns what happens when the connection breaks. It is made again, after pauses that grow, until
``reconnect_timeout_sec`` have gone by without one. A command that may be repeated is then sent again, and its caller
notices nothing; any other fails with :class:`Unreachable`, because nobody can tell whether the server carried it out.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.client import backoff, process_exception
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI
from websockets.uri import parse_uri

from rfhydra.errors import Busy, InvalidMessage, RfhydraError, TooLarge, Unauthorized, Unreachable, error_of
from rfhydra.protocol.commands import BaseCommand
from rfhydra.protocol.messages import Error, Message, read_message

MAX_WAITING: Final = 1000
MAX_INCOMING_BYTES: Final = 256 * 1024 * 1024
"""Of one message: an answer that was asked to hold arrays is as large as the server lets it be."""
_UNAUTHORIZED: Final = frozenset({401, 403})
_PAUSES_SEC: Final = (0.2, 0.2, 10.0)
"""Most of the first pause, the second, and the longest."""


@dataclass(eq=False)
class _Waiting:
    """A request without an answer yet. ``retryable``: it may be sent once more on another connection. ``at_once`` sees
    the answer before the next message is read."""

    name: str
    data: str | bytes
    retryable: bool
    at_once: Callable[[Message], None] | None = None
    sent: bool = False
    answer: asyncio.Future[Message] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Connection:
    """A connection that is there again after it was lost. Belongs to one event loop.

    ``greet`` runs on every new connection before anything else is sent; ``on_push`` gets what answers no request;
    ``on_end`` is called when the connection gives up or is closed, with the reason.

    Attributes:
        max_message_bytes: what the server takes in one message, once it has said so.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        greet: Callable[[], Awaitable[None]],
        on_push: Callable[[Message | bytes], None],
        on_end: Callable[[Exception], None],
        reconnect_timeout_sec: float,
        answer_sec: float,
    ) -> None:
        try:
            parse_uri(url)
        except InvalidURI as error:
            raise InvalidMessage(f"server {url!r} is no address that begins with ws:// or wss://") from error
        self.max_message_bytes: int | None = None
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._greet, self._on_push, self._on_end = greet, on_push, on_end
        self._patience_sec, self._answer_sec = reconnect_timeout_sec, answer_sec
        self._numbers = itertools.cycle(range(1, 1 << 32))  # also the tags of binary frames, which are 32 bits wide
        self._waiting: dict[int, _Waiting] = {}
        self._socket: ClientConnection | None = None
        self._greeted = asyncio.Event()
        self._ended: Exception | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, without patience: a server that is not there is an error at once.

        Raises:
            Unreachable: nobody answers there.
            Unauthorized: the token is missing or wrong.
        """
        self._keeper = asyncio.create_task(self._keep(), name="rfhydra link")
        greeted = asyncio.create_task(self._greeted.wait())
        await asyncio.wait({self._keeper, greeted}, return_when=asyncio.FIRST_COMPLETED)
        greeted.cancel()
        if self._ended is not None:
            raise self._ended

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        self._end(Unreachable("the client was closed"))

    async def ask(
        self,
        command: BaseCommand[Any],
        *,
        retryable: bool,
        greeting: bool = False,
        at_once: Callable[[Message], None] | None = None,
    ) -> Message:
        """Send a command and wait for its answer.

        Args:
            retryable: whether it may be sent once more after the connection was lost.
            greeting: send it at once, while the connection is being greeted.
            at_once: sees the answer before the next message is read.

        Raises:
            RfhydraError: what the server refused it with, as the class of its code.
            Unreachable: no answer, and nobody knows whether the server carried it out.
            Busy: too many requests wait for answers.
            TooLarge: the server does not take so large a message.
        """
        number = next(self._numbers)
        text = command.model_copy(update={"id": number}).encode()
        waiting = _Waiting(command.name(), text, retryable and not greeting, at_once)
        return await self._exchange(number, waiting, greeting=greeting)

    async def ask_frame(self, name: str, frame: Callable[[int], bytes]) -> Message:
        """As :meth:`ask`, for a binary frame, which is made for the tag that its answer is to carry."""
        number = next(self._numbers)
        return await self._exchange(number, _Waiting(name, frame(number), retryable=True))

    async def _exchange(self, number: int, waiting: _Waiting, *, greeting: bool = False) -> Message:
        if self._ended is not None:
            raise self._ended
        if len(self._waiting) >= MAX_WAITING:
            raise Busy(f"{MAX_WAITING} requests wait for answers: wait for some of them")
        size, limit = len(waiting.data), self.max_message_bytes
        if limit is not None and size > limit:
            raise TooLarge(f"{waiting.name} takes {size} bytes, the server takes {limit} in one message")
        self._waiting[number] = waiting
        try:
            async with asyncio.timeout(self._answer_sec):
                if greeting or self._greeted.is_set():
                    await self._transmit(waiting)
                return await waiting.answer
        except TimeoutError:
            raise Unreachable(f"no answer to {waiting.name} within {self._answer_sec:g} s") from None
        finally:
            del self._waiting[number]

    async def _transmit(self, waiting: _Waiting) -> None:
        assert self._socket is not None
        waiting.sent = True
        with suppress(ConnectionClosed):  # whoever reads it notices too, and settles what becomes of the request
            await self._socket.send(waiting.data)

    async def _keep(self) -> None:
        try:
            await self._connect_for_ever()
        except Exception as error:  # whatever it is, nobody may wait for ever
            self._end(error)

    async def _connect_for_ever(self) -> None:
        pauses, deadline = backoff(*_PAUSES_SEC), time.monotonic()
        while True:
            try:
                async with connect(
                    self._url, additional_headers=self._headers, max_size=MAX_INCOMING_BYTES
                ) as self._socket:
                    await self._attend(self._socket)
                problem: Exception = Unreachable("the server closed the connection")
            except Exception as error:
                problem = _transient(error)
            if self._greeted.is_set():
                self._greeted.clear()
                pauses, deadline = backoff(*_PAUSES_SEC), time.monotonic() + self._patience_sec
            self._give_up_what_was_sent()
            if time.monotonic() >= deadline:
                raise Unreachable(f"no server answers at {self._url}: {problem}") from problem
            await asyncio.sleep(next(pauses))

    async def _attend(self, socket: ClientConnection) -> None:
        """Greet, send what waited for a connection, and read until it is lost."""
        reading = asyncio.create_task(self._read(socket))
        try:
            await self._greet()
            self._greeted.set()
            for waiting in [each for each in self._waiting.values() if not each.sent]:
                await self._transmit(waiting)
            await reading
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                message = data if isinstance(data, bytes) else read_message(data)
                if message is not None:
                    self._take(message)
        except ConnectionClosed:
            pass
        finally:
            self._give_up_what_was_sent()

    def _take(self, message: Message | bytes) -> None:
        waiting = (
            None if isinstance(message, bytes) or not isinstance(message.id, int) else self._waiting.get(message.id)
        )
        if waiting is None:
            self._on_push(message)
        elif not waiting.answer.done():
            if isinstance(message, Error):
                waiting.answer.set_exception(error_of(message.code, message.message))
            else:
                assert not isinstance(message, bytes)
                if waiting.at_once is not None:
                    waiting.at_once(message)
                waiting.answer.set_result(message)

    def _give_up_what_was_sent(self) -> None:
        """After a loss: what may be repeated waits for the next connection, the rest fails."""
        for waiting in self._waiting.values():
            if waiting.sent and not waiting.retryable and not waiting.answer.done():
                lost = f"the connection was lost before the answer to {waiting.name}: look whether it was done"
                waiting.answer.set_exception(Unreachable(lost))
            waiting.sent = False

    def _end(self, reason: Exception) -> None:
        if self._ended is not None:
            return
        self._ended = reason
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(reason)
        self._on_end(reason)


def _transient(error: Exception) -> Exception:
    """``error`` if trying again may heal it; else it is raised in our own terms."""
    if isinstance(error, InvalidStatus) and error.response.status_code in _UNAUTHORIZED:
        raise Unauthorized("the server refused the connection: give it the right token") from error
    if isinstance(error, Unreachable | Busy) or process_exception(error) is None:
        return error
    if isinstance(error, RfhydraError):
        raise error
    raise Unreachable(f"the server does not speak as it should: {error}") from error
