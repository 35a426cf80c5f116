import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from rfhydra.errors import Incompatible, InvalidMessage, RfhydraError
from rfhydra.server.handlers.images import decode_base64, decode_iq, decode_spectrogram, encode_npy
from tests.store.small_data import SPEC, image


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png(pixels: NDArray[Any], mode: str | None = None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture if mode is None else picture.convert(mode)).save(buffer, "PNG", **options)
    return buffer.getvalue()


def npy(array: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int, height: int, bytes_inside: int) -> bytes:
    """A small PNG that declares a size and holds much more."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(bytes_inside), 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("cols", [1, SPEC.cols])
def test_a_png_comes_as_it_is(cols: int) -> None:
    pixels = image(1, cols)
    np.testing.assert_array_equal(decode_spectrogram(b64(png(pixels)), SPEC), pixels)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_comes_as_it_is(order: Any) -> None:
    pixels = image(1)
    decoded = decode_spectrogram(b64(npy(np.array(pixels, order=order))), SPEC)
    np.testing.assert_array_equal(decoded, pixels)
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_float32_is_scaled_to_grey(dtype: str) -> None:
    pixels = image(1)
    decoded = decode_spectrogram(b64(npy((pixels / 255).astype(dtype))), SPEC)
    np.testing.assert_array_equal(decoded, pixels)


def test_what_is_sent_back_can_be_sent_again() -> None:
    pixels = image(3)
    np.testing.assert_array_equal(decode_spectrogram(encode_npy(pixels), SPEC), pixels)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01])
def test_values_out_of_range_are_refused(value: float) -> None:
    pixels = np.zeros((SPEC.rows, SPEC.cols), np.float32)
    pixels[3, 4] = value
    with pytest.raises(InvalidMessage, match=r"0\.\.1"):
        decode_spectrogram(b64(npy(pixels)), SPEC)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[None] * SPEC.cols] * SPEC.rows, dtype=object),
        np.zeros((SPEC.rows, SPEC.cols), np.float64),
        np.zeros((SPEC.rows, SPEC.cols), np.int8),
        np.zeros((SPEC.rows, SPEC.cols), [("a", "u1")]),
        np.zeros((SPEC.rows, SPEC.cols), "S1"),
    ],
    ids=["object", "float64", "int8", "structured", "bytes"],
)
def test_other_arrays_are_refused(array: NDArray[Any]) -> None:
    with pytest.raises(InvalidMessage, match="uint8 or float32"):
        decode_spectrogram(b64(npy(array, allow_pickle=True)), SPEC)


@pytest.mark.parametrize(
    "shape", [(SPEC.rows + 1, 5), (SPEC.rows, SPEC.cols + 1), (SPEC.rows, 0), (SPEC.rows,), (1, 1, 1)]
)
def test_another_size_than_the_contract_has_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(Incompatible):
        decode_spectrogram(b64(npy(np.zeros(shape, np.uint8))), SPEC)


@pytest.mark.parametrize("mode", ["RGB", "LA", "1", "P", "I;16"])
def test_other_pngs_than_grey_ones_are_refused(mode: str) -> None:
    with pytest.raises(InvalidMessage, match="8-bit grey"):
        decode_spectrogram(b64(png(image(1), mode)), SPEC)


def test_grey_with_a_transparent_level_is_grey() -> None:
    pixels = image(1)
    np.testing.assert_array_equal(decode_spectrogram(b64(png(pixels, transparency=3)), SPEC), pixels)


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (SPEC.cols + 1, SPEC.rows), (0, SPEC.rows)])
def test_a_png_of_another_declared_size_is_not_decompressed(size: tuple[int, int]) -> None:
    with pytest.raises(Incompatible):
        decode_spectrogram(b64(bomb(*size, bytes_inside=10_000_000)), SPEC)


def test_a_png_that_holds_more_than_it_declares_costs_no_more_than_it_declares() -> None:
    decoded = decode_spectrogram(b64(bomb(SPEC.cols, SPEC.rows, bytes_inside=100_000_000)), SPEC)
    assert decoded.shape == (SPEC.rows, SPEC.cols)


def test_an_npy_that_declares_more_than_it_holds_is_not_allocated() -> None:
    data = npy(image(1))
    declared = data.replace(f"({SPEC.rows}, {SPEC.cols})".encode(), b"(9" + b"9" * 3 + b",9)")
    with pytest.raises((Incompatible, InvalidMessage)):
        decode_spectrogram(b64(declared), SPEC)
    with pytest.raises(InvalidMessage, match="bytes of values"):
        decode_spectrogram(b64(data[:-1]), SPEC)


@settings(max_examples=300)
@given(st.sampled_from([png(image(2)), npy(image(2))]), st.data())
def test_damaged_files_are_refused_or_read(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(0, min(len(data), 200) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(data)))
    try:
        decoded = decode_spectrogram(b64(bytes(damaged[:cut])), SPEC)
    except RfhydraError as error:
        assert "/" not in str(error)  # noqa: PT017
    else:
        assert decoded.dtype == np.uint8
        assert decoded.shape[0] == SPEC.rows


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "AAA", "ä", b64(b"GIF89a")])
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="spectrogram_b64"):
        decode_spectrogram(text, SPEC)


def test_base64_names_its_field() -> None:
    with pytest.raises(InvalidMessage, match="data_b64"):
        decode_base64("=", "data_b64")


@pytest.mark.parametrize(
    ("datatype", "dtype", "full_scale"), [("ci16_le", "<i2", 32768), ("ci8", "i1", 128), ("cf32_le", "<f4", 1)]
)
def test_iq_is_scaled_to_full_scale(datatype: Any, dtype: str, full_scale: float) -> None:
    parts = np.tile(np.array([[1, -1]], dtype), (SPEC.hop, 1))
    iq = decode_iq(parts.tobytes(), datatype, SPEC, "iq_b64")
    np.testing.assert_allclose(iq, np.full(SPEC.hop, (1 - 1j) / full_scale))


@pytest.mark.parametrize("samples", [0, SPEC.hop - 1, SPEC.window_samples + 1])
def test_iq_that_is_no_window_is_refused(samples: int) -> None:
    with pytest.raises(Incompatible, match="samples"):
        decode_iq(bytes(2 * samples), "ci8", SPEC, "iq_b64")


def test_iq_of_half_a_sample_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="bytes"):
        decode_iq(bytes(2 * SPEC.hop + 1), "cu8", SPEC, "iq_b64")
