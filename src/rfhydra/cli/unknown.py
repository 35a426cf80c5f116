"""``rfhydra unknown``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, ServerUrl, Token, Workspace
from rfhydra.cli.log import as_length
from rfhydra.cli.output import print_json, print_table, reported, say

if TYPE_CHECKING:
    from rfhydra.client import Client
    from rfhydra.protocol.unknowns import UnknownInfo

_COLUMNS = ("cluster", "seen", "MHz", "length", "kHz", "last UTC", "labelled")


def unknown(
    directory: Workspace,
    label: Annotated[
        tuple[int, str] | None,
        typer.Option("--label", metavar="CLUSTER NAME", help="Make samples of NAME from the windows of a cluster."),
    ] = None,
    least: Annotated[int, typer.Option("--least", min=1, help="Show clusters that were seen so often.")] = 2,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show emissions that no head detects, as --novel of rfhydra watch and serve clusters them, or label a cluster."""
    with reported(as_json=as_json):
        if label is not None:
            added = _label(directory, *label) if server is None else _label_on_server(server, token, *label)
            _show_label(*label, added, as_json=as_json)
            return
        found = _clusters(directory) if server is None else _clusters_of_server(server, token)
        clusters = sorted((each for each in found if each.emissions >= least), key=lambda each: -each.emissions)
        if as_json:
            print_json({"clusters": clusters})
        elif not clusters:
            say(f"no unknown emission was seen {least} times or more: see --novel of rfhydra watch and serve")
        else:
            print_table("unknown emissions", _COLUMNS, [_cells(each) for each in clusters])


def _label(directory: Path, cluster_id: int, name: str) -> int:
    from rfhydra.store.workspace import Workspace as Store

    with Store.open(directory) as store:
        return store.unknowns.label(cluster_id, name)


def _label_on_server(server: str, token: str | None, cluster_id: int, name: str) -> int:
    from rfhydra.cli.remote import on_server

    return on_server(server, token, lambda client: client.label_unknown(cluster_id, name)).new_samples


def _clusters(directory: Path) -> "list[UnknownInfo]":
    from rfhydra.store.workspace import Workspace as Store

    with Store.view(directory) as store:
        return store.unknowns.infos()


def _clusters_of_server(server: str, token: str | None) -> "list[UnknownInfo]":
    from rfhydra.cli.remote import on_server

    async def read(client: "Client") -> "list[UnknownInfo]":
        page = await client.get_unknown()
        clusters = page.clusters
        while page.next_cursor is not None:
            page = await client.get_unknown(cursor=page.next_cursor)
            clusters += page.clusters
        return clusters

    return on_server(server, token, read)


def _show_label(cluster_id: int, name: str, added: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"cluster_id": cluster_id, "signal_name": name, "new_samples": added})
    else:
        say(f"cluster {cluster_id} is ", (name, "bold"), f": {added} new samples")


def _cells(cluster: "UnknownInfo") -> tuple[object, ...]:
    return (
        cluster.cluster_id,
        cluster.emissions,
        f"{cluster.center_freq_hz / 1e6:.4f}",
        as_length(cluster.duration_sec),
        f"{cluster.bandwidth_hz / 1e3:.1f}",
        cluster.last_seen[5:19].replace("T", " "),
        cluster.signal_name or "",
    )
