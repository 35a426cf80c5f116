"""Pictures: what they show, and that it can be seen."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rfhydra.errors import InvalidMessage
from rfhydra.plots import DPI, MAX_PANELS, Mark, draw_card, draw_curve, draw_recording
from rfhydra.plots.figure import BOX_COLOURS, MISSED_COLOUR
from rfhydra.plots.recording import time_label
from rfhydra.plots.training import epoch_ticks
from rfhydra.recordings import Capture, Recording, open_recording, write_recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.training.evaluation.card import Confusion, DetectabilityCard, RecallAt, SnrCurve

SPEC = SpectrogramSpec(fft_size=64, hop=32, rows=64, cols=64)
RATE_HZ = 64e3
WINDOW_SEC = SPEC.window_samples / RATE_HZ
PANEL_PX = 3.6 * DPI
FIRST = (0x00, 0x72, 0xB2)
"""The colour of the first label."""
MISSED = (0xD5, 0x5E, 0x00)
COLOUR_BLIND = {
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
}
"""How colours look to people who lack one kind of cone (Machado and others, 2009)."""


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


def test_a_long_recording_is_shown_to_its_end(tmp_path: Path) -> None:
    recording = noise(tmp_path, 4 * MAX_PANELS)
    end_sec = recording.duration_sec
    last = Mark("beacon", Box(end_sec - 3 * WINDOW_SEC, end_sec - 1 * WINDOW_SEC, 980e3, 1020e3), 0.9)
    assert draw_recording(recording, SPEC, [last], tmp_path / "out.png") == MAX_PANELS
    picture = pixels(tmp_path / "out.png")
    assert picture.shape[0] == round(MAX_PANELS * PANEL_PX)
    rows = np.flatnonzero((picture == FIRST).all(2).sum(1) > 100)
    assert rows.min() > (MAX_PANELS - 1) * PANEL_PX


def test_a_box_is_drawn_in_its_window_with_its_score(tmp_path: Path) -> None:
    box = Box(1.25 * WINDOW_SEC, 1.75 * WINDOW_SEC, 990e3, 1010e3)
    recording = noise(tmp_path, 3)
    draw_recording(recording, SPEC, [Mark("beacon", box)], tmp_path / "plain.png")
    draw_recording(recording, SPEC, [Mark("beacon", box, 0.9)], tmp_path / "marked.png")
    plain, marked = pixels(tmp_path / "plain.png"), pixels(tmp_path / "marked.png")
    rows, cols = np.nonzero((plain == FIRST).all(2))
    inside = (rows > PANEL_PX) & (rows < 2 * PANEL_PX)
    assert inside.sum() > 300
    centre = (cols[inside].min() + cols[inside].max()) / 2 / plain.shape[1]
    assert centre == pytest.approx(0.5, abs=0.03)
    assert (rows[~inside] < 0.1 * PANEL_PX).all()  # the legend
    assert 50 < (plain != marked).any(2).sum() < 2000  # the score


def test_truth_is_drawn_too_and_what_is_missed_stands_out(tmp_path: Path) -> None:
    box = Box(0, 3 * WINDOW_SEC, 990e3, 1010e3)
    recording = noise(tmp_path, 3)
    counts = {}
    for name, marks in (
        ("plain", []),
        ("truth", [Mark("x", box, truth=True)]),
        ("missed", [Mark("x", box, truth=True, missed=True)]),
    ):
        draw_recording(recording, SPEC, marks, tmp_path / f"{name}.png")
        picture = pixels(tmp_path / f"{name}.png")
        panels = [picture[round(panel * PANEL_PX) : round((panel + 1) * PANEL_PX)] for panel in range(3)]
        counts[name] = min(int((each == MISSED).all(2).sum()) for each in panels)
    assert counts["plain"] == counts["truth"] == 0
    assert counts["missed"] > 500  # it spans all three windows


def linear(colour: str) -> NDArray[np.float64]:
    """Light of the three primaries, 0 to 1."""
    coded = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    light: NDArray[np.float64] = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return light


@pytest.mark.parametrize("kind", ["normal", *COLOUR_BLIND])
def test_boxes_stand_apart_from_the_spectrogram_and_from_each_other(kind: str) -> None:
    light = np.array([linear(each) for each in (*BOX_COLOURS, MISSED_COLOUR)])
    received = (light @ COLOUR_BLIND.get(kind, np.eye(3)).T).clip(0, 1)
    seen = np.where(received <= 0.0031308, 12.92 * received, 1.055 * received ** (1 / 2.4) - 0.055)
    assert np.linalg.norm(seen - seen.mean(axis=1, keepdims=True), axis=1).min() > 0.2  # from grey
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(seen), 1)]
    assert apart.min() > 0.2


def test_numbers_of_nested_boxes_do_not_cover_each_other(tmp_path: Path) -> None:
    recording = noise(tmp_path, 1)
    marks = [
        Mark("", Box(0.2 * WINDOW_SEC, 0.8 * WINDOW_SEC, 990e3 - number, 1010e3), number=number)
        for number in (1, 2, 3, 4)
    ]
    drawn = []
    for shown in ([], marks[:1], marks[:2], marks[:3], marks):
        draw_recording(recording, SPEC, shown, tmp_path / "out.png")
        drawn.append(pixels(tmp_path / "out.png"))
    black = [int((each == 0).all(2).sum()) for each in drawn]
    assert black[1:] == sorted(black[1:])


def test_an_unknown_and_a_known_time_and_a_change_of_frequency(tmp_path: Path) -> None:
    iq = noise(tmp_path, 2).read(0, 2 * SPEC.window_samples)
    meta = write_recording(tmp_path / "timed", iq, RATE_HZ, 1e6, start_time="2026-01-01T12:00:00Z")
    recording = open_recording(meta)
    assert time_label(recording) == "seconds since 2026-01-01 12:00:00.000 UTC"
    assert time_label(noise(tmp_path, 1)) == "seconds"
    tuned = replace(recording, captures=(Capture(0, 1e6), Capture(SPEC.window_samples, 2e6)))
    assert draw_recording(tuned, SPEC, [], tmp_path / "out.png") == 2


def test_a_curve(tmp_path: Path) -> None:
    path = tmp_path / "any name"
    draw_curve([1.0, 0.5, 0.4], [1.1, 0.6, 0.7], [0.0, 0.5, 0.9], path)
    picture = pixels(path)
    assert picture.shape == (4 * DPI, 8 * DPI, 3)
    for colour in ((0x7A, 0x7A, 0x7A), (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)):
        assert (picture == colour).all(2).sum() > 100


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 50, 400])
def test_epochs_are_whole(epochs: int) -> None:
    ticks = epoch_ticks(epochs)
    assert 1 <= len(ticks) <= 12
    assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


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
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        assert (drawn == colour).all(2).sum() > 500
        assert (empty == colour).all(2).sum() == 0
