"""A recording: complex samples on disk, read a window at a time, with the captures and annotations that describe them.

Sample indices count from the first sample in the file.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidBox, InvalidMessage, InvalidRecording
from rfhydra.recordings.formats import SampleFormat
from rfhydra.spectrum.boxes import Box

_BLOCK_SAMPLES: Final = 1 << 20


@dataclass(frozen=True)
class Capture:
    """Samples from ``sample_start`` to the next capture, received at ``center_freq_hz``.

    ``datetime`` is the UTC time of the first sample as in RFC 3339, where the file states it.
    """

    sample_start: int
    center_freq_hz: float
    datetime: str | None = None

    @property
    def start_utc_sec(self) -> float | None:
        """Time of the first sample in seconds since 1970 UTC; None where the file states none that can be read."""
        try:
            stated = datetime.fromisoformat(self.datetime or "")
        except ValueError:
            return None
        return (stated if stated.tzinfo else stated.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Annotation:
    """A labelled rectangle: ``sample_count`` samples from ``sample_start``, between two absolute frequencies in Hz.

    ``extension`` is written, and not read: fields of our namespace, see :mod:`.sigmf_extension`.
    """

    sample_start: int
    sample_count: int
    freq_low_hz: float
    freq_high_hz: float
    label: str | None = None
    extension: Mapping[str, float | str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of_box(cls, box: Box, label: str | None, sample_rate_hz: float, sample_count: int) -> Self:
        """The annotation of ``box`` in a recording of ``sample_count`` samples, cut to it and at least a sample long.

        Times of ``box`` are seconds from the first sample.

        Raises:
            InvalidBox: the box lies before or after the recording.
        """
        duration_sec = sample_count / sample_rate_hz
        if box.time_end_sec <= 0 or box.time_start_sec >= duration_sec:
            raise InvalidBox(
                f"the box of {label!r} at {box.time_start_sec:g} to {box.time_end_sec:g} s is outside the recording,"
                f" 0 to {duration_sec:g} s"
            )
        start = min(max(round(box.time_start_sec * sample_rate_hz), 0), sample_count - 1)
        end = min(max(round(box.time_end_sec * sample_rate_hz), start + 1), sample_count)
        return cls(start, end - start, box.freq_low_hz, box.freq_high_hz, label)

    def box(self, sample_rate_hz: float, window_start_sample: int = 0) -> Box:
        """The annotation as a box: seconds from ``window_start_sample``, absolute Hz. Not clipped to any window."""
        return Box(
            (self.sample_start - window_start_sample) / sample_rate_hz,
            (self.sample_end - window_start_sample) / sample_rate_hz,
            self.freq_low_hz,
            self.freq_high_hz,
        )

    @property
    def sample_end(self) -> int:
        """One past the last sample."""
        return self.sample_start + self.sample_count


@dataclass(frozen=True, eq=False)
class Recording:
    """An opened recording. Its samples stay on disk, memory-mapped; only what is read comes into memory.

    Attributes:
        path: the ``.sigmf-meta`` of a pair, otherwise the file itself.
        data_path: the file that holds the samples.
        data_start_byte: their offset in ``data_path``.
        datatype: as in SigMF.
        sample_rate_hz: samples per second.
        captures: at least one, in the order of their samples.
        annotations: in the order of their samples.
        metadata: the SigMF metadata, read or generated. Do not modify.
        stated_sha512: SHA-512 of the samples as stated in the metadata.
        stored: the mapped components, shape (samples, 2).
        container: what the file is, for people.
        remarks: what is wrong with the file, though it can be read.
        is_mapped: whether ``stored`` is mapped from ``data_path``. Else it is mapped from a temporary copy, or is read
            through a library, slice by slice.
    """

    path: Path
    data_path: Path
    data_start_byte: int
    datatype: str
    sample_rate_hz: float
    captures: tuple[Capture, ...]
    annotations: tuple[Annotation, ...] = field(repr=False)
    metadata: dict[str, Any] = field(repr=False)
    stated_sha512: str | None = field(repr=False)
    stored: NDArray[Any] = field(repr=False)
    container: str = "SigMF"
    is_mapped: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file name without its extension."""
        return self.path.stem

    @property
    def sample_count(self) -> int:
        return len(self.stored)

    @property
    def duration_sec(self) -> float:
        return self.sample_count / self.sample_rate_hz

    @property
    def start_utc_sec(self) -> float | None:
        """Time of the first sample, by the first capture, in seconds since 1970 UTC; None where it is not stated."""
        first = self.captures[0]
        start_utc_sec = first.start_utc_sec
        return None if start_utc_sec is None else start_utc_sec - first.sample_start / self.sample_rate_hz

    @cached_property
    def recording_id(self) -> str:
        """SHA-512 of the samples, in hex, independent of their container.

        Taken from ``core:sha512`` where the metadata states it, else computed once, by reading the whole file.
        """
        return self.stated_sha512 or self._sha512()

    def verify(self) -> None:
        """Compare the samples with ``core:sha512``, if the metadata states it, by reading the whole file.

        Raises:
            InvalidRecording: they differ.
        """
        if self.stated_sha512 is not None and self.stated_sha512 != self._sha512():
            raise InvalidRecording(
                f"{self.data_path.name} does not match core:sha512 in {self.path.name}: it is damaged or was changed,"
                " copy it again"
            )

    def _sha512(self) -> str:
        digest = hashlib.sha512()
        for start in range(0, self.sample_count, _BLOCK_SAMPLES):
            digest.update(np.ascontiguousarray(self.stored[start : start + _BLOCK_SAMPLES]).view(np.uint8).data)
        return digest.hexdigest()

    def read(self, start: int, count: int) -> NDArray[np.complex64]:
        """``count`` samples from sample ``start``, shape (count,), with a full scale of ±1 (see :mod:`.formats`).

        Raises:
            InvalidMessage: the range is not inside the recording.
            InvalidRecording: a sample in it is not a finite number.
        """
        if start < 0 or count < 0 or start + count > self.sample_count:
            raise InvalidMessage(
                f"samples {start} to {start + count} are not all in {self.name}, which has {self.sample_count} samples"
            )
        iq = SampleFormat.of(self.datatype).decode(self.stored[start : start + count])
        if not np.isfinite(iq).all():
            raise InvalidRecording(
                f"{self.name} holds a sample that is not a finite number: the data is damaged or the datatype is wrong"
            )
        return iq

    def capture_at(self, sample: int) -> Capture:
        """The capture of ``sample``. Samples before the first capture belong to the first.

        Raises:
            InvalidMessage: there is no such sample.
        """
        if not 0 <= sample < self.sample_count:
            raise InvalidMessage(f"sample {sample} is not in {self.name}, which has {self.sample_count} samples")
        return capture_of(self.captures, sample)

    def segments(self, hop: int = 1) -> list[tuple[int, int, Capture]]:
        """First sample, one past the last, and capture of each segment that a window may lie in.

        Each segment belongs to one capture and is cut to whole columns of ``hop`` samples; shorter ones are left out.

        Raises:
            InvalidRecording: there is no whole column.
        """
        starts = [0, *(capture.sample_start for capture in self.captures[1:])]
        ends = [*starts[1:], self.sample_count]
        whole = [
            (start, end - (end - start) % hop, capture)
            for start, end, capture in zip(starts, ends, self.captures, strict=True)
            if end - start >= hop
        ]
        if not whole:
            raise InvalidRecording(f"{self.name} is too short: {self.sample_count} samples, a column takes {hop}")
        return whole

    def annotations_between(self, start: int, end: int) -> list[Annotation]:
        """The annotations that share a sample with ``[start, end)``."""
        return [
            annotation
            for annotation in self.annotations
            if annotation.sample_start < end and annotation.sample_end > start
        ]


def capture_of(captures: tuple[Capture, ...], sample: int) -> Capture:
    """The last of the sorted ``captures`` that starts at or before ``sample``, or the first."""
    return captures[max(0, bisect_right(captures, sample, key=lambda capture: capture.sample_start) - 1)]
