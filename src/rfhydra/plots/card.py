"""PNG plots of detectability cards."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from matplotlib.figure import Figure

from rfhydra.plots.figure import BLUE, DPI, GREY, RED, png_of, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rfhydra.training.evaluation.card import DetectabilityCard, RecallAt

MAX_CONFUSED: Final = 10


def draw_card(card: "DetectabilityCard", path: Path) -> None:
    """Write a PNG of a card: recall by SNR, by place in the band, by length and bandwidth, and confusion.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    save(_figure(card), path)


def card_png(card: "DetectabilityCard") -> bytes:
    """The same PNG as bytes."""
    return png_of(_figure(card))


def _figure(card: "DetectabilityCard") -> Figure:
    figure = Figure(figsize=(12, 7.5), dpi=DPI, layout="constrained")
    ((snr, position), (stretch, confusion)) = figure.subplots(2, 2)
    seen = "all trained on" if card.trained_on else f"{card.unseen_bursts} not trained on"
    title = f"{card.signal_name} version {card.version}: {card.bursts} bursts, {seen}"
    figure.suptitle(title, fontsize=12, parse_math=False)
    _draw_recall(snr, "in-band SNR, dB", {"": card.snr.points if card.snr else None}, card.notes.get("snr"))
    if card.snr is not None:
        for recall, value in ((0.5, card.snr.min_snr_50_db), (0.9, card.snr.min_snr_90_db)):
            if value is not None:
                snr.plot([value, value], [0, recall], linestyle=":", color=GREY)
                snr.annotate(f"{value:.1f} dB", (value, recall), (4, -10), textcoords="offset points", fontsize=8)
    _draw_recall(position, "place in the band", {"": card.positions}, card.notes.get("positions"))
    stretched = {"length": card.length, "bandwidth": card.bandwidth}
    _draw_recall(stretch, "ratio to the signal's own", stretched, card.notes.get("length"))
    _draw_confusion(confusion, card)
    return figure


def _draw_recall(axis: "Axes", label: str, curves: dict[str, list["RecallAt"] | None], reason: str | None) -> None:
    """Curves of recall by name, or why there are none."""
    axis.set(xlabel=label, ylabel="recall", ylim=(-0.03, 1.05))
    for (name, points), colour in zip(curves.items(), (BLUE, RED), strict=False):
        if points is not None:
            values, recalls = [each.value for each in points], [each.recall for each in points]
            axis.plot(values, recalls, marker="o", markersize=4, label=name, color=colour)
    if not any(curves.values()):
        axis.text(0.5, 0.5, reason or "", ha="center", transform=axis.transAxes, fontsize=9, parse_math=False)
    elif any(curves):
        axis.legend(fontsize=8, loc="lower right")


def _draw_confusion(axis: "Axes", card: "DetectabilityCard") -> None:
    """The other heads by how much they and this head detect of each other, and the false alarms as text."""
    rows = sorted(card.confusion or (), key=lambda each: -(each.taken_alone + each.claimed_alone))[:MAX_CONFUSED]
    places = range(len(rows))
    taken = [each.taken_alone / max(each.own_boxes, 1) for each in rows]
    claimed = [each.claimed_alone / max(each.other_boxes, 1) for each in rows]
    axis.barh([place + 0.2 for place in places], taken, 0.38, label="it detects this signal", color=RED)
    axis.barh([place - 0.2 for place in places], claimed, 0.38, label="this head detects it", color=BLUE)
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
