"""``rfhydra upgrade``."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, ServerUrl, Token, Workspace
from rfhydra.cli.output import note, print_json, print_table, progress_bar, reported, say, score_note
from rfhydra.errors import InvalidMessage, RfhydraError

if TYPE_CHECKING:
    from rich.progress import Progress

    from rfhydra.hydra.backbone import Backbone
    from rfhydra.protocol.types import EpochProgress
    from rfhydra.protocol.upgrade_reports import LeftHead, UpgradeReport
    from rfhydra.protocol.upgrades import UpgradeProgress
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.trainer import Control
    from rfhydra.training.upgrade import PlannedHead, Upgrade

FormerFile = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="FILE", help="Backbone file of the present heads, to run them on the same boxes as the new."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; train and switch nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Switch also if a head loses more than 2 points of F1.")]
Undo = Annotated[bool, typer.Option("--undo", help="Return every signal to its version from before the upgrade.")]


def upgrade(
    directory: Workspace,
    backbone: BackboneFile = None,
    former: FormerFile = None,
    dry_run: DryRun = False,
    force: Force = False,
    undo: Undo = False,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train every head again on another backbone, and switch all of them at once.

    What is active stays active until the switch. After an interruption, the same command continues. A server upgrades
    to its own --backbone, and goes on if this command ends.
    """
    with reported(as_json=as_json):
        if undo and (former is not None or dry_run or force):
            raise InvalidMessage("--undo takes none of --from, --dry-run and --force")
        if server is not None and (backbone is not None or former is not None or dry_run):
            raise InvalidMessage("--server takes none of --backbone, --from and --dry-run: a server has its backbones")
        if server is not None and undo:
            _undo_there(server, token, as_json=as_json)
        elif server is not None:
            _upgrade_there(server, token, force=force, as_json=as_json)
        elif undo:
            _undo(directory, as_json=as_json)
        elif dry_run:
            _plan(directory, backbone, former, as_json=as_json)
        else:
            _upgrade(directory, backbone, former, force=force, as_json=as_json)


def _upgrade(directory: Path, backbone: Path | None, former: Path | None, *, force: bool, as_json: bool) -> None:
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.upgrade import switch

    with Store.open(directory) as store:
        upgrade = _prepare(store, backbone, former)
        with progress_bar() as bar:
            report = upgrade.train(head_bars(bar))
        try:
            switch(store, report, force=force)
        except RfhydraError:
            if not as_json:
                _show_heads(report)
            raise
    _print(report, as_json=as_json)
    if report.heads and backbone is not None and not as_json:
        note(f"from now on give --backbone {backbone} to every command, or set RFHYDRA_BACKBONE")


def _upgrade_there(server: str, token: str | None, *, force: bool, as_json: bool) -> None:
    from rfhydra.cli.remote import upgrade_on_server

    with progress_bar() as bar:
        report, error = upgrade_on_server(server, token, force, _on_progress(bar))
    if error is not None:
        if report is not None and not as_json:
            _show_heads(report)
        raise error
    assert report is not None
    _print(report, as_json=as_json)


def _print(report: "UpgradeReport", *, as_json: bool) -> None:
    if as_json:
        print_json({**report.model_dump(), "switched": bool(report.heads)})
    else:
        _show(report)


def _plan(directory: Path, backbone: Path | None, former: Path | None, *, as_json: bool) -> None:
    from rfhydra.store.workspace import Workspace as Store

    with Store.open(directory) as store:  # a view cannot read the tables of an older release
        planned = _prepare(store, backbone, former).plan()
    if as_json:
        print_json({"heads": [asdict(each) for each in planned]})
        return
    rows = [(each.signal_name, each.former_version, each.sample_count, _intention(each)) for each in planned]
    print_table("heads to upgrade", ["signal", "version", "samples", ""], rows)


def _undo(directory: Path, *, as_json: bool) -> None:
    from rfhydra.store.workspace import Workspace as Store

    with Store.open(directory) as store:
        undone = store.upgrades.undo()
    _print_undone(undone.backbone_id, undone.heads, as_json=as_json)


def _undo_there(server: str, token: str | None, *, as_json: bool) -> None:
    from rfhydra.cli.remote import on_server

    undone = on_server(server, token, lambda client: client.undo_upgrade())
    _print_undone(undone.backbone_id, undone.heads, as_json=as_json)


def _print_undone(backbone_id: str, heads: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json({"backbone_id": backbone_id, "heads": heads})
    else:
        print_table(f"back on backbone {backbone_id}", ["signal", "active"], sorted(heads.items()))


def _prepare(store: "Store", backbone_file: Path | None, former_file: Path | None) -> "Upgrade":
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.training.upgrade import Upgrade

    backbone = load_backbone(backbone_file, best_device())
    return Upgrade(store, backbone, _former(store, backbone, former_file))


def _former(store: "Store", backbone: "Backbone", file: Path | None) -> "Backbone | None":
    """The backbone of the heads to upgrade: in ``file``, or the one that ships if it is that, else None."""
    from rfhydra.hydra.backbone_file import SHIPPED_PATH, backbone_id_in, load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.training.upgrade import outdated

    if file is not None:
        return load_backbone(file, best_device())
    shipped = backbone_id_in(SHIPPED_PATH)
    is_shipped = any(head.runs_on(shipped) for head in outdated(store, backbone.backbone_id))
    return load_backbone(None, best_device()) if is_shipped else None


def head_bars(bar: "Progress") -> "Callable[[str, int, int], Control]":
    """A bar of heads and one of the epochs of each."""
    from rfhydra.training.trainer import Control

    heads, epochs = bar.add_task("heads", note=""), bar.add_task("epochs", note="")

    def on_signal(signal_name: str, done: int, total: int) -> Control:
        def on_epoch(progress: "EpochProgress") -> None:
            bar.update(epochs, total=progress.total_epochs, completed=progress.epoch, note=score_note(progress))

        bar.update(heads, completed=done, total=total, note=signal_name)
        bar.update(epochs, completed=0, total=None, note="")
        return Control(
            callback=on_epoch, on_features=lambda done, total: bar.update(epochs, completed=done, total=total)
        )

    return on_signal


def _on_progress(bar: "Progress") -> "Callable[[UpgradeProgress], None]":
    """The same for the progress of a server."""
    heads, epochs = bar.add_task("heads", note=""), bar.add_task("epochs", note="")

    def on_progress(progress: "UpgradeProgress") -> None:
        bar.update(heads, completed=progress.heads_done, total=progress.heads_total, note=progress.signal_name)
        if progress.epoch is None:
            bar.update(epochs, completed=0, total=None, note="")
        else:
            score = f"F1 {progress.epoch.f1_score:.3f}"
            bar.update(epochs, total=progress.epoch.total_epochs, completed=progress.epoch.epoch, note=score)

    return on_progress


def _show(report: "UpgradeReport") -> None:
    if report.heads:
        _show_heads(report)
        say(f"active from now on: {len(report.heads)} heads of backbone {report.backbone_id}")
    elif not report.left:
        say(f"every head runs on backbone {report.backbone_id} already: nothing to do")
    _note_left(report.left)


def _show_heads(report: "UpgradeReport") -> None:
    rows = [
        (
            head.signal_name,
            f"{head.former_version} → {head.version}",
            head.f1_before,
            head.f1_after,
            f"{head.boxes} ({head.basis})",
            head.change,
            "trained before" if head.is_reused else f"{head.training_time_sec:.1f} s",
        )
        for head in report.heads
    ]
    columns = ["signal", "version", "F1 before", "F1 after", "boxes", "", "time"]
    print_table(f"upgrade to backbone {report.backbone_id}", columns, rows)


def _note_left(left: "Sequence[LeftHead]") -> None:
    for each in left:
        note(f"{each.signal_name} stays at version {each.version} on its backbone: {each.reason}")


def _intention(planned: "PlannedHead") -> str:
    if planned.left is not None:
        return f"left: {planned.left}"
    return "train" if planned.reused is None else f"trained before, as version {planned.reused}"
