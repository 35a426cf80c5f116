"""Packets and contexts of VITA 49."""

import struct

import numpy as np
import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from rfhydra.streams.vrt_context import UNSUPPORTED, VrtContext
from rfhydra.streams.vrt_packet import VrtPacket
from rfhydra.streams.vrt_sequence import VrtSequence
from tests.streams.given import numbered
from tests.streams.vrt_packets import (
    CI16,
    GPS,
    REAL_TIME,
    SAMPLE_COUNT,
    STREAM,
    UTC,
    context_packet,
    data_packet,
    prologue,
)

RATE_HZ = 1e6
TIME = (UTC, 1_700_000_000, REAL_TIME, 250_000_000_000)
TIME_PS = 1_700_000_000_250_000_000_000
SAMPLES = np.array([0.5 - 0.25j, -1 + 0.125j], dtype=np.complex64)
STORED = np.array([1 << 14, -(1 << 13), -(1 << 15), 1 << 12], dtype=">i2").tobytes()


def parse(data: bytes) -> VrtPacket:
    packet = VrtPacket.parse(memoryview(data))
    assert packet is not None
    return packet


def context_of(*packets: bytes) -> VrtContext:
    context = VrtContext()
    for each in packets:
        context = context.updated(parse(each).payload)
    return context


@pytest.mark.parametrize("stream", [None, STREAM])
@pytest.mark.parametrize("time", [None, TIME])
@pytest.mark.parametrize("class_id", [False, True])
@pytest.mark.parametrize("trailer", [False, True])
def test_data_packets(
    stream: int | None, time: tuple[int, int, int, int] | None, class_id: bool, trailer: bool
) -> None:
    packet = parse(data_packet(SAMPLES, 19, stream=stream, time=time, class_id=class_id, trailer=trailer))
    assert (packet.is_context, packet.stream_id, packet.count) == (False, stream, 3)
    assert packet.payload == STORED
    assert packet.time_picoseconds(RATE_HZ) == (None if time is None else TIME_PS)


@pytest.mark.parametrize(
    ("time", "picoseconds"),
    [
        ((UTC, 1_700_000_000, SAMPLE_COUNT, 250_000), TIME_PS),
        ((GPS, 1_384_035_218, REAL_TIME, 250_000_000_000), TIME_PS),
        ((UTC, 1_700_000_000, 3, 5), None),
        ((3, 5, REAL_TIME, 5), None),
        ((0, 0, REAL_TIME, 5), None),
        ((UTC, 1_700_000_000, 0, 0), None),
    ],
    ids=["sample count", "GPS", "free-running", "other seconds", "no seconds", "no fraction"],
)
def test_times(time: tuple[int, int, int, int], picoseconds: int | None) -> None:
    packet = parse(data_packet(SAMPLES, 0, time=time))
    assert packet.time_picoseconds(RATE_HZ) == picoseconds
    assert packet.payload == STORED


def test_what_is_no_data_is_left_out() -> None:
    command = prologue(6, 0, STREAM, None, 0, 1) + bytes(4)
    spectrum = prologue(1, 0, STREAM, None, 0b0001, 1) + bytes(4)
    extension = prologue(3, 0, STREAM, None, 0, 1) + bytes(4)
    cut = data_packet(SAMPLES, 0)[:-1]
    too_short = struct.pack(">II", 1 << 28 | 0b0100 << 24 | 2, STREAM)
    for data in (b"", b"abc", command, spectrum, extension, cut, too_short):
        assert VrtPacket.parse(memoryview(data)) is None


@cases(st.binary(max_size=200))
def test_any_datagram_is_read_or_left_out(data: bytes) -> None:
    for kind in (0x00, 0x10, 0x4C):
        packet = VrtPacket.parse(memoryview(bytes([kind]) + data))
        if packet is not None:
            assert len(packet.payload) <= len(data)
            packet.time_picoseconds(RATE_HZ)
            assert isinstance(VrtContext().updated(packet.payload), VrtContext)


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("further_indicators", [False, True])
def test_context(others: bool, further_indicators: bool) -> None:
    packet = context_packet(
        rate_hz=1.25e6,
        rf_hz=433.92e6,
        gain_db=(20.0, -3.5),
        payload_format=CI16,
        others=others,
        further_indicators=further_indicators,
    )
    context = context_of(packet)
    assert (context.sample_rate_hz, context.center_freq_hz) == (1.25e6, 433.92e6)
    assert (context.gain_db, context.datatype) == (16.5, "ci16_be")


def test_what_a_context_packet_leaves_out_stays() -> None:
    context = context_of(context_packet(rate_hz=1e6, rf_hz=1e8), context_packet(gain_db=(1.0, 2.0)))
    assert context == VrtContext(sample_rate_hz=1e6, rf_reference_hz=1e8, gain_db=3.0)
    assert VrtContext().center_freq_hz is None


def test_the_centre_is_what_appears_at_zero() -> None:
    context = context_of(context_packet(rf_hz=1e9, rf_offset_hz=-2e6, if_hz=70e6))
    assert context.center_freq_hz == 1e9 - 2e6 - 70e6


@pytest.mark.parametrize(
    ("payload_format", "datatype"),
    [
        (0xA00001C7_00000000, "ci8"),
        (0x200003CF_00000000, "ci16_be"),
        (0xAE0007DF_00000000, "cf32_be"),
        (0xB00001C7_00000000, "cu8"),
        (0xAF000FFF_00000000, "cf64_be"),
        (0x800003CF_00000000, UNSUPPORTED),
        (0xC00003CF_00000000, UNSUPPORTED),
        (0xA00002CB_00000000, UNSUPPORTED),
        (0xA00003CF_00000001, UNSUPPORTED),
        (0xA01003CF_00000000, UNSUPPORTED),
    ],
    ids=["8", "16", "float", "unsigned", "double", "real", "polar", "12 bits", "2 channels", "tags"],
)
def test_payload_formats(payload_format: int, datatype: str) -> None:
    assert context_of(context_packet(payload_format=payload_format)).datatype == datatype


def test_fields_with_attributes_are_left_out() -> None:
    payload = struct.pack(">II", 1 << 21 | 1 << 7, 0)
    assert VrtContext().updated(memoryview(payload)) == VrtContext()


def lost(*packets: bytes) -> int | None:
    """Samples that are missing before the last of ``packets``."""
    sequence = VrtSequence()
    for each in packets[:-1]:
        sequence.advance(parse(each), 10, RATE_HZ)
    return sequence.lost_before(parse(packets[-1]), RATE_HZ)


def at(count: int, microseconds: int | None = None) -> bytes:
    time = (
        None if microseconds is None else (UTC, 1000 + microseconds // 10**6, REAL_TIME, microseconds % 10**6 * 10**6)
    )
    return data_packet(numbered(0, 10) / 100, count, time=time)


@pytest.mark.parametrize(
    ("packets", "samples"),
    [
        ([at(5)], 0),
        ([at(15), at(0)], 0),
        ([at(15), at(2)], 20),
        ([at(3), at(2)], -20),
        ([at(3), at(0)], 120),
        ([at(5, 0), at(6, 10)], 0),
        ([at(5, 0), at(6, 14)], 0),
        ([at(5, 0), at(6, 170)], 160),
        ([at(5, 999_995), at(7, 1_000_015)], 10),
        ([at(5, 100), at(4, 90)], -20),
        ([at(5, 0), at(6, 61_000_000)], None),
        ([at(5), at(7, 100)], 10),
    ],
    ids=[
        "first",
        "wraps",
        "two lost",
        "late",
        "twelve lost",
        "in time",
        "jitter",
        "sixteen lost",
        "next second",
        "late by time",
        "clock set",
        "no time before",
    ],
)
def test_lost_packets(packets: list[bytes], samples: int | None) -> None:
    assert lost(*packets) == samples
