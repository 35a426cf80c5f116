"""Written recordings, and detections written as annotations."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf
from numpy.typing import NDArray

from rfhydra.errors import Conflict, InvalidBox, InvalidMessage, NotFound, RfhydraError, StorageFull
from rfhydra.files import replacing
from rfhydra.recordings import (
    Annotation,
    Capture,
    Recording,
    open_recording,
    write_recording,
    write_sigmf_annotations,
    write_sigmf_labels,
)
from rfhydra.spectrum.boxes import Box
from tests.recordings.given import CENTER_HZ, RATE_HZ, ramp, validate, write_pair, write_wav


def test_written_recording_is_valid_sigmf_with_all_fields(tmp_path: Path) -> None:
    late = Annotation(500, 100, CENTER_HZ - 1e5, CENTER_HZ + 1e5, "late")
    early = Annotation(np.int64(10), 20, CENTER_HZ, CENTER_HZ + 5e4)  # type: ignore[arg-type]  # counted with numpy
    path = write_recording(tmp_path / "a.b", ramp(), RATE_HZ, CENTER_HZ, [late, early], datatype="ci16_le")
    recording = open_recording(path)
    assert path.name == "a.b.sigmf-meta"
    assert (recording.name, recording.datatype, recording.sample_count) == ("a.b", "ci16_le", 1000)
    assert (recording.sample_rate_hz, recording.duration_sec) == (RATE_HZ, 0.001)
    assert recording.captures == (Capture(0, CENTER_HZ),)
    assert recording.annotations == (early, late)
    assert validate(path).get_annotations()[1]["core:label"] == "late"


def test_existing_recording_is_replaced(tmp_path: Path) -> None:
    write_recording(tmp_path / "rec", ramp(10), RATE_HZ, CENTER_HZ)
    path = write_recording(tmp_path / "rec", ramp(20), RATE_HZ, CENTER_HZ)
    assert open_recording(path, verify=True).sample_count == 20
    assert {file.name for file in tmp_path.iterdir()} == {"rec.sigmf-meta", "rec.sigmf-data"}


def test_failed_write_changes_nothing(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "rec", ramp(10), RATE_HZ, CENTER_HZ)
    with pytest.raises(InvalidMessage, match="not a finite number"):
        write_recording(tmp_path / "rec", np.full(20, np.nan, np.complex64), RATE_HZ, CENTER_HZ)
    assert open_recording(path, verify=True).sample_count == 10
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("iq", "rate_hz", "annotations", "message"),
    [
        (np.zeros(0, np.complex64), RATE_HZ, [], "empty"),
        (np.zeros((2, 2), np.complex64), RATE_HZ, [], "one row"),
        (np.zeros(4, np.float32), RATE_HZ, [], "complex"),
        (np.zeros(4, np.complex64), 0.0, [], "core:sample_rate"),
        (np.zeros(4, np.complex64), RATE_HZ, [Annotation(2, 3, 0.0, 1.0)], "not all in the data"),
    ],
)
def test_invalid_recording_is_not_written(
    tmp_path: Path, iq: NDArray[Any], rate_hz: float, annotations: list[Annotation], message: str
) -> None:
    with pytest.raises(InvalidMessage, match=message):
        write_recording(tmp_path / "rec", iq, rate_hz, CENTER_HZ, annotations)
    assert list(tmp_path.iterdir()) == []


def test_full_disk(tmp_path: Path) -> None:
    target = tmp_path / "rec.sigmf-meta"
    with pytest.raises(StorageFull, match="disk is full"), replacing(target), Path("/dev/full").open("wb") as full:
        full.write(b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stem", "reason"),
    [("nowhere/rec", "No such file or directory"), ("file/rec", "Not a directory"), ("x" * 240, "File name too long")],
)
def test_unwritable_path(tmp_path: Path, stem: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidMessage, match=rf"\.sigmf-meta cannot be written: {reason}"):
        write_recording(tmp_path / stem, ramp(), RATE_HZ, CENTER_HZ)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return open_recording(write_recording(tmp_path / "rec", ramp(), RATE_HZ, CENTER_HZ, [Annotation(0, 9, 0.0, 1.0)]))


def test_detections_become_annotations_of_the_same_data(tmp_path: Path, recording: Recording) -> None:
    late, early = Box(500e-6, 600e-6, CENTER_HZ, CENTER_HZ + 1e5), Box(-10e-6, 20e-6, CENTER_HZ - 1e5, CENTER_HZ)
    out = tmp_path / "found.sigmf-meta"
    assert write_sigmf_annotations(recording, [("b", 0.9, late), ("a", 0.5, early)], out) == out
    first, second = validate(out).get_annotations()
    assert (first["core:sample_start"], first["core:sample_count"], first["core:label"]) == (0, 20, "a")
    assert (second["rfhydra:score"], second["core:generator"]) == (0.9, "rfhydra")
    back = open_recording(out, verify=True)
    assert back.recording_id == recording.recording_id
    assert back.captures == recording.captures
    assert back.annotations[1].box(RATE_HZ) == late
    assert len(open_recording(recording.path).annotations) == 1


def test_rewritten_detections_declare_the_extension_once(tmp_path: Path, recording: Recording) -> None:
    out = write_sigmf_annotations(recording, [("a", 0.5, Box(0.0, 1e-4, 0.0, 1.0))], tmp_path / "found.sigmf-meta")
    second = write_sigmf_annotations(open_recording(out), [], tmp_path / "second.sigmf-meta")
    assert [extension["name"] for extension in validate(second).get_global_field("core:extensions")] == ["rfhydra"]
    write_sigmf_annotations(recording, [], out)
    assert open_recording(out).annotations == ()


def test_fields_that_rfhydra_does_not_use_are_copied(tmp_path: Path) -> None:
    place = {"type": "Point", "coordinates": [8.5, 47.4]}
    path = write_pair(
        tmp_path,
        changes={"core:hw": "RTL-SDR"},
        captures=[{"core:sample_start": 0, "core:frequency": CENTER_HZ, "core:geolocation": place}],
    )
    copied = validate(write_sigmf_annotations(open_recording(path), [], tmp_path / "found.sigmf-meta"))
    assert copied.get_global_field("core:hw") == "RTL-SDR"
    assert copied.get_captures()[0]["core:geolocation"] == place


@pytest.fixture
def containers(tmp_path: Path, recording: Recording) -> Path:
    sigmf.fromfile(recording.path).archive(str(tmp_path / "packed.sigmf"))
    write_wav(tmp_path / "audio.wav", bytes(400))
    (tmp_path / "raw.cf32").write_bytes(ramp().tobytes())
    return tmp_path


@pytest.mark.parametrize("name", ["packed.sigmf", "audio.wav", "raw.cf32"])
def test_detections_refer_to_data_in_any_container(containers: Path, name: str) -> None:
    whole = open_recording(containers / name, sample_rate_hz=RATE_HZ if name == "raw.cf32" else None)
    out = write_sigmf_annotations(whole, [("a", 0.5, Box(0.0, 1e-4, 0.0, 1.0))], containers / "found.sigmf-meta")
    validate(out)
    back = open_recording(out)
    assert back.data_path == whole.data_path
    assert back.recording_id == whole.recording_id
    np.testing.assert_array_equal(back.stored, whole.stored)


def test_detections_in_another_folder_are_metadata_only(tmp_path: Path, recording: Recording) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    out = write_sigmf_annotations(recording, [("a", 0.5, Box(0.0, 1e-4, 0.0, 1.0))], folder / "found.sigmf-meta")
    fields = validate(out).get_global_info()
    assert fields["core:metadata_only"] is True
    assert fields["core:sha512"] == recording.recording_id
    with pytest.raises(NotFound, match=r"no found\.sigmf-data"):
        open_recording(out)


@pytest.mark.parametrize(
    ("score", "box", "name", "error", "message"),
    [
        (math.nan, Box(0.0, 1e-4, 0.0, 1.0), "found.sigmf-meta", InvalidMessage, "score nan"),
        (0.5, Box(-2.0, -1.0, 0.0, 1.0), "found.sigmf-meta", InvalidBox, "is outside the recording"),
        (0.5, Box(1.0, 2.0, 0.0, 1.0), "found.sigmf-meta", InvalidBox, "is outside the recording"),
        (0.5, Box(0.0, 1e-4, 0.0, 1.0), "found.json", InvalidMessage, r"must end in \.sigmf-meta"),
        (0.5, Box(0.0, 1e-4, 0.0, 1.0), "rec.sigmf-meta", Conflict, "choose another name"),
    ],
)
def test_invalid_detections_are_refused(
    tmp_path: Path, recording: Recording, score: float, box: Box, name: str, error: type[RfhydraError], message: str
) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(error, match=message):
        write_sigmf_annotations(recording, [("a", score, box)], tmp_path / name)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_labels_beside_a_recording(tmp_path: Path) -> None:
    captures = [{"core:sample_start": 100, "core:frequency": CENTER_HZ}]
    recording = open_recording(write_pair(tmp_path, captures=captures, changes={"core:offset": 100}))
    annotation = Annotation(5, 10, CENTER_HZ - 1e3, CENTER_HZ + 1e3, "remote")
    out = write_sigmf_labels(recording, [annotation], tmp_path / "rec.labels.sigmf-meta")
    assert [each["core:sample_start"] for each in validate(out).get_annotations()] == [105]
    assert open_recording(out).annotations == (annotation,)
    assert "rfhydra:" not in out.read_text()
    with pytest.raises(Conflict, match="choose another name"):
        write_sigmf_labels(recording, [annotation], recording.path)
