"""SoapySDR: its null device, and its driver of the Red Pitaya against a server that plays one."""

import queue
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, MissingExtra, Unreachable
from rfhydra.streams.soapy_source import PATH_VARIABLE, SoapySource, load_soapy
from rfhydra.streams.source import EndOfStream, Tuning
from tests.streams.given import DEADLINE_SEC, joined, numbered, read_chunks

TUNING = Tuning(250_000.0, 7_000_000.0)


def has_driver(name: str) -> bool:
    try:
        soapy = load_soapy()
    except MissingExtra:
        return False
    return any(name in each.lower() for each in soapy.listModules())


class RedPitaya:
    """Plays the transceiver of a Red Pitaya for one client: one connection for commands, one for complex64 samples."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.commands: queue.Queue[tuple[int, int]] = queue.Queue()
        self.data: queue.Queue[socket.socket] = queue.Queue()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for each in self._connections:
            each.close()

    def _serve(self) -> None:
        threads = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            self._connections.append(connection)
            (kind,) = struct.unpack("<I", connection.recv(4, socket.MSG_WAITALL))
            if kind == 0:
                threads.append(threading.Thread(target=self._listen, args=[connection]))
                threads[-1].start()
            else:
                self.data.put(connection)
        for each in threads:
            each.join()

    def _listen(self, connection: socket.socket) -> None:
        while len(command := connection.recv(4, socket.MSG_WAITALL)) == 4:
            (value,) = struct.unpack("<I", command)
            self.commands.put((value >> 28, value & 0xFFFFFFF))


@pytest.fixture
def red_pitaya() -> Iterator[RedPitaya]:
    if not has_driver("redpitaya"):
        pytest.skip("needs python3-soapysdr and soapysdr-module-redpitaya")
    device = RedPitaya()
    yield device
    device.close()


def source_of(device: RedPitaya, tuning: Tuning = TUNING) -> SoapySource:
    return SoapySource(f"driver=redpitaya,addr=127.0.0.1,port={device.port}", tuning)


def test_a_real_driver_gives_samples_in_order(red_pitaya: RedPitaya) -> None:
    source = source_of(red_pitaya)
    assert source.open() == TUNING
    assert sorted(red_pitaya.commands.get(timeout=DEADLINE_SEC) for _ in range(2)) == [(0, 7_000_000), (1, 3)]
    red_pitaya.data.get(timeout=DEADLINE_SEC).sendall(numbered(0, 40_000).tobytes())
    chunks = read_chunks(source, 40_000)
    assert np.array_equal(joined(chunks), numbered(0, 40_000))
    assert source.read(0.0) is None
    source.close()


def test_a_real_driver_is_tuned(red_pitaya: RedPitaya) -> None:
    source = source_of(red_pitaya)
    source.open()
    for _ in range(2):
        red_pitaya.commands.get(timeout=DEADLINE_SEC)
    assert source.tune(Tuning(250_000.0, 8e6)) == Tuning(250_000.0, 8e6)
    assert (0, 8_000_000) in [red_pitaya.commands.get(timeout=DEADLINE_SEC) for _ in range(2)]
    with pytest.raises(InvalidMessage, match="sample_rate_hz is refused"):
        source.tune(Tuning(123.0, 8e6))
    red_pitaya.data.get(timeout=DEADLINE_SEC).sendall(numbered(0, 10).tobytes())
    source.close()


def test_closing_ends_a_read_that_waits(red_pitaya: RedPitaya) -> None:
    source = source_of(red_pitaya)
    source.open()
    closer = threading.Thread(target=source.close)
    closer.start()
    with pytest.raises(EndOfStream):
        source.read(DEADLINE_SEC)
    closer.join()


@pytest.fixture
def soapy() -> None:
    try:
        load_soapy()
    except MissingExtra as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("soapy")
def test_the_null_device_has_no_channel() -> None:
    with pytest.raises(InvalidMessage, match="channel 0 is none of soapy driver=null, which receives on 0"):
        SoapySource("driver=null", TUNING).open()


@pytest.mark.usefixtures("soapy")
def test_a_device_that_is_not_there_may_come() -> None:
    with pytest.raises(Unreachable, match="soapy driver=rtlsdr,serial=none cannot be opened"):
        SoapySource("driver=rtlsdr,serial=none", TUNING).open()


def test_settings_before_it_is_open_are_kept() -> None:
    source = SoapySource("driver=null", TUNING)
    assert source.tune(Tuning(1e6, 1e8, 20.0)) == Tuning(1e6, 1e8, 20.0)


def test_without_soapysdr_the_remedy_is_named(tmp_path: object) -> None:
    script = (
        "from rfhydra.streams.address import open_source\n"
        "from rfhydra.errors import MissingExtra\n"
        "try:\n"
        "    open_source('soapy://driver=null?rate=1M&freq=1M').open()\n"
        "except MissingExtra as error:\n"
        "    print(error)\n"
    )
    environment = {PATH_VARIABLE: str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path[:0] = {[each for each in sys.path if 'dist-packages' not in each]!r}\n{script}",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "install Debian's python3-soapysdr" in done.stdout
