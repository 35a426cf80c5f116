"""``rfhydra train`` and ``rfhydra extend``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, ServerUrl, Signal, Token, Workspace
from rfhydra.cli.output import (
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
from rfhydra.errors import InvalidMessage
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.types import EpochProgress, HeadKind, TrainingRequest, TrainingResult

if TYPE_CHECKING:
    from rich.progress import Progress

    from rfhydra.training.service import TrainingService


Kind = Annotated[
    HeadKind, typer.Option(help="Kind of head; rcnn is slower, for signals that the shared proposals miss.")
]
Epochs = Annotated[int, typer.Option(min=1, help="Maximum number of epochs.")]
Notes = Annotated[str | None, typer.Option(help="Notes, stored with the version.")]
Provisional = Annotated[
    bool, typer.Option("--provisional", help="Train a provisional head if there are fewer than 5 samples.")
]
Curve = Annotated[Path | None, typer.Option("--png", metavar="OUT", help="Write the training curve.")]


def train(
    directory: Workspace,
    signal: Signal,
    kind: Kind = "embedding",
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
    kind: Kind = "embedding",
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
    kind: HeadKind,
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
        fields = {"signal_name": signal, "notes": notes, "kind": kind, "epochs": epochs, "extend": extend}
        request = parse(TrainingRequest, {**fields, "provisional": provisional})
        curve = None if png is None else output_file(png)
        if server is None:
            result, history = _train_here(request, directory, backbone)
        elif backbone is None:
            result, history = _train_there(request, server, token)
        else:
            raise InvalidMessage("--backbone and --server exclude each other: a server has its backbone")
        if curve is not None:
            write_curve(history, curve)
    if as_json:
        print_json({**dict(result), "history": history})
    else:
        show_result(result, history)


def _train_here(
    request: TrainingRequest, directory: Path, backbone_file: Path | None
) -> tuple[TrainingResult, list[EpochProgress]]:
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.service import TrainingService

    with Store.open(directory) as store:
        backbone = load_backbone(backbone_file, best_device())
        if mismatch := store.backbone_mismatch(backbone.backbone_id):
            note(mismatch)
        return run_training(TrainingService(store, backbone), request)


def _train_there(
    request: TrainingRequest, server: str, token: str | None
) -> tuple[TrainingResult, list[EpochProgress]]:
    """Train on a server, where the training continues if this process ends."""
    from rfhydra.cli.remote import train_on_server

    with _epoch_bar(request) as (history, on_epoch, _):
        return train_on_server(server, token, request, on_epoch), history


def run_training(service: "TrainingService", request: TrainingRequest) -> tuple[TrainingResult, list[EpochProgress]]:
    """Train with a bar for the embeddings and one for the epochs; returns the result and every epoch."""
    with _epoch_bar(request) as (history, on_epoch, bar):
        task = bar.add_task("computing embeddings", total=None, note="", visible=request.kind == "embedding")
        result = service.train(request, on_epoch, lambda done, total: bar.update(task, completed=done, total=total))
    return result, history


@contextmanager
def _epoch_bar(
    request: TrainingRequest,
) -> Iterator[tuple[list[EpochProgress], Callable[[EpochProgress], None], "Progress"]]:
    """A bar of epochs: the epochs so far, the callback that adds one, and the bar."""
    history: list[EpochProgress] = []
    with progress_bar() as bar:
        task = bar.add_task("epochs", total=request.epochs, note="")

        def on_epoch(progress: EpochProgress) -> None:
            history.append(progress)
            bar.update(task, completed=progress.epoch, note=score_note(progress))

        yield history, on_epoch, bar


def show_result(result: TrainingResult, history: Sequence[EpochProgress]) -> None:
    """Print the curve, the metrics, the verdict and advice, if there is any."""
    metrics = dict(result.metrics)
    early = ", stopped early" if result.early_stopped else ""
    say(
        (result.signal_name, "bold"),
        f" version {result.version}: {result.sample_count} samples,"
        f" {result.epochs_trained} epochs{early}, {result.training_time_sec:.1f} s",
    )
    if metrics["f1_score"] is None:
        _show_provisional(metrics)
    else:
        _show_validation(result, history)
    verdict = ("promoted", "green") if result.auto_promoted else ("not promoted", "yellow")
    say("  ", verdict, f": {result.promotion_reason}")
    if "advice" in metrics:
        note(f"{metrics['advice']} (--kind rcnn)")


def _show_provisional(metrics: dict[str, Any]) -> None:
    own = f"it detects {metrics['own_boxes_found']} of the {metrics['own_boxes']} boxes that it was made from"
    say("  ", ("provisional", "yellow"), f": nothing validates it; {own}")


def _show_validation(result: TrainingResult, history: Sequence[EpochProgress]) -> None:
    metrics = dict(result.metrics)
    losses, scores = _validated(history)
    say(f"  validation loss {sparkline(losses)} {losses[-1]:.4f}")
    say(f"  F1              {sparkline(scores, 0, 1)} {metrics['f1_score']:.3f}")
    say(f"  validation: {_rates(metrics)}")
    if "cross_validation" in metrics:
        rates = _rates(metrics["cross_validation"])
        say(f"  {result.sample_count} samples are few; cross-validated by recording: {rates}")


def write_curve(history: Sequence[EpochProgress], path: Path) -> None:
    from rfhydra.plots import draw_curve

    draw_curve([each.train_loss for each in history], *_validated(history), path)


def _validated(history: Sequence[EpochProgress]) -> tuple[list[float], list[float]]:
    """Validation loss and F1 by epoch, both empty for a provisional head."""
    losses = [each.val_loss for each in history if each.val_loss is not None]
    return losses, [each.f1_score for each in history if each.f1_score is not None]


def _rates(metrics: dict[str, Any]) -> str:
    return (
        f"F1 {metrics['f1_score']:.3f} ({interval_text(metrics)}),"
        f" precision {metrics['precision']:.3f}, recall {metrics['recall']:.3f}, AP {metrics['ap']:.3f}"
    )
