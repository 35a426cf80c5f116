"""The WebSocket as uvicorn speaks it, made fit for clients that do not read, and the server around it."""

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
"""How long a client has to take what was written before it is cut off."""
_POLL_SEC: Final = 0.1


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Closing never waits for a client that does not read, and a long command costs nobody the connection."""

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()  # else the close frame would wait for the client to read
            self.loop.call_later(CLOSE_SEC, self.transport.abort)
        await super().send(message)

    def data_received(self, data: bytes) -> None:
        if self.conn.parser_exc is None:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Say why the connection ends, and read on for a while without looking: closing a socket on a client that is in
        the middle of sending would reset the connection, and it would never learn why."""
        close = self.conn.close_sent
        assert close is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.write_eof()
        self.close_timer = self.loop.call_later(CLOSE_SEC, self.transport.abort)

    def keepalive_timeout(self) -> None:
        if self.read_paused:  # its pong waits behind a command that we are still busy with
            self.pong_timer = None
            self.schedule_ping()
        else:
            self.transport.abort()  # closing would wait until it had read everything


class Server(uvicorn.Server):
    """Says when clients may connect, and lets the service stop before its connections are closed.

    A second Ctrl+C stops the waiting.
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
        """As uvicorn does, but without raising them again afterwards: whoever called us has things to put away."""
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
