"""Plots of the page."""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from benchmarks.results import Row

DPI: Final = 80
LIGHT: Final = "#c8ccd0"
BLUE: Final = "#00798c"
RED: Final = "#d1495b"


def draw_f1(summary: Row, path: Path) -> None:
    """F1 by boxes: every emitter thin, the mean with its interval thick, at the stored and at the best threshold."""
    figure = Figure(figsize=(7, 4), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    by_boxes = summary["by_boxes"]
    boxes = [row["boxes"] for row in by_boxes]
    for emitter in summary["by_emitter"]:
        axis.plot(boxes, [emitter["f1"][str(count)] for count in boxes], color=LIGHT, linewidth=0.8)
    for name, colour, label in (("f1_oracle", RED, "best threshold"), ("f1_score", BLUE, "stored threshold")):
        means = np.array([row[name]["mean"] for row in by_boxes])
        error = [means - [row[name]["low"] for row in by_boxes], [row[name]["high"] for row in by_boxes] - means]
        axis.errorbar(boxes, means, yerr=error, color=colour, marker="o", capsize=3, label=label)
    axis.set(xscale="log", xlabel="boxes", ylabel="F1 at IoU 0.5", ylim=(0, 1.02))
    axis.set_xticks(boxes, [str(count) for count in boxes])
    axis.minorticks_off()
    axis.legend(loc="lower right")
    figure.savefig(path)


def draw_snr(by_boxes: list[Row], path: Path) -> None:
    """Recall and precision in each bin of SNR, a line for every size of the support."""
    figure = Figure(figsize=(9, 3.5), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, rate in zip(axes, ("recall", "precision"), strict=True):
        for shade, row in zip(np.linspace(0.3, 1, len(by_boxes)), by_boxes, strict=True):
            bins = row["by_snr"]
            middles = [(each["low_db"] + each["high_db"]) / 2 for each in bins]
            label = f"{row['boxes']} boxes"
            means = [each[rate]["mean"] for each in bins]
            axis.plot(middles, means, color=BLUE, alpha=float(shade), marker="o", label=label)
        axis.set(xlabel="in-band SNR, dB", ylabel=rate, ylim=(0, 1.02))
    axes[0].legend(loc="lower right")
    figure.savefig(path)
