"""Every container: what is written is read again, and what is damaged is refused, or read with a warning."""

import hashlib
import io
import json
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sigmf.sigmffile import SigMFCollection

from rfhydra.errors import Conflict, InvalidRecording, NotFound, RecordingWarning, RfhydraError, TooLarge
from rfhydra.recordings import Capture, copies, members_of, open_recording, write_recording, write_sigmf_annotations
from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.naming import NameFields
from rfhydra.spectrum.boxes import Box
from tests.recordings.given import CENTER_HZ, RATE_HZ, auxi, chunk, ramp, wav_bytes

WAV_FORMATS = {
    "cu8": (8, False),
    "ci16_le": (16, False),
    "ci24_le": (24, False),
    "ci32_le": (32, False),
    "cf32_le": (32, True),
    "cf64_le": (64, True),
}

samples = st.binary(min_size=16, max_size=400).map(
    lambda text: (np.frombuffer(text[len(text) % 2 :], np.int8) / 128).astype(np.float32).view(np.complex64)
)
in_any_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@in_any_folder
@given(
    samples,
    st.sampled_from(sorted(WAV_FORMATS)),
    st.sampled_from(["RIFF", "RF64", "BW64"]),
    st.booleans(),
    st.binary(max_size=5),
    st.binary(max_size=3),
)
def test_wav(
    tmp_path: Path, iq: NDArray[np.complex64], datatype: str, kind: str, extensible: bool, extra: bytes, after: bytes
) -> None:
    sample_format, (bits, floats) = SampleFormat.of(datatype), WAV_FORMATS[datatype]
    frames = sample_format.encode(iq).tobytes()
    path = tmp_path / "rec.wav"
    content = wav_bytes(frames, bits, floats=floats, kind=kind, extensible=extensible, before=chunk(b"JUNK", extra))
    path.write_bytes(content + chunk(b"LIST", after))
    recording = open_recording(path)
    assert (recording.datatype, recording.sample_rate_hz) == (datatype, 48_000)
    np.testing.assert_allclose(recording.read(0, recording.sample_count), iq, atol=1 / 127)
    np.testing.assert_array_equal(recording.read(1, 2), recording.read(0, recording.sample_count)[1:3])
    assert recording.recording_id == hashlib.sha512(frames).hexdigest()


@in_any_folder
@given(samples, st.sampled_from([0, 0xFFFFFFFF, 0x7FFFFFFF]), st.sampled_from(["RIFF", "RF64"]))
def test_a_wav_whose_header_was_never_finished(
    tmp_path: Path, iq: NDArray[np.complex64], stated: int, kind: str
) -> None:
    path = tmp_path / "rec.wav"
    path.write_bytes(wav_bytes(iq.tobytes(), 32, floats=True, kind=kind, stated=stated if kind == "RIFF" else 0) + b"x")
    with pytest.warns(RecordingWarning, match=rf"rec\.wav: its header was never finished: all {iq.nbytes} bytes"):
        recording = open_recording(path)
    np.testing.assert_array_equal(recording.read(0, recording.sample_count), iq)
    with pytest.raises(InvalidRecording, match="never finished"):
        open_recording(path, strict=True)


def test_a_wav_of_more_than_its_header_can_state(tmp_path: Path) -> None:
    path = tmp_path / "rec.wav"
    path.write_bytes(wav_bytes(bytes(range(200)), 8, stated=200))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + (1 << 32))  # sparse
    with pytest.warns(RecordingWarning, match="cannot state over 4 GiB"):
        recording = open_recording(path)
    assert recording.sample_count == (200 + (1 << 32)) // 2


@given(st.integers(1, 0xFFFFFFFF), st.integers(0, 999))
def test_the_auxi_chunk_states_centre_and_time(
    tmp_path_factory: pytest.TempPathFactory, center_hz: int, milliseconds: int
) -> None:
    path = tmp_path_factory.mktemp("auxi") / "HDSDR_20110519_192018Z_1427kHz_RF.wav"
    path.write_bytes(wav_bytes(bytes(80), 16, before=auxi(center_hz, 2024, 5, 3, 1, 12, 30, 59, milliseconds)))
    (capture,) = open_recording(path).captures
    assert capture.center_freq_hz == center_hz  # not that of the name
    assert capture.datetime == f"2024-05-01T12:30:59.{milliseconds:03d}Z"
    with pytest.raises(Conflict, match=r"center_freq_hz 1\.5 contradicts"):
        open_recording(path, center_freq_hz=1.5)


def test_an_auxi_chunk_of_another_program_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "rec.wav"
    path.write_bytes(wav_bytes(bytes(80), 16, before=chunk(b"auxi", "<?xml version='1.0'?><SDR/>".encode("utf-16"))))
    assert open_recording(path, center_freq_hz=5.0).captures[0].center_freq_hz == 5.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wav_bytes(bytes(80), 16)[:30], "has no format or no samples"),
        (wav_bytes(bytes(80), 16)[:44], "the data ends before the header says: the file is truncated"),
        (b"RIFX" + wav_bytes(bytes(80), 16)[4:], "does not begin as one"),
        (wav_bytes(bytes(80), 12), r"2 channel\(s\) of 12 bits in format 1"),
        (wav_bytes(bytes(80), 16, floats=True), r"of 16 bits in format 3"),
        (wav_bytes(bytes(80), 16, kind="RF64", stated=1000), "the file is truncated"),
        (wav_bytes(b"", 16), "the data is empty"),
    ],
)
def test_a_damaged_wav(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rec.wav"
    path.write_bytes(content)
    with pytest.raises(InvalidRecording, match=rf"^rec\.wav.*{message}"):
        open_recording(path)


@pytest.mark.parametrize(
    ("stem", "fields"),
    [
        ("g001_433.92M_250k", NameFields(None, 250e3, 433.92e6)),
        ("gfile_868.3M_1024k", NameFields(None, 1.024e6, 868.3e6)),
        ("433.92M_2M", NameFields(None, 2e6, 433.92e6)),
        (
            "gqrx_20190417_193420_433920000_1800000_fc",
            NameFields("cf32_le", 1.8e6, 433.92e6, "2019-04-17T19:34:20Z"),
        ),
        ("SDRSharp_20160101_231914Z_433920kHz_IQ", NameFields(None, None, 433.92e6, "2016-01-01T23:19:14Z")),
        ("SDRSharp_20160101_231914_12Hz_IQ", NameFields(None, None, 12.0)),
        ("12-30-00_433920000Hz", NameFields(None, None, 433.92e6)),
        ("SDRuno_20200907_184033Z_3500kHz", NameFields(None, None, 3.5e6, "2020-09-07T18:40:33Z")),
        ("HDSDR_20110519_192018Z_1427kHz_RF", NameFields(None, None, 1.427e6, "2011-05-19T19:20:18Z")),
        ("HDSDR_20119919_192018Z_1427kHz_RF", NameFields(None, None, 1.427e6)),
        ("baseband_433920000Hz_12-00-00_01-01-2024", NameFields(None, None, 433.92e6)),
        ("night", NameFields()),
        ("433.92M", NameFields()),
        ("my_250k_file", NameFields()),
    ],
)
def test_names(stem: str, fields: NameFields) -> None:
    assert NameFields.of(stem) == fields


@given(st.text(max_size=60) | st.from_regex(r"(gqrx|HDSDR|SDRuno)_[0-9]{8}_[0-9]{6}Z?_[0-9kMHz_.]{0,12}"))
def test_any_name_is_read(stem: str) -> None:
    assert isinstance(NameFields.of(stem), NameFields)


@given(st.integers(1, 99_999), st.integers(1, 9_999))
def test_a_name_tells_what_rtl_433_put_into_it(tens_of_kilohertz: int, kilohertz: int) -> None:
    fields = NameFields.of(f"g001_{tens_of_kilohertz / 100:.2f}M_{kilohertz}k")
    assert fields.center_freq_hz == pytest.approx(tens_of_kilohertz * 1e4)
    assert fields.sample_rate_hz == kilohertz * 1e3


def test_a_name_counts_less_than_an_argument(tmp_path: Path) -> None:
    path = tmp_path / "g001_433.92M_250k.cu8"
    path.write_bytes(bytes(100))
    named, given_fields = open_recording(path), open_recording(path, sample_rate_hz=1e6, center_freq_hz=1e9)
    assert (named.sample_rate_hz, named.captures[0].center_freq_hz) == (250e3, 433.92e6)
    assert (given_fields.sample_rate_hz, given_fields.captures[0].center_freq_hz) == (1e6, 1e9)


def test_gqrx_and_cfile(tmp_path: Path) -> None:
    for name, known in (
        ("gqrx_20190417_193420_433920000_1800000_fc.raw", {}),
        ("rec.cfile", {"sample_rate_hz": 1.8e6}),
    ):
        (tmp_path / name).write_bytes(ramp(50).tobytes())
        recording = open_recording(tmp_path / name, **known)  # type: ignore[arg-type]
        assert (recording.datatype, recording.sample_rate_hz) == ("cf32_le", 1.8e6)
        np.testing.assert_array_equal(recording.read(0, 50), ramp(50))


@in_any_folder
@given(samples, st.sampled_from(["<c8", ">c8", "<c16", ">c16"]), st.sampled_from(["npy", "npz", "compressed"]))
def test_numpy(tmp_path: Path, iq: NDArray[np.complex64], dtype: str, kind: str) -> None:
    path, array = tmp_path / ("rec.npy" if kind == "npy" else "rec.npz"), iq.astype(dtype)
    if kind == "npy":
        np.save(path, array)
    else:
        save = np.savez if kind == "npz" else np.savez_compressed
        save(path, rate=np.array(250e3), iq=array, image=np.zeros((2, 2), np.complex64))
    recording = open_recording(path, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(recording.read(0, recording.sample_count), iq)
    assert recording.recording_id == hashlib.sha512(array.tobytes()).hexdigest()
    assert recording.is_mapped == (kind != "compressed")
    found = write_sigmf_annotations(recording, [("x", 0.5, Box(0, 1, 0, 1))], tmp_path / "found.sigmf-meta")
    fields = json.loads(found.read_text())["global"]
    if kind == "compressed":
        assert fields["core:metadata_only"] is True
    else:
        np.testing.assert_array_equal(open_recording(found).read(0, len(iq)), iq)


def saved(path: Path, *arrays: NDArray[Any], **named: NDArray[Any]) -> Path:
    if path.suffix == ".npy":
        np.save(path, arrays[0])
    else:
        np.savez(path, **named)  # type: ignore[arg-type]
    return path


def test_a_damaged_numpy_file(tmp_path: Path) -> None:
    cases: list[tuple[Path, str]] = [
        (saved(tmp_path / "real.npy", np.zeros(9)), r"shape \(9,\) and type float64"),
        (saved(tmp_path / "flat.npy", np.zeros((3, 3), np.complex64)), r"shape \(3, 3\) and type complex64"),
        (saved(tmp_path / "two.npz", a=ramp(), b=ramp()), r"holds 2 rows of complex samples \(a, b\)"),
        (saved(tmp_path / "none.npz", a=np.zeros(3)), "holds no row of complex samples"),
    ]
    for name, kept in (("cut.npy", 200), ("head.npy", 40)):
        whole = saved(tmp_path / "whole.npy", ramp())
        (tmp_path / name).write_bytes(whole.read_bytes()[:kept])
        cases.append((tmp_path / name, "of which 72 are there: it is truncated" if kept == 200 else "not a whole .npy"))
    whole = saved(tmp_path / "whole.npz", iq=ramp())
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:500])
    cases.append((tmp_path / "cut.npz", "is not a whole .npz"))
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([{}]), allow_pickle=True)
    cases.append((objects, "type object"))
    for path, message in cases:
        with pytest.raises(InvalidRecording, match=f"^{path.name}.*{message}"):
            open_recording(path, sample_rate_hz=RATE_HZ)


class Stdin:
    """Standard input that gives ``data``."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@given(samples)
def test_stdin(iq: NDArray[np.complex64]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Stdin(iq.tobytes()))
        recording = open_recording("-", datatype="cf32_le", sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(recording.read(0, recording.sample_count), iq)
    assert recording.name == "stdin"


def test_what_stdin_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, datatype, message in (
        (b"", "cu8", "the data is empty"),
        (b"1234", None, "raw samples have no name that tells their datatype: give datatype"),
    ):
        monkeypatch.setattr(sys, "stdin", Stdin(data))
        with pytest.raises(InvalidRecording, match=f"stdin: {message}"):
            open_recording("-", datatype=datatype, sample_rate_hz=RATE_HZ)
    monkeypatch.setattr(copies, "MAX_COPY_BYTES", 100)
    monkeypatch.setattr(sys, "stdin", Stdin(bytes(101)))
    with pytest.raises(TooLarge, match="stdin has more than 100 bytes: write it to a file"):
        open_recording("-", datatype="cu8", sample_rate_hz=RATE_HZ)


@pytest.mark.parametrize(("datatype", "left"), [("cu8", 1), ("ci16_le", 3), ("cf32_le", 7)])
def test_bytes_of_no_whole_sample_are_left_out_with_a_warning(tmp_path: Path, datatype: str, left: int) -> None:
    sample_bytes = SampleFormat.of(datatype).sample_bytes
    path = tmp_path / "rec.iq"
    path.write_bytes(bytes(10 * sample_bytes + left))
    with pytest.warns(RecordingWarning, match=rf"rec\.iq: the last {left} bytes are no whole {datatype} sample"):
        assert open_recording(path, datatype=datatype, sample_rate_hz=RATE_HZ).sample_count == 10
    with pytest.raises(InvalidRecording, match=f"the last {left} bytes"):
        open_recording(path, datatype=datatype, sample_rate_hz=RATE_HZ, strict=True)


def collection(folder: Path, *names: str) -> Path:
    metas = [write_recording(folder / name, ramp(), RATE_HZ, CENTER_HZ) for name in names]
    made = SigMFCollection([each.name for each in metas], base_path=folder)
    path = folder / "all.sigmf-collection"
    path.write_text(made.dumps())
    return path


def test_a_collection(tmp_path: Path) -> None:
    path = collection(tmp_path, "a", "b")
    assert [each.name for each in members_of(path)] == ["a.sigmf-meta", "b.sigmf-meta"]
    with pytest.raises(InvalidRecording, match=r"has 2 recordings: open one of them: a\.sigmf-meta, b\.sigmf-meta"):
        open_recording(path)
    assert open_recording(collection(tmp_path, "a")).name == "a"


def test_a_damaged_collection(tmp_path: Path) -> None:
    path = collection(tmp_path, "a")
    meta = tmp_path / "a.sigmf-meta"
    meta.write_text(meta.read_text() + " ")
    with pytest.raises(InvalidRecording, match=r"all\.sigmf-collection: a recording was changed since"):
        open_recording(path)
    meta.unlink()
    with pytest.raises(NotFound, match=r"there is no a\.sigmf-meta, which all\.sigmf-collection names"):
        open_recording(path)
    for text in ("{}", "[]", "no", '{"collection": {"core:streams": [{"name": "../a"}]}}'):
        path.write_text(text)
        with pytest.raises(InvalidRecording, match=r"^all\.sigmf-collection"):
            open_recording(path)
    with pytest.raises(NotFound, match="no collection none"):
        open_recording(tmp_path / "none.sigmf-collection")


def digital_rf(path: Path, iq: NDArray[np.complex64], dtype: np.dtype[Any], gap: int = 0, channels: int = 1) -> Path:
    """A channel at 1 MS/s that begins in 2026; with ``gap``, ``iq`` once more after so many samples of nothing."""
    library = pytest.importorskip("digital_rf")
    path.mkdir(parents=True)
    start = 1_767_225_600 * 1_000_000
    writer = library.DigitalRFWriter(
        str(path), dtype, 3600, 1000, start, 1_000_000, 1, None, 0, False, True, channels, gap == 0, False
    )
    values = SampleFormat.of("cf32_le" if dtype.kind == "c" else "ci16_le").encode(iq)
    rows = np.repeat(np.ascontiguousarray(values).view(dtype), channels, axis=1)
    writer.rf_write(rows)
    if gap:
        writer.rf_write(rows, len(iq) + gap)
    writer.close()
    return path


@pytest.mark.parametrize("dtype", [np.dtype([("r", "<i2"), ("i", "<i2")]), np.dtype("<c8")])
def test_digital_rf(tmp_path: Path, dtype: np.dtype[Any]) -> None:
    path = digital_rf(tmp_path / "top" / "ch0", ramp(), dtype, gap=500)
    for name in (path, path.parent):
        with pytest.warns(RecordingWarning, match="ch0 has 1 gaps, which are read as zeros"):
            recording = open_recording(name, center_freq_hz=CENTER_HZ)
        assert (recording.name, recording.sample_rate_hz, recording.sample_count) == ("ch0", 1e6, 2500)
        assert recording.captures == (Capture(0, CENTER_HZ, "2026-01-01T00:00:00.000000Z"),)
        whole = np.concatenate([ramp(), np.zeros(500, np.complex64), ramp()])
        np.testing.assert_allclose(recording.read(0, 2500), whole, atol=2**-15)
        np.testing.assert_allclose(recording.read(990, 20), whole[990:1010], atol=2**-15)
        assert len(recording.recording_id) == 128


def test_damaged_digital_rf(tmp_path: Path) -> None:
    dtype = np.dtype("<c8")
    two = digital_rf(tmp_path / "top" / "ch0", ramp(), dtype, channels=2)
    with pytest.raises(InvalidRecording, match="ch0 has 2 subchannels of complex samples"):
        open_recording(two)
    digital_rf(tmp_path / "top" / "ch1", ramp(), dtype)
    with pytest.raises(InvalidRecording, match=r"top has 2 channels: open one of them, top/…: ch0, ch1"):
        open_recording(tmp_path / "top")
    (two / "drf_properties.h5").write_bytes(b"no properties")
    with pytest.raises(InvalidRecording, match="ch0 is not whole Digital RF"):
        open_recording(two)


@given(samples)
def test_24_bits_are_read_as_they_were_written(iq: NDArray[np.complex64]) -> None:
    sample_format = SampleFormat.of("ci24_le")
    stored = sample_format.encode(iq)
    assert stored.shape == (len(iq), 2)
    read = sample_format.decode(stored)
    np.testing.assert_allclose(read.view(np.float32), iq.view(np.float32).clip(-1, 1 - 2**-23), atol=2**-23)
    assert sample_format.clipped(stored).tolist() == [
        any(part <= -1 or part >= 1 for part in (each.real, each.imag)) for each in iq
    ]


def test_the_reference_library_reads_our_annotations_of_a_wav(tmp_path: Path) -> None:
    path = tmp_path / "rec.wav"
    path.write_bytes(wav_bytes(ramp().tobytes(), 32, floats=True))
    found = write_sigmf_annotations(open_recording(path), [("x", 0.5, Box(0, 1, 0, 1))], tmp_path / "found.sigmf-meta")
    opened = sigmf.fromfile(found)
    np.testing.assert_array_equal(opened.read_samples(0, 10), ramp()[:10])


def whole_files(folder: Path) -> dict[str, bytes]:
    """A small file of each kind whose header is read by us or by NumPy."""
    saved(folder / "rec.npy", ramp(20))
    saved(folder / "rec.npz", iq=ramp(20))
    np.savez_compressed(folder / "packed.npz", iq=ramp(20))
    frames = ramp(20).tobytes()
    (folder / "rec.wav").write_bytes(wav_bytes(frames, 32, floats=True, before=auxi(5, 2024, 5, 3, 1, 12, 30, 59, 1)))
    (folder / "long.wav").write_bytes(wav_bytes(frames, 32, floats=True, kind="RF64", extensible=True))
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@in_any_folder
@given(st.data())
def test_any_damage_is_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    name, content = data.draw(st.sampled_from(sorted(whole_files(folder).items())))
    damaged = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for place, value in data.draw(st.dictionaries(st.integers(0, 199), st.integers(0, 255), max_size=6)).items():
        if place < len(damaged):
            damaged[place] = value
    (folder / name).write_bytes(damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordingWarning)
        with suppress(RfhydraError):
            recording = open_recording(folder / name, sample_rate_hz=None if name.endswith("wav") else RATE_HZ)
            with suppress(InvalidRecording):  # not finite
                recording.read(0, recording.sample_count)
