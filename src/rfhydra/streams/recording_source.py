"""RecordingSource: a recording read as a live source, in real time or as fast as the reader takes it."""

import threading
import time
from pathlib import Path

from rfhydra.recordings import Capture, Recording, open_recording
from rfhydra.streams.source import Chunk, EndOfStream, Tuning, chunk_samples, keep_tuning


class RecordingSource:
    """The samples of a recording, from its first to its last. Opened again, it goes on where it was.

    Each capture is a tuning. Times are those that the recording states.
    """

    may_wait = True

    def __init__(
        self,
        path: Path,
        *,
        datatype: str | None = None,
        sample_rate_hz: float | None = None,
        center_freq_hz: float | None = None,
        paced: bool = False,
        loop: bool = False,
    ) -> None:
        """Args:
        path: of any container that :func:`open_recording` reads.
        datatype: of a raw file, as in SigMF.
        sample_rate_hz: for a file that does not state it.
        center_freq_hz: for a file that does not state it.
        paced: yield each chunk when its last sample is due by the sample rate. What came late is caught up.
        loop: begin again after the last sample. Samples and times are counted on.
        """
        self._path = path
        self._datatype = datatype
        self._sample_rate_hz = sample_rate_hz
        self._center_freq_hz = center_freq_hz
        self._paced = paced
        self._loop = loop
        self._recording: Recording | None = None
        self._segments: list[tuple[int, int, Capture]] = []
        self._next_sample = 0
        self._due_from: float = 0.0
        self._closed = threading.Event()

    @property
    def name(self) -> str:
        return self._path.name

    def open(self) -> Tuning:
        self._recording = self._opened()
        self._segments = self._recording.segments()
        self._due_from = time.monotonic() - self._next_sample / self._recording.sample_rate_hz
        self._closed.clear()
        return self._tuning(self._recording, self._recording.capture_at(self._position(self._recording)))

    def read(self, timeout_sec: float) -> Chunk | None:
        recording = self._recording
        if recording is None or self._closed.is_set():
            raise EndOfStream
        if not self._loop and self._next_sample >= recording.sample_count:
            raise EndOfStream
        start = self._position(recording)
        segment_end, capture = next((end, capture) for _, end, capture in self._segments if start < end)
        count = min(chunk_samples(recording.sample_rate_hz), segment_end - start)
        if self._paced and not self._wait_until_due(self._next_sample + count, recording.sample_rate_hz, timeout_sec):
            return None
        chunk = Chunk(
            recording.read(start, count),
            self._next_sample,
            self._tuning(recording, capture),
            self._utc_sec(recording, capture, start),
        )
        self._next_sample += count
        return chunk

    def tune(self, tuning: Tuning) -> Tuning:
        recording = self._recording or self._opened()
        capture = recording.capture_at(self._position(recording))
        return keep_tuning(self._tuning(recording, capture), tuning, f"the recording {self.name}")

    def close(self) -> None:
        self._closed.set()

    def _opened(self) -> Recording:
        return open_recording(
            self._path,
            datatype=self._datatype,
            sample_rate_hz=self._sample_rate_hz,
            center_freq_hz=self._center_freq_hz,
        )

    def _position(self, recording: Recording) -> int:
        """The sample of the recording that comes next; its last one at the end."""
        if self._loop:
            return self._next_sample % recording.sample_count
        return min(self._next_sample, recording.sample_count - 1)

    @staticmethod
    def _tuning(recording: Recording, capture: Capture) -> Tuning:
        return Tuning(recording.sample_rate_hz, capture.center_freq_hz)

    def _utc_sec(self, recording: Recording, capture: Capture, start: int) -> float | None:
        """Time of sample ``start``, in a later pass over the recording as if it had been recorded then."""
        if capture.start_utc_sec is None:
            return None
        passes = (self._next_sample - start) // recording.sample_count
        since_capture = start - capture.sample_start + passes * recording.sample_count
        return capture.start_utc_sec + since_capture / recording.sample_rate_hz

    def _wait_until_due(self, sample: int, sample_rate_hz: float, timeout_sec: float) -> bool:
        """Whether ``sample`` was due within ``timeout_sec``.

        Raises:
            EndOfStream: the source was closed meanwhile.
        """
        wait_sec = self._due_from + sample / sample_rate_hz - time.monotonic()
        if wait_sec <= 0:
            return True
        if self._closed.wait(min(wait_sec, timeout_sec)):
            raise EndOfStream
        return wait_sec <= timeout_sec
