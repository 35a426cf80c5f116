"""An opened recording: samples, captures, annotations, boxes."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, InvalidRecording
from rfhydra.recordings import (
    Annotation,
    Capture,
    open_recording,
    write_recording,
)
from rfhydra.spectrum.boxes import Box
from tests.recordings.given import CENTER_HZ, RATE_HZ, ramp, write_pair

SHARED_RF = Path(__file__).parents[3] / "shared" / "rf"


def test_read_part(tmp_path: Path) -> None:
    recording = open_recording(write_recording(tmp_path / "rec", ramp(), RATE_HZ, CENTER_HZ))
    np.testing.assert_array_equal(recording.read(990, 10), ramp()[990:])
    assert recording.read(1000, 0).shape == (0,)


@pytest.mark.parametrize(("start", "count"), [(-1, 5), (0, -1), (0, 1001), (1000, 1)])
def test_read_outside(tmp_path: Path, start: int, count: int) -> None:
    with pytest.raises(InvalidMessage, match="rec, which has 1000 samples"):
        open_recording(write_pair(tmp_path)).read(start, count)


def test_captures_are_sorted_and_cut_the_recording_into_segments(tmp_path: Path) -> None:
    entries = [
        {"core:sample_start": 600, "core:frequency": 2e9, "core:datetime": "2026-01-01T00:00:00Z"},
        {"core:sample_start": 100, "core:frequency": 1e9},
    ]
    recording = open_recording(write_pair(tmp_path, captures=entries))
    first, second = Capture(100, 1e9), Capture(600, 2e9, "2026-01-01T00:00:00Z")
    assert recording.segments() == [(0, 600, first), (600, 1000, second)]
    assert [recording.capture_at(sample) for sample in (0, 100, 599, 600, 999)] == [first, first, first, second, second]
    for sample in (-1, 1000):
        with pytest.raises(InvalidMessage, match=f"sample {sample} is not in rec"):
            recording.capture_at(sample)


def test_boxes_and_annotations_of_a_window(tmp_path: Path) -> None:
    annotation = Annotation(500, 100, CENTER_HZ - 1e5, CENTER_HZ + 1e5, "x")
    recording = open_recording(write_recording(tmp_path / "rec", ramp(), RATE_HZ, CENTER_HZ, [annotation]))
    assert annotation.box(RATE_HZ, 550) == Box(-50e-6, 50e-6, CENTER_HZ - 1e5, CENTER_HZ + 1e5)
    assert recording.annotations_between(599, 700) == [annotation]
    assert recording.annotations_between(0, 500) == recording.annotations_between(600, 1000) == []


def test_recording_id_is_the_stated_digest_or_computed(tmp_path: Path) -> None:
    digest = hashlib.sha512(bytes(2000)).hexdigest()
    assert open_recording(write_pair(tmp_path)).recording_id == digest
    assert open_recording(write_pair(tmp_path, changes={"core:sha512": "AB" * 64})).recording_id == "ab" * 64


def test_verify(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "rec", ramp(), RATE_HZ, CENTER_HZ)
    open_recording(path, verify=True)
    path.with_suffix(".sigmf-data").write_bytes(bytes(8000))
    open_recording(path)
    with pytest.raises(InvalidRecording, match=r"rec\.sigmf-data does not match core:sha512"):
        open_recording(path, verify=True)


@pytest.mark.skipif(not SHARED_RF.is_dir(), reason="the shared recordings are not on this machine")
def test_real_recordings() -> None:
    paths = sorted(SHARED_RF.glob("*/*.sigmf-meta"))
    assert paths
    for path in paths:
        recording = open_recording(path)
        assert (recording.datatype, recording.sample_rate_hz) == ("cu8", 250_000.0)
        assert recording.sample_count == path.with_suffix(".sigmf-data").stat().st_size // 2
        band = recording.captures[0].center_freq_hz + np.array([-1, 1]) * recording.sample_rate_hz / 2
        for annotation in recording.annotations:
            assert annotation.label in (path.parent.name, "other")
            assert band[0] <= annotation.freq_low_hz < annotation.freq_high_hz <= band[1]
    open_recording(paths[0], verify=True)


@pytest.mark.skipif(not SHARED_RF.is_dir(), reason="the shared recordings are not on this machine")
def test_a_quiet_real_recording_has_no_false_dc() -> None:
    path = min(SHARED_RF.glob("background/*.sigmf-meta"))
    recording = open_recording(path)
    assert abs(recording.read(0, recording.sample_count).mean()) < 1 / 127.5


@pytest.mark.parametrize(("start", "end"), [(0, 1000), (10, 11), (999, 1000)])
def test_annotation_of_box_inverts_box(start: int, end: int) -> None:
    annotation = Annotation(start, end - start, CENTER_HZ, CENTER_HZ + 1e5, "x")
    assert Annotation.of_box(annotation.box(RATE_HZ), "x", RATE_HZ, 1000) == annotation


@pytest.mark.parametrize(
    ("start", "end", "samples"),
    [(-5.0, 2.0, (0, 2)), (3.1, 3.2, (3, 4)), (998.0, 2000.0, (998, 1000)), (999.8, 1001, (999, 1000))],
)
def test_annotation_of_box_is_cut_to_the_recording(start: float, end: float, samples: tuple[int, int]) -> None:
    annotation = Annotation.of_box(Box(start / RATE_HZ, end / RATE_HZ, 0.0, 1.0), None, RATE_HZ, 1000)
    assert (annotation.sample_start, annotation.sample_end) == samples
