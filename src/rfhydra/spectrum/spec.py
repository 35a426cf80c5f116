"""The spectrogram contract of a workspace.

Invariant: heads are trained and run on images of one contract. A :class:`SpectrogramSpec` is locked when a workspace is
created, hashed into ``spec_id``, and carried by every sample and head.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from rfhydra.errors import Incompatible, InvalidMessage

MIN_FFT_SIZE: Final = 64
MAX_FFT_SIZE: Final = 65536
MAX_SIDE_PX: Final = 4096
MIN_SIDE_PX: Final = 32
MIN_FLOOR_BAND: Final = 0.1
DEFAULT_FFT_SIZE: Final = 4096
_DEFAULT_SIDE_PX: Final = 1024
_MIN_DEFAULT_COLS: Final = 256


@dataclass(frozen=True, kw_only=True)
class ValueScaling:
    """Mapping of power to grey levels, ``clip((dB - floor + headroom) / range, 0, 1)``; fixed by the backbone.

    The floor is the median, over time and the inner ``floor_band`` of the frequency axis, of the pooled image in dB.

    Raises:
        InvalidMessage: a field is out of range.
    """

    floor: Literal["median"] = "median"
    floor_band: float = 0.8
    headroom_db: float = 10.0
    range_db: float = 80.0
    pooling: Literal["peak"] = "peak"
    window: Literal["hann_periodic"] = "hann_periodic"

    def __post_init__(self) -> None:
        if not MIN_FLOOR_BAND <= self.floor_band <= 1:
            raise InvalidMessage(f"floor_band {self.floor_band} must be {MIN_FLOOR_BAND} to 1")
        if not 0 < self.range_db < math.inf:
            raise InvalidMessage(f"range_db {self.range_db} must be a positive number")
        if not 0 <= self.headroom_db < self.range_db:
            raise InvalidMessage(
                f"headroom_db {self.headroom_db} must be at least 0 and below range_db {self.range_db}"
            )

    @property
    def floor_grey(self) -> int:
        """The uint8 level of the noise floor."""
        return round(255 * self.headroom_db / self.range_db)


@dataclass(frozen=True, kw_only=True)
class SpectrogramSpec:
    """The locked spectrogram contract of a workspace.

    ``fft_size`` samples per transform, a new column every ``hop`` samples, ``rows`` frequency rows (row 0 the highest
    frequency) peak-pooled from the FFT bins, at most ``cols`` time columns per window.

    Raises:
        InvalidMessage: a field is out of range.
    """

    fft_size: int = DEFAULT_FFT_SIZE
    hop: int = DEFAULT_FFT_SIZE // 2
    rows: int = _DEFAULT_SIDE_PX
    cols: int = _DEFAULT_SIDE_PX
    scaling: ValueScaling = ValueScaling()

    def __post_init__(self) -> None:
        size = self.fft_size
        if not MIN_FFT_SIZE <= size <= MAX_FFT_SIZE or size & (size - 1):
            raise InvalidMessage(f"fft_size {size} must be a power of two from {MIN_FFT_SIZE} to {MAX_FFT_SIZE}")
        if not 2 <= self.hop <= size or self.hop % 2:
            raise InvalidMessage(f"hop {self.hop} must be even and from 2 to fft_size {size}")
        if not MIN_SIDE_PX <= self.rows <= min(size, MAX_SIDE_PX) or size % self.rows:
            raise InvalidMessage(f"rows {self.rows} must divide fft_size {size} and be {MIN_SIDE_PX} to {MAX_SIDE_PX}")
        if not MIN_SIDE_PX <= self.cols <= MAX_SIDE_PX:
            raise InvalidMessage(f"cols {self.cols} must be {MIN_SIDE_PX} to {MAX_SIDE_PX}")

    @classmethod
    def completed(
        cls, fft_size: int | None = None, hop: int | None = None, rows: int | None = None, cols: int | None = None
    ) -> "SpectrogramSpec":
        """The contract of the given fields; those that are None follow from the FFT size, by default 4096.

        Columns overlap by half, there are at most 1024 rows, and a window is about as many columns long.

        Raises:
            InvalidMessage: a field is out of range.
        """
        size = DEFAULT_FFT_SIZE if fft_size is None else fft_size
        rows = min(size, _DEFAULT_SIDE_PX) if rows is None else rows
        return cls(
            fft_size=size,
            hop=max(size // 2, 2) if hop is None else hop,
            rows=rows,
            cols=max(min(rows, _DEFAULT_SIDE_PX), _MIN_DEFAULT_COLS) if cols is None else cols,
        )

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
    def from_dict(cls, fields: dict[str, Any]) -> "SpectrogramSpec":
        """The inverse of :meth:`to_dict`.

        Raises:
            InvalidMessage: a field is unknown, missing, of the wrong type or out of range.
        """
        try:
            spec = _contract().validate_python(fields)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InvalidMessage(f"not a spectrogram contract: {field}: {first['msg']}") from None
        if fields != spec.to_dict():  # pydantic adds defaults and drops unknown fields
            raise InvalidMessage(f"not a spectrogram contract: it must hold exactly the fields of {spec.to_dict()}")
        return spec

    def require(self, spec_id: str, what: str) -> None:
        """Raise :class:`Incompatible` if ``spec_id`` is not this contract's."""
        if spec_id != self.spec_id:
            raise Incompatible(
                f"{what} was made under contract {spec_id}, this workspace has {self.spec_id}: make it again here"
            )


@cache
def _contract() -> TypeAdapter[SpectrogramSpec]:
    return TypeAdapter(SpectrogramSpec)
