"""Samples joined to stretches: their IQ is that of the recording, and a box is in them once and whole."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st

from rfhydra.contract import stretch as module
from rfhydra.contract.iq_source import IqSource
from rfhydra.contract.stretch import Stretch, stretches
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import MIN_VISIBLE, import_recordings
from tests.contract.given import box, recording

SPEC = SpectrogramSpec(fft_size=64, hop=32, rows=64, cols=64)
WINDOW = SPEC.window_samples


def every_sample(workspace: Workspace) -> list[Sample]:
    return [each for name in workspace.samples.signal_names() for each in workspace.samples.list(name)]


def all_stretches(workspace: Workspace) -> list[Stretch]:
    return list(stretches(every_sample(workspace), SPEC, IqSource(workspace).read))


placed = st.tuples(st.integers(0, 20 * WINDOW), st.integers(200, 4 * WINDOW))


@settings(max_examples=25)
@cases(st.lists(placed, min_size=1, max_size=5))
def test_a_box_is_in_one_stretch_whole(spans: list[tuple[int, int]]) -> None:
    """Boxes of different labels, so that none of them is another one's part."""
    boxes = [box(start, count, label=f"s{number}") for number, (start, count) in enumerate(spans)]
    heard = recording(boxes, samples=25 * WINDOW)
    with tempfile.TemporaryDirectory() as directory, Workspace.create(Path(directory) / "w", SPEC) as workspace:
        import_recordings(workspace, [heard])
        found = all_stretches(workspace)
    for drawn in boxes:
        spans_found = [
            (each.start_sample + other.sample_start, other.sample_count)
            for each in found
            if each.start_sample is not None
            for other in each.recording.annotations
            if other.label == drawn.label
        ]
        # an import leaves out ends of a box that is longer than a window
        lost = MIN_VISIBLE * WINDOW if drawn.sample_count > WINDOW else 0
        whole = [
            (start, count)
            for start, count in spans_found
            if -1 <= start - drawn.sample_start <= lost + 1 and -1 <= drawn.sample_end - (start + count) <= lost + 1
        ]
        assert whole, spans_found
    for each in found:
        assert each.start_sample is not None
        count = each.recording.sample_count
        assert np.array_equal(each.recording.read(0, count), heard.read(each.start_sample, count))
        assert each.recording.recording_id == heard.recording_id


def test_two_emissions_next_to_each_other_stay_two(tmp_path: Path) -> None:
    heard = recording([box(100, 500), box(700, 500), box(700, 500, 0.2, 0.3)], samples=3 * WINDOW)
    with Workspace.create(tmp_path / "w", SPEC) as workspace:
        import_recordings(workspace, [heard])
        (found,) = all_stretches(workspace)
    start = found.start_sample or 0
    spans = [(start + each.sample_start, each.sample_count) for each in found.recording.annotations]
    assert spans == [(100, 500), (700, 500), (700, 500)]


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STRETCH_SAMPLES", 4 * WINDOW)
    heard = recording([box(0, 20 * WINDOW)], samples=20 * WINDOW)
    with Workspace.create(tmp_path / "w", SPEC) as workspace:
        import_recordings(workspace, [heard])
        lengths = [each.recording.sample_count for each in all_stretches(workspace)]
    assert max(lengths) <= 4 * WINDOW
    assert sum(lengths) >= 20 * WINDOW
