"""Hostile PNG and .npy files: whatever their parts, memory stays in proportion to the contract and errors are ours."""

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage, RfhydraError
from rfhydra.server.handlers.images import decode_spectrogram
from rfhydra.server.handlers.png import SIGNATURE
from tests.server.test_images import b64, chunk, png
from tests.store.small_data import SPEC, image

SIDES: Final = (1, SPEC.rows, SPEC.cols, 9_000, 60_000, 2**31 - 1)
MAX_GROWTH_BYTES: Final = 48 << 20
"""Of a decoding: some tenths of what the bombs below hold."""
END: Final = chunk(b"IEND", b"")


@cache
def deflated(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def header(cols: int, rows: int, bits: int = 8, colour: int = 0, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", cols, rows, bits, colour, 0, 0, interlace))


def peak_bytes() -> int:
    """Largest memory of this process since :func:`forget_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def assert_bounded(data: bytes) -> None:
    text = b64(data)
    forget_peak()
    before = peak_bytes()
    try:
        decoded = decode_spectrogram(text, SPEC)
    except RfhydraError as error:
        assert error.code in ("invalid_message", "incompatible")  # noqa: PT017
        assert len(str(error)) < 1000  # noqa: PT017
    else:
        assert decoded.shape[0] == SPEC.rows
        assert decoded.shape[1] <= SPEC.cols
    assert peak_bytes() - before < MAX_GROWTH_BYTES


HEADERS = st.builds(
    header,
    st.sampled_from(SIDES),
    st.sampled_from(SIDES),
    st.sampled_from([1, 8, 16]),
    st.sampled_from([0, 2, 3, 6]),
    st.sampled_from([0, 1, 7]),
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([0, 1000, SPEC.rows * (SPEC.cols + 1), 300_000_000]).map(deflated),
)
BOMBS = st.sampled_from([b"zTXt", b"iCCP", b"iTXt"]).map(
    lambda kind: chunk(kind, b"name\0" + (b"\1\0\0\0" if kind == b"iTXt" else b"\0") + deflated(300_000_000))
)
FRAMES = st.builds(
    lambda cols, rows: (
        chunk(b"acTL", struct.pack(">II", 2, 0))
        + chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, cols, rows, 0, 0, 1, 1, 0, 0))
    ),
    st.sampled_from(SIDES),
    st.sampled_from(SIDES),
)
CHUNKS = st.one_of(
    HEADERS,
    BOMBS,
    FRAMES,
    BODIES.map(lambda body: chunk(b"IDAT", body)),
    BODIES.map(lambda body: chunk(b"fdAT", bytes(4) + body)),
    st.builds(chunk, st.sampled_from([b"PLTE", b"tRNS", b"gAMA", b"eXIf", b"IDAT", b"IEND", b"ABCD"]), BODIES),
    st.binary(max_size=20),
)


@settings(max_examples=200)
@given(st.booleans(), st.lists(CHUNKS, max_size=6), st.booleans())
def test_no_sequence_of_chunks_takes_more_than_the_contract_allows(
    begins_well: bool, chunks: list[bytes], ends: bool
) -> None:
    parts = [header(SPEC.cols, SPEC.rows)] if begins_well else []
    assert_bounded(SIGNATURE + b"".join([*parts, *chunks, *([END] if ends else [])]))


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_second_header_is_refused(side: int) -> None:
    data = SIGNATURE + header(SPEC.cols, SPEC.rows) + header(side, side) + chunk(b"IDAT", deflated(300_000_000)) + END
    assert_bounded(data)
    with pytest.raises(InvalidMessage, match="no other image"):
        decode_spectrogram(b64(data), SPEC)


def test_chunks_that_may_be_skipped_are() -> None:
    pixels = image(1)
    whole = png(pixels)
    at = whole.index(b"IDAT") - 4
    bomb = chunk(b"zTXt", b"name\0\0" + deflated(300_000_000))
    data = whole[:at] + bomb + whole[at:]
    assert_bounded(data)
    np.testing.assert_array_equal(decode_spectrogram(b64(data), SPEC), pixels)


def test_data_in_countless_chunks_is_refused() -> None:
    data = SIGNATURE + header(SPEC.cols, SPEC.rows) + chunk(b"IDAT", b"") * 20_000 + END
    with pytest.raises(InvalidMessage, match="more than 16384 chunks"):
        decode_spectrogram(b64(data), SPEC)


def with_npy_header(text: str, version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + b"\n"


def npy_header(shape: str, descr: str = "'|u1'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize(
    "text",
    [
        npy_header("(0x" + "f" * 9000 + ", 5)"),
        npy_header("(0x" + "f" * 300 + ", 5)"),
        npy_header("(" * 4500 + ")" * 4500),
        npy_header("-" * 9000 + "1"),
        "[" * 5000,
        npy_header("(1, 1)", "('|u1', (1000000000, 1000000000))"),
        npy_header("(True, -1)"),
    ],
    ids=["endless number", "long number", "deep", "signs", "open", "large items", "odd shape"],
)
def test_a_header_that_is_hard_to_parse_is_refused(text: str) -> None:
    for version in (1, 2, 3):
        data = with_npy_header(text, version)
        assert_bounded(data)
        with pytest.raises(RfhydraError):
            decode_spectrogram(b64(data), SPEC)


LITERALS = st.recursive(
    st.one_of(st.integers(), st.sampled_from(["|u1", "<f4", "O", "descr", "shape"]), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(max_size=5), inner)),
)


@settings(max_examples=300)
@given(LITERALS, LITERALS, st.sampled_from([1, 2, 3, 9]), st.binary(max_size=50))
def test_no_header_takes_more_than_the_contract_allows(descr: object, shape: object, version: int, body: bytes) -> None:
    assert_bounded(with_npy_header(npy_header(repr(shape), repr(descr)), version) + body)
