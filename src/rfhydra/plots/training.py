"""PNG plots of training curves."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rfhydra.plots.figure import BLUE, DPI, GREY, RED, save


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
    marker = "o" if len(train_loss) == 1 else ""  # a line of one epoch is not seen
    losses.plot(epochs, train_loss, label="training loss", color=GREY, marker=marker)
    if val_loss:
        losses.plot(epochs, val_loss, label="validation loss", color=RED, linestyle="--", marker=marker)
    losses.set(xlabel="epoch", ylabel="loss", xlim=(0.5, len(train_loss) + 0.5), ylim=(0, None))
    losses.set_xticks(epoch_ticks(len(train_loss)))
    lines = losses.get_lines()
    if f1:
        scores = losses.twinx()
        scores.plot(epochs, f1, label="F1 on the validation split", color=BLUE, marker="o", markersize=3)
        scores.set(ylabel="F1", ylim=(0, 1.05))
        lines = [*lines, *scores.get_lines()]
    losses.legend(lines, [str(line.get_label()) for line in lines], loc="center right", fontsize=8)
    save(figure, path)


def epoch_ticks(epochs: int) -> list[int]:
    """Whole epochs for an axis from 1 to ``epochs``."""
    found = MaxNLocator(nbins=10, integer=True, min_n_ticks=1).tick_values(1, epochs)
    return sorted({min(max(round(tick), 1), epochs) for tick in found})
