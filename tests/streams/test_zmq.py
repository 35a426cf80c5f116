"""ZMQ sources against real PUB sockets on loopback. XPUB sockets are used, since they tell who subscribed."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import zmq

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.streams.source import EndOfStream, Tuning
from rfhydra.streams.zmq_source import ZmqSource
from tests.streams.given import DEADLINE_SEC, TUNING, joined, numbered, read_chunk, read_chunks
from tests.streams.outages import require_reconnection

PUBLISH = """
import sys
import numpy as np
import zmq
socket = zmq.Context().socket(zmq.PUB)
socket.bind(sys.argv[1])
samples = np.zeros(4096, dtype=np.complex64).tobytes()
while True:
    socket.send(samples)
"""


class Publisher:
    def __init__(self) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.XPUB)
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")

    def source(self) -> ZmqSource:
        return ZmqSource("127.0.0.1", self.port, TUNING)

    def wait_for_subscriber(self) -> None:
        assert self.socket.poll(1000 * int(DEADLINE_SEC))
        assert self.socket.recv() == b"\1"


@contextmanager
def publishing() -> Iterator[Publisher]:
    publisher = Publisher()
    try:
        yield publisher
    finally:
        publisher.socket.close(linger=0)
        publisher.context.term()


def test_samples_come_in_order() -> None:
    with publishing() as publisher:
        source = publisher.source()
        assert source.open() == TUNING
        publisher.wait_for_subscriber()
        for start in range(0, 50_000, 1000):
            publisher.socket.send(numbered(start, 1000).tobytes())
        chunks = read_chunks(source, 50_000)
        assert source.read(0.0) is None
        source.close()
    assert np.array_equal(joined(chunks), numbered(0, 50_000))
    assert all(each.iq.dtype == np.complex64 and each.tuning == TUNING for each in chunks)


def test_the_samples_are_the_last_part_after_a_key() -> None:
    with publishing() as publisher:
        source = publisher.source()
        source.open()
        publisher.wait_for_subscriber()
        publisher.socket.send_multipart([b"key", numbered(0, 10).tobytes()])
        publisher.socket.send(b"")
        publisher.socket.send(numbered(10, 10).tobytes())
        assert np.array_equal(joined(read_chunks(source, 20)), numbered(0, 20))
        source.close()


def test_messages_of_another_type_are_refused() -> None:
    with publishing() as publisher:
        source = publisher.source()
        source.open()
        publisher.wait_for_subscriber()
        publisher.socket.send(bytes(12))
        with pytest.raises(InvalidMessage, match="a message of 12 bytes, which are no whole complex64 samples"):
            source.read(DEADLINE_SEC)
        source.close()


def test_nobody_publishes() -> None:
    with publishing() as publisher:
        source = publisher.source()
    with pytest.raises(Unreachable, match=f"zmq 127.0.0.1:{publisher.port} cannot be connected"):
        source.open()


def test_what_was_sent_before_the_end_is_read() -> None:
    with publishing() as publisher:
        source = publisher.source()
        source.open()
        publisher.wait_for_subscriber()
        publisher.socket.send(numbered(0, 10).tobytes())
        assert np.array_equal(read_chunk(source).iq, numbered(0, 10))
    with pytest.raises(Unreachable, match="closed the connection"):
        source.read(DEADLINE_SEC)
    source.close()


def test_closing_ends_a_read_that_waits() -> None:
    with publishing() as publisher:
        source = publisher.source()
        source.open()
        closer = threading.Thread(target=source.close)
        closer.start()
        with pytest.raises(EndOfStream):
            source.read(DEADLINE_SEC)
        closer.join()


def test_it_cannot_be_tuned() -> None:
    source = ZmqSource("127.0.0.1", 1, TUNING)
    assert source.tune(TUNING) == TUNING
    with pytest.raises(InvalidMessage, match="center_freq_hz cannot be changed"):
        source.tune(Tuning(TUNING.sample_rate_hz, 1.0))


def test_a_publisher_that_is_killed_and_started_again() -> None:
    with publishing() as publisher:
        port = publisher.port
    require_reconnection(ZmqSource("127.0.0.1", port, TUNING), lambda: start_publisher(port))


def start_publisher(port: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", PUBLISH, f"tcp://127.0.0.1:{port}"])
