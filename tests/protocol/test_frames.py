import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.frames import (
    HEADER,
    IQ_DATATYPES,
    SAMPLE_BYTES,
    IqFrame,
    StreamIqFrame,
    StreamWaterfallFrame,
    UploadFrame,
    WaterfallFrame,
    read_waterfall,
)
from rfhydra.recordings.formats import SampleFormat

IQ = IqFrame(
    tag=7, datatype="ci8", sample_rate_hz=1e6, center_freq_hz=433.92e6, start_sample=2**40, samples=b"\x01\x02\x03\x04"
)
WATERFALL = WaterfallFrame(
    dropped=3, rows=2, cols=3, sample_rate_hz=1e6, center_freq_hz=-1.0, start_sample=0, pixels=bytes(range(6))
)


def test_the_layout_is_what_the_document_says() -> None:
    data = IQ.encode()
    assert HEADER.size == 40
    assert data[:8] == b"RFH1\x01\x02\x00\x00"
    assert data[8:12] == (7).to_bytes(4, "little")
    assert data[28:40] == (2**40).to_bytes(8, "little") + (2).to_bytes(4, "little")


def test_a_sample_is_as_long_as_its_datatype_says() -> None:
    assert {name: SampleFormat.of(name).sample_bytes for name in IQ_DATATYPES} == SAMPLE_BYTES


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(IQ_DATATYPES),
    st.floats(min_value=1, max_value=1e12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 2**53 - 1),
    st.integers(0, 9),
)
def test_iq_comes_back(tag: int, datatype: str, rate: float, center: float, start: int, count: int) -> None:
    name = next(each for each in IQ_DATATYPES if each == datatype)
    frame = IqFrame(tag, name, rate, center, start, bytes(count * SAMPLE_BYTES[name]))
    assert IqFrame.decode(frame.encode()) == frame


def test_a_waterfall_comes_back() -> None:
    assert WaterfallFrame.decode(WATERFALL.encode()) == WATERFALL


@pytest.mark.parametrize("length", [0, 39, 41, 43, 45])
def test_a_frame_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidMessage, match="bytes"):
        IqFrame.decode((IQ.encode() + b"\0")[:length])


@pytest.mark.parametrize(
    ("at", "byte", "wanted"), [(0, 0, "begin"), (4, 2, "kind 1"), (5, 9, "datatype 9"), (35, 255, "start_sample")]
)
def test_a_wrong_header_is_refused(at: int, byte: int, wanted: str) -> None:
    data = bytearray(IQ.encode())
    data[at] = byte
    with pytest.raises(InvalidMessage, match=wanted):
        IqFrame.decode(bytes(data))


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    data = IqFrame(0, "cu8", rate, 0.0, 0, b"").encode()
    with pytest.raises(InvalidMessage, match="sample_rate_hz"):
        IqFrame.decode(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_an_error(data: bytes) -> None:
    try:
        frame = IqFrame.decode(data)
    except InvalidMessage:
        return
    assert frame.encode()[8:] == data[8:]


STREAM_WATERFALL = StreamWaterfallFrame(
    dropped=1,
    rows=2,
    cols=3,
    sample_rate_hz=1e6,
    center_freq_hz=433e6,
    start_sample=2**40,
    samples_per_column=20_000,
    min_db=-90.1,
    max_db=-10.0,
    stream_id="roof",
    pixels=bytes(range(6)),
)


def test_frames_of_streams_come_back() -> None:
    pushed = StreamIqFrame(7, "ci8", 1e6, 433e6, 2**40, b"\x01\x02\x03\x04")
    assert StreamIqFrame.decode(pushed.encode()) == pushed
    assert StreamWaterfallFrame.decode(STREAM_WATERFALL.encode()) == STREAM_WATERFALL
    assert read_waterfall(STREAM_WATERFALL.encode()) == STREAM_WATERFALL
    assert read_waterfall(WATERFALL.encode()) == WATERFALL


def test_a_pushed_frame_of_a_newer_kind_is_no_error() -> None:
    data = bytearray(WATERFALL.encode())
    data[4] = 99
    assert read_waterfall(bytes(data)) is None


@pytest.mark.parametrize("length", [0, 39, 40, 65, 66, 69, 75, 77])
def test_a_waterfall_of_a_stream_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidMessage, match="bytes"):
        StreamWaterfallFrame.decode((STREAM_WATERFALL.encode() + b"\0")[:length])


def test_a_stream_whose_id_is_no_text_is_refused() -> None:
    data = bytearray(STREAM_WATERFALL.encode())
    data[66] = 255
    with pytest.raises(InvalidMessage, match="UTF-8"):
        StreamWaterfallFrame.decode(bytes(data))


def test_a_frame_of_an_upload_comes_back() -> None:
    frame = UploadFrame(tag=7, start_byte=2**40, data=b"abc")
    assert UploadFrame.decode(frame.encode()) == frame
    for damaged in (frame.encode()[:-1], frame.encode() + b"x", frame.encode()[:39], IQ.encode()):
        with pytest.raises(InvalidMessage):
            UploadFrame.decode(damaged)
