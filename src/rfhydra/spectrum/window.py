"""A window: the image of a stretch of IQ with its time and frequency axes, as every source yields it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rfhydra.errors import Incompatible
from rfhydra.spectrum.boxes import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Window:
    """One window of a recording, an upload or a stream.

    Attributes:
        image: uint8, shape (rows, cols), row 0 the highest frequency.
        frame: the time and frequency axes of the image.
        start_sample: the window's first sample in its source; None where the source is not known.
        iq: complex64, shape (samples,), the source of the image; None where only the image is known.
        offset_sec: seconds of the source before its sample 0, counted at the present sample rate: not 0 after a change
            of the rate.
        floor_db: noise floor of the image, dB of the power of a bin; None for silence and where it is not known.

    Raises:
        Incompatible: the image has another size than ``frame``.
    """

    image: "NDArray[np.uint8]"
    frame: Frame
    start_sample: int | None = None
    iq: "NDArray[np.complex64] | None" = None
    offset_sec: float = 0.0
    floor_db: float | None = None

    def __post_init__(self) -> None:
        size = (self.frame.spec.rows, self.frame.cols)
        if self.image.shape != size:
            raise Incompatible(f"the image has shape {self.image.shape}, its frame is of {size}")

    @property
    def start_sec(self) -> float:
        """Seconds from the start of the source."""
        return self.offset_sec + (self.start_sample or 0) / self.frame.bandwidth_hz

    @property
    def end_sec(self) -> float:
        """Seconds from the start of the source to the end of the last column."""
        return self.start_sec + self.frame.duration_sec
