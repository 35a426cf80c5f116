"""PNG plots: recordings with boxes, training curves and detectability cards. None of them needs torch."""

from rfhydra.plots.card import card_png, draw_card
from rfhydra.plots.figure import DPI
from rfhydra.plots.recording import MAX_PANELS, Mark, draw_overviews, draw_recording
from rfhydra.plots.training import draw_curve

__all__ = ["DPI", "MAX_PANELS", "Mark", "card_png", "draw_card", "draw_curve", "draw_overviews", "draw_recording"]
