"""Numbered proposals of a recording."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection import proposals
from rfhydra.detection.proposals import propose_boxes
from rfhydra.detection.tracker import intersection_over_union
from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.hydra.backbone import Backbone
from rfhydra.recordings import Recording, open_recording, write_recording
from rfhydra.spectrum.boxes import Box
from tests.cli.command_runner import RATE_HZ, SPEC, record


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Four windows with eight annotated packets and other emissions."""
    return open_recording(record(tmp_path_factory.mktemp("scene") / "scene", 6, windows=4, packets=8))


def iou(first: Box, second: Box) -> float:
    return intersection_over_union(first, second, 0.0, np.inf)


def test_each_packet_is_proposed_once_and_in_the_order_of_time(scene: Recording, backbone: Backbone) -> None:
    boxes = propose_boxes(scene, SPEC, backbone)
    assert boxes == sorted(boxes) == propose_boxes(scene, SPEC, backbone)
    truth = [each.box(RATE_HZ) for each in scene.annotations]
    assert sum(max(iou(each, box) for box in boxes) > 0.5 for each in truth) == len(truth) == 8
    pairs = [(first, second) for index, first in enumerate(boxes) for second in boxes[:index]]
    assert max(iou(*pair) for pair in pairs) <= 0.9  # no box is there twice, though windows overlap


def test_a_part_has_the_boxes_of_the_whole(scene: Recording, backbone: Backbone) -> None:
    start, end = 0.4 * scene.duration_sec, 0.7 * scene.duration_sec
    part = propose_boxes(scene, SPEC, backbone, start, end)
    whole = propose_boxes(scene, SPEC, backbone)
    assert part == [box for box in whole if start <= (box.time_start_sec + box.time_end_sec) / 2 < end]
    assert 0 < len(part) < len(whole)


def test_an_emission_of_several_windows_is_one_box(tmp_path: Path, backbone: Backbone) -> None:
    rng, count = np.random.default_rng(1), 4 * SPEC.window_samples
    noise = rng.normal(size=(count, 2)).astype(np.float32).view(np.complex64)[:, 0]
    tone = np.exp(0.2j * np.pi * np.arange(count)).astype(np.complex64)
    tone[: SPEC.window_samples // 2] = 0
    path = write_recording(tmp_path / "tone", 0.01 * noise + 0.1 * tone, RATE_HZ, 0.0)
    boxes = propose_boxes(open_recording(path), SPEC, backbone)
    truth = SPEC.window_samples / 2 / RATE_HZ, count / RATE_HZ
    longest = max(boxes, key=lambda box: box.time_end_sec - box.time_start_sec)
    assert (longest.time_start_sec, longest.time_end_sec) == pytest.approx(truth, abs=0.02)


def test_noise_has_no_boxes(tmp_path: Path, backbone: Backbone) -> None:
    noise = np.random.default_rng(1).normal(size=(2 * SPEC.window_samples, 2)).astype(np.float32)
    path = write_recording(tmp_path / "noise", noise.view(np.complex64)[:, 0] / 8, RATE_HZ, 0.0)
    assert propose_boxes(open_recording(path), SPEC, backbone) == []


def test_what_cannot_be_numbered(scene: Recording, backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    for start, end in ((1e3, None), (-1.0, 1.0), (0.5, 0.5)):
        with pytest.raises(InvalidMessage, match="scene lasts"):
            propose_boxes(scene, SPEC, backbone, start, end)
    monkeypatch.setattr(proposals, "MAX_BOXES", 3)
    with pytest.raises(TooLarge, match="more than 3 proposed boxes"):
        propose_boxes(scene, SPEC, backbone)


edges = st.floats(0, 10)


@given(edges, edges, st.floats(0.01, 5), st.floats(0.01, 5))
def test_intersection_over_union(start: float, low: float, seconds: float, hertz: float) -> None:
    box, other = Box(start, start + seconds, low, low + hertz), Box(2.0, 5.0, 3.0, 7.0)
    assert iou(box, box) == pytest.approx(1.0)
    assert iou(box, other) == pytest.approx(iou(other, box))
    assert 0 <= iou(box, other) <= 1
    assert iou(box, replace(box, freq_low_hz=low + hertz, freq_high_hz=low + 2 * hertz)) == 0
