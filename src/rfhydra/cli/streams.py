"""``rfhydra streams``: the live streams of a server."""

from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, Token
from rfhydra.cli.output import print_json, print_table, reported
from rfhydra.cli.service import Server
from rfhydra.config import DEFAULT_URL
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.client import Client
    from rfhydra.protocol.live import SourceInfo
    from rfhydra.protocol.streams import StreamStatus


def streams(
    start: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Start a stream of a source that the server offers.")
    ] = None,
    stop: Annotated[
        str | None, typer.Option(metavar="STREAM", help="Stop a stream, or remove an ended one from the list.")
    ] = None,
    heads: Annotated[
        str | None, typer.Option(metavar="A,B", help="With --start: the signals to look for; default all.")
    ] = None,
    server: Server = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show the live streams and sources of a server; start or stop one before."""
    with reported(as_json=as_json):
        from rfhydra.cli.remote import on_server
        from rfhydra.protocol.live import NamedSource
        from rfhydra.protocol.parsing import parse

        if heads is not None and start is None:
            raise InvalidMessage("--heads is an option of --start")
        source = None if start is None else parse(NamedSource, {"name": start}, "--start: ")
        names = None if heads is None else [name.strip() for name in heads.split(",")]

        async def ask(client: "Client") -> "tuple[list[SourceInfo], list[StreamStatus]]":
            if source is not None:
                await client.start_stream(source, names)
            if stop is not None:
                await client.stop_stream(stop)
            return (await client.list_sources()).sources, await client.get_streams()

        sources, found = on_server(server, token, ask)
    if as_json:
        print_json({"sources": sources, "streams": found})
        return
    print_table("sources", ["name", "kind", "stream"], [(each.name, each.kind, each.stream_id) for each in sources])
    columns = [
        "stream",
        "source",
        "state",
        "MHz",
        "MS/s",
        "windows",
        "tracks",
        "lost",
        "dropped",
        "× real time",
        "error",
    ]
    rows = [
        (
            each.stream_id,
            each.source,
            each.state,
            _mega(each.center_freq_hz),
            _mega(each.sample_rate_hz),
            each.windows,
            each.tracks,
            each.lost_samples,
            each.dropped_samples,
            None if each.real_time_factor is None else round(each.real_time_factor, 1),
            each.error,
        )
        for each in found
    ]
    print_table("streams", columns, rows)


def _mega(hertz: float | None) -> float | None:
    return None if hertz is None else round(hertz / 1e6, 6)
