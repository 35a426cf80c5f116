"""VITA 49 over real UDP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.streams.source import EndOfStream, Tuning
from rfhydra.streams.vrt_source import VrtSource
from tests.streams.given import DEADLINE_SEC, TUNING, joined, numbered, read_chunk, read_chunks
from tests.streams.vrt_packets import CI16, REAL_TIME, UTC, context_packet, data_packet

RATE_HZ = TUNING.sample_rate_hz
PACKET_SAMPLES = 100
SCALE = 2.0**-15
"""Samples are their own numbers, as integers of 16 bits."""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sender:
    """Sends packets of 100 samples to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))

    def data(self, number: int, *, timed: bool = False, stream: int | None = 0xABCD) -> None:
        start = number * PACKET_SAMPLES
        time = (UTC, 1000, REAL_TIME, start * 10**6) if timed else None
        iq = numbered(start, PACKET_SAMPLES) * np.float32(SCALE)
        self.socket.send(data_packet(iq, number, time=time, stream=stream))

    def context(self, **fields: object) -> None:
        self.socket.send(context_packet(**fields))  # type: ignore[arg-type]


@contextmanager
def receiving(
    *, known: bool = True, datatype: str | None = None, stream_id: int | None = None
) -> Iterator[tuple[VrtSource, Sender]]:
    """A source that is not open, and who sends to it. With ``known``, it does not wait for a context."""
    port = free_port()
    rate, center = (RATE_HZ, TUNING.center_freq_hz) if known else (None, None)
    source = VrtSource(
        "127.0.0.1", port, sample_rate_hz=rate, center_freq_hz=center, datatype=datatype, stream_id=stream_id
    )
    sender = Sender(port)
    try:
        yield source, sender
    finally:
        sender.socket.close()
        source.close()


def test_the_packet_that_tells_which_stream_it_is_is_received() -> None:
    with receiving(known=False) as (source, sender):
        opener = threading.Thread(target=source.open)
        opener.start()
        accepted = 0
        while accepted < 2:  # a refusal comes with the packet after it
            try:
                sender.context(rate_hz=RATE_HZ, rf_hz=1e8, payload_format=CI16)
                accepted += 1
            except ConnectionRefusedError:
                accepted = 0
        sender.data(0)
        opener.join()
        sender.data(1)
        chunks = read_chunks(source, 2 * PACKET_SAMPLES)
    assert np.array_equal(joined(chunks), numbered(0, 2 * PACKET_SAMPLES) * np.float32(SCALE))


@pytest.mark.parametrize("timed", [False, True])
def test_a_lost_packet_is_a_gap(timed: bool) -> None:
    with receiving() as (source, sender):
        assert source.open() == TUNING
        for number in (5, 6, 7, 9, 10):
            sender.data(number, timed=timed)
        chunks = [read_chunk(source), read_chunk(source)]
    assert [(each.start_sample, each.end_sample) for each in chunks] == [(0, 300), (400, 600)]
    expected = np.concatenate([numbered(500, 300), numbered(900, 200)]) * np.float32(SCALE)
    assert np.array_equal(joined(chunks), expected)
    assert [each.start_utc_sec for each in chunks] == ([1000.0005, 1000.0009] if timed else [None, None])


def test_time_stamps_tell_more_than_the_count() -> None:
    with receiving() as (source, sender):
        source.open()
        sender.data(0, timed=True)
        sender.data(33, timed=True)
        chunks = read_chunks(source, 200)
    assert [each.start_sample for each in chunks] == [0, 3300]


def test_a_late_packet_is_left_out() -> None:
    with receiving() as (source, sender):
        source.open()
        for number in (0, 2, 1, 3):
            sender.data(number)
        chunks = read_chunks(source, 300)
    assert [(each.start_sample, each.end_sample) for each in chunks] == [(0, 100), (200, 300), (300, 400)]


def test_the_context_states_the_settings_and_changes_them() -> None:
    with receiving(known=False) as (source, sender):
        opened: list[Tuning] = []
        opener = threading.Thread(target=lambda: opened.append(source.open()))
        opener.start()
        while opener.is_alive():  # until it listens
            with suppress(ConnectionRefusedError):
                sender.data(0)
                sender.context(rate_hz=RATE_HZ, rf_hz=1e8, gain_db=(10.0, 0.0), payload_format=CI16)
            opener.join(0.01)
        assert opened == [Tuning(RATE_HZ, 1e8, 10.0)]
        drain(source)
        sender.data(1)
        sender.context(rf_hz=2e8)
        sender.data(2)
        chunks = [read_chunk(source), read_chunk(source)]
        assert [each.tuning.center_freq_hz for each in chunks] == [1e8, 2e8]
        assert source.tune(Tuning(RATE_HZ, 2e8, 10.0)).center_freq_hz == 2e8
        with pytest.raises(InvalidMessage, match="center_freq_hz cannot be changed"):
            source.tune(Tuning(RATE_HZ, 1e8, 10.0))


def drain(source: VrtSource) -> None:
    """Read what was sent until now."""
    while source.read(0.0) is not None:
        pass


def test_one_stream_of_several_is_read() -> None:
    with receiving(stream_id=7) as (source, sender):
        source.open()
        sender.data(0, stream=6)
        sender.context(stream=6, rf_hz=5.0)
        sender.data(40, stream=7)
        sender.data(1, stream=6)
        sender.data(41, stream=7)
        chunks = read_chunks(source, 200)
    assert joined(chunks)[0].real == 4000 * SCALE
    assert chunks[0].tuning == TUNING


def test_the_first_stream_is_read_where_none_is_given() -> None:
    with receiving() as (source, sender):
        source.open()
        sender.data(0, stream=None)
        sender.data(8, stream=6)
        sender.data(1, stream=None)
        assert np.array_equal(joined(read_chunks(source, 200)), numbered(0, 200) * np.float32(SCALE))


def test_samples_that_cannot_be_read_are_refused() -> None:
    with receiving() as (source, sender):
        source.open()
        sender.context(payload_format=0x800003CF_00000000)
        sender.data(0)
        with pytest.raises(InvalidMessage, match="not complex"):
            source.read(DEADLINE_SEC)


def test_a_given_datatype_wins() -> None:
    with receiving(datatype="cf32_le") as (source, sender):
        source.open()
        sender.context(payload_format=CI16)
        sender.socket.send(data_packet(numbered(0, 10), 0, dtype="<f4"))
        assert np.array_equal(read_chunk(source).iq, numbered(0, 10))


def test_a_port_that_is_in_use() -> None:
    with receiving() as (source, _):
        source.open()
        other = VrtSource("127.0.0.1", int(source.name.rpartition(":")[2]), sample_rate_hz=1.0, center_freq_hz=1.0)
        with pytest.raises(Unreachable, match="Address already in use"):
            other.open()


def test_a_multicast_group_is_joined() -> None:
    port = free_port()
    source = VrtSource("239.255.49.91", port, sample_rate_hz=RATE_HZ, center_freq_hz=0.0)
    source.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        try:
            sender.sendto(data_packet(numbered(0, 10) * np.float32(SCALE), 0), ("239.255.49.91", port))
        except OSError as error:
            pytest.skip(f"no multicast here: {error}")
        assert len(read_chunk(source).iq) == 10
    source.close()


def test_closing_ends_a_read_that_waits() -> None:
    with receiving() as (source, _):
        source.open()
        closer = threading.Thread(target=source.close)
        closer.start()
        with pytest.raises(EndOfStream):
            source.read(DEADLINE_SEC)
        closer.join()


def test_closing_ends_waiting_for_the_context() -> None:
    with receiving(known=False) as (source, _):
        errors: list[Exception] = []

        def open_source() -> None:
            try:
                source.open()
            except (EndOfStream, Unreachable) as error:
                errors.append(error)

        opener = threading.Thread(target=open_source)
        opener.start()
        while opener.is_alive():
            source.close()
            opener.join(0.01)
        assert isinstance(errors[0], EndOfStream)
