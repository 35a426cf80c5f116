"""Rules for connections: addresses, tokens, browser origins."""

import hmac
import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from rfhydra.errors import InvalidMessage, Unauthorized

MAX_TOKEN_LENGTH: Final = 1024
_TOKEN: Final = re.compile(rf"[!-~]{{1,{MAX_TOKEN_LENGTH}}}")
_BEARER: Final = "bearer "
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ORIGIN_SCHEMES: Final = frozenset({"http", "https"})


@dataclass(frozen=True)
class Gate:
    """The rules for connections.

    Attributes:
        token: the token that clients must send; None: none needed.
        origins: browser origins that may connect beside the server's own pages, such as ``https://ops.example``.
        any_host: whether requests for any host name are served without a token.
    """

    token: str | None = None
    origins: frozenset[str] = frozenset()
    any_host: bool = False

    def accepts(self, token: str) -> bool:
        """Whether ``token`` is valid, compared in constant time."""
        return self.token is None or hmac.compare_digest(token.encode(errors="surrogatepass"), self.token.encode())

    def authorised(self, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """Whether a request carries the token, or needs none. ``headers`` has lower-case keys.

        Raises:
            Unauthorized: it carries a wrong token.
        """
        if self.token is None:
            return True
        shown = shown_token(headers, query)
        if shown is not None and not self.accepts(shown):
            raise Unauthorized("the token is wrong")
        return shown is not None

    def require_origin(self, headers: Mapping[str, str]) -> None:
        """Refuse requests of web pages of other origins.

        Without a token only loopback names are served: any page can point a name of its own at this machine (DNS
        rebinding).

        Raises:
            Unauthorized: the origin or host is not allowed.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.token is None and not self.any_host and _name(f"//{host}") not in _LOOPBACK_NAMES:
            raise Unauthorized("this server answers to localhost only: use that name, or start it with a token")
        if origin is None or origin in self.origins:
            return
        scheme, _, netloc = origin.lower().partition("://")
        if scheme not in _ORIGIN_SCHEMES or netloc != host.lower():
            raise Unauthorized("pages of this origin may not connect: start the server with --origin to allow it")


def shown_token(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The token that a request carries. ``headers`` has lower-case keys."""
    authorization = headers.get("authorization", "")
    return authorization[len(_BEARER) :] if authorization.lower().startswith(_BEARER) else query.get("token")


def require_safe(host: str, token: str | None, *, without_token: bool) -> None:
    """Refuse to listen on a non-loopback address without a token.

    Raises:
        InvalidMessage: the token is missing, empty, too long or not in printable ASCII, or the host is unknown.
    """
    if token is not None and not token.strip():
        raise InvalidMessage("the token is empty: give one, or none at all")
    if token is not None and not _TOKEN.fullmatch(token):
        raise InvalidMessage(
            f"the token must be 1 to {MAX_TOKEN_LENGTH} printable ASCII characters without spaces: not every client can"
            " send others"
        )
    if token is None and not without_token and not is_loopback(host):
        raise InvalidMessage(
            f"{host} can be reached by others: give --token (or RFHYDRA_TOKEN), or say --no-token to let anybody in"
        )


def is_loopback(host: str) -> bool:
    """Whether every address of ``host`` is a loopback address.

    Raises:
        InvalidMessage: there is no such host.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InvalidMessage(f"host {host[:64]!r} is unknown") from None
    return all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found)


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
