"""SoapySDR: its null device, and its driver of the Red Pitaya against a server that plays one."""

import queue
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, MissingExtra, Unreachable
from rfhydra.streams.soapy_source import PATH_VARIABLE, SoapySource, load_soapy
from rfhydra.streams.source import Chunk, EndOfStream, Tuning
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
        for each in (self._listener, *self._connections):
            with suppress(OSError):  # the driver went first
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (self._listener, *self._connections):
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
    data = red_pitaya.data.get(timeout=DEADLINE_SEC)
    chunks: list[Chunk] = []
    for start in range(0, 16_384, 4096):  # the driver's socket buffer holds no more, on loopback
        data.sendall(numbered(start, 4096).tobytes())
        chunks += read_chunks(source, 4096)
    assert np.array_equal(joined(chunks), numbered(0, 16_384))
    source.close()


def test_a_real_driver_is_tuned(red_pitaya: RedPitaya) -> None:
    source = source_of(red_pitaya)
    source.open()
    for _ in range(2):
        red_pitaya.commands.get(timeout=DEADLINE_SEC)
    assert source.tune(Tuning(250_000.0, 8e6)) == Tuning(250_000.0, 8e6)
    assert (0, 8_000_000) in [red_pitaya.commands.get(timeout=DEADLINE_SEC) for _ in range(2)]
    with pytest.raises(InvalidMessage, match=r"sample_rate_hz 123 is none of .*: use 20000, 50000, "):
        source.tune(Tuning(123.0, 8e6))
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


def run_with_soapy_at(folder: Path, script: str) -> str:
    """What ``script`` prints where SoapySDR is looked for in ``folder`` only."""
    paths = [each for each in sys.path if "dist-packages" not in each]
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {paths!r}\n{script}"],
        env={PATH_VARIABLE: str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


OPEN_NULL: Final = """
from rfhydra.streams.address import open_source
from rfhydra.errors import MissingExtra
try:
    open_source('soapy://driver=null?rate=1M&freq=1M').open()
except MissingExtra as error:
    print(error)
"""


def test_without_soapysdr_the_remedy_is_named(tmp_path: Path) -> None:
    assert "install Debian's python3-soapysdr" in run_with_soapy_at(tmp_path, OPEN_NULL)


OVERFLOWING_DRIVER: Final = """
from types import SimpleNamespace
SOAPY_SDR_RX, SOAPY_SDR_CF32, SOAPY_SDR_HAS_TIME, SOAPY_SDR_TIMEOUT, SOAPY_SDR_OVERFLOW = 1, "CF32", 4, -1, -4
errToStr = str
RESULTS = [(100, 4, 0), (50, 4, 100_000), (-4, 0, 0), (100, 4, 1_150_000), (-4, 0, 0), (-2, 0, 0)]

class Device:
    def __init__(self, arguments): pass
    def __getattr__(self, name): return lambda *of: {"getNumChannels": 1, "getSampleRate": 1e6, "getFrequency": 1e8,
        "getSampleRateRange": [], "getStreamMTU": 100, "hasGainMode": True}.get(name, 0)
    def readStream(self, stream, buffers, count, timeoutUs):
        buffers[0][:] = 0
        return SimpleNamespace(**dict(zip(("ret", "flags", "timeNs"), RESULTS.pop(0))))
"""
"""SoapySDR as far as the source uses it: a device that overflows, loses 1000 samples, and is then unplugged."""

READ_ALL: Final = """
from rfhydra.errors import Unreachable
from rfhydra.streams.address import open_source
source = open_source("soapy://any?rate=1M&freq=100M")
print(source.open())
try:
    while chunk := source.read(30.0):
        print(chunk.start_sample, chunk.end_sample)
except Unreachable as error:
    print(error)
"""


def test_an_overflow_is_measured_by_the_time_stamps(tmp_path: Path) -> None:
    (tmp_path / "SoapySDR.py").write_text(OVERFLOWING_DRIVER)
    assert run_with_soapy_at(tmp_path, READ_ALL).splitlines() == [
        "Tuning(sample_rate_hz=1000000.0, center_freq_hz=100000000.0, gain_db=None)",
        "0 150",
        "1150 1250",
        "soapy any was lost: -2",
    ]
