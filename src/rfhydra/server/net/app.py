"""The ASGI application: the WebSocket, the console, and health, metrics and documents over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from rfhydra.errors import Unauthorized
from rfhydra.protocol.schema import asyncapi_document
from rfhydra.server.net.connection import serve
from rfhydra.server.net.console import SAFE_HEADERS, console_files, file, page
from rfhydra.server.service import Service

WEBSOCKET_PATHS: Final = ("/", "/ws", "/training")
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_SAFE: Final = {**SAFE_HEADERS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def make_app(service: Service) -> Starlette:
    """The ASGI application of a service; starts the service."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(console_files)
        await service.start()
        yield

    async def on_websocket(websocket: WebSocket) -> None:
        await serve(service, websocket)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/console/{name:path}", file),
            Route("/healthz", _healthz),
            Route("/readyz", partial(_readyz, service)),
            Route("/metrics", partial(_metrics, service)),
            Route("/docs/protocol", _protocol),
            *(WebSocketRoute(path, on_websocket) for path in WEBSOCKET_PATHS),
        ],
        lifespan=lifespan,
    )


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok\n", headers=_SAFE)


async def _readyz(service: Service, request: Request) -> Response:
    if service.ready:
        return PlainTextResponse("ready\n", headers=_SAFE)
    return PlainTextResponse("stopping\n" if service.stopping else "starting\n", 503, headers=_SAFE)


async def _metrics(service: Service, request: Request) -> Response:
    gate = service.settings.gate
    try:
        gate.require_origin(request.headers)
        authorised = await service.authorised(request)
    except Unauthorized as error:
        return PlainTextResponse(f"{error}\n", 403, headers=_SAFE)
    if not authorised:
        return PlainTextResponse("send the token\n", 401, headers={**_SAFE, "WWW-Authenticate": "Bearer"})
    return Response(service.metrics.render(), media_type=_PROMETHEUS, headers=_SAFE)


async def _protocol(request: Request) -> Response:
    return Response(_document(), media_type="application/json", headers=_SAFE)


@cache
def _document() -> bytes:
    return json.dumps(asyncapi_document()).encode()
