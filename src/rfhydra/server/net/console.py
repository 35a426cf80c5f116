"""The files of the web console over HTTP. All are read at the start: a request costs no file and no path."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Self

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PAGE: Final = "index.html"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SAFE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}


@dataclass(frozen=True)
class _File:
    content: bytes
    compressed: bytes
    etag: str
    media_type: str

    @classmethod
    def read(cls, entry: Traversable, media_type: str) -> Self:
        content = entry.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        return cls(content, gzip.compress(content, mtime=0), etag, media_type)


async def page(request: Request) -> Response:
    """The page of the console."""
    return _answer(request, PAGE)


async def file(request: Request) -> Response:
    """One file of the console, by its ``name`` relative to the package; 404 where there is none."""
    return _answer(request, request.path_params["name"])


def _answer(request: Request, name: str) -> Response:
    found = console_files().get(name)
    if found is None:
        return PlainTextResponse("no such file\n", 404, headers=SAFE_HEADERS)
    headers = {
        **SAFE_HEADERS,
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-cache",  # a newer server must not get the older console: asked again, answered with 304
        "ETag": found.etag,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.compressed, media_type=found.media_type, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@cache
def console_files() -> dict[str, _File]:
    """The files by their names, such as ``parts/psd.js``. The first call reads them."""
    return {name: _File.read(entry, media_type) for name, entry, media_type in _served(files("rfhydra.console"))}


def _served(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _served(entry, f"{prefix}{entry.name}/")
            continue
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in _TYPES:
            yield f"{prefix}{entry.name}", entry, _TYPES[suffix]
