"""StreamHistory: the newest samples of a stream, by its time."""

import threading
from collections import deque
from dataclasses import dataclass

from rfhydra.errors import NotFound
from rfhydra.streams.buffer import Part, SampleBuffer
from rfhydra.streams.source import Chunk, Tuning, later_offset


@dataclass(frozen=True)
class _Base:
    """``offset_sec`` holds from sample ``start_sample`` on."""

    start_sample: int
    offset_sec: float


class StreamHistory:
    """The newest samples that were received, in memory that is bounded. Thread-safe.

    Seconds are those of the stream, as its windows and tracks have them.
    """

    def __init__(self, max_bytes: int) -> None:
        """``max_bytes`` are those of the samples, at 8 bytes each; less than one keeps none."""
        self._buffer = SampleBuffer(max_bytes) if max_bytes >= 8 else None
        self._bases: deque[_Base] = deque()
        self._tuning: Tuning | None = None
        self._changing = threading.Lock()

    def add(self, chunk: Chunk) -> None:
        """Add a chunk, which starts at or after the end of the one before."""
        if self._buffer is None or not len(chunk.iq):
            return
        with self._changing:
            if self._tuning is None:
                self._bases.append(_Base(chunk.start_sample, 0.0))
            elif self._tuning != chunk.tuning:
                offset_sec = later_offset(self._bases[-1].offset_sec, self._tuning, chunk)
                self._bases.append(_Base(chunk.start_sample, offset_sec))
            self._tuning = chunk.tuning
            self._buffer.write(chunk)
            held = self._buffer.parts()
            while held and len(self._bases) > 1 and self._bases[1].start_sample <= held[0].start_sample:
                self._bases.popleft()

    def last(self, duration_sec: float) -> Chunk:
        """The newest ``duration_sec`` without a gap, or fewer.

        Raises:
            NotFound: there are no samples.
        """
        parts = self._parts()
        if not parts:
            raise NotFound("no samples of this stream are kept")
        newest, _ = parts[-1]
        count = max(round(duration_sec * newest.tuning.sample_rate_hz), 1)
        return self._copy(max(newest.end_sample - count, newest.start_sample), newest.end_sample)

    def between(self, start_sec: float, end_sec: float) -> Chunk:
        """The longest stretch without a gap or retuning between two times of the stream.

        Raises:
            NotFound: there are no samples of that time; the message says of which there are.
        """
        parts = self._parts()
        found = [_inside(part, offset_sec, start_sec, end_sec) for part, offset_sec in parts]
        longest = max(found, key=lambda edges: edges[1] - edges[0], default=(0, 0))
        if longest[1] <= longest[0]:
            held = [_seconds(*parts[0])[0], _seconds(*parts[-1])[1]] if parts else []
            kept = f"{held[0]:.6g} to {held[1]:.6g} s are" if held else "none is"
            raise NotFound(f"no samples of {start_sec:.6g} to {end_sec:.6g} s of the stream are kept: {kept}")
        return self._copy(*longest)

    def close(self) -> None:
        """Free the memory."""
        if self._buffer is not None:
            self._buffer.close()

    def _parts(self) -> list[tuple[Part, float]]:
        """The parts with the seconds of the stream before sample 0 at their rate."""
        if self._buffer is None:
            return []
        with self._changing:
            bases = list(self._bases)
            return [
                (part, [each.offset_sec for each in bases if each.start_sample <= part.start_sample][-1])
                for part in self._buffer.parts()
            ]

    def _copy(self, start_sample: int, end_sample: int) -> Chunk:
        chunk = None if self._buffer is None else self._buffer.peek(start_sample, end_sample)
        if chunk is None:
            raise NotFound("the samples were replaced by newer ones meanwhile: ask for later ones")
        return chunk


def _seconds(part: Part, offset_sec: float) -> tuple[float, float]:
    rate = part.tuning.sample_rate_hz
    return offset_sec + part.start_sample / rate, offset_sec + part.end_sample / rate


def _inside(part: Part, offset_sec: float, start_sec: float, end_sec: float) -> tuple[int, int]:
    """First sample of ``part`` between two times, and the one past the last."""
    rate = part.tuning.sample_rate_hz
    first, last = (round((edge - offset_sec) * rate) for edge in (start_sec, end_sec))
    return max(first, part.start_sample), min(last, part.end_sample)
