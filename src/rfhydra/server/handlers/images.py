"""Decoding of base64 payloads: spectrograms as PNG or ``.npy``, IQ. Sizes are checked before anything is allocated."""

import base64
import binascii
import io
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rfhydra.errors import Incompatible, InvalidMessage
from rfhydra.protocol.types import IqDatatype
from rfhydra.recordings.formats import SampleFormat
from rfhydra.server.handlers.png import SIGNATURE, GreyPng
from rfhydra.spectrum.spec import SpectrogramSpec

_MAX_NPY_HEADER: Final = 512  # characters; NumPy writes 118 for any array of two dimensions


def decode_base64(text: str, field: str) -> bytes:
    """
    Raises:
        InvalidMessage: it is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidMessage(f"{field} is not base64") from None


def decode_spectrogram(text: str, spec: SpectrogramSpec, field: str = "spectrogram_b64") -> NDArray[np.uint8]:
    """A spectrogram as base64 of a PNG (8-bit grey) or ``.npy`` (uint8, or float32 in 0..1), uint8 (rows, cols).

    Raises:
        InvalidMessage: it is neither, is damaged, or holds values that are not in range.
        Incompatible: its size is not that of the contract.
    """
    data = decode_base64(text, field)
    if data.startswith(SIGNATURE):
        return _decode_png(data, spec, field)
    if data.startswith(npy.MAGIC_PREFIX):
        return _as_grey(_decode_npy(data, spec, field), field)
    raise InvalidMessage(f"{field} is neither a PNG nor a .npy file")


def encode_npy(image: NDArray[np.uint8]) -> str:
    """Base64 of a ``.npy`` file."""
    buffer = io.BytesIO()
    npy.write_array(buffer, image, allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode()


def decode_iq(data: bytes, datatype: IqDatatype, spec: SpectrogramSpec, field: str) -> NDArray[np.complex64]:
    """Interleaved I and Q as complex64, shape (samples,).

    Raises:
        InvalidMessage: not a whole number of samples.
        Incompatible: less than a column of the contract, or more than a window.
    """
    sample_format = SampleFormat.of(datatype)
    samples, rest = divmod(len(data), sample_format.sample_bytes)
    if rest:
        raise InvalidMessage(f"{field} has {len(data)} bytes: samples of {datatype} take {sample_format.sample_bytes}")
    if not spec.hop <= samples <= spec.window_samples:
        raise Incompatible(
            f"{field} holds {samples} samples, a window takes {spec.hop} to {spec.window_samples} under this contract"
        )
    return sample_format.decode(np.frombuffer(data, sample_format.component).reshape(-1, 2))


def _decode_png(data: bytes, spec: SpectrogramSpec, field: str) -> NDArray[np.uint8]:
    png = GreyPng.of(data, field)
    _require_size(png.rows, png.cols, spec, field)
    return png.decode(field)


def _decode_npy(data: bytes, spec: SpectrogramSpec, field: str) -> NDArray[Any]:
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran_order, dtype = read_header(stream, max_header_size=_MAX_NPY_HEADER)
    except Exception:  # parsing the header literal raises various errors
        raise InvalidMessage(f"{field}: the header of the .npy file cannot be read") from None
    if dtype.newbyteorder("=") not in (np.uint8, np.float32):
        raise InvalidMessage(f"{field}: the .npy file must hold uint8 or float32")
    if len(shape) != 2:
        raise Incompatible(f"{field} must have 2 dimensions, has {len(shape)}")
    _require_size(shape[0], shape[1], spec, field)
    body = memoryview(data)[stream.tell() :]
    if len(body) != shape[0] * shape[1] * dtype.itemsize:
        raise InvalidMessage(f"{field}: the .npy file has {len(body)} bytes of values for its shape {shape}")
    array: NDArray[Any] = np.frombuffer(body, dtype).reshape(shape, order="F" if fortran_order else "C")
    return array


def _require_size(rows: int, cols: int, spec: SpectrogramSpec, field: str) -> None:
    if rows != spec.rows or not 1 <= cols <= spec.cols:
        raise Incompatible(
            f"{field} is {rows} rows by {cols} columns: this contract has {spec.rows} rows and 1 to {spec.cols} columns"
        )


def _as_grey(array: NDArray[Any], field: str) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return np.array(array, order="C")
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise InvalidMessage(f"{field}: float32 values must be finite and in 0..1")
    grey: NDArray[np.uint8] = np.rint(255 * array).astype(np.uint8, order="C")
    return grey
