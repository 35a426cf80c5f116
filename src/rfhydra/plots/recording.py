"""PNG plots of recordings with boxes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matplotlib import patheffects
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rfhydra.plots.figure import BOX_COLOURS, DPI, MISSED_COLOUR, save
from rfhydra.recordings import Recording
from rfhydra.recordings.overview import Extent, Overview, overviews
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_PANELS: Final = 6
_WIDTH_IN: Final = 12
_PANEL_IN: Final = 3.6
_ALONE_IN: Final = 6.5
_MIN_DB: Final = 0.0
_OUTLINE: Final = "white"
_MAX_CAPTIONS: Final = 400
"""Boxes of a panel that have a text; texts of more cover the picture, and take seconds to lay out."""


_CAPTION_SHARE: Final = 0.04
"""Of the width of a panel: a caption that begins closer to its end would reach out of it."""
_CORNERS: Final = ((True, True), (False, False), (False, True), (True, False))
"""Whether the corner is a left one, and a top one; numbers take them in turn."""


@dataclass(frozen=True)
class Mark:
    """A labelled box on a plot: seconds from the start of the recording, absolute Hz.

    ``truth`` is drawn dashed, and so that it stands out where it is ``missed``. Boxes with a ``number`` have it at one
    of their corners, and colours in turn, so that those inside each other can be told apart.
    """

    label: str
    box: Box
    score: float | None = None
    truth: bool = False
    missed: bool = False
    number: int | None = None

    @property
    def caption(self) -> str | None:
        if self.number is not None:
            return str(self.number)
        if self.missed:
            return "missed"
        return None if self.score is None else f"{self.score:.2f}"


def draw_recording(
    recording: Recording,
    spec: SpectrogramSpec,
    marks: Sequence[Mark],
    path: Path,
    progress: Callable[[int], None] = lambda samples_done: None,
) -> int:
    """Write a PNG of all of the recording with ``marks``, at the FFT size of ``spec``; returns the number of panels.

    There is a panel for each window, and at most :data:`MAX_PANELS`: panels of a long recording show as many windows as
    it takes, pooled. ``progress`` is called after each with the sample that it ends at.

    Raises:
        InvalidRecording: a sample is not a finite number.
        TooLarge: there are too many centre frequencies for a picture.
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    extent = Extent.of(recording)
    tunings = len(extent.tunings(recording))
    windows = -(-recording.sample_count // spec.window_samples)
    parts = extent.parts(max(min(windows, MAX_PANELS // tunings), 1))
    made = list[Overview]()
    for part in parts:
        made += overviews(recording, part, fft_size=spec.fft_size)
        progress(part.end)
    draw_overviews(recording, made, marks, path)
    return len(made)


def draw_overviews(recording: Recording, panels: Sequence[Overview], marks: Sequence[Mark], path: Path) -> None:
    """Write a PNG of ``panels`` of ``recording``, each with those of ``marks`` that it shows.

    Levels are in dB over the noise floor of their panel, on one scale for all panels.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    height = _ALONE_IN if len(panels) == 1 else _PANEL_IN * len(panels)
    figure = Figure(figsize=(_WIDTH_IN, height), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(panels), squeeze=False)[:, 0]
    colours = _colours(marks)
    highest = _highest_db(panels)
    for axis, panel in zip(axes, panels, strict=True):
        image = _draw_panel(axis, recording, panel, highest)
        _draw_marks(axis, panel, marks, colours)
    figure.colorbar(image, ax=list(axes), label="dB over the noise floor", pad=0.01, aspect=40 * height / _ALONE_IN)
    axes[0].set_title(_title(recording, panels), loc="left", fontsize=10, parse_math=False)
    axes[-1].set_xlabel(time_label(recording), parse_math=False)
    _legend(figure, marks, colours)
    save(figure, path)


def _highest_db(panels: Sequence[Overview]) -> float:
    """The level that is black, in dB over the noise floor."""
    return max(panel.highest_db - panel.floor_db for panel in panels)


def _draw_panel(axis: "Axes", recording: Recording, panel: Overview, highest_db: float) -> Any:
    low_mhz, high_mhz = panel.freq_low_hz / 1e6, panel.freq_high_hz / 1e6
    image = axis.imshow(
        panel.level_db - panel.floor_db,
        extent=(panel.start_sec, panel.end_sec, low_mhz, high_mhz),
        aspect="auto",
        cmap="gray_r",
        vmin=_MIN_DB,
        vmax=highest_db,
        interpolation="nearest",
    )
    end_sec = min(panel.end_sec, recording.duration_sec)
    axis.set(ylabel="MHz", xlim=(panel.start_sec, end_sec), ylim=(low_mhz, high_mhz), facecolor="#dde6ee")
    axis.ticklabel_format(useOffset=False)
    return image


def _title(recording: Recording, panels: Sequence[Overview]) -> str:
    centres = sorted({panel.center_freq_hz for panel in panels})
    centre = f"{centres[0] / 1e6:.10g} MHz" if len(centres) == 1 else f"{len(centres)} centre frequencies"
    first = panels[0]
    pooled = (
        f", a column is the {first.pooling} of {first.spectra_per_col} spectra" if first.spectra_per_col > 1 else ""
    )
    rate = _with_prefix(recording.sample_rate_hz, "S/s")
    return f"{recording.name}   {rate} at {centre}   FFT of {first.fft_size}{pooled}"


def _with_prefix(value: float, unit: str) -> str:
    for prefix, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.6g} {prefix}{unit}"
    return f"{value:.6g} {unit}"


def time_label(recording: Recording) -> str:
    """Label of the time axis, with the absolute time of its zero where the recording states one."""
    for capture in recording.captures:
        if (start := capture.start_utc_sec) is not None:
            zero = datetime.fromtimestamp(start - capture.sample_start / recording.sample_rate_hz, UTC)
            return f"seconds since {zero.isoformat(' ', 'milliseconds').removesuffix('+00:00')} UTC"
    return "seconds"


def _draw_marks(axis: "Axes", panel: Overview, marks: Sequence[Mark], colours: dict[str, str]) -> None:
    shown = [mark for mark in marks if _is_in(mark.box, panel)]
    # what is missed lies on top
    for mark in sorted(shown, key=lambda each: each.missed):
        axis.add_patch(_rectangle(mark, _colour(mark, colours)))
    for mark in [each for each in shown if each.caption is not None][:_MAX_CAPTIONS]:
        _draw_caption(axis, panel, mark, _colour(mark, colours))


def _draw_caption(axis: "Axes", panel: Overview, mark: Mark, colour: str) -> None:
    """The caption of ``mark`` beside a corner of its box, or of what the panel shows of it."""
    box, corner = mark.box, _CORNERS[(mark.number or 0) % len(_CORNERS)]
    is_left, is_top = corner
    seconds = max(box.time_start_sec, panel.start_sec) if is_left else min(box.time_end_sec, panel.end_sec)
    is_near_end = seconds > panel.end_sec - _CAPTION_SHARE * (panel.end_sec - panel.start_sec)
    hertz = min(box.freq_high_hz, panel.freq_high_hz) if is_top else max(box.freq_low_hz, panel.freq_low_hz)
    axis.annotate(
        mark.caption or "",
        (seconds, hertz / 1e6),
        (0, 2 if is_top else -2),
        textcoords="offset points",
        ha="left" if is_left and not is_near_end else "right",
        va="bottom" if is_top else "top",
        fontsize=8,
        color="black",
        annotation_clip=True,
        parse_math=False,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": colour, "pad": 1.0},
    )


def _is_in(box: Box, panel: Overview) -> bool:
    return (
        box.time_start_sec < panel.end_sec
        and box.time_end_sec > panel.start_sec
        and box.freq_low_hz < panel.freq_high_hz
        and box.freq_high_hz > panel.freq_low_hz
    )


def _rectangle(mark: Mark, colour: str) -> Rectangle:
    box, width = mark.box, 2.4 if mark.missed else 1.0 if mark.truth else 1.6
    return Rectangle(
        (box.time_start_sec, box.freq_low_hz / 1e6),
        box.time_end_sec - box.time_start_sec,
        (box.freq_high_hz - box.freq_low_hz) / 1e6,
        fill=False,
        edgecolor=colour,
        linestyle="--" if mark.truth else "-",
        linewidth=width,
        path_effects=[patheffects.withStroke(linewidth=width + 1.6, foreground=_OUTLINE)],
    )


def _colour(mark: Mark, colours: dict[str, str]) -> str:
    if mark.missed:
        return MISSED_COLOUR
    if mark.number is not None:
        return BOX_COLOURS[mark.number % len(BOX_COLOURS)]
    return "black" if mark.truth else colours[mark.label]


def _colours(marks: Sequence[Mark]) -> dict[str, str]:
    names = sorted({mark.label for mark in marks if not mark.truth and mark.number is None})
    return {name: BOX_COLOURS[index % len(BOX_COLOURS)] for index, name in enumerate(names)}


def _legend(figure: Figure, marks: Sequence[Mark], colours: dict[str, str]) -> None:
    handles: list[Any] = [
        Rectangle((0, 0), 1, 1, fill=False, edgecolor=colour, linewidth=1.6, label=name)
        for name, colour in colours.items()
    ]
    truth = [("annotation", "black", 1.0)] if any(mark.truth and not mark.missed for mark in marks) else []
    truth += [("annotation, missed", MISSED_COLOUR, 2.4)] if any(mark.missed for mark in marks) else []
    handles += [
        Rectangle((0, 0), 1, 1, fill=False, edgecolor=colour, linestyle="--", linewidth=width, label=name)
        for name, colour, width in truth
    ]
    if handles:
        columns = min(len(handles), math.ceil(len(handles) / math.ceil(len(handles) / 6)))
        legend = figure.legend(handles=handles, loc="outside upper right", ncols=columns, fontsize=8, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
