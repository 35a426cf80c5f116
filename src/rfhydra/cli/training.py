"""``rfhydra train`` and ``rfhydra extend``."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, ServerUrl, Signal, Token, Workspace
from rfhydra.cli.detection import require_one_backbone
from rfhydra.cli.output import (
    counted,
    interval_text,
    note,
    output_file,
    print_json,
    progress_bar,
    reported,
    say,
    score_note,
    sparkline,
)
from rfhydra.config import DEFAULT_EPOCHS
from rfhydra.errors import NotFound

if TYPE_CHECKING:
    from rich.progress import Progress

    from rfhydra.protocol.stages import JobStage
    from rfhydra.protocol.types import EpochProgress, TrainingRequest, TrainingResult, TrainingStage
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.service import TrainingService


Epochs = Annotated[int, typer.Option(min=1, help="Maximum number of epochs.")]
Notes = Annotated[str | None, typer.Option(help="Notes, stored with the version.")]
Provisional = Annotated[
    bool, typer.Option("--provisional", help="Train a provisional head if there are fewer than 5 samples.")
]
Curve = Annotated[Path | None, typer.Option("--png", metavar="OUT", help="Write the training curve.")]


def train(
    directory: Workspace,
    signal: Signal,
    epochs: Epochs = DEFAULT_EPOCHS,
    notes: Notes = None,
    provisional: Provisional = False,
    png: Curve = None,
    backbone: BackboneFile = None,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train a head from scratch on all samples of a signal."""
    _train(**locals(), extend=False)


def extend(
    directory: Workspace,
    signal: Signal,
    epochs: Epochs = DEFAULT_EPOCHS,
    notes: Notes = None,
    provisional: Provisional = False,
    png: Curve = None,
    backbone: BackboneFile = None,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train a better version with the samples added since; the validation split stays."""
    _train(**locals(), extend=True)


def _train(
    *,
    directory: Path,
    signal: str,
    epochs: int,
    notes: str | None,
    provisional: bool,
    png: Path | None,
    backbone: Path | None,
    server: str | None,
    token: str | None,
    as_json: bool,
    extend: bool,
) -> None:
    with reported(as_json=as_json):
        from rfhydra.protocol.parsing import parse
        from rfhydra.protocol.types import TrainingRequest

        fields = {"signal_name": signal, "notes": notes, "epochs": epochs, "extend": extend}
        request = parse(TrainingRequest, {**fields, "provisional": provisional})
        curve = None if png is None else output_file(png)
        require_one_backbone(server, backbone)
        trained = _train_here(request, directory, backbone) if server is None else _train_there(request, server, token)
        if trained is None:
            _show_current(request, as_json=as_json)
            return
        result, history = trained
        if curve is not None:
            write_curve(history, curve)
    if as_json:
        print_json({**dict(result), "history": history})
    else:
        show_result(result, history)


def _train_here(
    request: "TrainingRequest", directory: Path, backbone_file: Path | None
) -> "tuple[TrainingResult, list[EpochProgress]] | None":
    """The result and every epoch; None where there is nothing to extend a head with."""
    from rfhydra.store.workspace import Workspace as Store

    with Store.open(directory) as store:
        _require_known(store, request)  # before torch is imported, which takes seconds
        if request.extend and _is_current(store, request, backbone_file):
            return None
        from rfhydra.hydra.backbone_file import load_backbone
        from rfhydra.hydra.torch_backbone import best_device
        from rfhydra.training.service import TrainingService

        backbone = load_backbone(backbone_file, best_device())
        if mismatch := store.backbone_mismatch(backbone.backbone_id):
            note(mismatch)
        return run_training(TrainingService(store, backbone), request)


def _require_known(store: "Store", request: "TrainingRequest") -> None:
    """
    Raises:
        NotFound: the signal has no samples, or nothing to extend.
    """
    known = store.samples.signal_names()
    if request.signal_name not in known:
        there = f"there are samples of {', '.join(known)}" if known else "import some first"
        raise NotFound(f"signal {request.signal_name!r} has no samples: {there}")
    if request.extend:
        from rfhydra.hydra.registry import VersionManager

        VersionManager(store).require_active(request.signal_name)


def _is_current(store: "Store", request: "TrainingRequest", backbone_file: Path | None) -> bool:
    """Whether the active head was trained as ``request`` asks, and no sample was added or changed since."""
    from rfhydra.store.audit import DEFAULT_LIMIT

    active = store.versions.active(request.signal_name)
    assert active is not None
    head = store.versions.get(request.signal_name, active)
    changes = store.audit.between(datetime.fromisoformat(head.created_at), None)
    same = head.sample_count == store.samples.count(request.signal_name) and head.is_runnable
    if not same or len(changes) >= DEFAULT_LIMIT or any(each.action.startswith("sample.") for each in changes):
        return False
    from rfhydra.hydra.backbone_file import SHIPPED_PATH, backbone_id_in

    return head.backbone_id == backbone_id_in(backbone_file or SHIPPED_PATH)


def _show_current(request: "TrainingRequest", *, as_json: bool) -> None:
    if as_json:
        print_json({"signal_name": request.signal_name, "version": None})
    else:
        say((request.signal_name, "bold"), ": no sample was added or changed since the active version was trained")
        say("nothing was trained: import more first, or use rfhydra train for another one from the same samples")


def _train_there(
    request: "TrainingRequest", server: str, token: str | None
) -> "tuple[TrainingResult, list[EpochProgress]]":
    """Train on a server, where the training continues if this process ends."""
    from rfhydra.cli.remote import train_on_server

    history: list[EpochProgress] = []
    with progress_bar() as bar:
        shown = _StageBar(bar, "waiting", request.epochs)

        def on_epoch(progress: "EpochProgress") -> None:
            history.append(progress)
            shown.epoch(progress)

        def on_stage(report: "JobStage") -> None:
            shown.stage(report.stage)
            if report.done is not None and report.total is not None:
                shown.samples(report.done, report.total)

        return train_on_server(server, token, request, on_epoch, on_stage), history


def run_training(
    service: "TrainingService", request: "TrainingRequest"
) -> "tuple[TrainingResult, list[EpochProgress]]":
    """Train with a bar that names the stage; returns the result and every epoch."""
    history: list[EpochProgress] = []
    with progress_bar() as bar:
        shown = _StageBar(bar, "starting", request.epochs)

        def on_epoch(progress: "EpochProgress") -> None:
            history.append(progress)
            shown.epoch(progress)

        result = service.train(request, on_epoch, shown.samples, shown.stage)
    return result, history


class _StageBar:
    """A bar that names the stage of a training."""

    def __init__(self, bar: "Progress", stage: str, epochs: int) -> None:
        self._bar, self._epochs, self._stage = bar, epochs, stage
        self._task = bar.add_task(stage, total=None, note="")

    def stage(self, stage: "TrainingStage") -> None:
        if stage == self._stage:
            return
        self._stage = stage
        self._bar.remove_task(self._task)  # the total of a task cannot be taken away; without one it moves all the time
        total = self._epochs if stage == "fitting" else None
        self._task = self._bar.add_task(f"{stage}, epochs" if total else stage, total=total, note="")

    def epoch(self, progress: "EpochProgress") -> None:
        self._bar.update(self._task, completed=progress.epoch, note=score_note(progress))

    def samples(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total, description="looking, samples")


def show_result(result: "TrainingResult", history: "Sequence[EpochProgress]") -> None:
    """Print the curve, the metrics, the verdict and advice, if there is any."""
    metrics = dict(result.metrics)
    early = ", stopped early" if result.early_stopped else ""
    say(
        (result.signal_name, "bold"),
        f" version {result.version}: {counted(result.sample_count, 'sample')},"
        f" {counted(result.epochs_trained, 'epoch')}{early}, {result.training_time_sec:.1f} s",
    )
    if metrics["f1_score"] is None:
        _show_provisional(metrics)
    else:
        _show_validation(result, history)
    verdict = ("promoted", "green") if result.auto_promoted else ("not promoted", "yellow")
    say("  ", verdict, f": {result.promotion_reason}")
    if "advice" in metrics:
        note(metrics["advice"])


def _show_provisional(metrics: dict[str, Any]) -> None:
    own = f"it detects {metrics['own_boxes_found']} of the {metrics['own_boxes']} boxes that it was made from"
    say("  ", ("provisional", "yellow"), f": nothing validates it; {own}")


def _show_validation(result: "TrainingResult", history: "Sequence[EpochProgress]") -> None:
    metrics = dict(result.metrics)
    losses, scores = _validated(history)
    say(f"  validation loss {sparkline(losses)} {losses[-1]:.4f}")
    say(f"  F1              {sparkline(scores, 0, 1)} {metrics['f1_score']:.3f}")
    say(f"  validation: {_rates(metrics)}")
    if "cross_validation" in metrics:
        rates = _rates(metrics["cross_validation"])
        say(f"  {result.sample_count} samples are few; cross-validated by recording: {rates}")


def write_curve(history: "Sequence[EpochProgress]", path: Path) -> None:
    from rfhydra.plots import draw_curve

    draw_curve([each.train_loss for each in history], *_validated(history), path)


def _validated(history: "Sequence[EpochProgress]") -> tuple[list[float], list[float]]:
    """Validation loss and F1 by epoch, both empty for a provisional head."""
    losses = [each.val_loss for each in history if each.val_loss is not None]
    return losses, [each.f1_score for each in history if each.f1_score is not None]


def _rates(metrics: dict[str, Any]) -> str:
    return (
        f"F1 {metrics['f1_score']:.3f} ({interval_text(metrics)}),"
        f" precision {metrics['precision']:.3f}, recall {metrics['recall']:.3f}, AP {metrics['ap']:.3f}"
    )
