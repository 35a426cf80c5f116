"""SoapySource: samples of any receiver that SoapySDR has a driver for."""

import importlib
import os
import sys
import threading
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage, MissingExtra, Unreachable
from rfhydra.streams.receiver import Receiver
from rfhydra.streams.source import Chunk, Tuning, chunk_samples, gather_until
from rfhydra.streams.waiter import Waiter

PATH_VARIABLE: Final = "RFHYDRA_SOAPY_PATH"
"""Environment variable: the folder with SoapySDR's Python module, where Python does not find it by itself."""
_SYSTEM_PATH: Final = "/usr/lib/python3/dist-packages"
"""Of Debian, whose package python3-soapysdr is the only one there is; a virtual environment does not look there."""
_READ_SLICE_SEC: Final = 0.1
"""A read of SoapySDR cannot be interrupted."""
_NANOSECONDS: Final = 1e9


class SoapySource(Receiver):
    """One channel of a SoapySDR device, as complex64.

    The driver says when it lost samples; how many, its time stamps tell, or the clock where it has none.
    """

    def __init__(self, arguments: str, tuning: Tuning, *, channel: int = 0, antenna: str | None = None) -> None:
        """Args:
        arguments: of the device, as in ``driver=rtlsdr,serial=00000001``.
        tuning: to begin with.
        channel: number of the receiving channel.
        antenna: default is the driver's choice.
        """
        super().__init__(f"soapy {arguments}")
        self._arguments = arguments
        self._wanted = tuning
        self._tuning = tuning
        self._channel = channel
        self._antenna = antenna
        self._commanding = threading.Lock()
        self._device: Any = None
        self._stream: Any = None
        self._buffer: NDArray[np.complex64] = np.empty(0, dtype=np.complex64)
        self._max_read = 1
        """Samples; some drivers yield nothing when they are asked for more."""
        self._overflowed = False
        self._next_ns: float | None = None

    def tune(self, tuning: Tuning) -> Tuning:
        with self._commanding:
            if self._device is None:
                self._wanted = self._tuning = tuning
            else:
                try:
                    self._set(self._device, tuning)
                finally:
                    self._tuning = self._actual(self._device, tuning.gain_db)
                self._wanted = tuning
            return self._tuning

    def _connect(self, waiter: Waiter) -> Tuning:
        soapy = load_soapy()
        try:
            device = soapy.Device(self._arguments)
        except RuntimeError as error:
            raise Unreachable(f"{self.name} cannot be opened: {error}") from error
        with self._commanding:
            self._device = device
            if self._channel >= (count := device.getNumChannels(soapy.SOAPY_SDR_RX)):
                raise InvalidMessage(f"channel {self._channel} is none of {self.name}, which receives on {count}")
            self._set(device, self._wanted)
            self._tuning = self._actual(device, self._wanted.gain_db)
            try:
                self._stream = device.setupStream(soapy.SOAPY_SDR_RX, soapy.SOAPY_SDR_CF32, [self._channel])
            except RuntimeError as error:
                raise Unreachable(f"{self.name} gives no samples: {error}") from error
            if code := device.activateStream(self._stream):
                raise Unreachable(f"{self.name} gives no samples: {soapy.errToStr(code)}")
            self._max_read = max(1, device.getStreamMTU(self._stream))
            self._buffer = np.empty(chunk_samples(self._tuning.sample_rate_hz), dtype=np.complex64)
            self._overflowed = False
            self._next_ns = None
            return self._tuning

    def _set(self, device: Any, tuning: Tuning) -> None:
        """
        Raises:
            InvalidMessage: the device refuses; the message names the field.
        """
        of = (load_soapy().SOAPY_SDR_RX, self._channel)
        rates = [(each.minimum(), each.maximum()) for each in device.getSampleRateRange(*of)]
        if rates and not any(low <= tuning.sample_rate_hz <= high for low, high in rates):  # some drivers do not look
            known = ", ".join(f"{low:g}" if low == high else f"{low:g} to {high:g}" for low, high in rates)
            raise InvalidMessage(f"sample_rate_hz {tuning.sample_rate_hz:g} is none of {self.name}: use {known}")
        field = ""
        try:
            if self._antenna is not None:
                field = "antenna"
                device.setAntenna(*of, self._antenna)
            field = "sample_rate_hz"
            device.setSampleRate(*of, tuning.sample_rate_hz)
            field = "center_freq_hz"
            device.setFrequency(*of, tuning.center_freq_hz)
            field = "gain_db"
            if device.hasGainMode(*of):
                device.setGainMode(*of, tuning.gain_db is None)
            if tuning.gain_db is not None:
                device.setGain(*of, tuning.gain_db)
        except RuntimeError as error:
            raise InvalidMessage(f"{field} is refused by {self.name}: {error}") from error

    def _actual(self, device: Any, wanted_gain_db: float | None) -> Tuning:
        """What the device made of its settings."""
        of = (load_soapy().SOAPY_SDR_RX, self._channel)
        gain_db = None if wanted_gain_db is None else float(device.getGain(*of))
        return Tuning(float(device.getSampleRate(*of)), float(device.getFrequency(*of)), gain_db)

    def _receive(self, waiter: Waiter, deadline: float) -> Chunk | None:
        tuning = self._tuning
        filled = 0
        while filled < len(self._buffer) and not waiter.ended:
            wait_sec = max(0.0, deadline - time.monotonic())
            count = self._read(self._buffer[filled:], min(wait_sec, _READ_SLICE_SEC), tuning.sample_rate_hz)
            deadline = gather_until(deadline) if count and not filled else deadline
            filled += count
            if (filled and self._overflowed) or (not count and not wait_sec):
                break
        return self._chunk(self._buffer[:filled].copy(), tuning) if filled else None

    def _read(self, buffer: NDArray[np.complex64], timeout_sec: float, sample_rate_hz: float) -> int:
        """Read samples that follow each other without a gap. Returns how many."""
        soapy = load_soapy()
        wanted = min(len(buffer), self._max_read)
        result = self._device.readStream(self._stream, [buffer], wanted, timeoutUs=round(1e6 * timeout_sec))
        if result.ret > 0:
            stated_ns = result.timeNs if result.flags & soapy.SOAPY_SDR_HAS_TIME else None
            if self._overflowed:
                self._count_lost(stated_ns, sample_rate_hz)
            self._next_ns = None if stated_ns is None else stated_ns + result.ret * _NANOSECONDS / sample_rate_hz
        elif result.ret == soapy.SOAPY_SDR_OVERFLOW:
            self._overflowed = True
        elif result.ret not in (0, soapy.SOAPY_SDR_TIMEOUT):
            raise Unreachable(f"{self.name} was lost: {soapy.errToStr(result.ret)}")
        return max(0, int(result.ret))

    def _count_lost(self, stated_ns: int | None, sample_rate_hz: float) -> None:
        """Count what an overflow lost before the samples that begin at ``stated_ns``."""
        self._overflowed = False
        if stated_ns is None or self._next_ns is None:
            self._counter.interrupt()
        else:
            self._counter.skip(max(0, round((stated_ns - self._next_ns) * sample_rate_hz / _NANOSECONDS)))

    def _disconnect(self) -> None:
        with self._commanding:
            if self._stream is not None:
                self._device.deactivateStream(self._stream)
                self._device.closeStream(self._stream)
            if self._device is not None:
                self._device.close()
            self._device = self._stream = None


def load_soapy() -> Any:
    """SoapySDR's module, loaded from :data:`PATH_VARIABLE` or the system where Python has none of its own.

    Raises:
        MissingExtra: there is none.
    """
    folder = os.environ.get(PATH_VARIABLE, _SYSTEM_PATH)
    sys.path.append(folder)
    try:
        return importlib.import_module("SoapySDR")
    except ImportError as error:
        raise MissingExtra(
            f"a soapy source needs SoapySDR ({error}): install Debian's python3-soapysdr, or set {PATH_VARIABLE} to the"
            f" folder of a SoapySDR.py for Python {sys.version_info.major}.{sys.version_info.minor}"
        ) from None
    finally:
        sys.path.remove(folder)
