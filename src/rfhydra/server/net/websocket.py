"""The WebSocket protocol of uvicorn with bounds: sizes, fragments, control frames, and clients that do not read."""

import asyncio
from collections import deque
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from rfhydra.server.net.bounds import ConnectionBounds
from rfhydra.server.net.reading import MAX_READ_BYTES, SharedReads

CLOSE_SEC: Final = 5.0
"""Time that a client has to read before its connection is aborted."""
EXTENSION: Final = "rfhydra"
"""Key of the protocol among the extensions of the ASGI scope."""
MAX_UNAUTHORISED_BYTES: Final = 4096
"""Of one message of a connection that has not sent the token."""
SMALL_TEXT_BYTES: Final = 64 * 1024
"""A longer text message comes to the application undecoded, as ``utf8``."""
MAX_FRAGMENTS: Final = 64
"""Of one message, and one more for each KiB of it."""
MAX_CONTROL_FRAMES: Final = 100
"""Pings and pongs in ``CONTROL_SEC``."""
CONTROL_SEC: Final = 10.0
_POLICY_VIOLATION: Final = 1008
_TRY_AGAIN_LATER: Final = 1013


class WebSocketProtocol(WebSocketsSansIOProtocol, SharedReads):
    """Closing does not wait for a client that does not read; a long command does not cause a ping timeout.

    Until :meth:`authorise` is called, messages are at most ``MAX_UNAUTHORISED_BYTES`` long.
    """

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds: ConnectionBounds = config.bounds
        self._deadline: asyncio.TimerHandle | None = None
        self._untaken: deque[int] = deque()  # sizes of the messages in the queue
        self._pong: bytes | None = None
        self._fragment_bytes = 0
        self._control_frames, self._control_since = 0, 0.0
        self.conn.max_message_size = self.max_read_bytes = MAX_UNAUTHORISED_BYTES
        self.reads = self._bounds.reads

    def authorise(self) -> None:
        """Allow large messages; the connection is no longer a pending one."""
        self.conn.max_message_size, self.max_read_bytes = self._bounds.max_message_bytes, MAX_READ_BYTES
        self._bounds.pending.discard(self.transport)

    def refuse_message(self) -> None:
        self._fail(_TRY_AGAIN_LATER, "the server receives too much at the moment")

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self._bounds.handshake_sec, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        self._bounds.pending.discard(self.transport)
        self._bounds.budget.wait(self, 0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.conn.parser_exc is None and self.conn.state is not State.CLOSED and not self.conn.eof_sent:
            super().data_received(data)
            self._count_waiting()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:
            extensions: Any = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        if not self.handshake_complete:
            self._end_deadline()
        elif message["type"] == "websocket.close":
            self.writable.set()  # else the close frame waits until the client reads
            self.loop.call_later(CLOSE_SEC, self.transport.abort)
        await super().send(message)

    async def receive(self) -> Any:
        message = await super().receive()
        if message["type"] == "websocket.receive":
            self._untaken.popleft()
            self._count_waiting()
        return message

    def send_receive_event_to_app(self) -> None:
        if self.close_sent:
            self.frames = []
            return
        size = sum(map(len, self.frames))
        self._untaken.append(size)
        if self.curr_msg_data_type == "bytes" or size <= SMALL_TEXT_BYTES:
            super().send_receive_event_to_app()
            return
        event: Any = {"type": "websocket.receive", "utf8": b"".join(self.frames)}
        self.frames = []
        self.queue.put_nowait(event)
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def handle_cont(self, event: Any) -> None:
        if self.close_sent:
            return
        if len(self.frames) == 1:
            self._fragment_bytes = len(self.frames[0])
        self._fragment_bytes += len(event.data)
        if len(self.frames) > MAX_FRAGMENTS + self._fragment_bytes // 1024:
            self._fail(_POLICY_VIOLATION, "the fragments of a message are too small")
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Send the pong, or keep the latest one where the client does not read: RFC 6455, 5.5.3."""
        pongs = self.conn.data_to_send()
        if self.conn.close_rcvd is not None:
            self.transport.write(b"".join(pongs))  # ends with the echo of the close frame
        elif self._count_control() and pongs:
            if self.writable.is_set():
                self.transport.write(b"".join(pongs))
            else:
                self._pong = pongs[-1]

    def handle_pong(self, event: Any) -> None:
        if self._count_control():
            super().handle_pong(event)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._pong is not None and not self.close_sent:
            self.transport.write(self._pong)
        self._pong = None

    def handle_parser_exception(self) -> None:
        """Send the close frame, then read and discard: closing the socket while the client is sending would reset the
        connection before the client reads the reason."""
        close = self.conn.close_sent
        if close is None:  # it sent no handshake but something else
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.frames = []
        self.transport.write_eof()
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_SEC, self.transport.abort)

    def keepalive_timeout(self) -> None:
        if self.read_paused:  # its pong waits behind the present command
            self.pong_timer = None
            self.schedule_ping()
        else:
            self.transport.abort()  # closing would wait until it has read everything

    def _count_control(self) -> bool:
        """Count a control frame; whether it is one to answer."""
        now = self.loop.time()
        if now - self._control_since > CONTROL_SEC:
            self._control_frames, self._control_since = 0, now
        self._control_frames += 1
        if self._control_frames > MAX_CONTROL_FRAMES:
            self._fail(_POLICY_VIOLATION, "too many pings and pongs")
        return not self.close_sent

    def _count_waiting(self) -> None:
        if self.close_sent or self.disconnected:
            self._bounds.budget.wait(self, 0)
        else:
            unfinished = len(self.conn.reader.buffer) + (self.conn.current_size or 0)
            self._bounds.budget.wait(self, unfinished + sum(self._untaken))

    def _fail(self, code: int, reason: str) -> None:
        """Close with ``code``, whatever is still to be sent or handled."""
        if self.conn.state is State.OPEN:
            self.conn.fail(code, reason)
            self.conn.reader.discard()
            while not self.queue.empty():
                self.queue.get_nowait()
            self._untaken.clear()
            self.handle_parser_exception()

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
