"""Run a service on a socket until it is stopped."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from rfhydra.errors import Busy, InvalidMessage
from rfhydra.server.log_filter import RepeatFilter
from rfhydra.server.net.app import make_app
from rfhydra.server.net.descriptors import fit_descriptors
from rfhydra.server.net.transport import BACKLOG, Config, Server
from rfhydra.server.service import Service, Settings
from rfhydra.store.workspace import Workspace


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one.

    Raises:
        InvalidMessage: the host is unknown, or its address is not one of this machine.
        Busy: another program listens there.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (socket.gaierror, UnicodeError):
        raise InvalidMessage(f"host {host[:64]!r} is unknown") from None
    except OSError as error:
        raise Busy(f"cannot listen on {host} port {port}: {error.strerror}") from None


def make_server(workspace: Workspace, settings: Settings) -> Server:
    """A server for an owned workspace; ``serve(sockets=[…])`` or ``run(sockets=[…])`` runs it.

    Raises:
        NotFound: there is no such backbone file.
        Incompatible: the backbone does not fit the workspace's contract.
        InvalidMessage: the process may open too few file descriptors.
    """
    settings = replace(settings, limits=fit_descriptors(settings.limits))
    service = Service(workspace, settings)
    return Server(Config(make_app(service), service.bounds), service.stop)


def run_server(workspace: Workspace, host: str, port: int, settings: Settings, on_ready: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM. ``on_ready`` is called with the port once clients may connect."""
    server = make_server(workspace, settings)
    with _repeats_filtered(), listen(host, port) as listener:
        server.on_ready = lambda: on_ready(listener.getsockname()[1])
        server.run(sockets=[listener])


@contextmanager
def _repeats_filtered() -> Iterator[None]:
    filters = [(handler, RepeatFilter()) for handler in logging.getLogger().handlers]
    for handler, repeats in filters:
        handler.addFilter(repeats)
    try:
        yield
    finally:
        for handler, repeats in filters:
            handler.removeFilter(repeats)
