"""The server of uvicorn with our protocols, and a shutdown that lets the service end first."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import HANDLED_SIGNALS

from rfhydra.server.net.bounds import ConnectionBounds
from rfhydra.server.net.http import HttpProtocol
from rfhydra.server.net.websocket import WebSocketProtocol

BACKLOG: Final = 512
"""Connections that the kernel keeps until they are accepted."""
_ACCEPTS: Final = 16
"""In one turn of the event loop. Accepted connections take a file descriptor before they are counted."""
_POLL_SEC: Final = 0.1


class Config(uvicorn.Config):
    """Settings of uvicorn for our protocols.

    Attributes:
        bounds: bounds that the connections share.
    """

    def __init__(self, app: Starlette, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        super().__init__(
            app,
            http=HttpProtocol,
            ws=WebSocketProtocol,
            ws_max_size=bounds.max_message_bytes,
            ws_per_message_deflate=False,  # costs the event loop more time than it saves on the wire
            lifespan="on",
            log_config=None,
            log_level="warning",  # access logs would show tokens in URLs
            access_log=False,
            server_header=False,
            proxy_headers=False,  # anybody on this machine could claim any address
            timeout_graceful_shutdown=5,
            backlog=_ACCEPTS,
        )


class Server(uvicorn.Server):
    """Calls ``on_ready`` when clients may connect, and stops the service before it closes the connections.

    A second Ctrl+C ends the wait for the service.
    """

    def __init__(self, config: uvicorn.Config, stop_service: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self.on_ready: Callable[[], None] = lambda: None
        self._stop_service = stop_service

    async def startup(self, sockets: Any = ()) -> None:
        await super().startup(sockets)
        for listener in sockets:
            listener.listen(BACKLOG)  # asyncio takes the number of accepts for the length of the queue
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
