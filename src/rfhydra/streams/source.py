"""Source: the interface of everything that yields IQ as time goes on."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tuning:
    """Settings of a receiver. ``gain_db`` None is the receiver's own choice."""

    sample_rate_hz: float
    center_freq_hz: float
    gain_db: float | None = None


@dataclass(frozen=True, eq=False)
class Chunk:
    """Successive samples of a source.

    Attributes:
        iq: complex64, shape (samples,), with a full scale of ±1; at least one sample.
        start_sample: number of the first sample since the source was first opened, lost samples included: where it is
            higher than the end of the chunk before, the samples between were lost.
        start_utc_sec: time of the first sample, in seconds since 1970 UTC; None where the source does not state it.
        tuning: what the samples were received with.
    """

    iq: NDArray[np.complex64]
    start_sample: int
    tuning: Tuning
    start_utc_sec: float | None = None

    @property
    def end_sample(self) -> int:
        """One past the last sample."""
        return self.start_sample + len(self.iq)


class Source(Protocol):
    """A live source. Used by one thread, but for :meth:`tune` and :meth:`close`, which any thread may call.

    A source that was lost may be opened again; its samples are counted on from the last one, with the estimated number
    of lost samples in between.
    """

    @property
    def name(self) -> str:
        """Short name for people, without credentials."""

    def open(self) -> Tuning:
        """Connect.

        Raises:
            Unreachable: there is no such source now; another try may succeed.
            NotFound, InvalidMessage, InvalidRecording, MissingExtra: no other try can succeed.
        """

    def read(self, timeout_sec: float) -> Chunk | None:
        """The next samples, None if none came in time.

        Raises:
            EndOfStream: there are no more samples, and will be none.
            Unreachable: the source was lost.
        """

    def tune(self, tuning: Tuning) -> Tuning:
        """Change the settings, and return what the source made of them.

        Raises:
            InvalidMessage: the source cannot change, or not to these settings; the message names the field.
        """

    def close(self) -> None:
        """Disconnect. A :meth:`read` that waits in another thread ends. Closing what is closed does nothing."""


class EndOfStream(Exception):
    """A source has no more samples."""
