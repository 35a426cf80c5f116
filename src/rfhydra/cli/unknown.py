"""``rfhydra unknown``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, Workspace
from rfhydra.cli.log import as_length
from rfhydra.cli.output import print_json, print_table, reported, say

if TYPE_CHECKING:
    from rfhydra.store.unknowns import UnknownCluster

_COLUMNS = ("cluster", "seen", "MHz", "length", "kHz", "last UTC", "labelled")


def unknown(
    directory: Workspace,
    label: Annotated[
        tuple[int, str] | None,
        typer.Option("--label", metavar="CLUSTER NAME", help="Make samples of NAME from the windows of a cluster."),
    ] = None,
    least: Annotated[int, typer.Option("--least", min=1, help="Show clusters that were seen so often.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Show emissions that no head detects, as rfhydra watch --novel has clustered them, or label a cluster."""
    with reported(as_json=as_json):
        from rfhydra.store.workspace import Workspace as Store

        if label is not None:
            with Store.open(directory) as store:
                added = store.unknowns.label(*label)
            _show_label(*label, added, as_json=as_json)
            return
        with Store.view(directory) as store:
            clusters = [each for each in store.unknowns.clusters() if each.emissions >= least]
        if as_json:
            print_json({"clusters": [_fields(each) for each in clusters]})
        elif not clusters:
            say(f"no unknown emission was seen {least} times or more: see rfhydra watch --novel")
        else:
            print_table("unknown emissions", _COLUMNS, [_cells(each) for each in clusters])


def _show_label(cluster_id: int, name: str, added: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"cluster_id": cluster_id, "signal_name": name, "new_samples": added})
    else:
        say(f"cluster {cluster_id} is ", (name, "bold"), f": {added} new samples")


def _fields(cluster: "UnknownCluster") -> dict[str, Any]:
    return {name: value for name, value in vars(cluster).items() if name != "centroid"}


def _cells(cluster: "UnknownCluster") -> tuple[object, ...]:
    return (
        cluster.cluster_id,
        cluster.emissions,
        f"{cluster.center_freq_hz / 1e6:.4f}",
        as_length(cluster.duration_sec),
        f"{cluster.bandwidth_hz / 1e3:.1f}",
        cluster.last_seen[5:19].replace("T", " "),
        cluster.signal_name or "",
    )
