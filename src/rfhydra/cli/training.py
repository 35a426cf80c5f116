"""``rfhydra train`` and ``rfhydra extend``."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, ServerUrl, Signal, Token, Workspace
from rfhydra.cli.output import note, output_file, print_json, progress_bar, reported, say, sparkline
from rfhydra.config import DEFAULT_EPOCHS
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.protocol.messages import TrainingComplete
    from rfhydra.protocol.messages import TrainingProgress as RemoteProgress
    from rfhydra.training.fitted import TrainingResult
    from rfhydra.training.service import TrainingService
    from rfhydra.training.trainer import TrainingProgress


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
    backbone: BackboneFile = None,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train a head from scratch on all samples of a signal."""
    wanted = _Training(signal, kind, epochs, notes, extend=False)
    _train(wanted, directory, backbone, server, token, png, as_json=as_json)


def extend(
    directory: Workspace,
    signal: Signal,
    kind: KindOption = Kind.EMBEDDING,
    epochs: Epochs = DEFAULT_EPOCHS,
    notes: Notes = None,
    png: Curve = None,
    backbone: BackboneFile = None,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train a better version with the samples added since; validation stays as it was."""
    wanted = _Training(signal, kind, epochs, notes, extend=True)
    _train(wanted, directory, backbone, server, token, png, as_json=as_json)


@dataclass(frozen=True)
class _Training:
    """A training as it was asked for."""

    signal: str
    kind: Kind
    epochs: int
    notes: str | None
    extend: bool


def _train(
    wanted: _Training,
    directory: Path,
    backbone: Path | None,
    server: str | None,
    token: str | None,
    png: Path | None,
    *,
    as_json: bool,
) -> None:
    result: TrainingResult | TrainingComplete
    history: Sequence[TrainingProgress | RemoteProgress]
    with reported(as_json=as_json):
        curve = None if png is None else output_file(png)
        if server is None:
            result, history = _train_here(wanted, directory, backbone)
        elif backbone is None:
            result, history = _train_there(wanted, server, token)
        else:
            raise InvalidMessage("--backbone and --server exclude each other: a server has its backbone")
        if curve is not None:
            write_curve(history, curve)
    if as_json:
        print_json({**_fields(result), "history": [_fields(progress) for progress in history]})
    else:
        show_result(result, history)


def _train_here(
    wanted: _Training, directory: Path, backbone: Path | None
) -> tuple["TrainingResult", list["TrainingProgress"]]:
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.service import TrainingService

    with Store.open(directory) as store:
        service = TrainingService(store, load_backbone(backbone, best_device()))
        return run_training(service, wanted.signal, wanted.kind, wanted.epochs, wanted.notes, extend=wanted.extend)


def _train_there(
    wanted: _Training, server: str, token: str | None
) -> tuple["TrainingComplete", list["RemoteProgress"]]:
    """Train on a server, which goes on with it when we leave."""
    from rfhydra.cli.remote import train_on_server

    history: list[RemoteProgress] = []
    with progress_bar() as bar:
        learning = bar.add_task("epochs", total=wanted.epochs, note="")

        def on_epoch(progress: "RemoteProgress") -> None:
            history.append(progress)
            bar.update(learning, completed=progress.epoch, note=f"F1 {progress.f1_score:.3f}")

        result = train_on_server(
            server,
            token,
            wanted.signal,
            wanted.notes,
            kind=wanted.kind.value,
            epochs=wanted.epochs,
            extend=wanted.extend,
            on_epoch=on_epoch,
        )
    return result, history


def _fields(told: Any) -> dict[str, Any]:
    """A result or an epoch as a JSON object, whoever made it."""
    if is_dataclass(told) and not isinstance(told, type):
        return asdict(told)
    from rfhydra.cli.remote import body

    return body(told)


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


def show_result(
    result: "TrainingResult | TrainingComplete", history: "Sequence[TrainingProgress | RemoteProgress]"
) -> None:
    """The curve, the metrics, the verdict and, where something is amiss, what to do about it."""
    metrics = dict(result.metrics)
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
    if "advice" in metrics:
        note(f"{metrics['advice']} (--kind rcnn)")


def write_curve(history: "Sequence[TrainingProgress | RemoteProgress]", path: Path) -> None:
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
