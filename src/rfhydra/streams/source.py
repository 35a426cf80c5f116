"""Source: the interface of everything that yields IQ as time goes on."""

import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Protocol

from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_CHUNK_SAMPLES: Final = 1 << 18
_MIN_CHUNK_SAMPLES: Final = 1024
_CHUNK_SEC: Final = 0.02
_GATHER_SEC: Final = 0.05


@dataclass(frozen=True)
class Tuning:
    """Settings of a receiver. ``gain_db`` None is the receiver's own choice, also where the source has no gain."""

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

    iq: "NDArray[np.complex64]"
    start_sample: int
    tuning: Tuning
    start_utc_sec: float | None = None

    @property
    def end_sample(self) -> int:
        """One past the last sample."""
        return self.start_sample + len(self.iq)


class Source(Protocol):
    """A live source. Used by one thread, but for :meth:`tune` and :meth:`close`, which any thread may call.

    No read waits without end, and none holds more than a bounded number of samples.

    A source that was lost may be opened again; its samples are counted on from the last one, with the estimated number
    of lost samples in between.
    """

    @property
    def name(self) -> str:
        """Short name for people, without credentials."""

    @property
    def may_wait(self) -> bool:
        """Whether nothing is lost when the next read comes late, as with a recording."""

    def open(self) -> Tuning:
        """Connect, within seconds.

        Raises:
            Unreachable: there is no such source now; another try may succeed.
            NotFound, InvalidMessage, InvalidRecording, MissingExtra: no other try can succeed.
        """

    def read(self, timeout_sec: float) -> Chunk | None:
        """The next samples, None if none came in time.

        Raises:
            EndOfStream: there are no more samples, and will be none, or the source was closed.
            Unreachable: the source was lost.
        """

    def tune(self, tuning: Tuning) -> Tuning:
        """Change the settings, and return what the source made of them. They last over reconnections.

        Samples that were on their way keep the old settings, but may be reported with the new ones.

        Raises:
            InvalidMessage: the source cannot change, or not to these settings; the message names the field.
        """

    def close(self) -> None:
        """Disconnect. A :meth:`read` that waits in another thread ends. Closing what is closed does nothing."""


class EndOfStream(Exception):
    """A source has no more samples."""


def later_offset(offset_sec: float, former: Tuning, chunk: Chunk) -> float:
    """Seconds of the stream before its sample 0, counted at the rate of ``chunk``.

    ``offset_sec`` is the same at the rate of ``former``, which ends where ``chunk`` begins: seconds of the stream go on
    where the rate changes.
    """
    old, new = former.sample_rate_hz, chunk.tuning.sample_rate_hz
    return offset_sec + chunk.start_sample / old - chunk.start_sample / new if old != new else offset_sec


def keep_tuning(current: Tuning, wanted: Tuning, owner: str) -> Tuning:
    """The answer of a source that cannot be tuned: ``current``, if that is what is ``wanted``.

    Raises:
        InvalidMessage: it is not; the message names the field, and ``owner``, who sets it.
    """
    for field in fields(Tuning):
        value = getattr(current, field.name)
        if getattr(wanted, field.name) != value:
            raise InvalidMessage(f"{field.name} cannot be changed from {value}: it is set by {owner}")
    return current


def chunk_samples(sample_rate_hz: float) -> int:
    """Samples that a source puts into one chunk: those of 20 ms, within bounds of overhead and memory."""
    return min(max(int(sample_rate_hz * _CHUNK_SEC), _MIN_CHUNK_SAMPLES), MAX_CHUNK_SAMPLES)


def gather_until(deadline: float) -> float:
    """When to hand over a chunk whose first samples came now, full or not; ``deadline`` is that of the read.

    Both are seconds of the monotonic clock.
    """
    return min(deadline, time.monotonic() + _GATHER_SEC)
