"""``rfhydra upgrade``."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, Workspace
from rfhydra.cli.output import note, print_json, print_table, progress_bar, reported, say, score_note
from rfhydra.errors import InvalidMessage, RfhydraError
from rfhydra.protocol.types import EpochProgress

if TYPE_CHECKING:
    from rich.progress import Progress

    from rfhydra.hydra.backbone import Backbone
    from rfhydra.store.upgrades import UndoneUpgrade
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.trainer import Control
    from rfhydra.training.upgrade import LeftHead, PlannedHead, Upgrade, UpgradeReport

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
    as_json: AsJson = False,
) -> None:
    """Train every head again on another backbone, and switch all of them at once.

    What is active stays active until the switch. After an interruption, the same command continues.
    """
    with reported(as_json=as_json):
        if undo and (former is not None or dry_run or force):
            raise InvalidMessage("--undo takes none of --from, --dry-run and --force")
        if undo:
            _undo(directory, as_json=as_json)
        elif dry_run:
            _plan(directory, backbone, former, as_json=as_json)
        else:
            _upgrade(directory, backbone, former, force=force, as_json=as_json)


def _upgrade(directory: Path, backbone: Path | None, former: Path | None, *, force: bool, as_json: bool) -> None:
    from rfhydra.store.workspace import Workspace as Store

    with Store.open(directory) as store:
        upgrade = _prepare(store, backbone, former)
        with progress_bar() as bar:
            report = upgrade.train(_on_signal(bar))
        try:
            upgrade.switch(report, force=force)
        except RfhydraError:
            if not as_json:
                _show_heads(report)
            raise
    if as_json:
        print_json({**report.to_dict(), "switched": bool(report.heads)})
        return
    _show(report)
    if report.heads and backbone is not None:
        note(f"from now on give --backbone {backbone} to every command, or set RFHYDRA_BACKBONE")


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
        undone: UndoneUpgrade = store.upgrades.undo()
    if as_json:
        print_json(asdict(undone))
        return
    rows = sorted(undone.heads.items())
    print_table(f"back on backbone {undone.backbone_id}", ["signal", "active"], rows)


def _prepare(store: "Store", backbone_file: Path | None, former_file: Path | None) -> "Upgrade":
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.training.upgrade import Upgrade

    backbone = load_backbone(backbone_file, best_device())
    return Upgrade(store, backbone, _former(store, backbone, former_file))


def _former(store: "Store", backbone: "Backbone", file: Path | None) -> "Backbone | None":
    """The backbone of the heads to upgrade: in ``file``, or the one that ships if it is that, else None."""
    from rfhydra.hydra.backbone_file import load_backbone, shipped_backbone_id
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.training.upgrade import outdated

    if file is not None:
        return load_backbone(file, best_device())
    is_shipped = shipped_backbone_id() in {head.backbone_id for head in outdated(store, backbone)}
    return load_backbone(None, best_device()) if is_shipped else None


def _on_signal(bar: "Progress") -> "Callable[[str, int, int], Control]":
    """A bar of heads and one of the epochs of each."""
    from rfhydra.training.trainer import Control

    heads, epochs = bar.add_task("heads", note=""), bar.add_task("epochs", note="")

    def on_signal(signal_name: str, done: int, total: int) -> Control:
        def on_epoch(progress: EpochProgress) -> None:
            bar.update(epochs, total=progress.total_epochs, completed=progress.epoch, note=score_note(progress))

        bar.update(heads, completed=done, total=total, note=signal_name)
        bar.update(epochs, completed=0, total=None, note="")
        return Control(
            callback=on_epoch, on_features=lambda done, total: bar.update(epochs, completed=done, total=total)
        )

    return on_signal


def _show(report: "UpgradeReport") -> None:
    if report.heads:
        _show_heads(report)
        say(f"active from now on: {len(report.heads)} heads of backbone {report.backbone_id}")
    elif not report.left:
        say(f"every head is of backbone {report.backbone_id} already: nothing to do")
    _note_left(report.left)


def _show_heads(report: "UpgradeReport") -> None:
    rows = [
        (
            head.signal_name,
            f"{head.former_version} → {head.version}",
            head.comparison.f1_before,
            head.comparison.f1_after,
            f"{head.comparison.boxes} ({head.comparison.basis})",
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
