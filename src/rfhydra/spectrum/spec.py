"""The contract: what a spectrogram is, in this workspace, for ever.

This file owns the invariant that everything trained is served on the same kind of image. A :class:`SpectrogramSpec` is
locked when a workspace is created, hashed into ``spec_id``, and carried by every sample and head.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

from rfhydra.errors import Incompatible, InvalidMessage

MIN_FFT_SIZE: Final = 64
MAX_FFT_SIZE: Final = 65536
MAX_SIDE_PX: Final = 4096
MIN_SIDE_PX: Final = 32


@dataclass(frozen=True, kw_only=True)
class ValueScaling:
    """How power becomes grey. Fixed for a pretrained body, whatever the FFT: ``clip((dB - floor + headroom) / range)``.

    The floor is the median, over time and the inner ``floor_band`` of the frequency axis, of the pooled image in dB.
    """

    floor: Literal["median"] = "median"
    floor_band: float = 0.8
    headroom_db: float = 10.0
    range_db: float = 80.0
    pooling: Literal["peak"] = "peak"
    window: Literal["hann_periodic"] = "hann_periodic"

    @property
    def floor_grey(self) -> int:
        """The uint8 level of the noise floor."""
        return round(255 * self.headroom_db / self.range_db)


@dataclass(frozen=True, kw_only=True)
class SpectrogramSpec:
    """The locked spectrogram contract of a workspace.

    ``fft_size`` samples per transform, a new column every ``hop`` samples, ``rows`` frequency rows (row 0 the highest
    frequency) peak-pooled from the FFT bins, at most ``cols`` time columns per window.
    """

    fft_size: int = 4096
    hop: int = 2048
    rows: int = 1024
    cols: int = 1024
    scaling: ValueScaling = ValueScaling()

    def __post_init__(self) -> None:
        size = self.fft_size
        if not MIN_FFT_SIZE <= size <= MAX_FFT_SIZE or size & (size - 1):
            raise InvalidMessage(f"fft_size {size} must be a power of two from {MIN_FFT_SIZE} to {MAX_FFT_SIZE}")
        if not 1 <= self.hop <= size or (size - self.hop) % 2:
            raise InvalidMessage(f"hop {self.hop} must be even and at most fft_size {size}")
        if not MIN_SIDE_PX <= self.rows <= min(size, MAX_SIDE_PX) or size % self.rows:
            raise InvalidMessage(f"rows {self.rows} must divide fft_size {size} and be at least {MIN_SIDE_PX}")
        if not MIN_SIDE_PX <= self.cols <= MAX_SIDE_PX:
            raise InvalidMessage(f"cols {self.cols} must be {MIN_SIDE_PX} to {MAX_SIDE_PX}")

    @property
    def window_samples(self) -> int:
        """IQ samples of a full window."""
        return self.cols * self.hop

    @property
    def bins_per_row(self) -> int:
        return self.fft_size // self.rows

    @property
    def spec_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON of all fields."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`.

        Raises:
            InvalidMessage: a field is unknown, missing or out of range.
        """
        try:
            scaling = ValueScaling(**fields["scaling"])
            return cls(**{**fields, "scaling": scaling})
        except (KeyError, TypeError) as error:
            raise InvalidMessage(f"not a spectrogram contract: {error}") from None

    def require(self, spec_id: str, what: str) -> None:
        """Raise :class:`Incompatible` if ``spec_id`` is not this contract's."""
        if spec_id != self.spec_id:
            raise Incompatible(
                f"{what} was made under contract {spec_id}, this workspace has {self.spec_id}: make it again here"
            )
