"""VrtSource: one stream of VITA Radio Transport (VITA 49) over UDP, as larger receivers send it."""

import ipaddress
import socket
import time
from typing import Final

import numpy as np

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.recordings.formats import SampleFormat
from rfhydra.streams.receiver import Receiver
from rfhydra.streams.source import Chunk, EndOfStream, Tuning, chunk_samples, gather_until, keep_tuning
from rfhydra.streams.vrt_context import UNSUPPORTED, VrtContext
from rfhydra.streams.vrt_packet import VrtPacket
from rfhydra.streams.vrt_sequence import VrtSequence
from rfhydra.streams.waiter import Waiter

_CONTEXT_TIMEOUT_SEC: Final = 5.0
_MAX_DATAGRAM_BYTES: Final = 1 << 16
_RECEIVE_BUFFER_BYTES: Final = 1 << 23
"""Asked of the kernel, which grants up to net.core.rmem_max."""
_MAX_STREAMS: Final = 64
"""Whose context is kept. Anyone may send datagrams."""
_DEFAULT_DATATYPE: Final = "ci16_be"
_PICOSECONDS: Final = 1e12


class VrtSource(Receiver):
    """The samples of one stream, as its data packets hold them, with the settings that its context packets state.

    Lost packets are counted by their time stamps, or else by the count in their header. Packets that come late are left
    out, since they count as lost. Anyone who reaches the port may send: let a firewall choose.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sample_rate_hz: float | None = None,
        center_freq_hz: float | None = None,
        datatype: str | None = None,
        stream_id: int | None = None,
    ) -> None:
        """Args:
        host: address of this machine to listen on, or of a multicast group.
        port: UDP port.
        sample_rate_hz: where the context does not state it.
        center_freq_hz: where the context does not state it.
        datatype: as in SigMF, in place of what the context states, which is big-endian.
        stream_id: of the stream; default is that of the first data packet.

        Raises:
            InvalidRecording: no such datatype.
        """
        super().__init__(f"vrt {host}:{port}")
        self._address = (host, port)
        self._sample_rate_hz = sample_rate_hz
        self._center_freq_hz = center_freq_hz
        self._format = None if datatype is None else SampleFormat.of(datatype)
        self._wanted_stream_id = stream_id
        self._stream_id = stream_id
        self._stream_known = stream_id is not None
        self._contexts: dict[int | None, VrtContext] = {}
        self._sequence = VrtSequence()
        self._socket: socket.socket | None = None
        self._datagram = memoryview(bytearray(_MAX_DATAGRAM_BYTES))
        self._pending: VrtPacket | None = None
        self._tuning: Tuning | None = None

    def tune(self, tuning: Tuning) -> Tuning:
        if self._tuning is None:
            raise InvalidMessage(f"{self.name} cannot be tuned: its sender sets it")
        return keep_tuning(self._tuning, tuning, f"the sender of {self.name}")

    def _connect(self, waiter: Waiter) -> Tuning:
        try:
            self._socket = _bound(*self._address)
        except OSError as error:
            raise Unreachable(f"{self.name} cannot be opened: {error.strerror or error}") from error
        self._stream_id, self._stream_known = self._wanted_stream_id, self._wanted_stream_id is not None
        self._contexts.clear()
        self._sequence = VrtSequence()
        self._pending = None
        deadline = time.monotonic() + _CONTEXT_TIMEOUT_SEC
        while (tuning := self._stated_tuning()) is None:
            packet = self._packet(waiter, deadline)
            if packet is None:
                raise (
                    EndOfStream
                    if waiter.ended
                    else Unreachable(
                        f"{self.name} sent no context with sample rate and frequency: give them as rate and freq"
                    )
                )
            self._take_context(packet)
            self._pending = None if packet.is_context else packet  # it may be the one that says which stream it is
        self._tuning = tuning
        return tuning

    def _receive(self, waiter: Waiter, deadline: float) -> Chunk | None:
        while (packet := self._pending or self._packet(waiter, deadline)) is not None:
            self._pending = None
            if packet.is_context:
                self._take_context(packet)
            elif (chunk := self._gather(packet, waiter, deadline)) is not None:
                return chunk
        return None

    def _gather(self, first: VrtPacket, waiter: Waiter, deadline: float) -> Chunk | None:
        """The samples of ``first`` and of the packets that follow it without a gap or a context; None for none."""
        tuning = self._tuning = self._stated_tuning() or self._tuning
        assert tuning is not None
        sample_format = self._sample_format()
        rate, sample_bytes = tuning.sample_rate_hz, sample_format.sample_bytes
        lost = self._sequence.lost_before(first, rate)
        if lost is None:
            self._counter.interrupt()
        elif lost < 0:
            return None
        else:
            self._counter.skip(lost)
        picoseconds = first.time_picoseconds(rate)
        stored = bytearray()
        deadline = gather_until(deadline)
        packet: VrtPacket | None = first
        while packet is not None:
            count = len(packet.payload) // sample_bytes
            stored += packet.payload[: count * sample_bytes]
            self._sequence.advance(packet, count, rate)
            if len(stored) >= chunk_samples(rate) * sample_bytes:
                break
            packet = self._packet(waiter, deadline)
            if packet is not None and (packet.is_context or self._sequence.lost_before(packet, rate) != 0):
                self._pending = packet
                break
        if not stored:
            return None
        iq = sample_format.decode(np.frombuffer(stored, sample_format.component).reshape(-1, 2))
        return self._chunk(iq, tuning, None if picoseconds is None else picoseconds / _PICOSECONDS)

    def _packet(self, waiter: Waiter, deadline: float) -> VrtPacket | None:
        """The next packet of the stream or of a context; None if none came in time. Overwrites the one before."""
        assert self._socket is not None
        while True:
            try:
                size = self._socket.recv_into(self._datagram)
            except BlockingIOError:
                if not waiter.wait(self._socket.fileno(), deadline - time.monotonic()):
                    return None
                continue
            except OSError as error:
                raise Unreachable(f"{self.name} was lost: {error.strerror or error}") from error
            packet = VrtPacket.parse(self._datagram[:size])
            if packet is None:
                continue
            if not packet.is_context and not self._stream_known:
                self._stream_id, self._stream_known = packet.stream_id, True
            if packet.is_context or packet.stream_id == self._stream_id:
                return packet

    def _take_context(self, packet: VrtPacket) -> None:
        if packet.is_context and (packet.stream_id in self._contexts or len(self._contexts) < _MAX_STREAMS):
            context = self._contexts.get(packet.stream_id, VrtContext())
            self._contexts[packet.stream_id] = context.updated(packet.payload)

    def _context(self) -> VrtContext:
        """That of the stream; of data without an identifier, that of any stream."""
        if self._stream_id is None:
            return next(iter(self._contexts.values()), VrtContext())
        return self._contexts.get(self._stream_id, VrtContext())

    def _stated_tuning(self) -> Tuning | None:
        """What the context states and the arguments complete; None if that is not enough yet."""
        context = self._context() if self._stream_known else VrtContext()
        rate = context.sample_rate_hz or self._sample_rate_hz
        center = self._center_freq_hz if context.center_freq_hz is None else context.center_freq_hz
        return None if rate is None or center is None or rate <= 0 else Tuning(rate, center, context.gain_db)

    def _sample_format(self) -> SampleFormat:
        """
        Raises:
            InvalidMessage: the samples are of no datatype that can be read.
        """
        if self._format is not None:
            return self._format
        datatype = self._context().datatype or _DEFAULT_DATATYPE
        if datatype == UNSUPPORTED:
            raise InvalidMessage(f"{self.name} sends samples that are not complex and in whole bytes, of one channel")
        return SampleFormat.of(datatype)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _bound(host: str, port: int) -> socket.socket:
    """A UDP socket that receives what is sent to ``host`` and ``port``, without blocking.

    Raises:
        OSError: there is no such address here, or it is in use.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    listener = socket.socket(family, socket.SOCK_DGRAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        group = ipaddress.ip_address(address[0])
        if group.is_multicast and group.version == 4:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group.packed + bytes(4))
        listener.bind(address)
    except BaseException:
        listener.close()
        raise
    return listener
