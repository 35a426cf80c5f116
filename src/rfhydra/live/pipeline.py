"""LivePipeline: from a live source to tracks, outputs and hooks.

One thread reads the source into a buffer that drops the oldest samples when it is full; one cuts windows, makes their
spectrograms and looks for energy; one for each core detects; that of :meth:`LivePipeline.run` tracks, measures the
tracks that ended and tells the outputs. Each of the last three steps waits for the next one, see :class:`.Stage`.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfhydra.detection.detector import HydraDetector, WindowDetections
from rfhydra.detection.gate import TILE_PX
from rfhydra.detection.sequence import SequenceDetector
from rfhydra.errors import RfhydraError
from rfhydra.hydra.cores import use_one_core
from rfhydra.live.cutter import CutWindow, WindowCutter
from rfhydra.live.events import TrackEvents, WindowTracks
from rfhydra.live.output import Output
from rfhydra.live.progress import Progress
from rfhydra.live.stage import Stage
from rfhydra.live.tap import Tap
from rfhydra.live.turns import Turns
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import StreamState, StreamStatus, TrackEvent
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.store.columns import utc_now
from rfhydra.streams.buffer import SampleBuffer
from rfhydra.streams.reader import SourceReader
from rfhydra.streams.reconnect import MAX_SILENCE_SEC, ReconnectingSource
from rfhydra.streams.source import Chunk, EndOfStream, Source, Tuning

MAX_WAIT_SEC: Final = 1.0
"""Longest time that a received sample waits for its window to be full: windows of low rates advance by less."""
BUFFERED_WINDOWS: Final = 4
MIN_BUFFERED_SAMPLES: Final = 1 << 22
"""Samples that wait for detection: at least so many, and at least :data:`BUFFERED_WINDOWS` windows of them."""
WARNING_INTERVAL_SEC: Final = 10.0
_READ_TIMEOUT_SEC: Final = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Looked:
    """A window, its parts with energy as :meth:`.SequenceDetector.look` gives them, and the time that both took."""

    cut: CutWindow
    regions: list[Rectangle] | None
    work_sec: float


@dataclass(frozen=True, eq=False)
class _Detected:
    """A window after detection, and the time that each of the steps took that it has gone through."""

    cut: CutWindow
    found: WindowDetections
    looked_sec: float
    detected_sec: float


class LivePipeline:
    """Detects in one live source until it ends or is stopped.

    A source that is lost is connected again. When detection is too slow, the oldest samples are dropped, counted, and
    warned of; what follows is another stretch of windows, as after a gap of the source.
    """

    def __init__(
        self,
        source: Source,
        detector: HydraDetector,
        *,
        stream_id: str = "1",
        outputs: Sequence[Output] = (),
        on_window: Callable[[LiveWindow], None] = lambda window: None,
        on_chunk: Callable[[Chunk], None] = lambda chunk: None,
        heads: Collection[str] | None = None,
        turns: Turns | None = None,
        max_wait_sec: float | None = MAX_WAIT_SEC,
        gated: bool = True,
        max_silence_sec: float | None = MAX_SILENCE_SEC,
        first_track_id: int = 1,
    ) -> None:
        """
        Args:
            source: not opened yet; the pipeline opens and closes it.
            detector: may be shared by several pipelines, and its heads changed at any time: changes take effect
                between windows. Windows that are detected in already are told of later. Its backbone states how many
                windows are detected in at the same time.
            stream_id: of the events.
            outputs: receive every event, in the thread of :meth:`run`. Whoever made them closes them.
            on_window: called after each window, in the thread of :meth:`run`; must return soon.
            on_chunk: called with every chunk as it is received, in the reading thread; must return at once.
            heads: signals to detect; None for all that are loaded.
            turns: of the streams that share the detector; None if it has no other stream.
            max_wait_sec: longest time that samples wait for a window, see :meth:`WindowPlan.of`; None for as long as a
                window lasts.
            gated: whether the backbone looks only where there is energy above the noise.
            max_silence_sec: a source that sent nothing for so long is lost; None if it may be silent.
            first_track_id: number of the first track, see :func:`.first_track_id`.
        """
        self._stream_id, self._outputs, self._on_window = stream_id, tuple(outputs), on_window
        self._connection = ReconnectingSource(source, max_silence_sec=max_silence_sec)
        self._tap = Tap(self._connection, on_chunk)
        samples = max(BUFFERED_WINDOWS * detector.spec.window_samples, MIN_BUFFERED_SAMPLES)
        self._buffer = SampleBuffer(8 * samples)
        self._reader = SourceReader(self._tap, self._buffer)
        self._cutter = WindowCutter(detector.spec, max_wait_sec)
        self._sequence = SequenceDetector(detector, names=heads, gated=gated, first_track_id=first_track_id)
        self._events, self._progress = TrackEvents(stream_id), Progress()
        self._detector, self._parallel = detector, detector.backbone.parallel
        self._begin = use_one_core if self._parallel > 1 else lambda: None
        self._turns = turns or Turns(self._parallel)
        self._started_at, self._stopping = utc_now(), threading.Event()
        self._warned_at, self._warned_of = -WARNING_INTERVAL_SEC, 0
        self._dropped_at_end: int | None = None
        self._error: str | None = None

    def run(self) -> None:
        """Detect until the end of the source or :meth:`stop`; call it once.

        Raises:
            RfhydraError: as :meth:`Source.open` raises, or what else ended it; the status has the message, too.
        """
        try:
            self._prepare()
            self._reader.start()
            self._detect_all()
        except RfhydraError as error:
            self._error = str(error)
            raise
        except Exception as error:
            self._error = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.stop()
            self._reader.close()

    def stop(self) -> None:
        """End :meth:`run` after the windows that it is at, from any thread, at any time. Open tracks end."""
        self._freeze_drops()
        self._stopping.set()
        self._buffer.close()

    def tune(self, tuning: Tuning) -> Tuning:
        """Change the settings of the source, from any thread; see :meth:`Source.tune`."""
        return self._tap.tune(tuning)

    def status(self) -> StreamStatus:
        """State and counters, from any thread, at any time."""
        done, tuning, connection = self._progress.done, self._tap.tuning, self._connection
        return StreamStatus(
            stream_id=self._stream_id,
            source=connection.name,
            state=self._state,
            error=self._error or connection.error,
            sample_rate_hz=None if tuning is None else tuning.sample_rate_hz,
            center_freq_hz=None if tuning is None else tuning.center_freq_hz,
            gain_db=None if tuning is None else tuning.gain_db,
            started_at=self._started_at,
            samples=self._buffer.written_samples,
            lost_samples=connection.lost_samples,
            dropped_samples=self._dropped_samples,
            reconnects=connection.reconnects,
            windows=done.windows,
            empty_windows=done.empty_windows,
            tracks=done.tracks,
            real_time_factor=done.real_time_factor,
            heads=dict(done.heads),
            window_sec_p50=done.percentile(50),
            window_sec_p99=done.percentile(99),
        )

    @property
    def _dropped_samples(self) -> int:
        return self._buffer.dropped_samples if self._dropped_at_end is None else self._dropped_at_end

    def _freeze_drops(self) -> None:
        """What is dropped from now on is dropped because the stream ends."""
        if self._dropped_at_end is None:
            self._dropped_at_end = self._buffer.dropped_samples

    @property
    def _state(self) -> StreamState:
        if self._error is not None:
            return "failed"
        if self._stopping.is_set():
            return "ended"
        return "connecting" if self._tap.tuning is None or self._connection.error else "running"

    def _prepare(self) -> None:
        """Let the backbone see an image as it will: the first one takes seconds, in which samples would be dropped."""
        image = np.zeros((TILE_PX, TILE_PX), np.uint8)
        with ThreadPoolExecutor(1, initializer=self._begin) as thread:
            thread.submit(lambda: self._detector.backbone.see(image).propose()).result()

    def _detect_all(self) -> None:
        """Detect in all windows; in whatever way the source ends or is lost, its open tracks end, too."""
        name = f"stream {self._stream_id}"
        try:
            with (
                Stage.of(f"{name}: windows", self._looked(), begin=self._begin) as looked,
                Stage(
                    f"{name}: detection", looked, self._detect, threads=self._parallel, begin=self._begin
                ) as detected,
            ):
                try:
                    for each in detected:
                        self._take(each)
                finally:  # after an error, too, no stage waits for samples
                    self._freeze_drops()
                    self._buffer.close()
        finally:
            self._close_tracks()

    def _looked(self) -> Iterator[_Looked | None]:
        """The windows of the source; None where its open tracks end because there may never be more samples."""
        try:
            while not self._stopping.is_set():
                is_lost = self._connection.error is not None  # asked first: then all that came before is buffered
                chunk = self._buffer.read(self._cutter.wanted, _READ_TIMEOUT_SEC)
                if chunk is not None:
                    yield from self._look_at(self._cutter.add(chunk))
                elif is_lost:
                    yield from self._look_at(self._cutter.finish())
                    yield None
        except EndOfStream:
            if not self._stopping.is_set():
                yield from self._look_at(self._cutter.finish())

    def _look_at(self, windows: Iterable[CutWindow]) -> Iterator[_Looked]:
        started = time.perf_counter()
        for cut in windows:
            if cut.begins:
                self._sequence.begin()
            regions = self._sequence.look(cut.window)
            yield _Looked(cut, regions, time.perf_counter() - started)
            started = time.perf_counter()

    def _detect(self, looked: _Looked | None) -> _Detected | None:
        """The window after detection, None where the open tracks end."""
        if looked is None:
            return None
        with self._turns.turn():
            started = time.perf_counter()
            found = self._sequence.detect(looked.cut.window, looked.regions)
        return _Detected(looked.cut, found, looked.work_sec, time.perf_counter() - started)

    def _take(self, detected: _Detected | None) -> None:
        """Tell of a window, or that all open tracks have ended, and count it."""
        if detected is None:
            self._sequence.tracker.close()
            self._close_tracks()
            return
        started, cut, found, tracker = time.perf_counter(), detected.cut, detected.found, self._sequence.tracker
        closed = self._sequence.track(cut.window, found, cut.next_start_sec)
        tracks = WindowTracks(tracker.open_tracks, closed, tracker.merged)
        self._tell(self._events.after(cut, tracks))
        by_id = {track.track_id: track for track in (*tracks.open, *tracks.closed)}
        self._on_window(LiveWindow(cut.window, cut.start_utc_sec, found, by_id))
        rate = cut.window.frame.bandwidth_hz
        self._warn_of_drops(rate)
        told_sec = time.perf_counter() - started
        self._progress.count(
            empty=found.seen is None and bool(found.versions),
            tracks=self._events.begun,
            heads=found.versions,
            signal_sec=cut.new_samples / rate,
            work_sec=max(detected.looked_sec, detected.detected_sec / self._parallel, told_sec),
            window_sec=max(detected.looked_sec, detected.detected_sec, told_sec),
        )

    def _close_tracks(self) -> None:
        self._tell(self._events.close())

    def _tell(self, events: Iterable[TrackEvent]) -> None:
        for event in events:
            for output in self._outputs:
                output.write(event)

    def _warn_of_drops(self, sample_rate_hz: float) -> None:
        dropped, now = self._dropped_samples, time.monotonic()
        if dropped > self._warned_of and now - self._warned_at >= WARNING_INTERVAL_SEC:
            seconds = (dropped - self._warned_of) / sample_rate_hz
            _log.warning("stream %s: detection is too slow, %.2f s of samples were dropped", self._stream_id, seconds)
            self._warned_at, self._warned_of = now, dropped
