"""``rfhydra watch --server``: a live stream on a server, for as long as the command runs."""

import asyncio
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from rfhydra.cli.remote import on_server
from rfhydra.cli.screen import Screen
from rfhydra.errors import NotFound, RfhydraError
from rfhydra.protocol.live import NamedSource, SourceAddress, Streams, Tracks
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.streams import StreamStatus

if TYPE_CHECKING:
    from rfhydra.client import Client
    from rfhydra.client.watch import Push


def watch_on_server(
    server: str, token: str | None, source: str, heads: list[str] | None, seconds: float | None, screen: Screen
) -> None:
    """Start a stream, show its tracks, and stop it: when its source ends, after ``seconds``, or at Ctrl+C.

    A lost connection is made again. If that fails, or this process is killed, the stream goes on.

    Raises:
        NotFound: the server has no such source, and takes no addresses.
        RfhydraError: the stream failed, or what the server answers.
    """
    status = on_server(server, token, lambda client: _follow(client, source, heads, seconds, screen))
    if status.state == "failed":
        raise RfhydraError(status.error or "the stream failed")


async def _follow(
    client: "Client", source: str, heads: list[str] | None, seconds: float | None, screen: Screen
) -> StreamStatus:
    stream_id = f"watch-{secrets.token_hex(6)}"
    form = await _source(client, source)
    async with client.subscribe("tracks", "streams") as pushes:
        status = await client.start_stream(form, heads, stream_id=stream_id)
        try:
            with screen, suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while status.state in ("connecting", "running"):
                        status = _show(await anext(pushes), status, screen)
        finally:
            status = await client.stop_stream(stream_id)
            pushes.end()  # what came before the answer is there
            async for push in pushes:
                _show(push, status, screen)
            screen.output.close()
            screen.finish(status)
    return status


async def _source(client: "Client", source: str) -> NamedSource | SourceAddress:
    """A configured source of the server, else an address."""
    offered = await client.list_sources()
    names = [each.name for each in offered.sources]
    if source in names:
        return NamedSource(name=source)
    if not offered.addresses_allowed:
        raise NotFound(
            f"the server has no source {source!r}; it has {', '.join(names) or 'none'}, and takes no addresses"
        )
    return parse(SourceAddress, {"address": source}, "SOURCE: ")


def _show(push: "Push", status: StreamStatus, screen: Screen) -> StreamStatus:
    """Show a push; returns the status of the stream after it."""
    if isinstance(push, Tracks) and push.stream_id == status.stream_id:
        for event in push.events:
            screen.output.write(event)
    if isinstance(push, Streams):
        status = next((each for each in push.streams if each.stream_id == status.stream_id), status)
    screen.update(status)
    return status
