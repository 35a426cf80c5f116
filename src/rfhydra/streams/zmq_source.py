"""ZmqSource: complex64 samples from a ZeroMQ PUB socket, such as GNU Radio's PUB sink."""

import time
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage, MissingExtra, Unreachable
from rfhydra.streams.receiver import Receiver
from rfhydra.streams.source import Chunk, EndOfStream, Tuning, chunk_samples, gather_until, keep_tuning
from rfhydra.streams.waiter import Waiter

if TYPE_CHECKING:
    import zmq

_CONNECT_TIMEOUT_SEC: Final = 5.0
_MAX_MESSAGE_BYTES: Final = 1 << 20
_MAX_MESSAGES: Final = 256
"""That ZeroMQ holds when they are not read; a GNU Radio sink's have 32 KiB, as a rule."""
_SAMPLE_BYTES: Final = 8


class ZmqSource(Receiver):
    """Subscribes to everything that a PUB socket sends. Of a message of several parts, the last holds the samples.

    A PUB socket drops messages for a subscriber that is too slow, and does not tell: such losses are not counted.
    """

    def __init__(self, host: str, port: int, tuning: Tuning) -> None:
        super().__init__(f"zmq {host}:{port}")
        self._url = f"tcp://{f'[{host}]' if ':' in host else host}:{port}"
        self._tuning = tuning
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self._lost = False

    def tune(self, tuning: Tuning) -> Tuning:
        return keep_tuning(self._tuning, tuning, "the flowgraph that publishes the samples")

    def _connect(self, waiter: Waiter) -> Tuning:
        try:
            import zmq
        except ImportError:
            raise MissingExtra("a zmq source needs pyzmq: pip install 'rfhydra[live]'") from None
        self._lost = False
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, _MAX_MESSAGES)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _MAX_MESSAGE_BYTES)
        self._socket.setsockopt(zmq.RECONNECT_IVL, -1)  # so that a lost connection is noticed
        self._socket.setsockopt(zmq.IPV6, 1)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        self._monitor = self._socket.get_monitor_socket()
        try:
            self._socket.connect(self._url)
        except zmq.ZMQError as error:
            raise Unreachable(f"{self.name} cannot be connected: {error.strerror}") from error
        deadline = time.monotonic() + _CONNECT_TIMEOUT_SEC
        while (event := self._event(waiter, deadline)) != zmq.EVENT_HANDSHAKE_SUCCEEDED:
            if event is None or self._lost:
                raise Unreachable(f"{self.name} cannot be connected: there is no ZeroMQ socket")
        return self._tuning

    def _event(self, waiter: Waiter, deadline: float) -> int | None:
        """The next event of the connection; None if none came in time.

        Raises:
            EndOfStream: the waiting was ended.
        """
        from zmq.utils.monitor import recv_monitor_message

        assert self._monitor is not None
        if self._monitor not in self._ready(waiter, deadline, self._monitor):
            return None
        event = int(recv_monitor_message(self._monitor)["event"])
        self._lost |= event in _losses()
        return event

    @staticmethod
    def _ready(waiter: Waiter, deadline: float, *sockets: "zmq.Socket[bytes]") -> "set[zmq.Socket[bytes]]":
        """Those of ``sockets`` that can be read, as soon as one can or the deadline is over.

        Raises:
            EndOfStream: the waiting was ended.
        """
        import zmq

        poller = zmq.Poller()
        for each in (waiter.fileno(), *sockets):
            poller.register(each, zmq.POLLIN)
        ready = dict(poller.poll(max(0, round(1000 * (deadline - time.monotonic())))))
        if waiter.fileno() in ready:
            raise EndOfStream
        return {each for each in sockets if each in ready}

    def _receive(self, waiter: Waiter, deadline: float) -> Chunk | None:
        parts: list[NDArray[np.complex64]] = []
        count, wanted = 0, chunk_samples(self._tuning.sample_rate_hz)
        while count < wanted and (message := self._message(waiter, deadline)) is not None:
            if len(message) % _SAMPLE_BYTES:
                raise InvalidMessage(
                    f"{self.name} sent a message of {len(message)} bytes, which are no whole complex64 samples: set the"
                    " type of the sink to complex, and leave out headers of tags"
                )
            if message:
                deadline = deadline if parts else gather_until(deadline)
                parts.append(np.frombuffer(message, np.dtype("<c8")))
                count += len(parts[-1])
        if parts:
            return self._chunk(np.concatenate(parts, dtype=np.complex64), self._tuning)
        if self._lost:
            raise Unreachable(f"{self.name} closed the connection")
        return None

    def _message(self, waiter: Waiter, deadline: float) -> bytes | None:
        """The last part of the next message; None if none came in time, or none will."""
        import zmq

        assert self._socket is not None
        assert self._monitor is not None
        while True:
            try:
                return self._socket.recv_multipart(zmq.NOBLOCK)[-1]
            except zmq.Again:
                if self._lost:
                    return None
            ready = self._ready(waiter, deadline, self._monitor, self._socket)
            if self._monitor in ready:
                self._event(waiter, deadline)
            elif self._socket not in ready:
                return None

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close(linger=0)
        if self._monitor is not None:
            self._monitor.close(linger=0)
        if self._context is not None:
            self._context.term()
        self._context = self._socket = self._monitor = None


def _losses() -> frozenset[int]:
    """The events after which there is no connection."""
    import zmq

    return frozenset(
        {
            zmq.EVENT_DISCONNECTED,
            zmq.EVENT_CLOSED,
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
            zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
            zmq.EVENT_HANDSHAKE_FAILED_AUTH,
        }
    )
