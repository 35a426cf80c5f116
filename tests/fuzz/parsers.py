"""Parsers of what others send, as targets of a fuzzer: bytes in; a value, or an error of ours, out.

Each target has seeds: inputs that it accepts, for the fuzzer to change.
"""

import base64
import io
import json
import tarfile
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
from PIL import Image

from rfhydra.errors import RfhydraError
from rfhydra.labels.label import Missing
from rfhydra.labels.source import LabelSource
from rfhydra.protocol.commands import read_command
from rfhydra.protocol.example_values import IQ_B64, PNG_B64
from rfhydra.protocol.examples import COMMAND_EXAMPLES, FRAME_EXAMPLES, TOKEN
from rfhydra.protocol.frames import FRAMES, Frame, frame_tag
from rfhydra.protocol.message_examples import MESSAGE_EXAMPLES
from rfhydra.protocol.messages import read_message
from rfhydra.protocol.parsing import read_envelope, read_json
from rfhydra.protocol.types import IqDatatype
from rfhydra.recordings import open_recording
from rfhydra.recordings.sigmf_read import describe, load_metadata, skipped_bytes
from rfhydra.server.handlers.images import decode_iq, decode_spectrogram
from rfhydra.server.net.security import Gate
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.arrays import encode_array

SPEC: Final = SpectrogramSpec(fft_size=128, hop=64, rows=128, cols=128)
GATE: Final = Gate(token=TOKEN, origins=frozenset({"https://ops.example"}))
_HEADERS: Final = ("authorization", "host", "origin")
_IQ: Final = base64.b64decode(IQ_B64)
_DATATYPES: Final = get_args(IqDatatype)


@dataclass(frozen=True)
class Target:
    """A parser, and inputs that it accepts."""

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]

    def try_parse(self, data: bytes) -> bool:
        """Whether ``data`` is accepted.

        Raises:
            AssertionError: it is refused without a reason of its own.
            Exception: any other error than ours.
        """
        refusal: RfhydraError | None = None
        try:
            self.parse(data)
        except RfhydraError as error:
            refusal = error
        assert refusal is None or refusal.code != "internal", refusal
        assert str(refusal).isprintable(), refusal
        return refusal is None


def _command(data: bytes) -> None:
    fields = read_json(data)
    read_envelope(fields)
    command = read_command(fields)
    assert read_command(json.loads(command.encode())) == command


def _frame(model: type[Frame]) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        frame_tag(data)
        model.decode(data)

    return parse


def _spectrogram(data: bytes) -> None:
    image = decode_spectrogram(base64.b64encode(data).decode(), SPEC)
    assert image.dtype == np.uint8
    assert image.shape[0] == SPEC.rows
    assert 1 <= image.shape[1] <= SPEC.cols


def _base64_text(data: bytes) -> None:
    decode_spectrogram(data.decode("utf-8", "replace"), SPEC)


def _iq(data: bytes) -> None:
    """The first byte chooses the datatype."""
    datatype: IqDatatype = _DATATYPES[data[0] % len(_DATATYPES)] if data else "cu8"
    iq = decode_iq(data[1:], datatype, SPEC, "iq")
    assert iq.dtype == np.complex64
    assert SPEC.hop <= len(iq) <= SPEC.window_samples


def _sigmf(data: bytes) -> None:
    """Metadata of a dataset of 4096 bytes."""
    metadata = load_metadata(data, "a.sigmf-meta")
    byte_count = 4096 - sum(skipped_bytes(metadata, "a.sigmf-meta"))
    description = describe(metadata, "a.sigmf-meta", byte_count)
    assert all(0 <= each.sample_start < description.sample_count for each in description.captures)
    assert all(each.sample_end <= description.sample_count for each in description.annotations)


def _file(suffix: str) -> Callable[[bytes], None]:
    directory = tempfile.TemporaryDirectory(prefix="rfhydra-fuzz-")  # removed with the interpreter
    path = Path(directory.name) / f"a{suffix}"

    def parse(data: bytes) -> None:
        assert directory
        path.write_bytes(data)
        recording = open_recording(path)
        assert len(recording.read(0, 1)) == 1

    return parse


def _labels(file_format: str) -> Callable[[bytes], None]:
    """A file of labels; what it states can be placed in a recording, or is refused."""
    directory = tempfile.TemporaryDirectory(prefix="rfhydra-fuzz-")
    path, raw = Path(directory.name) / "a.txt", Path(directory.name) / "a_433.92M_250k.cu8"
    raw.write_bytes(bytes(range(256)) * 16)

    def parse(data: bytes) -> None:
        assert directory
        path.write_bytes(data)
        recording = open_recording(raw)
        for label in LabelSource.read(path, file_format).labels:
            annotation = label.annotation(recording, "a", Missing(1e-3))
            assert 0 <= annotation.sample_start < annotation.sample_end <= recording.sample_count

    return parse


def _headers(data: bytes) -> None:
    """Lines with the values of the headers, as a server reads them, and a token of the query."""
    *values, query = [*data.decode("latin-1").split("\n"), "", "", "", ""][:4]
    headers = dict(zip(_HEADERS, values, strict=True))
    GATE.require_origin(headers)
    GATE.authorised(headers, {"token": query} if query else {})


def _png(mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (4, SPEC.rows), 7).save(buffer, "PNG")
    return buffer.getvalue()


def _wav(width: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((2, width, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * width * 8))
    return buffer.getvalue()


def _tar() -> bytes:
    meta = {"global": {"core:datatype": "cu8", "core:sample_rate": 1e6}, "captures": [], "annotations": []}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, body in (("a.sigmf-meta", json.dumps(meta).encode()), ("a.sigmf-data", _IQ)):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


_META: Final = COMMAND_EXAMPLES["import_sigmf"].model_dump()["meta"]

TARGETS: Final[dict[str, Target]] = {
    "command": Target(_command, tuple(each.encode().encode() for each in COMMAND_EXAMPLES.values())),
    "message": Target(read_message, tuple(each.encode().encode() for each in MESSAGE_EXAMPLES.values())),
    **{name: Target(_frame(model), (FRAME_EXAMPLES[name].encode(),)) for name, model in FRAMES.items()},
    "png": Target(_spectrogram, (base64.b64decode(PNG_B64), _png("L"))),
    "npy": Target(
        _spectrogram,
        (
            encode_array(np.zeros((SPEC.rows, 1), np.uint8)),
            encode_array(np.asfortranarray(np.zeros((SPEC.rows, 2), np.float32))),
        ),
    ),
    "base64": Target(_base64_text, (PNG_B64.encode(),)),
    "iq": Target(_iq, tuple(bytes([code]) + 4 * _IQ for code in range(len(_DATATYPES)))),
    "sigmf": Target(_sigmf, (json.dumps(_META).encode(),)),
    "wav": Target(_file(".wav"), (_wav(1), _wav(2))),
    "archive": Target(_file(".sigmf"), (_tar(),)),
    "csv labels": Target(
        _labels("csv"),
        (
            b"start,length,centre,bandwidth,label\n1ms,2ms,+20k,4k,remote\n",
            b"Begin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\n0.001\t0.002\t433900000\t433950000\n",
            b"core:sample_start;core:sample_count\n100;50\n",
        ),
    ),
    "audacity labels": Target(_labels("audacity"), (b"0.001000\t0.002000\tremote\n\\\t1000.000000\t2000.000000\n",)),
    "rtl_433 labels": Target(
        _labels("rtl_433"),
        (
            b"Detected OOK package\t@0.001000s\nTotal count:   12,  width: 2.00 ms\t\t(  500 S)\n"
            b"Frequency offsets [F1, F2]:    4718,      0\t(+18.0 kHz, +0.0 kHz)\n",
            b'{"time" : "@0.001000s", "model" : "Nexus-TH", "mod" : "FSK", "freq1" : 433.91, "freq2" : 433.93}\n',
            b"time      : @0.001s\nmodel     : Waveman-Switch  id : D\n",
        ),
    ),
    "headers": Target(
        _headers,
        (
            f"Bearer {TOKEN}\nlocalhost:8765\nhttp://localhost:8765".encode(),
            f"\nlocalhost\nhttps://ops.example\n{TOKEN}".encode(),
        ),
    ),
}
"""By name."""
