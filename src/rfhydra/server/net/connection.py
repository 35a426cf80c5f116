"""One WebSocket connection: reads commands, writes the outbox, and closes.

Commands are answered in their order, except those whose answer takes long, which are answered when they are done.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeAlias

from starlette.websockets import WebSocket, WebSocketDisconnect

from rfhydra.errors import Busy, RfhydraError, Unauthorized
from rfhydra.files import os_errors_named
from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.commands import Auth, Command, read_command
from rfhydra.protocol.frames import STREAM_IQ_KIND, UPLOAD_KIND, frame_kind, frame_tag
from rfhydra.protocol.messages import Error
from rfhydra.protocol.parsing import Envelope, read_envelope, read_json, require_few_values
from rfhydra.server.handlers.detection import detect_frame
from rfhydra.server.handlers.dispatch import handle
from rfhydra.server.handlers.recordings import upload_frame
from rfhydra.server.handlers.streams import push_frame
from rfhydra.server.metrics import UNREADABLE
from rfhydra.server.net.hub import SLOW, TOO_MANY_CLIENTS, TRY_AGAIN_LATER, Session
from rfhydra.server.net.outbox import Outbox
from rfhydra.server.net.websocket import EXTENSION, SMALL_TEXT_BYTES
from rfhydra.server.service import GOING_AWAY, Service

POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011
MAX_REFUSALS: Final = 10
_FRAME: Final = "iq_frame"
_STREAM_FRAME: Final = "stream_iq_frame"
_UPLOAD_FRAME: Final = "upload_frame"
_INTERNAL: Final = "internal error: see the log of the server"

# Starlette raises RuntimeError where the connection was closed meanwhile.
_GONE: Final = (WebSocketDisconnect, RuntimeError)
_Work: TypeAlias = Callable[[], Awaitable[BaseMessage]]

log = logging.getLogger(__name__)


async def serve(service: Service, websocket: WebSocket) -> None:
    """Serve one connection from its handshake to its end."""
    gate = service.settings.gate
    try:
        gate.require_origin(websocket.headers)
        authorised = await service.authorised(websocket)
    except Unauthorized:
        await websocket.close(POLICY_VIOLATION)  # before the handshake: the client sees HTTP 403
        return
    if authorised:
        websocket.scope["extensions"][EXTENSION].authorise()
    await websocket.accept()
    if service.stopping or not service.ready:
        await websocket.close(GOING_AWAY, "the server is starting or stopping")
    elif authorised and service.full:
        await websocket.close(TRY_AGAIN_LATER, TOO_MANY_CLIENTS)
    else:
        await _Connection(service, websocket, authorised).run()


class _Connection:
    def __init__(self, service: Service, websocket: WebSocket, authorised: bool) -> None:
        limits, peer = service.limits, websocket.client
        self._service, self._websocket = service, websocket
        self._session = Session(
            name=f"client {peer.host}:{peer.port}" if peer else "client",
            outbox=Outbox(limits.max_outbox_messages, limits.max_outbox_bytes),
            authorised=authorised,
            host=peer.host if peer else None,
            on_authorised=websocket.scope["extensions"][EXTENSION].authorise,
        )
        self._refusals = 0
        self._unordered: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        session, hub = self._session, self._service.hub
        hub.add(session)
        reader, writer = asyncio.create_task(self._read()), asyncio.create_task(self._write())
        deadline = asyncio.get_running_loop().call_later(self._service.settings.auth_sec, self._require_authorised)
        try:
            ends: list[asyncio.Future[Any]] = [reader, writer, session.closing]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            deadline.cancel()
            tasks = {reader, writer, *self._unordered}
            for task in tasks:
                task.cancel()
            try:
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                self._service.client_gone(session)
        for error in outcomes:
            if isinstance(error, Exception):
                log.error("a connection failed", exc_info=error)
                session.close(INTERNAL_ERROR, "internal error")
        if session.closing.done():
            code, reason = session.closing.result()
            if reason == SLOW:
                self._service.metrics.slow_clients.inc()
            with suppress(*_GONE):
                await self._websocket.close(code, reason)

    def _require_authorised(self) -> None:
        if not self._session.authorised:
            self._session.close(POLICY_VIOLATION, "no token was sent in time")

    async def _write(self) -> None:
        """Send the outbox until the client is gone."""
        with suppress(*_GONE):
            while True:
                payload = await self._session.outbox.take()
                if isinstance(payload, str):
                    await self._websocket.send_text(payload)
                else:
                    await self._websocket.send_bytes(payload)

    async def _read(self) -> None:
        """Read messages until the client is gone."""
        while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
            if (data := message.get("bytes")) is not None:
                await self._on_frame(data)
            else:
                text = message["utf8"] if "utf8" in message else message["text"].encode()
                with self._service.bounds.budget.handling(len(text)):
                    await self._on_text(text)
            await asyncio.sleep(0)  # taking a message that is there does not: other connections would wait

    async def _on_text(self, text: bytes) -> None:
        read = partial(_understand, text, self._session.authorised, self._service.limits.max_message_values)
        large = len(text) > SMALL_TEXT_BYTES
        envelope, command = await self._service.parsing.run(read, refusable=False) if large else read()
        if isinstance(command, RfhydraError):
            await self._answer(UNREADABLE, envelope, partial(_refuse, command))
            return
        work = partial(handle, self._service, self._session, command)
        if not command.answered_in_order:
            await self._answer_when_done(command.command, envelope, work, len(text))
        else:
            silent = command.id is None and not command.answered_always
            await self._answer(command.command, envelope, work, silent=silent)

    async def _on_frame(self, data: bytes) -> None:
        envelope = Envelope(frame_tag(data), None)
        if frame_kind(data) == STREAM_IQ_KIND:
            work = partial(push_frame, self._service, self._session, data)
            await self._answer(_STREAM_FRAME, envelope, work, silent=True)
        elif frame_kind(data) == UPLOAD_KIND:
            upload = partial(upload_frame, self._service, self._session, data)
            with self._service.bounds.budget.handling(len(data)):
                await self._answer(_UPLOAD_FRAME, envelope, upload)
        else:
            detection = partial(detect_frame, self._service, self._session, data)
            await self._answer_when_done(_FRAME, envelope, detection, len(data))

    async def _answer_when_done(self, label: str, envelope: Envelope, work: _Work, size: int) -> None:
        """Do not wait for the answer; refuse where the connection waits for too many. The budget bounds their bytes."""
        most = self._service.limits.max_commands_waiting
        if len(self._unordered) >= most:
            busy = Busy(f"this connection has {most} commands unanswered (max_commands_waiting): wait for an answer")
            await self._answer(label, envelope, partial(_refuse, busy))
            return

        async def answer() -> None:
            with self._service.bounds.budget.handling(size):
                await self._answer(label, envelope, work)

        task = asyncio.create_task(answer())
        self._unordered.add(task)
        task.add_done_callback(self._unordered.discard)

    async def _answer(self, label: str, envelope: Envelope, work: _Work, *, silent: bool = False) -> None:
        """Run ``work`` and send its answer; if ``silent``, only an error."""
        answer: BaseMessage
        try:
            with self._service.metrics.command(label), os_errors_named():
                answer = await work()
            if silent:
                return
        except RfhydraError as error:
            answer = Error(command=envelope.command, code=error.code, message=str(error))
            if isinstance(error, Unauthorized) or not self._session.authorised:
                self._count_refusal()
        except Exception:
            log.exception("%s failed", label)
            answer = Error(command=envelope.command, code=RfhydraError.code, message=_INTERNAL)
        self._session.send(answer.model_copy(update={"id": envelope.id}).encode())

    def _count_refusal(self) -> None:
        self._refusals += 1
        if self._refusals >= MAX_REFUSALS:
            self._session.close(POLICY_VIOLATION, "no token was sent")


def _understand(text: bytes, authorised: bool, max_values: int) -> tuple[Envelope, Command | RfhydraError]:
    """Read a text message: its envelope, and the command or why it is none. Before the token, only ``auth`` is read."""
    envelope = Envelope(None, None)
    try:
        require_few_values(text, max_values)
        fields = read_json(text)
        envelope = read_envelope(fields)
        if not authorised and envelope.command != Auth.name():
            raise Unauthorized("send the token first, with auth")
        return envelope, read_command(fields)
    except RfhydraError as error:
        return envelope, error


async def _refuse(error: RfhydraError) -> BaseMessage:
    raise error
