"""Candidate emissions of windows that overlap: each once, with the embedding of its window."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import box_iou

from rfhydra.archive.emissions import SAME_IOU, EmissionCollector, EmissionDetector, Emissions
from rfhydra.archive.plan import detector_of
from rfhydra.detection.recording import detect_recording
from rfhydra.detection.windows import recording_windows
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.recordings import open_recording
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.window import Window
from tests.archive import given as archive
from tests.archive.given import record
from tests.training.given import SMALL_SPEC

SECONDS = SMALL_SPEC.window_samples / 1000.0
times = st.floats(0, 10 * SECONDS)


def window(start: int) -> Window:
    frame = Frame(SMALL_SPEC, 1000.0, 0.0, SMALL_SPEC.cols)
    return Window(np.zeros((SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8), frame, start)


def proposals(boxes: list[tuple[float, float, float, float]], objectness: float = 0.5) -> Emissions:
    count = len(boxes)
    return Emissions(
        torch.tensor(boxes, dtype=torch.float64).reshape(-1, 4),
        torch.full((count,), objectness),
        torch.full((count,), torch.nan),
        torch.full((count,), -1),
        torch.zeros((count, 2), dtype=torch.float16),
    )


@given(st.lists(st.tuples(times, st.floats(0.01, 0.4), st.integers(0, 3)), max_size=20))
def test_an_emission_is_passed_on_once(drawn: list[tuple[float, float, int]]) -> None:
    boxes = [(start, 100.0 * band, start + SECONDS * part, 100.0 * band + 50) for start, part, band in drawn]
    out = list[Emissions]()
    collector = EmissionCollector(out.append)
    for start in range(0, 11 * SMALL_SPEC.window_samples, SMALL_SPEC.window_samples // 2):
        first, last = start / 1000.0, start / 1000.0 + SECONDS
        collector.add(window(start), proposals([box for box in boxes if first <= box[0] and box[2] <= last]))
    collector.close()
    found = torch.cat([each.boxes for each in out]) if out else torch.zeros((0, 4), dtype=torch.float64)
    assert len(torch.unique(found, dim=0)) == len(found)
    wanted = torch.tensor(boxes, dtype=torch.float64).reshape(-1, 4)
    if len(wanted):
        overlap = box_iou(wanted, found)
        assert (overlap.max(1).values > SAME_IOU).all()
        assert (box_iou(found, wanted).max(1).values == 1).all()


def test_a_detection_takes_the_place_of_its_proposal() -> None:
    out = list[Emissions]()
    collector = EmissionCollector(out.append)
    box = (1.0, 0.0, 2.0, 10.0)
    detected = proposals([box])
    detected = Emissions(
        detected.boxes + 0.01, detected.score, torch.full((1,), 0.1), torch.zeros(1).long(), detected.embeddings
    )
    collector.add(window(0), Emissions.joined(proposals([box], 0.99), detected))
    collector.close()
    (found,) = out
    assert found.signal.tolist() == [0]


def test_memory_is_bounded_by_the_windows_that_overlap() -> None:
    out = list[Emissions]()
    collector = EmissionCollector(out.append)
    for number in range(50):
        start = number * SMALL_SPEC.window_samples
        at = start / 1000.0
        collector.add(window(start), proposals([(at + 1, 0.0, at + 2, 10.0)]))
        assert sum(map(len, out)) == number
    collector.close()
    assert sum(map(len, out)) == 50


def test_a_detector_without_heads_collects_proposals(tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    recording = open_recording(record(tmp_path / "rec", 1, windows=2))
    detector, out = EmissionDetector(SMALL_SPEC, tiny_backbone, 0.0), list[Emissions]()
    with detector.collecting(out.append):
        assert detect_recording(recording, detector, gated=False) == []
    found = Emissions(*(torch.cat([getattr(each, name) for each in out]) for name in vars(out[0])))
    first, *_ = recording_windows(recording, SMALL_SPEC)
    expected = tiny_backbone.see(first.image).propose()
    boxes = [box.as_tuple() for box in first.frame.to_boxes(expected.boxes.numpy())]
    physical = torch.tensor(boxes, dtype=torch.float64)[:, [0, 2, 1, 3]]
    index = int((found.boxes - physical[0]).abs().sum(1).argmin())
    torch.testing.assert_close(found.boxes[index], physical[0], atol=1e-3, rtol=1e-6)
    torch.testing.assert_close(found.embeddings[index].float(), expected.embeddings[0], atol=1e-3, rtol=0)


def test_detections_are_those_of_a_plain_detector(site: Path, body_file: Path, tmp_path: Path) -> None:
    plan = archive.plan_of(site, body_file, min_objectness=0.0)
    detector = detector_of(plan)
    recording, out = open_recording(record(tmp_path / "rec", 1, windows=3)), list[Emissions]()
    expected = detect_recording(recording, detector, plan.threshold)
    with detector.collecting(out.append):
        assert detect_recording(recording, detector, plan.threshold) == expected
    assert expected
    signals = torch.cat([each.signal for each in out])
    assert int((signals == 0).sum()) >= len(expected)
    assert int((signals == -1).sum()) > 0


def test_what_was_collected_before_an_error_is_not_mixed_into_the_next(
    tiny_backbone: TorchBackbone, tmp_path: Path
) -> None:
    recording = open_recording(record(tmp_path / "rec", 1))
    detector = EmissionDetector(SMALL_SPEC, tiny_backbone, 0.0)
    first, second, third = list[Emissions](), list[Emissions](), list[Emissions]()
    with detector.collecting(first.append):
        detect_recording(recording, detector)

    def give_up(samples_done: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError), detector.collecting(second.append):
        detect_recording(recording, detector, None, give_up)
    with detector.collecting(third.append):
        detect_recording(recording, detector)
    assert sum(map(len, third)) == sum(map(len, first))
