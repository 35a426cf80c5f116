from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rfhydra.errors import InvalidMessage, InvalidRecording
from rfhydra.plots import DPI, MAX_PANELS, Mark, draw_card, draw_curve, draw_recording
from rfhydra.recordings import Recording, open_recording, write_recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.training.evaluation.card import Confusion, DetectabilityCard, RecallAt, SnrCurve

SPEC = SpectrogramSpec(fft_size=64, hop=32, rows=64, cols=64)
RATE_HZ = 64e3
WINDOW_SEC = SPEC.window_samples / RATE_HZ
PANEL_PX = 3.6 * DPI
RED = (0xFF, 0x4D, 0x4D)
"""The colour of the first label, which is hardly in the colour map."""


def noise(directory: Path, windows: float) -> Recording:
    parts = np.random.default_rng(3).standard_normal((round(windows * SPEC.window_samples), 2), dtype=np.float32)
    return open_recording(write_recording(directory / "noise", 0.1 * parts.view(np.complex64)[:, 0], RATE_HZ, 1e6))


def pixels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_a_panel_for_each_window(tmp_path: Path) -> None:
    assert draw_recording(noise(tmp_path, 2.5), SPEC, [], tmp_path / "out.png") == 3
    assert pixels(tmp_path / "out.png").shape == (round(3 * PANEL_PX), 12 * DPI, 3)


def test_only_the_first_panels_of_a_long_recording(tmp_path: Path) -> None:
    assert draw_recording(noise(tmp_path, MAX_PANELS + 2), SPEC, [], tmp_path / "out.png") == MAX_PANELS + 2
    assert pixels(tmp_path / "out.png").shape[0] == round(MAX_PANELS * PANEL_PX)


def test_a_box_is_drawn_in_its_window_with_its_score(tmp_path: Path) -> None:
    box = Box(1.25 * WINDOW_SEC, 1.75 * WINDOW_SEC, 990e3, 1010e3)
    recording = noise(tmp_path, 3)
    draw_recording(recording, SPEC, [], tmp_path / "plain.png")
    draw_recording(recording, SPEC, [Mark("beacon", box, 0.9)], tmp_path / "marked.png")
    plain, marked = pixels(tmp_path / "plain.png"), pixels(tmp_path / "marked.png")
    rows, cols = np.nonzero((marked == RED).all(2) & (plain != RED).any(2))
    inside = (rows > PANEL_PX) & (rows < 2 * PANEL_PX)
    assert inside.sum() > 500
    centre = (cols[inside].min() + cols[inside].max()) / 2 / plain.shape[1]
    assert centre == pytest.approx(0.53, abs=0.03)  # the axis labels take a little of the left side
    assert (rows[~inside] < 0.1 * PANEL_PX).all()  # the legend


def test_truth_is_drawn_too(tmp_path: Path) -> None:
    box = Box(0, 3 * WINDOW_SEC, 990e3, 1010e3)
    recording = noise(tmp_path, 3)
    draw_recording(recording, SPEC, [], tmp_path / "plain.png")
    draw_recording(recording, SPEC, [Mark("", box, truth=True)], tmp_path / "marked.png")
    changed = (pixels(tmp_path / "plain.png") != pixels(tmp_path / "marked.png")).any(2)
    for panel in range(3):  # it spans all three windows
        assert changed[round(panel * PANEL_PX) : round((panel + 1) * PANEL_PX)].sum() > 500


def test_a_recording_without_a_whole_column(tmp_path: Path) -> None:
    recording = noise(tmp_path, 0.5 / SPEC.cols)
    with pytest.raises(InvalidRecording, match="noise is too short"):
        draw_recording(recording, SPEC, [], tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_a_curve(tmp_path: Path) -> None:
    path = tmp_path / "any name"
    draw_curve([1.0, 0.5, 0.4], [1.1, 0.6, 0.7], [0.0, 0.5, 0.9], path)
    picture = pixels(path)
    assert picture.shape == (4 * DPI, 8 * DPI, 3)
    for colour in ((0x7A, 0x7A, 0x7A), (0xD1, 0x49, 0x5B), (0x00, 0x79, 0x8C)):
        assert (picture == colour).all(2).sum() > 100


def test_a_curve_of_one_epoch(tmp_path: Path) -> None:
    draw_curve([1.0], [1.1], [0.0], tmp_path / "curve.png")
    assert pixels(tmp_path / "curve.png").shape == (4 * DPI, 8 * DPI, 3)


def test_unwritable_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match=r"curve\.png cannot be written"):
        draw_curve([1.0], [1.1], [0.0], tmp_path / "missing" / "curve.png")


def card(**fields: Any) -> DetectabilityCard:
    """A card on which nothing could be measured, but for ``fields``."""
    nothing = dict.fromkeys(("snr", "positions", "length", "bandwidth", "confusion", "false_alarms", "mixed"))
    known = {"signal_name": "$x$", "version": 1, "created_at": "", "backbone_id": "", "threshold": 0.5, "iou": 0.5}
    counts = {"seed": 0, "bursts": 0, "unseen_bursts": 0, "trained_on": False, "notes": {"snr": "no $IQ"}}
    return DetectabilityCard(**{**nothing, **known, **counts, **fields})


def test_a_card_with_nothing_measured_is_drawn(tmp_path: Path) -> None:
    draw_card(card(), tmp_path / "card.png")
    assert pixels(tmp_path / "card.png").shape == (round(7.5 * DPI), 12 * DPI, 3)


def test_the_curves_of_a_card_are_drawn(tmp_path: Path) -> None:
    points = [RecallAt(value=value, trials=8, hits=hits) for value, hits in ((0.7, 1), (1.0, 8), (1.4, 4))]
    curve = SnrCurve(
        points=points,
        own_snr_db=12.0,
        min_snr_50_db=0.8,
        min_snr_50_interval_db=(0.7, 1.2),
        min_snr_90_db=None,
        min_snr_90_interval_db=(0.9, None),
        trials=24,
    )
    confusion = Confusion(
        signal_name="pager",
        version=1,
        own_boxes=4,
        taken_alone=4,
        taken_together=0,
        other_boxes=0,
        claimed_alone=0,
        claimed_together=0,
    )
    draw_card(card(), tmp_path / "empty.png")
    draw_card(card(snr=curve, length=points, confusion=[confusion]), tmp_path / "card.png")
    empty, drawn = pixels(tmp_path / "empty.png"), pixels(tmp_path / "card.png")
    for colour in ((0x00, 0x79, 0x8C), (0xD1, 0x49, 0x5B)):
        assert (drawn == colour).all(2).sum() > 500
        assert (empty == colour).all(2).sum() == 0
