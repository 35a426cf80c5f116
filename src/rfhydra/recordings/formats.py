"""The complex SigMF datatypes: storage layout and scaling.

Every value is scaled to a full scale of ±1. SigMF does not define how; here:

- floats are taken as they are;
- signed integers are divided by ``2**(bits - 1)``;
- unsigned integers are offset binary about the middle of their range: ``(x - m) / m`` with ``m = (2**bits - 1) / 2``,
  so cu8 is ``(x - 127.5) / 127.5``. (A middle of 128, as in sigmf-python, gives every RTL-SDR recording a false DC
  line: real ones average 127.4.)

``ci24_le`` is ours: integers of 3 bytes, as in WAV files, for which SigMF has no datatype.
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage, InvalidRecording

_DATATYPE = re.compile(r"([cr])(f64|f32|i32|i24(?=_le$)|i16|i8|u32|u16|u8)(_le|_be)?")
_BYTES_24: Final = np.dtype("V3")
"""Integers of 24 bits, which NumPy does not have."""
_LIMITS_24: Final = (-(2.0**23), 2.0**23 - 1)


@dataclass(frozen=True)
class SampleFormat:
    """One complex datatype: I and Q are each a ``component`` with the value ``(stored - middle) / full_scale``."""

    component: np.dtype[Any]
    middle: float
    full_scale: float

    @classmethod
    def of(cls, datatype: str) -> Self:
        """The format that SigMF calls ``datatype``, such as ``cf32_le`` or ``cu8``. Without suffix it is little-endian.

        Raises:
            InvalidRecording: SigMF has no such datatype, or its samples are real.
        """
        match = _DATATYPE.fullmatch(datatype)
        if match is None:
            raise InvalidRecording(
                f"datatype {datatype!r} is unknown: use one of SigMF, such as cf32_le, ci16_le or cu8"
            )
        domain, kind, order = match.groups()
        if domain == "r":
            raise InvalidRecording(f"datatype {datatype!r} holds real samples: convert them to complex I/Q first")
        bits = int(kind[1:])
        if bits == 24:
            return cls(_BYTES_24, 0.0, 2.0**23)
        component = np.dtype(f"{'>' if order == '_be' else '<'}{kind[0]}{bits // 8}")
        if kind[0] == "f":
            return cls(component, 0.0, 1.0)
        half = 2.0 ** (bits - 1)
        return cls(component, half - 0.5, half - 0.5) if kind[0] == "u" else cls(component, 0.0, half)

    @property
    def sample_bytes(self) -> int:
        """Bytes of one complex sample."""
        return 2 * self.component.itemsize

    def decode(self, stored: NDArray[Any]) -> NDArray[np.complex64]:
        """Components as stored, shape (n, 2), as complex samples, shape (n,)."""
        # float32 holds integers of 16 bits exactly; numpy promotes those of 32 bits to float64
        integers = self._numbers(stored)
        values = integers.astype(np.result_type(integers, np.float32))
        if self.component.kind != "f":
            values -= self.middle
            values /= self.full_scale
        return values.astype(np.float32, copy=False).view(np.complex64)[:, 0]

    def clipped(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """Mask (n,) of the stored samples, shape (n, 2), with a component at the end of its range; of floats, ±1."""
        values, (low, high) = self._numbers(stored), self._limits
        mask: NDArray[np.bool_] = (values <= low) | (values >= high)
        return mask[:, 0] | mask[:, 1]

    def _numbers(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Components as stored as numbers that NumPy has."""
        if self.component != _BYTES_24:
            return stored
        wide = np.zeros((*stored.shape, 4), np.uint8)
        wide[..., 1:] = np.ascontiguousarray(stored).view(np.uint8).reshape(*stored.shape, 3)
        shifted: NDArray[np.int32] = wide.view("<i4")[..., 0] >> 8
        return shifted

    @property
    def _limits(self) -> tuple[float, float]:
        """Lowest and highest value of a component."""
        if self.component == _BYTES_24:
            return _LIMITS_24
        if self.component.kind == "f":
            return (-1.0, 1.0)
        limits = np.iinfo(self.component)
        return (limits.min, limits.max)

    def encode(self, iq: NDArray[np.complex64]) -> NDArray[Any]:
        """The inverse of :meth:`decode`. Integers are rounded, and saturate outside ±1.

        Raises:
            InvalidMessage: a sample is not a finite number.
        """
        values = np.ascontiguousarray(iq, dtype=np.complex64).view(np.float32).reshape(-1, 2)
        if not np.isfinite(values).all():
            raise InvalidMessage("iq holds a sample that is not a finite number")
        if self.component.kind == "f":
            return values.astype(self.component)
        scaled = np.rint(values.astype(np.float64) * self.full_scale + self.middle).clip(*self._limits)
        if self.component == _BYTES_24:
            wide = scaled.astype("<i4").view(np.uint8).reshape(-1, 2, 4)
            return np.ascontiguousarray(wide[..., :3]).view(_BYTES_24)[..., 0]
        return scaled.astype(self.component)
