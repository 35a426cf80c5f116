"""The HTTP protocol of uvicorn with bounds: a short connection, small reads, no request body."""

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rfhydra.server.net.bounds import ConnectionBounds
from rfhydra.server.net.reading import SharedReads

_MAX_READ_BYTES: Final = 4096


class HttpProtocol(H11Protocol, SharedReads):
    """A connection before its upgrade to a WebSocket, or of requests over HTTP.

    It ends ``handshake_sec`` after it began, whatever it does: no request of ours takes long or has a body.
    """

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds: ConnectionBounds = config.bounds
        self._deadline: asyncio.TimerHandle | None = None
        self.reads, self.max_read_bytes = self._bounds.reads, _MAX_READ_BYTES

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self._bounds.handshake_sec, transport.abort)
        self._bounds.pending.add(transport, self.client[0] if self.client else None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        self._bounds.pending.discard(self.transport)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and self.conn.their_state is h11.SEND_BODY:
            self.flow.pause_reading()
            self.cycle.keep_alive = False

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._end_deadline()
        super().handle_websocket_upgrade(event)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
