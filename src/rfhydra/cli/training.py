"""``rfhydra train`` and ``rfhydra extend``."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, Body, Signal, Workspace
from rfhydra.cli.output import note, output_file, print_json, progress_bar, reported, say, sparkline
from rfhydra.config import DEFAULT_EPOCHS

if TYPE_CHECKING:
    from rfhydra.training.fitted import TrainingResult
    from rfhydra.training.service import TrainingService
    from rfhydra.training.trainer import TrainingProgress

ENOUGH_PROPOSALS = 0.95


class Kind(StrEnum):
    EMBEDDING = "embedding"
    RCNN = "rcnn"


KindOption = Annotated[Kind, typer.Option(help="rcnn: slower, where the shared proposals miss the signal.")]
Epochs = Annotated[int, typer.Option(min=1, help="At most so many.")]
Notes = Annotated[str | None, typer.Option(help="Kept with the version.")]
Curve = Annotated[Path | None, typer.Option("--png", metavar="OUT", help="Write the training curve.")]


def train(
    directory: Workspace,
    signal: Signal,
    kind: KindOption = Kind.EMBEDDING,
    epochs: Epochs = DEFAULT_EPOCHS,
    notes: Notes = None,
    png: Curve = None,
    backbone: Body = None,
    as_json: AsJson = False,
) -> None:
    """Train a head from scratch on all samples of a signal."""
    _train(directory, signal, kind, epochs, notes, png, backbone, extend=False, as_json=as_json)


def extend(
    directory: Workspace,
    signal: Signal,
    kind: KindOption = Kind.EMBEDDING,
    epochs: Epochs = DEFAULT_EPOCHS,
    notes: Notes = None,
    png: Curve = None,
    backbone: Body = None,
    as_json: AsJson = False,
) -> None:
    """Train a better version with the samples added since; validation stays as it was."""
    _train(directory, signal, kind, epochs, notes, png, backbone, extend=True, as_json=as_json)


def _train(
    directory: Path,
    signal: str,
    kind: Kind,
    epochs: int,
    notes: str | None,
    png: Path | None,
    backbone: Path | None,
    *,
    extend: bool,
    as_json: bool,
) -> None:
    with reported(as_json=as_json):
        from rfhydra.hydra.backbone import Backbone
        from rfhydra.hydra.device import best_device
        from rfhydra.store.workspace import Workspace as Store
        from rfhydra.training.service import TrainingService

        curve = None if png is None else output_file(png)
        with Store.open(directory) as store:
            service = TrainingService(store, Backbone.load(backbone, best_device()))
            result, history = run_training(service, signal, kind, epochs, notes, extend=extend)
        if curve is not None:
            write_curve(history, curve)
    if as_json:
        print_json({**asdict(result), "history": [asdict(progress) for progress in history]})
    else:
        show_result(result, history)


def run_training(
    service: "TrainingService", signal: str, kind: Kind, epochs: int, notes: str | None, *, extend: bool = False
) -> tuple["TrainingResult", list["TrainingProgress"]]:
    """Train with a bar for the embeddings and one for the epochs; returns the result and every epoch."""
    history: list[TrainingProgress] = []
    with progress_bar() as bar:
        looking = bar.add_task("looking at samples", total=None, note="", visible=kind is Kind.EMBEDDING)
        learning = bar.add_task("epochs", total=epochs, note="")

        def on_epoch(progress: "TrainingProgress") -> None:
            history.append(progress)
            bar.update(learning, completed=progress.epoch, note=f"F1 {progress.f1_score:.3f}")

        call = service.extend_signal if extend else service.train_new_signal
        result = call(
            signal,
            notes,
            on_epoch,
            kind=kind.value,
            epochs=epochs,
            on_features=lambda done, total: bar.update(looking, completed=done, total=total),
        )
    return result, history


def show_result(result: "TrainingResult", history: list["TrainingProgress"]) -> None:
    """The curve, the metrics, the verdict and, where something is amiss, what to do about it."""
    metrics = result.metrics
    early = ", stopped early" if result.early_stopped else ""
    say(
        (result.signal_name, "bold"),
        f" version {result.version}: {result.sample_count} samples,"
        f" {result.epochs_trained} epochs{early}, {result.training_time_sec:.1f} s",
    )
    say(f"  validation loss {sparkline([each.val_loss for each in history])} {history[-1].val_loss:.4f}")
    say(f"  F1              {sparkline([each.f1_score for each in history], 0, 1)} {metrics['f1_score']:.3f}")
    say(f"  validation: {_rates(metrics)}")
    if "cross_validation" in metrics:
        rates = _rates(metrics["cross_validation"])
        say(f"  {result.sample_count} samples are few; cross-validated by recording: {rates}")
    verdict = ("promoted", "green") if result.auto_promoted else ("not promoted", "yellow")
    say("  ", verdict, f": {result.promotion_reason}")
    recall = metrics.get("proposal_recall", 1.0)
    if recall < ENOUGH_PROPOSALS:
        note(
            f"the backbone proposes only {recall:.0%} of your boxes at IoU 0.5; the head corrects boxes, but if it"
            " misses the signal, try --kind rcnn"
        )


def write_curve(history: list["TrainingProgress"], path: Path) -> None:
    from rfhydra.plots import draw_curve

    draw_curve(
        [each.train_loss for each in history],
        [each.val_loss for each in history],
        [each.f1_score for each in history],
        path,
    )


def _rates(metrics: dict[str, Any]) -> str:
    low, high = metrics["f1_interval"]
    return (
        f"F1 {metrics['f1_score']:.3f} (90 % interval {low:.2f} to {high:.2f}),"
        f" precision {metrics['precision']:.3f}, recall {metrics['recall']:.3f}, AP {metrics['ap']:.3f}"
    )
