"""PNG plots of spectrograms with boxes, of training curves and of detectability cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rfhydra.detection.recording import read_window, window_spans
from rfhydra.files import writing_output
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import level_db
from rfhydra.spectrum.window import Window
from rfhydra.training.evaluation.card import DetectabilityCard, RecallAt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH_COLOUR: Final = "white"
COLOURS: Final = ("#ff4d4d", "#ffd23f", "#3bceac", "#ff8cc6", "#7fb7ff", "#c3f73a", "#ff9f1c", "#d0a2f7")
MAX_PANELS: Final = 6
MAX_CONFUSED: Final = 10
DPI: Final = 110


@dataclass(frozen=True)
class Mark:
    """A labelled box on a plot: seconds from the start of the recording, absolute Hz. ``truth`` is drawn dashed."""

    label: str
    box: Box
    score: float | None = None
    truth: bool = False


def draw_recording(recording: Recording, spec: SpectrogramSpec, marks: Sequence[Mark], path: Path) -> int:
    """Write a PNG of the recording with ``marks``, one panel per window.

    Returns the number of windows; only the first :data:`MAX_PANELS` are drawn.

    Raises:
        InvalidRecording: the recording is shorter than one column.
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    spans = list(window_spans(recording, spec, context=0))
    shown = spans[:MAX_PANELS]
    figure = Figure(figsize=(12, 3.6 * len(shown)), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(shown), squeeze=False)[:, 0]
    colours = _colours(marks)
    for axis, span in zip(axes, shown, strict=True):
        _draw_window(axis, read_window(recording, *span, spec), marks, colours)
    more = f", first {len(shown)} of {len(spans)} windows" if len(spans) > len(shown) else ""
    axes[0].set_title(f"{recording.name}{more}", loc="left", fontsize=10, parse_math=False)
    _legend(axes[0], marks, colours)
    _save(figure, path)
    return len(spans)


def draw_curve(train_loss: Sequence[float], val_loss: Sequence[float], f1: Sequence[float], path: Path) -> None:
    """Write a PNG of a training: both losses and the F1 score on the validation split, by epoch.

    ``val_loss`` and ``f1`` are empty where nothing was validated.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    figure = Figure(figsize=(8, 4), dpi=DPI, layout="constrained")
    losses = figure.subplots()
    epochs = range(1, len(train_loss) + 1)
    losses.plot(epochs, train_loss, label="training loss", color="#7a7a7a")
    if val_loss:
        losses.plot(epochs, val_loss, label="validation loss", color="#d1495b")
    losses.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    lines = losses.get_lines()
    if f1:
        scores = losses.twinx()
        scores.plot(epochs, f1, label="F1 on the validation split", color="#00798c", marker="o", markersize=3)
        scores.set(ylabel="F1", ylim=(0, 1.05))
        lines = [*lines, *scores.get_lines()]
    losses.legend(lines, [str(line.get_label()) for line in lines], loc="center right", fontsize=8)
    _save(figure, path)


def draw_card(card: DetectabilityCard, path: Path) -> None:
    """Write a PNG of a card: recall by SNR, by place in the band, by length and bandwidth, and confusion.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    figure = Figure(figsize=(12, 7.5), dpi=DPI, layout="constrained")
    ((snr, position), (stretch, confusion)) = figure.subplots(2, 2)
    seen = "all trained on" if card.trained_on else f"{card.unseen_bursts} not trained on"
    title = f"{card.signal_name} version {card.version}: {card.bursts} bursts, {seen}"
    figure.suptitle(title, fontsize=12, parse_math=False)
    _draw_recall(snr, "in-band SNR, dB", {"": card.snr.points if card.snr else None}, card.notes.get("snr"))
    if card.snr is not None:
        for recall, value in ((0.5, card.snr.min_snr_50_db), (0.9, card.snr.min_snr_90_db)):
            if value is not None:
                snr.plot([value, value], [0, recall], linestyle=":", color="#7a7a7a")
                snr.annotate(f"{value:.1f} dB", (value, recall), (4, -10), textcoords="offset points", fontsize=8)
    _draw_recall(position, "place in the band", {"": card.positions}, card.notes.get("positions"))
    stretched = {"length": card.length, "bandwidth": card.bandwidth}
    _draw_recall(stretch, "ratio to the signal's own", stretched, card.notes.get("length"))
    _draw_confusion(confusion, card)
    _save(figure, path)


def _draw_recall(axis: "Axes", label: str, curves: dict[str, list[RecallAt] | None], reason: str | None) -> None:
    """Curves of recall by name, or why there are none."""
    axis.set(xlabel=label, ylabel="recall", ylim=(-0.03, 1.05))
    for (name, points), colour in zip(curves.items(), ("#00798c", "#d1495b"), strict=False):
        if points is not None:
            values, recalls = [each.value for each in points], [each.recall for each in points]
            axis.plot(values, recalls, marker="o", markersize=4, label=name, color=colour)
    if not any(curves.values()):
        axis.text(0.5, 0.5, reason or "", ha="center", transform=axis.transAxes, fontsize=9, parse_math=False)
    elif any(curves):
        axis.legend(fontsize=8, loc="lower right")


def _draw_confusion(axis: "Axes", card: DetectabilityCard) -> None:
    """The other heads by how much they and this head detect of each other, and the false alarms as text."""
    rows = sorted(card.confusion or (), key=lambda each: -(each.taken_alone + each.claimed_alone))[:MAX_CONFUSED]
    places = range(len(rows))
    taken = [each.taken_alone / max(each.own_boxes, 1) for each in rows]
    claimed = [each.claimed_alone / max(each.other_boxes, 1) for each in rows]
    axis.barh([place + 0.2 for place in places], taken, 0.38, label="it detects this signal", color="#d1495b")
    axis.barh([place - 0.2 for place in places], claimed, 0.38, label="this head detects it", color="#00798c")
    axis.set_yticks(list(places), [each.signal_name for each in rows], fontsize=8, parse_math=False)
    axis.set(xlabel="share of boxes, each head alone", xlim=(0, 1))
    if rows:
        axis.legend(fontsize=8, loc="lower right")
    else:
        text = card.notes.get("confusion", "")
        axis.text(0.5, 0.5, text, ha="center", transform=axis.transAxes, fontsize=9, parse_math=False)
    if card.false_alarms is not None:
        low, high = card.false_alarms.interval_per_hour
        axis.set_title(
            f"false alarms per hour: {card.false_alarms.per_hour:.1f} ({low:.1f}–{high:.1f}),"
            f" {card.false_alarms.background_sec:.1f} s of background",
            fontsize=9,
        )


def _save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as a PNG, whatever the extension of ``path``."""
    with writing_output(path) as file:
        figure.savefig(file, format="png")


def _draw_window(axis: "Axes", window: Window, marks: Sequence[Mark], colours: dict[str, str]) -> None:
    frame, start_sec, end_sec = window.frame, window.start_sec, window.end_sec
    low_mhz, high_mhz = frame.freq_low_hz / 1e6, frame.freq_high_hz / 1e6
    axis.imshow(
        level_db(window.image, frame.spec).numpy(),
        extent=(start_sec, end_sec, low_mhz, high_mhz),
        aspect="auto",
        cmap="magma",
        vmin=-5,
        vmax=50,
        interpolation="nearest",
    )
    axis.set(xlabel="s", ylabel="MHz", xlim=(start_sec, end_sec), ylim=(low_mhz, high_mhz))
    axis.ticklabel_format(useOffset=False)
    for mark in marks:
        box = mark.box
        if box.time_end_sec <= start_sec or box.time_start_sec >= end_sec:
            continue
        axis.add_patch(_rectangle(mark, colours[mark.label]))
        if mark.score is not None:
            corner = (max(box.time_start_sec, start_sec), box.freq_high_hz / 1e6)
            axis.annotate(
                f"{mark.score:.2f}",
                corner,
                (0, 3),
                textcoords="offset points",
                fontsize=7,
                color=colours[mark.label],
                bbox={"facecolor": "black", "alpha": 0.7, "edgecolor": "none", "pad": 0.8},
            )


def _rectangle(mark: Mark, colour: str) -> Rectangle:
    box = mark.box
    return Rectangle(
        (box.time_start_sec, box.freq_low_hz / 1e6),
        box.time_end_sec - box.time_start_sec,
        (box.freq_high_hz - box.freq_low_hz) / 1e6,
        fill=False,
        edgecolor=TRUTH_COLOUR if mark.truth else colour,
        linestyle="--" if mark.truth else "-",
        linewidth=0.9 if mark.truth else 1.4,
    )


def _colours(marks: Sequence[Mark]) -> dict[str, str]:
    names = sorted({mark.label for mark in marks})
    return {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}


def _legend(axis: "Axes", marks: Sequence[Mark], colours: dict[str, str]) -> None:
    handles: list[Any] = [
        Rectangle((0, 0), 1, 1, fill=False, edgecolor=colours[name], label=name)
        for name in sorted({mark.label for mark in marks if not mark.truth})
    ]
    if any(mark.truth for mark in marks):
        handles.append(Rectangle((0, 0), 1, 1, fill=False, edgecolor="grey", linestyle="--", label="annotation"))
    if handles:
        axis.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize=8, frameon=False)
