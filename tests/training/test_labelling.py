"""Boxes that are labelled in several calls are seen together."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from rfhydra.recordings import Annotation, Recording, open_recording, write_recording
from rfhydra.spectrum.boxes import Box
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import visible_labels
from rfhydra.training.data.labelling import label_recordings
from tests.training import given

SPEC: Final = given.SMALL_SPEC
WINDOW: Final = SPEC.window_samples
SLOT: Final = WINDOW // 3
SLOTS: Final = 15


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Five windows of noise."""
    noise = np.random.default_rng(0).standard_normal((5 * WINDOW, 2), dtype=np.float32).view(np.complex64)[:, 0]
    folder = tmp_path_factory.mktemp("take")
    return open_recording(write_recording(folder / "take", noise / 8, given.RATE_HZ, given.CENTER_HZ))


def box(slot: int, offset: int = 0, length: int = SLOT // 2, label: str = "beacon", low: float = 0.0) -> Annotation:
    return Annotation(slot * SLOT + offset, length, given.CENTER_HZ + low, given.CENTER_HZ + low + 1e5, label)


def labelled(workspace: Workspace, take: Recording, *annotations: Annotation) -> None:
    ordered = sorted(annotations, key=lambda each: each.sample_start)
    label_recordings(workspace, [replace(take, annotations=tuple(ordered))], annotations[0].label)


BOXES = st.builds(
    box, st.integers(0, SLOTS - 1), st.integers(0, SLOT // 3), st.integers(SLOT // 8, SLOT // 2), st.sampled_from("ab")
)
CALLS = st.lists(BOXES, min_size=1, max_size=8, unique_by=lambda each: each.sample_start // SLOT).flatmap(
    lambda boxes: st.lists(st.integers(0, 3), min_size=len(boxes), max_size=len(boxes)).map(
        lambda calls: [
            [each for each, number in zip(boxes, calls, strict=True) if number == call and each.label == label]
            for call in range(4)
            for label in "ab"
        ]
    )
)


def rounded(labelled_box: tuple[str, Box]) -> tuple[str, int, int, int, int]:
    """Label, edges in samples and in hertz."""
    label, (start, end, low, high) = labelled_box[0], labelled_box[1].as_tuple()
    return label, round(start * given.RATE_HZ), round(end * given.RATE_HZ), round(low), round(high)


@settings(max_examples=25)
@for_all(calls=CALLS)
def test_every_window_shows_every_box_in_it_whichever_call_it_is_from(
    take: Recording, calls: list[list[Annotation]]
) -> None:
    every = [each for call in calls for each in call]
    with tempfile.TemporaryDirectory() as folder, Workspace.create(Path(folder) / "w", SPEC) as workspace:
        for call in filter(None, calls):
            labelled(workspace, take, *call)
        whole = set[Annotation]()
        for name in workspace.samples.signal_names():
            for sample in workspace.samples.list(name):
                start = sample.start_sample or 0
                expected = visible_labels(every, start, sample.frame(SPEC))
                found = [*((name, each) for each in sample.boxes), *sample.negatives]
                assert sorted(map(rounded, found)) == sorted(map(rounded, expected))
                whole.update(
                    each
                    for each in every
                    if each.label == name and start <= each.sample_start and each.sample_end <= start + WINDOW
                )
        assert whole == set(every)


def test_a_new_box_replaces_one_that_it_covers(small: Workspace, take: Recording) -> None:
    labelled(small, take, box(1))
    labelled(small, take, box(1, offset=SLOT // 8))
    boxes = [each for sample in small.samples.list("beacon") for each in sample.boxes]
    assert len({round(each.time_end_sec - each.time_start_sec, 6) for each in boxes}) == 1
    assert all(len(sample.boxes) == 1 for sample in small.samples.list("beacon"))


def test_a_box_that_windows_cut_is_one_box(small: Workspace, take: Recording) -> None:
    long = box(0, length=3 * WINDOW)
    labelled(small, take, long)
    count = small.samples.count("beacon")
    assert count >= 3
    labelled(small, take, box(1, label="pager", low=3e5))
    assert small.samples.count("beacon") == count
    (pager,) = small.samples.list("pager")
    assert [label for label, _ in pager.negatives] == ["beacon"]
    first = min(small.samples.list("beacon"), key=lambda sample: sample.start_sample or 0)
    assert [label for label, _ in first.negatives] == ["pager"]


def test_labelling_again_changes_nothing(small: Workspace, take: Recording) -> None:
    labelled(small, take, box(1), box(5))
    before = given.everything(small)
    labelled(small, take, box(1), box(5))
    labelled(small, take, box(1))
    assert given.everything(small) == before


def test_an_error_adds_nothing(small: Workspace, take: Recording) -> None:
    labelled(small, take, box(1))
    before = given.everything(small)
    with pytest.raises(RuntimeError):
        label_recordings(small, [replace(take, annotations=(box(9),))], progress=_fail)
    assert given.everything(small) == before


def _fail(name: str) -> None:
    raise RuntimeError(name)
