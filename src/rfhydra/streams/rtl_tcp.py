"""RtlTcpSource: a client of rtl_tcp, which serves the samples of an RTL-SDR over TCP.

The server greets with 12 bytes: ``RTL0``, the type of the tuner and its number of gains; then it sends samples as cu8
without framing. A command is a byte and an unsigned integer of four bytes, most significant first. It is not answered.
"""

import math
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Final

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.recordings.formats import SampleFormat
from rfhydra.streams.receiver import Receiver
from rfhydra.streams.sample_reader import SampleReader
from rfhydra.streams.source import Chunk, EndOfStream, Tuning, chunk_samples
from rfhydra.streams.waiter import Waiter

_CONNECT_TIMEOUT_SEC: Final = 5.0
_GREETING: Final = struct.Struct(">4sII")
_MAGIC: Final = b"RTL0"
_COMMAND: Final = struct.Struct(">BI")
_SET_FREQUENCY, _SET_SAMPLE_RATE, _SET_GAIN_MODE, _SET_GAIN = 0x01, 0x02, 0x03, 0x04
_MAX_ARGUMENT: Final = 0xFFFFFFFF
_MAX_GAIN_DB: Final = 100.0
_KNOWN_TUNERS: Final = range(1, 7)
"""Of RTL-SDRs. Other receivers that speak rtl_tcp give 0, or pretend."""
_RATES_HZ: Final = ((225_001, 300_000), (900_001, 3_200_000))
"""Of the RTL2832U, lowest and highest. It ignores others without a word."""


class RtlTcpSource(Receiver):
    """The samples of an RTL-SDR. Samples that the server drops are not counted, since it does not tell."""

    def __init__(self, host: str, port: int, tuning: Tuning) -> None:
        """
        Raises:
            InvalidMessage: no server could be told ``tuning``.
        """
        super().__init__(f"rtl_tcp {host}:{port}")
        self._address = (host, port)
        self._tuning = _representable(tuning)
        self._tuner = 0
        self._commanding = threading.Lock()
        self._socket: socket.socket | None = None
        self._reader: SampleReader | None = None

    def tune(self, tuning: Tuning) -> Tuning:
        tuning = _representable(tuning)
        with self._commanding:
            _check_rate(tuning, self._tuner)
            self._tuning = tuning
            if self._socket is not None:
                with suppress(OSError):  # lost: they are sent again with the next connection
                    self._send_settings(self._socket)
        return tuning

    def _connect(self, waiter: Waiter) -> Tuning:
        try:
            connection = socket.create_connection(self._address, _CONNECT_TIMEOUT_SEC)
        except OSError as error:
            raise Unreachable(f"{self.name} cannot be connected: {error.strerror or error}") from error
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            tuner = self._greeted(connection, waiter)
            with self._commanding:
                _check_rate(self._tuning, tuner)
                self._send_settings(connection)
                self._socket, self._tuner = connection, tuner
                size = chunk_samples(self._tuning.sample_rate_hz)
                self._reader = SampleReader(connection.fileno(), SampleFormat.of("cu8"), size)
                return self._tuning
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise self._lost(error) from error
            raise

    def _greeted(self, connection: socket.socket, waiter: Waiter) -> int:
        """The type of the tuner."""
        deadline = time.monotonic() + _CONNECT_TIMEOUT_SEC
        greeting = b""
        while len(greeting) < _GREETING.size:
            if not waiter.wait(connection.fileno(), deadline - time.monotonic()):
                if waiter.ended:
                    raise EndOfStream
                raise Unreachable(f"{self.name} sent no greeting: is it a server of rtl_tcp?")
            received = connection.recv(_GREETING.size - len(greeting))
            if not received:
                raise Unreachable(f"{self.name} closed the connection: does another client use it?")
            greeting += received
        magic, tuner, _ = _GREETING.unpack(greeting)
        if magic != _MAGIC:
            raise InvalidMessage(f"{self.name} is no server of rtl_tcp: it greets with {magic!r}")
        return int(tuner)

    def _send_settings(self, connection: socket.socket) -> None:
        tuning = self._tuning
        commands = [(_SET_SAMPLE_RATE, tuning.sample_rate_hz), (_SET_FREQUENCY, tuning.center_freq_hz)]
        if tuning.gain_db is None:
            commands.append((_SET_GAIN_MODE, 0))
        else:
            commands += [(_SET_GAIN_MODE, 1), (_SET_GAIN, round(10 * tuning.gain_db))]
        connection.sendall(b"".join(_COMMAND.pack(code, int(value) & _MAX_ARGUMENT) for code, value in commands))

    def _receive(self, waiter: Waiter, deadline: float) -> Chunk | None:
        assert self._reader is not None
        try:
            iq = self._reader.read(waiter, deadline)
        except OSError as error:
            raise self._lost(error) from error
        if iq is not None:
            return self._chunk(iq, self._tuning)
        if self._reader.ended:
            raise Unreachable(f"{self.name} closed the connection")
        return None

    def _disconnect(self) -> None:
        with self._commanding:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            self._reader = None

    def _lost(self, error: OSError) -> Unreachable:
        return Unreachable(f"{self.name} was lost: {error.strerror or error}")


def _representable(tuning: Tuning) -> Tuning:
    """``tuning`` in whole Hz and tenths of a dB.

    Raises:
        InvalidMessage: a command cannot hold it.
    """
    rate, center, gain = round(tuning.sample_rate_hz), round(tuning.center_freq_hz), tuning.gain_db
    for field, value, least in (("sample_rate_hz", rate, 1), ("center_freq_hz", center, 0)):
        if not least <= value <= _MAX_ARGUMENT:
            raise InvalidMessage(f"{field} {value} cannot be sent to rtl_tcp: it takes {least} to {_MAX_ARGUMENT}")
    if gain is not None and not (math.isfinite(gain) and abs(gain) <= _MAX_GAIN_DB):
        raise InvalidMessage(f"gain_db {gain} cannot be sent to rtl_tcp: it takes ±{_MAX_GAIN_DB:g}")
    return Tuning(float(rate), float(center), None if gain is None else round(10 * gain) / 10)


def _check_rate(tuning: Tuning, tuner: int) -> None:
    """
    Raises:
        InvalidMessage: a known tuner would ignore the sample rate.
    """
    rate = tuning.sample_rate_hz
    if tuner in _KNOWN_TUNERS and not any(low <= rate <= high for low, high in _RATES_HZ):
        ranges = " or ".join(f"{low} to {high}" for low, high in _RATES_HZ)
        raise InvalidMessage(f"sample_rate_hz {rate:.0f} is none of an RTL-SDR: use {ranges}")
