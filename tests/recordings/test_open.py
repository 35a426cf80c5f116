"""Opening recordings: SigMF pairs and archives, wav and raw files, and what is refused."""

import hashlib
import math
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf

from rfhydra.errors import Conflict, InvalidRecording, NotFound, RfhydraError
from rfhydra.recordings import (
    Capture,
    open_recording,
    write_recording,
)
from tests.recordings.given import CENTER_HZ, RATE_HZ, ramp, write_pair, write_wav


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


def test_arguments_fill_missing_fields(tmp_path: Path) -> None:
    path = write_pair(tmp_path, changes={"core:sample_rate": None}, captures=[])
    recording = open_recording(path, sample_rate_hz=2e6, center_freq_hz=CENTER_HZ)
    assert recording.sample_rate_hz == 2e6
    assert recording.captures == (Capture(0, CENTER_HZ),)


@pytest.mark.parametrize("argument", [{"datatype": "ci8"}, {"sample_rate_hz": 2e6}, {"center_freq_hz": 1e9}])
def test_arguments_that_contradict_the_file_are_refused(tmp_path: Path, argument: dict[str, Any]) -> None:
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


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecording, match="cannot be read: File name too long"):
        open_recording(tmp_path / f"{'x' * 300}.cu8")


@pytest.mark.parametrize(
    ("data", "message"), [(b"", "the data is empty"), (bytes(1), "1 bytes of data are fewer than the 2 .* truncated")]
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
def test_incomplete_arguments_for_a_raw_file(
    tmp_path: Path, name: str, arguments: dict[str, Any], message: str
) -> None:
    (tmp_path / name).write_bytes(bytes(2000))
    with pytest.raises(InvalidRecording, match=f"^{name}.*{message}"):
        open_recording(tmp_path / name, **arguments)


def test_invalid_wav(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecording, match=r"mono\.wav has 1 channel\(s\) of 16 bits"):
        open_recording(write_wav(tmp_path / "mono.wav", bytes(20), channels=1))
    whole = write_wav(tmp_path / "rec.wav", bytes(400))
    for kept, message in [(0, "is not a whole wav"), (20, "is not a whole wav"), (444 - 4, "is truncated")]:
        cut = tmp_path / "cut.wav"
        cut.write_bytes(whole.read_bytes()[:kept])
        with pytest.raises(InvalidRecording, match=rf"cut\.wav.*{message}"):
            open_recording(cut)
