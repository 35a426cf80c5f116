"""Recordings: what is written is read back, and what cannot be read says why."""

import hashlib
import json
import math
import tarfile
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from rfhydra.errors import Conflict, InvalidBox, InvalidMessage, InvalidRecording, NotFound, RfhydraError, StorageFull
from rfhydra.files import replacing
from rfhydra.recordings import (
    Annotation,
    Capture,
    Recording,
    open_recording,
    write_recording,
    write_sigmf_annotations,
)
from rfhydra.recordings.formats import SampleFormat
from rfhydra.spectrum.boxes import Box

SHARED_RF = Path(__file__).parents[3] / "shared" / "rf"
RATE_HZ = 1_000_000.0
CENTER_HZ = 433_920_000.0
DATATYPES = [f"c{kind}_{order}" for kind in ("f32", "f64", "i32", "i16", "u32", "u16") for order in ("le", "be")]
DATATYPES += ["ci8", "cu8"]


def ramp(count: int = 1000) -> NDArray[np.complex64]:
    return np.linspace(-0.9, 0.9, count, dtype=np.float32) * np.complex64(1 - 1j)


def write_pair(
    folder: Path,
    *,
    data: bytes | None = bytes(2000),
    changes: dict[str, Any] | None = None,
    captures: list[Any] | None = None,
    annotations: list[Any] | None = None,
) -> Path:
    """A SigMF pair of 1000 cu8 samples, with ``changes`` to its global fields; a change to None removes the field."""
    fields = {"core:datatype": "cu8", "core:sample_rate": RATE_HZ, "core:version": "1.2.0", **(changes or {})}
    metadata = {
        "global": {key: value for key, value in fields.items() if value is not None},
        "captures": captures if captures is not None else [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
        "annotations": annotations or [],
    }
    path = folder / "rec.sigmf-meta"
    path.write_text(json.dumps(metadata))
    if data is not None:
        path.with_suffix(".sigmf-data").write_bytes(data)
    return path


def write_wav(path: Path, frames: bytes, *, channels: int = 2, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(48_000)
        file.writeframes(frames)
    return path


def validate(path: Path) -> sigmf.SigMFFile:
    """What the reference library reads in ``path``; raises unless it conforms to the schema and its checksum holds."""
    opened = sigmf.fromfile(path)
    opened.validate()
    return opened


# round trips


@pytest.mark.parametrize("datatype", DATATYPES)
@settings(deadline=None, max_examples=10)
@given(
    components=hnp.arrays(np.float32, st.tuples(st.integers(1, 50), st.just(2)), elements=st.floats(-1, 1, width=32))
)
def test_samples_survive_within_one_lsb(datatype: str, components: NDArray[np.float32]) -> None:
    iq = components.view(np.complex64)[:, 0]
    with tempfile.TemporaryDirectory() as folder:
        recording = open_recording(write_recording(Path(folder) / "rec", iq, RATE_HZ, CENTER_HZ, datatype=datatype))
        back = recording.read(0, recording.sample_count)
    bits = SampleFormat.of(datatype).component.itemsize * 8
    lsb = 0.0 if datatype.startswith("cf") else 2.0 ** (1 - min(bits, 24))  # float32 resolves 24 bits
    assert back.dtype == np.complex64
    assert np.abs(back.view(np.float32) - iq.view(np.float32)).max() <= lsb


@pytest.mark.parametrize(
    ("datatype", "stored", "expected"),
    [
        ("cu8", bytes([0, 255]), -1 + 1j),
        ("ci8", bytes([0x80, 0x40]), -1 + 0.5j),
        ("ci16_le", bytes([0x00, 0x80, 0x00, 0x40]), -1 + 0.5j),
        ("ci16_be", bytes([0x80, 0x00, 0x40, 0x00]), -1 + 0.5j),
        ("ci16", bytes([0x00, 0x80, 0x00, 0x40]), -1 + 0.5j),
    ],
)
def test_scaling_and_byte_order(tmp_path: Path, datatype: str, stored: bytes, expected: complex) -> None:
    recording = open_recording(write_pair(tmp_path, data=stored, changes={"core:datatype": datatype}))
    assert recording.read(0, 1)[0] == expected


def test_integers_saturate(tmp_path: Path) -> None:
    loud = np.array([3 - 3j], np.complex64)
    recording = open_recording(write_recording(tmp_path / "rec", loud, RATE_HZ, 0.0, datatype="cu8"))
    assert recording.read(0, 1)[0] == 1 - 1j


def test_written_recording_is_sigmf_and_says_all_it_was_told(tmp_path: Path) -> None:
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


def test_a_recording_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_recording(tmp_path / "rec", ramp(10), RATE_HZ, CENTER_HZ)
    path = write_recording(tmp_path / "rec", ramp(20), RATE_HZ, CENTER_HZ)
    assert open_recording(path, verify=True).sample_count == 20
    assert {file.name for file in tmp_path.iterdir()} == {"rec.sigmf-meta", "rec.sigmf-data"}


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
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
def test_write_refuses_what_could_not_be_opened(
    tmp_path: Path, iq: NDArray[Any], rate_hz: float, annotations: list[Annotation], message: str
) -> None:
    with pytest.raises(InvalidMessage, match=message):
        write_recording(tmp_path / "rec", iq, rate_hz, CENTER_HZ, annotations)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "rec.sigmf-meta"
    with pytest.raises(StorageFull, match="disk is full"), replacing(target), Path("/dev/full").open("wb") as full:
        full.write(b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stem", "reason"),
    [("nowhere/rec", "No such file or directory"), ("file/rec", "Not a directory"), ("x" * 240, "File name too long")],
)
def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, stem: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidMessage, match=rf"\.sigmf-meta cannot be written: {reason}"):
        write_recording(tmp_path / stem, ramp(), RATE_HZ, CENTER_HZ)


# containers


@pytest.mark.parametrize("name", ["rec.sigmf-meta", "rec.sigmf-data", "rec"])
def test_a_pair_opens_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    write_pair(tmp_path)
    recording = open_recording(str(tmp_path / name))
    assert recording.path.name == "rec.sigmf-meta"
    assert recording.name == "rec"


def test_archive(tmp_path: Path) -> None:
    iq = ramp()
    meta_path = write_recording(tmp_path / "rec", iq, RATE_HZ, CENTER_HZ)
    sigmf.fromfile(meta_path).archive(str(tmp_path / "packed.sigmf"))
    recording = open_recording(tmp_path / "packed.sigmf", verify=True)
    np.testing.assert_array_equal(recording.read(100, 50), iq[100:150])
    assert recording.recording_id == open_recording(meta_path).recording_id


def test_archive_of_two_recordings_or_none_is_refused(tmp_path: Path) -> None:
    meta_path = write_pair(tmp_path)
    with tarfile.open(tmp_path / "two.sigmf", "w") as tar:
        tar.add(meta_path, "a/a.sigmf-meta")
        tar.add(meta_path, "b/b.sigmf-meta")
    with pytest.raises(InvalidRecording, match="holds 2 recordings"):
        open_recording(tmp_path / "two.sigmf")
    with tarfile.open(tmp_path / "half.sigmf", "w") as tar:
        tar.add(meta_path, "a/a.sigmf-meta")
    with pytest.raises(NotFound, match=r"holds no a\.sigmf-data"):
        open_recording(tmp_path / "half.sigmf")


@pytest.mark.parametrize("kept", [1, 700, 3000])
def test_truncated_archive(tmp_path: Path, kept: int) -> None:
    meta_path = write_recording(tmp_path / "rec", ramp(), RATE_HZ, CENTER_HZ)
    sigmf.fromfile(meta_path).archive(str(tmp_path / "packed.sigmf"))
    cut = tmp_path / "cut.sigmf"
    cut.write_bytes((tmp_path / "packed.sigmf").read_bytes()[:kept])
    with pytest.raises(RfhydraError, match=r"cut\.sigmf"):
        open_recording(cut)


@pytest.mark.parametrize(("width", "frames"), [(1, bytes([0, 255])), (2, np.array([-32768, 32767], "<i2").tobytes())])
def test_wav(tmp_path: Path, width: int, frames: bytes) -> None:
    path = write_wav(tmp_path / "rec.wav", frames * 100, width=width)
    path.write_bytes(path.read_bytes() + b"LIST\x04\x00\x00\x00abcd")  # chunks may follow the samples
    recording = open_recording(path, center_freq_hz=CENTER_HZ)
    assert (recording.sample_rate_hz, recording.sample_count) == (48_000, 100)
    assert recording.captures == (Capture(0, CENTER_HZ),)
    np.testing.assert_allclose(recording.read(0, 100), -1 + 1j, atol=1e-4)
    assert recording.recording_id == hashlib.sha512(frames * 100).hexdigest()


@pytest.mark.parametrize(
    ("name", "component"), [("r.cu8", "u1"), ("r.cs8", "i1"), ("r.CS16", "<i2"), ("r.cf32", "<f4")]
)
def test_raw_by_extension(tmp_path: Path, name: str, component: str) -> None:
    stored = np.array([[1, 2], [3, 4]], component)
    (tmp_path / name).write_bytes(stored.tobytes())
    recording = open_recording(tmp_path / name, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(recording.stored, stored)
    assert recording.captures == (Capture(0, 0.0),)
    assert recording.annotations == ()


def test_raw_by_datatype(tmp_path: Path) -> None:
    path = tmp_path / "rec.cfile"
    path.write_bytes(ramp(10).tobytes())
    recording = open_recording(path, datatype="cf32_le", sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(recording.read(0, 10), ramp(10))


def test_what_the_file_does_not_state_is_taken_from_the_caller(tmp_path: Path) -> None:
    path = write_pair(tmp_path, changes={"core:sample_rate": None}, captures=[])
    recording = open_recording(path, sample_rate_hz=2e6, center_freq_hz=CENTER_HZ)
    assert recording.sample_rate_hz == 2e6
    assert recording.captures == (Capture(0, CENTER_HZ),)


@pytest.mark.parametrize("argument", [{"datatype": "ci8"}, {"sample_rate_hz": 2e6}, {"center_freq_hz": 1e9}])
def test_what_the_file_states_is_not_overruled(tmp_path: Path, argument: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match=f"{next(iter(argument))} .*contradicts rec.sigmf-meta"):
        open_recording(write_pair(tmp_path), **argument)


def test_non_conforming_dataset(tmp_path: Path) -> None:
    (tmp_path / "rec.bin").write_bytes(b"head" + bytes([0, 255]) * 100 + b"tail!")
    path = write_pair(
        tmp_path,
        data=None,
        changes={"core:dataset": "rec.bin", "core:trailing_bytes": 5, "core:sha512": "0" * 128},
        captures=[{"core:sample_start": 0, "core:header_bytes": 4}],
    )
    recording = open_recording(path)
    assert recording.sample_count == 100
    np.testing.assert_array_equal(recording.read(0, 100), np.full(100, -1 + 1j, np.complex64))
    assert recording.recording_id == hashlib.sha512(bytes([0, 255]) * 100).hexdigest()


# what a recording says


def test_read_is_a_window_of_the_whole(tmp_path: Path) -> None:
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


def test_annotations_without_edges_or_count_span_band_and_capture(tmp_path: Path) -> None:
    captures = [{"core:sample_start": 0, "core:frequency": 1e9}, {"core:sample_start": 600, "core:frequency": 2e9}]
    annotations = [{"core:sample_start": 700}, {"core:sample_start": 50, "core:label": "x"}]
    recording = open_recording(write_pair(tmp_path, captures=captures, annotations=annotations))
    assert recording.annotations == (
        Annotation(50, 550, 1e9 - RATE_HZ / 2, 1e9 + RATE_HZ / 2, "x"),
        Annotation(700, 300, 2e9 - RATE_HZ / 2, 2e9 + RATE_HZ / 2),
    )


def test_indices_count_from_the_offset_of_a_split_recording(tmp_path: Path) -> None:
    recording = open_recording(
        write_pair(
            tmp_path,
            changes={"core:offset": 5000},
            captures=[{"core:sample_start": 5000}],
            annotations=[{"core:sample_start": 5100, "core:sample_count": 10}],
        )
    )
    assert recording.captures[0].sample_start == 0
    assert recording.annotations[0].sample_start == 100
    out = write_sigmf_annotations(
        recording, [("x", 0.5, recording.box_of(recording.annotations[0]))], tmp_path / "d.sigmf-meta"
    )
    # read as JSON: sigmf-python takes indices that count from an offset for a truncated file
    assert json.loads(out.read_text())["annotations"][0]["core:sample_start"] == 5100
    assert open_recording(out).annotations[0].sample_start == 100


def test_boxes_and_annotations_of_a_window(tmp_path: Path) -> None:
    annotation = Annotation(500, 100, CENTER_HZ - 1e5, CENTER_HZ + 1e5, "x")
    recording = open_recording(write_recording(tmp_path / "rec", ramp(), RATE_HZ, CENTER_HZ, [annotation]))
    assert recording.box_of(annotation, 550) == Box(-50e-6, 50e-6, CENTER_HZ - 1e5, CENTER_HZ + 1e5)
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


# what cannot be read


@pytest.mark.parametrize("name", ["rec", "rec.sigmf-meta", "rec.sigmf-data", "rec.sigmf", "rec.wav", "rec.cu8"])
def test_missing_file_is_named_without_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match=r"^there is no .*rec") as raised:
        open_recording(tmp_path / name, sample_rate_hz=RATE_HZ)
    assert str(tmp_path) not in str(raised.value)


def test_missing_halves_of_a_pair(tmp_path: Path) -> None:
    path = write_pair(tmp_path, data=None)
    with pytest.raises(NotFound, match=r"no rec\.sigmf-data: put the data beside rec\.sigmf-meta"):
        open_recording(path)
    (tmp_path / "lone.sigmf-data").touch()
    with pytest.raises(NotFound, match=r"no lone\.sigmf-meta"):
        open_recording(tmp_path / "lone.sigmf-data")


def test_a_file_that_the_system_will_not_open(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecording, match="cannot be read: File name too long"):
        open_recording(tmp_path / f"{'x' * 300}.cu8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("\xff", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "no object 'global'"),
        ('{"global": 1}', "no object 'global'"),
        ('{"global": {}, "captures": {}}', "captures must be a list of objects"),
        ('{"global": {}, "annotations": [1]}', "annotations must be a list of objects"),
    ],
)
def test_metadata_that_is_no_metadata(tmp_path: Path, text: str, message: str) -> None:
    path = write_pair(tmp_path)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidRecording, match=f"^rec.sigmf-meta.*{message}"):
        open_recording(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core:datatype": None}, "core:datatype is missing: give datatype"),
        ({"core:datatype": 8}, "core:datatype must be a string"),
        ({"core:datatype": "cf16_le"}, "'cf16_le' is unknown"),
        ({"core:datatype": "rf32_le"}, "'rf32_le' holds real samples"),
        ({"core:sample_rate": None}, "core:sample_rate is missing: give sample_rate_hz"),
        ({"core:sample_rate": "1e6"}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": True}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": math.nan}, "core:sample_rate must be a finite number, is 'nan'"),
        ({"core:sample_rate": math.inf}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": 10**400}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": 0}, "core:sample_rate must be above 0"),
        ({"core:sample_rate": -1e6}, "core:sample_rate must be above 0"),
        ({"core:num_channels": 2}, "core:num_channels is 2: split"),
        ({"core:sha512": "abc"}, "core:sha512 must be 128 hex digits"),
        ({"core:dataset": "../rec.sigmf-data"}, "core:dataset must be the name of a file in the same folder"),
        ({"core:trailing_bytes": 2000}, "the data is empty"),
        ({"core:trailing_bytes": 3000}, "the data is empty"),
        ({"core:trailing_bytes": 0.5}, "core:trailing_bytes must be a whole number"),
    ],
)
def test_wrong_global_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecording, match=f"^rec.sigmf-meta: .*{message}"):
        open_recording(write_pair(tmp_path, changes=changes))


@pytest.mark.parametrize(
    ("captures", "message"),
    [
        ([{}], "captures: core:sample_start is missing"),
        ([{"core:sample_start": -1}], "captures: core:sample_start must be a whole number"),
        ([{"core:sample_start": 0}, {"core:sample_start": 1000}], r"captures\[1\]: core:sample_start 1000 is outside"),
        ([{"core:sample_start": 0}] * 2, "two captures have the same core:sample_start 0"),
        ([{"core:sample_start": 0, "core:frequency": math.nan}], r"captures\[0\]: core:frequency must be a finite"),
        ([{"core:sample_start": 0, "core:datetime": 5}], r"captures\[0\]: core:datetime must be a string"),
        ([{"core:sample_start": 0}, {"core:sample_start": 9, "core:header_bytes": 4}], "only supported in the first"),
    ],
)
def test_wrong_capture(tmp_path: Path, captures: list[Any], message: str) -> None:
    with pytest.raises(InvalidRecording, match=f"^rec.sigmf-meta.*{message}"):
        open_recording(write_pair(tmp_path, captures=captures))


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"core:sample_count": 0}, "core:sample_count is 0"),
        ({"core:sample_count": 901}, "samples 100 to 1001 are not all in the data.* truncated"),
        ({"core:sample_start": 1200}, "samples 1200 to 1200 are not all in the data.* truncated"),
        ({"core:freq_lower_edge": 1e6}, "give both core:freq_lower_edge and core:freq_upper_edge"),
        ({"core:freq_lower_edge": 2e6, "core:freq_upper_edge": 1e6}, "core:freq_upper_edge 1000000 must be above"),
        ({"core:freq_lower_edge": 1e6, "core:freq_upper_edge": math.nan}, "core:freq_upper_edge must be a finite"),
        ({"core:label": 7}, "core:label must be a string"),
    ],
)
def test_wrong_annotation(tmp_path: Path, annotation: dict[str, Any], message: str) -> None:
    entry = {"core:sample_start": 100, **annotation}
    with pytest.raises(InvalidRecording, match=rf"^rec.sigmf-meta, annotations\[0\]: .*{message}"):
        open_recording(write_pair(tmp_path, annotations=[entry]))


@pytest.mark.parametrize(
    ("data", "message"), [(b"", "the data is empty"), (bytes(1999), "1999 bytes .* no multiple of the 2 .* truncated")]
)
def test_empty_and_truncated_data(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InvalidRecording, match=message):
        open_recording(write_pair(tmp_path, data=data))
    (tmp_path / "rec.cu8").write_bytes(data)
    with pytest.raises(InvalidRecording, match=message):
        open_recording(tmp_path / "rec.cu8", sample_rate_hz=RATE_HZ)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("rec.iq", {"sample_rate_hz": RATE_HZ}, "extension does not tell the datatype .*: give datatype"),
        ("rec.cu8", {}, "core:sample_rate is missing: give sample_rate_hz"),
        ("rec.cu8", {"sample_rate_hz": math.nan}, "core:sample_rate must be a finite number"),
        ("rec.cu8", {"sample_rate_hz": RATE_HZ, "center_freq_hz": math.inf}, "core:frequency must be a finite number"),
        ("rec.iq", {"sample_rate_hz": RATE_HZ, "datatype": "ri16_le"}, "holds real samples"),
    ],
)
def test_raw_file_without_what_it_needs(tmp_path: Path, name: str, arguments: dict[str, Any], message: str) -> None:
    (tmp_path / name).write_bytes(bytes(2000))
    with pytest.raises(InvalidRecording, match=f"^{name}.*{message}"):
        open_recording(tmp_path / name, **arguments)


def test_wav_that_is_no_iq(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecording, match=r"mono\.wav has 1 channel\(s\) of 16 bits"):
        open_recording(write_wav(tmp_path / "mono.wav", bytes(20), channels=1))
    with pytest.raises(InvalidRecording, match=r"wide\.wav has 2 channel\(s\) of 24 bits"):
        open_recording(write_wav(tmp_path / "wide.wav", bytes(60), width=3))
    whole = write_wav(tmp_path / "rec.wav", bytes(400))
    for kept, message in [(0, "is not a whole PCM wav"), (20, "is not a whole PCM wav"), (444 - 4, "is truncated")]:
        cut = tmp_path / "cut.wav"
        cut.write_bytes(whole.read_bytes()[:kept])
        with pytest.raises(InvalidRecording, match=rf"cut\.wav.*{message}"):
            open_recording(cut)


# detections


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
    assert back.box_of(back.annotations[1]) == late
    assert len(open_recording(recording.path).annotations) == 1


def test_detections_can_be_written_again_and_declare_the_extension_once(tmp_path: Path, recording: Recording) -> None:
    out = write_sigmf_annotations(recording, [("a", 0.5, Box(0.0, 1e-4, 0.0, 1.0))], tmp_path / "found.sigmf-meta")
    again = write_sigmf_annotations(open_recording(out), [], tmp_path / "again.sigmf-meta")
    assert [extension["name"] for extension in validate(again).get_global_field("core:extensions")] == ["rfhydra"]
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
        (0.5, Box(-2.0, -1.0, 0.0, 1.0), "found.sigmf-meta", InvalidBox, "is outside rec"),
        (0.5, Box(1.0, 2.0, 0.0, 1.0), "found.sigmf-meta", InvalidBox, "is outside rec"),
        (0.5, Box(0.0, 1e-4, 0.0, 1.0), "found.json", InvalidMessage, r"must end in \.sigmf-meta"),
        (0.5, Box(0.0, 1e-4, 0.0, 1.0), "rec.sigmf-meta", Conflict, "choose another name"),
    ],
)
def test_detections_that_are_refused(
    tmp_path: Path, recording: Recording, score: float, box: Box, name: str, error: type[RfhydraError], message: str
) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(error, match=message):
        write_sigmf_annotations(recording, [("a", score, box)], tmp_path / name)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# real recordings


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
