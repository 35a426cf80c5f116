"""The WebSocket protocol and server of uvicorn, adapted to clients that do not read."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import HANDLED_SIGNALS

CLOSE_SEC: Final = 5.0
"""Time that a client has to read before its connection is aborted."""
_POLL_SEC: Final = 0.1


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Closing does not wait for a client that does not read; a long command does not cause a ping timeout."""

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()  # else the close frame waits until the client reads
            self.loop.call_later(CLOSE_SEC, self.transport.abort)
        await super().send(message)

    def data_received(self, data: bytes) -> None:
        if self.conn.parser_exc is None:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Send the close frame, then read and discard: closing the socket while the client is sending would reset the
        connection before the client reads the reason."""
        close = self.conn.close_sent
        assert close is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.write_eof()
        self.close_timer = self.loop.call_later(CLOSE_SEC, self.transport.abort)

    def keepalive_timeout(self) -> None:
        if self.read_paused:  # its pong waits behind the present command
            self.pong_timer = None
            self.schedule_ping()
        else:
            self.transport.abort()  # closing would wait until it has read everything


class Server(uvicorn.Server):
    """Calls ``on_ready`` when clients may connect, and stops the service before it closes the connections.

    A second Ctrl+C ends the wait for the service.
    """

    def __init__(self, config: uvicorn.Config, stop_service: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self.on_ready: Callable[[], None] = lambda: None
        self._stop_service = stop_service

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self.on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As in uvicorn, but without raising the signals again afterwards: the caller still has to clean up."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: Any = None) -> None:
        for listener in self.servers:
            listener.close()
        stopping = asyncio.ensure_future(self._stop_service())
        while not stopping.done() and not self.force_exit:
            await asyncio.wait({stopping}, timeout=_POLL_SEC)
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        await super().shutdown(sockets)
