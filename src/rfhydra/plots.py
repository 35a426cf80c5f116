"""PNG plots of spectrograms with boxes and of training curves."""

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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH_COLOUR: Final = "white"
COLOURS: Final = ("#ff4d4d", "#ffd23f", "#3bceac", "#ff8cc6", "#7fb7ff", "#c3f73a", "#ff9f1c", "#d0a2f7")
MAX_PANELS: Final = 6
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
    spans = list(window_spans(recording, spec, overlap=0))
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

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    figure = Figure(figsize=(8, 4), dpi=DPI, layout="constrained")
    losses = figure.subplots()
    epochs = range(1, len(train_loss) + 1)
    losses.plot(epochs, train_loss, label="training loss", color="#7a7a7a")
    losses.plot(epochs, val_loss, label="validation loss", color="#d1495b")
    losses.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    scores = losses.twinx()
    scores.plot(epochs, f1, label="F1 on the validation split", color="#00798c", marker="o", markersize=3)
    scores.set(ylabel="F1", ylim=(0, 1.05))
    lines = [*losses.get_lines(), *scores.get_lines()]
    losses.legend(lines, [str(line.get_label()) for line in lines], loc="center right", fontsize=8)
    _save(figure, path)


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
