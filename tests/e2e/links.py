"""Links: transmitters of one scene that rfhydra receives from, each over real sockets and in real time.

A link has an ``address`` for ``rfhydra watch``. :meth:`Link.wait_for_receiver` returns when the receiver is connected,
before any sample was sent; :meth:`Link.play` sends all.
"""

import queue
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rfhydra.recordings.formats import SampleFormat
from tests.cli.command_runner import RATE_HZ
from tests.e2e.scene import CENTER_HZ
from tests.streams.rtl_tcp_server import RtlTcpServer
from tests.streams.test_soapy import RedPitaya
from tests.streams.vrt_packets import CI16, REAL_TIME, UTC, context_packet, data_packet

Iq: TypeAlias = NDArray[np.complex64]

CONNECT_SEC: Final = 120.0
FLOWGRAPH: Final = Path(__file__).with_name("flowgraph.py")
SYSTEM_PYTHON: Final = "/usr/bin/python3"
"""Debian's, whose packages the one of a virtual environment does not see."""
_BLOCK_SEC: Final = 0.02
_SMALL_BLOCK_SEC: Final = 0.002
_PACKET_SAMPLES: Final = 360
_POLL_SEC: Final = 0.05
_ESTABLISHED: Final = "01"
_WHERE: Final = f"rate={RATE_HZ:.0f}&freq={CENTER_HZ:.0f}"


class Sent:
    """When each sample was sent, on the monotonic clock."""

    def __init__(self) -> None:
        self._times, self._counts = list[float](), list[int]()

    def note(self, count: int, at: float | None = None) -> None:
        """So many samples had been sent, now or ``at`` that time."""
        self._times.append(time.monotonic() if at is None else at)
        self._counts.append(count)

    def at(self, sample: float) -> float:
        """The time at which ``sample`` was sent."""
        return float(np.interp(sample, self._counts, self._times))


class Link(Protocol):
    """A transmitter of one scene."""

    @property
    def address(self) -> str:
        """Of the source, as ``rfhydra watch`` takes it."""

    def wait_for_receiver(self) -> None:
        """Return when samples would be received from the first one on."""

    def play(self) -> Sent:
        """Send the scene in real time."""


def send_paced(iq: Iq, send: Callable[[int, Iq], object], block_sec: float = _BLOCK_SEC) -> Sent:
    """Call ``send`` with the number of the first sample and the samples of each block, when their last one is due."""
    sent, began, block = Sent(), time.monotonic(), int(RATE_HZ * block_sec)
    sent.note(0)
    for start in range(0, len(iq), block):
        part = iq[start : start + block]
        time.sleep(max(0.0, began + (start + len(part)) / RATE_HZ - time.monotonic()))
        send(start, part)
        sent.note(start + len(part))
    return sent


class Flowgraph:
    """GNU Radio: file source, throttle, PUB sink."""

    def __init__(self, iq: Iq, directory: Path) -> None:
        path = directory / "scene.cf32"
        iq.tofile(path)
        self._samples = len(iq)
        self._child: subprocess.Popen[str] = subprocess.Popen(
            [SYSTEM_PYTHON, FLOWGRAPH, path, str(RATE_HZ)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        endpoint = self._line()
        self._port = int(endpoint.rpartition(":")[2])

    @property
    def address(self) -> str:
        return f"zmq://127.0.0.1:{self._port}?{_WHERE}"

    def wait_for_receiver(self) -> None:
        """A subscription that came over the connection is seen by the sink before it sends."""
        deadline = time.monotonic() + CONNECT_SEC
        while not _is_connected(self._port):
            assert time.monotonic() < deadline, "nobody subscribed"
            time.sleep(_POLL_SEC)

    def play(self) -> Sent:
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        sent = Sent()
        published = 0
        while published < self._samples:
            at, count = self._line().split()
            published = int(count)
            sent.note(published, float(at))
        return sent

    def close(self) -> None:
        with self._child as child:
            assert child.stdin is not None
            child.stdin.close()

    def _line(self) -> str:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line, "the flowgraph ended: is Debian's package gnuradio installed?"
        return line.strip()


class RtlTcp:
    """A server that speaks rtl_tcp."""

    def __init__(self, iq: Iq, server: RtlTcpServer) -> None:
        self._iq, self._server = iq, server
        self._client: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"rtl_tcp://127.0.0.1:{self._server.port}?{_WHERE}"

    def wait_for_receiver(self) -> None:
        self._client = self._server.clients.get(timeout=CONNECT_SEC)

    def play(self) -> Sent:
        assert self._client is not None
        encode, client = SampleFormat.of("cu8").encode, self._client
        return send_paced(self._iq, lambda _, part: client.sendall(encode(part).tobytes()))


class Soapy:
    """A Red Pitaya as SoapySDR's driver for it sees one.

    The driver hangs up, and is connected again, where 8,192 samples wait for it. What is due meanwhile is lost.
    """

    def __init__(self, iq: Iq, device: RedPitaya) -> None:
        self._iq, self._device = iq, device
        self._data: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"soapy://driver=redpitaya,addr=127.0.0.1,port={self._device.port}?{_WHERE}"

    def wait_for_receiver(self) -> None:
        self._data = self._device.data.get(timeout=CONNECT_SEC)

    def play(self) -> Sent:
        assert self._data is not None
        return send_paced(self._iq, self._send, _SMALL_BLOCK_SEC)

    def _send(self, _: int, part: Iq) -> None:
        try:
            if self._data is None:
                self._data = self._device.data.get_nowait()
            self._data.sendall(part.tobytes())
        except (OSError, queue.Empty):
            self._data = None


class Vrt:
    """A sender of VITA 49 over UDP, with a context and time stamps."""

    def __init__(self, iq: Iq) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._iq, self._began = iq, int(time.time())
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    @property
    def address(self) -> str:
        return f"vrt://127.0.0.1:{self._port}"

    def wait_for_receiver(self) -> None:
        """A datagram that no socket is bound for is refused."""
        self._socket.connect(("127.0.0.1", self._port))
        deadline = time.monotonic() + CONNECT_SEC
        accepted = 0
        while accepted < 2:  # the refusal comes with the datagram after it
            assert time.monotonic() < deadline, "nobody receives"
            try:
                self._socket.send(context_packet(rate_hz=RATE_HZ, rf_hz=CENTER_HZ, payload_format=CI16))
                accepted += 1
            except ConnectionRefusedError:
                accepted = 0
                time.sleep(_POLL_SEC)

    def play(self) -> Sent:
        return send_paced(self._iq, self._send)

    def close(self) -> None:
        self._socket.close()

    def _send(self, first: int, part: Iq) -> None:
        for offset in range(0, len(part), _PACKET_SAMPLES):
            start = first + offset
            seconds, picoseconds = divmod(start * 10**12 // int(RATE_HZ), 10**12)
            stamp = (UTC, self._began + seconds, REAL_TIME, picoseconds)
            packet = part[offset : offset + _PACKET_SAMPLES]
            self._socket.send(data_packet(packet, start // _PACKET_SAMPLES, time=stamp))


@contextmanager
def flowgraph(iq: Iq, directory: Path) -> Iterator[Link]:
    with closing(Flowgraph(iq, directory)) as link:
        yield link


@contextmanager
def rtl_tcp(iq: Iq, directory: Path) -> Iterator[Link]:
    with RtlTcpServer() as server:
        yield RtlTcp(iq, server)


@contextmanager
def soapy(iq: Iq, directory: Path) -> Iterator[Link]:
    with closing(RedPitaya()) as device:
        yield Soapy(iq, device)


@contextmanager
def vrt(iq: Iq, directory: Path) -> Iterator[Link]:
    with closing(Vrt(iq)) as link:
        yield link


LINKS: Final[dict[str, Callable[[Iq, Path], Any]]] = {
    "zmq": flowgraph,
    "rtl_tcp": rtl_tcp,
    "soapy": soapy,
    "vrt": vrt,
}


def _is_connected(port: int) -> bool:
    """Whether somebody is connected to a TCP port of this machine."""
    local = f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(local) and row[3] == _ESTABLISHED for row in rows)
