"""The client of rtl_tcp against a server that speaks it."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.recordings.formats import SampleFormat
from rfhydra.streams.rtl_tcp import RtlTcpSource
from rfhydra.streams.source import EndOfStream, Tuning
from tests.streams.given import DEADLINE_SEC, joined, read_chunks
from tests.streams.outages import require_reconnection
from tests.streams.rtl_tcp_server import GREETING, RtlTcpServer

TUNING = Tuning(2_400_000.0, 433_920_000.0, 40.2)


def source_of(server: RtlTcpServer, tuning: Tuning = TUNING) -> RtlTcpSource:
    return RtlTcpSource("127.0.0.1", server.port, tuning)


def commands(server: RtlTcpServer, count: int) -> list[tuple[int, int]]:
    return [server.commands.get(timeout=DEADLINE_SEC) for _ in range(count)]


def test_settings_are_sent_and_samples_come() -> None:
    stored = np.arange(60_000, dtype=np.uint32).astype(np.uint8)
    with RtlTcpServer() as server:
        source = source_of(server)
        assert source.open() == TUNING
        assert commands(server, 4) == [(2, 2_400_000), (1, 433_920_000), (3, 1), (4, 402)]
        client = server.clients.get(timeout=DEADLINE_SEC)
        client.sendall(stored[:30_001].tobytes())  # half a sample at the end
        client.sendall(stored[30_001:].tobytes())
        server.disconnect(client)
        chunks = read_chunks(source, 30_000)
        with pytest.raises(Unreachable, match="closed the connection"):
            source.read(DEADLINE_SEC)
        source.close()
    assert np.array_equal(joined(chunks), SampleFormat.of("cu8").decode(stored.reshape(-1, 2)))
    assert all(each.tuning == TUNING for each in chunks)


def test_it_is_tuned_while_it_runs() -> None:
    with RtlTcpServer() as server:
        source = source_of(server)
        source.open()
        commands(server, 4)
        assert source.tune(Tuning(250_000.4, 868e6)) == Tuning(250_000.0, 868e6)
        assert commands(server, 3) == [(2, 250_000), (1, 868_000_000), (3, 0)]
        source.close()
        assert source.open() == Tuning(250_000.0, 868e6)
        assert commands(server, 3) == [(2, 250_000), (1, 868_000_000), (3, 0)]
        source.close()


def test_a_rate_that_an_rtl_sdr_ignores_is_refused() -> None:
    with RtlTcpServer() as server:
        with pytest.raises(InvalidMessage, match="sample_rate_hz 500000 is none of an RTL-SDR: use 225001 to 300000"):
            source_of(server, Tuning(500e3, 1e8)).open()
        source = source_of(server)
        source.open()
        with pytest.raises(InvalidMessage, match="sample_rate_hz 10000000"):
            source.tune(Tuning(10e6, 1e8))
        source.close()


def test_other_receivers_have_other_rates() -> None:
    with RtlTcpServer(greeting=b"RTL0" + bytes(8)) as server:
        source = source_of(server, Tuning(500e3, 1e8))
        assert source.open().sample_rate_hz == 500e3
        source.close()


def test_another_service_is_no_rtl_tcp() -> None:
    with (
        RtlTcpServer(greeting=b"SSH-2.0-OpenSSH") as server,
        pytest.raises(InvalidMessage, match=r"it greets with b'SSH-'"),
    ):
        source_of(server).open()


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=f"rtl_tcp 127.0.0.1:{port} cannot be connected: Connection refused"):
        RtlTcpSource("127.0.0.1", port, TUNING).open()


def test_nothing_comes_in_time() -> None:
    with RtlTcpServer() as server:
        source = source_of(server)
        source.open()
        assert source.read(0.0) is None
        source.close()
        with pytest.raises(EndOfStream):
            source.read(0.0)


@pytest.mark.parametrize("greeting", [GREETING, b"RTL"], ids=["samples", "greeting"])
def test_closing_ends_waiting_for(greeting: bytes) -> None:
    with RtlTcpServer(greeting=greeting) as server:
        source = source_of(server)

        def close_when_connected() -> None:
            server.clients.get(timeout=DEADLINE_SEC)
            source.close()

        closer = threading.Thread(target=close_when_connected)
        closer.start()
        with pytest.raises(EndOfStream):
            open_and_read(source)
        closer.join()


def open_and_read(source: RtlTcpSource) -> None:
    source.open()
    source.read(DEADLINE_SEC)


@pytest.mark.parametrize(
    ("tuning", "field"),
    [(Tuning(0.0, 1e8), "sample_rate_hz 0"), (Tuning(1e6, -5.0), "center_freq_hz -5"), (Tuning(1e6, 1e8, 1e4), "gain")],
)
def test_settings_that_no_command_can_hold(tuning: Tuning, field: str) -> None:
    with pytest.raises(InvalidMessage, match=field):
        RtlTcpSource("127.0.0.1", 1, tuning)


def test_a_server_that_is_killed_and_started_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    samples = tmp_path / "samples.cu8"
    samples.write_bytes(bytes(1 << 16))
    require_reconnection(RtlTcpSource("127.0.0.1", port, TUNING), lambda: start_server(port, samples))


def start_server(port: int, samples: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.streams.rtl_tcp_server", str(port), str(samples)])
