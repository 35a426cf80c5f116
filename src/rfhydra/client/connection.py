"""A connection to a server that reconnects: sends commands with an id and assigns the answers to them.

A lost connection is made again, with growing pauses, until ``reconnect_timeout_sec`` have passed without one. Retryable
commands are then sent again; others fail with :class:`Unreachable`, because it is unknown whether the server carried
them out.
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
from rfhydra.protocol.base import BaseCommand
from rfhydra.protocol.messages import Error, Message, read_message

MAX_WAITING: Final = 1000
MAX_INCOMING_BYTES: Final = 256 * 1024 * 1024
"""Size of one message; answers with arrays are limited by the server only."""
_UNAUTHORIZED: Final = frozenset({401, 403})
_PAUSES_SEC: Final = (0.2, 0.2, 10.0)
"""Maximum of the first pause, the second pause, and the maximum of all."""


@dataclass(eq=False)
class _Waiting:
    """A request without an answer yet. If ``retryable``, it is sent again after a reconnect. ``at_once`` is called with
    the answer before the next message is read."""

    name: str
    data: str | bytes
    retryable: bool
    at_once: Callable[[Message], None] | None = None
    sent: bool = False
    answer: asyncio.Future[Message] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Connection:
    """A connection that reconnects. Belongs to one event loop.

    ``greet`` runs on every new connection before anything else is sent; ``on_push`` is called with messages that answer
    no request; ``on_end`` is called with the reason when the connection is given up or closed.

    Attributes:
        max_message_bytes: limit of the server for one message, None before its hello.
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
        except (InvalidURI, ValueError) as error:  # ValueError: of a port, or of brackets
            raise InvalidMessage(f"server {url!r} is no address that begins with ws:// or wss://") from error
        self.max_message_bytes: int | None = None
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._greet, self._on_push, self._on_end = greet, on_push, on_end
        self._reconnect_timeout_sec, self._answer_sec = reconnect_timeout_sec, answer_sec
        self._numbers = itertools.cycle(range(1, 1 << 32))  # also the tags of binary frames, which are 32 bits wide
        self._waiting: dict[int, _Waiting] = {}
        self._socket: ClientConnection | None = None
        self._greeted = asyncio.Event()
        self._ended: Exception | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, without retries.

        Raises:
            Unreachable: no server answers.
            Unauthorized: the token is missing or wrong.
        """
        self._keeper = asyncio.create_task(self._keep(), name="rfhydra connection")
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
            retryable: whether to send it again after a reconnect.
            greeting: whether it is part of ``greet``.
            at_once: called with the answer before the next message is read.

        Raises:
            RfhydraError: the error of the server, as the class of its code.
            Unreachable: no answer; it is unknown whether the command was carried out.
            Busy: too many unanswered requests.
            TooLarge: over the limit of the server for one message.
        """
        number = next(self._numbers)
        text = command.model_copy(update={"id": number}).encode()
        waiting = _Waiting(command.name(), text, retryable and not greeting, at_once)
        return await self._exchange(number, waiting, greeting=greeting)

    async def ask_frame(
        self, name: str, frame: Callable[[int], bytes], *, number: int | None = None, retryable: bool = True
    ) -> Message:
        """As :meth:`ask`, for a binary frame; ``frame`` makes it for a tag, which its answer carries.

        ``number`` is the tag, of :meth:`number`, where several frames one after the other have the same.
        """
        number = next(self._numbers) if number is None else number
        return await self._exchange(number, _Waiting(name, frame(number), retryable))

    def number(self) -> int:
        """A number that no request has, for the frames of a pushed stream."""
        return next(self._numbers)

    async def send(self, name: str, frame: bytes) -> bool:
        """Send a frame that has no answer, once there is a connection; False if the connection was lost meanwhile.

        Raises:
            Unreachable: there was no connection for too long.
        """
        if self._ended is not None:
            raise self._ended
        try:
            async with asyncio.timeout(self._answer_sec):
                await self._greeted.wait()
                assert self._socket is not None
                await self._socket.send(frame)
        except TimeoutError:
            raise self._ended or Unreachable(f"{name} could not be sent within {self._answer_sec:g} s") from None
        except ConnectionClosed:
            return False
        return True

    async def _exchange(self, number: int, waiting: _Waiting, *, greeting: bool = False) -> Message:
        if self._ended is not None:
            raise self._ended
        if len(self._waiting) >= MAX_WAITING:
            raise Busy(f"{MAX_WAITING} requests are unanswered: wait for some of them")
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
        with suppress(ConnectionClosed):  # the reader notices too, and settles the request
            await self._socket.send(waiting.data)

    async def _keep(self) -> None:
        try:
            await self._connect_repeatedly()
        except Exception as error:  # waiting requests must fail too
            self._end(error)

    async def _connect_repeatedly(self) -> None:
        pauses, deadline = backoff(*_PAUSES_SEC), time.monotonic()
        while True:
            try:
                async with connect(
                    self._url, additional_headers=self._headers, max_size=MAX_INCOMING_BYTES
                ) as self._socket:
                    await self._use(self._socket)
                problem: Exception = Unreachable("the server closed the connection")
            except Exception as error:
                problem = _transient(error)
            if self._greeted.is_set():
                self._greeted.clear()
                pauses, deadline = backoff(*_PAUSES_SEC), time.monotonic() + self._reconnect_timeout_sec
            self._settle_sent_requests()
            if time.monotonic() >= deadline:
                raise Unreachable(f"no server answers at {self._url}: {problem}") from problem
            await asyncio.sleep(next(pauses))

    async def _use(self, socket: ClientConnection) -> None:
        """Greet, send the waiting requests, and read until the connection is lost."""
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
            self._settle_sent_requests()

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

    def _settle_sent_requests(self) -> None:
        """After a loss: retryable requests wait for the next connection, the others fail."""
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
    """``error`` if a retry may help; else raises it as one of ours."""
    if isinstance(error, InvalidStatus) and error.response.status_code in _UNAUTHORIZED:
        raise Unauthorized("the server refused the connection: give it the right token") from error
    if isinstance(error, Unreachable | Busy) or process_exception(error) is None:
        return error
    if isinstance(error, RfhydraError):
        raise error
    raise Unreachable(f"the server sent an invalid message: {error}") from error
