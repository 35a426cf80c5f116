"""LivePipeline: from a live source to tracks, outputs and hooks.

Two threads: one reads the source into a buffer that drops the oldest samples when it is full; the other, that of
:meth:`LivePipeline.run`, cuts windows, detects, tracks, measures and tells the outputs.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.sequence import SequenceDetector
from rfhydra.errors import RfhydraError
from rfhydra.live.cutter import CutWindow, WindowCutter
from rfhydra.live.events import TrackEvents
from rfhydra.live.output import Output
from rfhydra.live.progress import Progress
from rfhydra.live.tap import Tap
from rfhydra.live.turns import Turns
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import StreamState, StreamStatus, TrackEvent
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
                between windows.
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
        self._turns = turns or Turns()
        self._started_at, self._stopping = utc_now(), threading.Event()
        self._warned_at, self._warned_of = -WARNING_INTERVAL_SEC, 0
        self._dropped_at_end: int | None = None
        self._error: str | None = None

    def run(self) -> None:
        """Detect until the end of the source or :meth:`stop`; call it once.

        Raises:
            RfhydraError: as :meth:`Source.open` raises, or what else ended it; the status has the message, too.
        """
        self._reader.start()
        try:
            self._detect_all()
        except RfhydraError as error:
            self._error = str(error)
            raise
        except Exception as error:
            self._error = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._freeze_drops()
            self._reader.close()

    def stop(self) -> None:
        """End :meth:`run` after the window that it is at, from any thread, at any time. Open tracks end."""
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
        if self._dropped_at_end is not None:
            return "ended"
        return "connecting" if self._tap.tuning is None or self._connection.error else "running"

    def _detect_all(self) -> None:
        """Detect in all windows; in whatever way the source ends or is lost, its open tracks end, too."""
        try:
            while not self._stopping.is_set():
                is_lost = self._connection.error is not None  # asked first: then all that came before is buffered
                chunk = self._buffer.read(self._cutter.wanted, _READ_TIMEOUT_SEC)
                if chunk is not None:
                    self._detect_in(self._cutter.add(chunk))
                elif is_lost:
                    self._finish()
        except EndOfStream:
            if not self._stopping.is_set():
                self._finish()
        finally:
            self._close_tracks()

    def _finish(self) -> None:
        """There may never be more samples: detect in those that wait for their window, and end the open tracks."""
        self._detect_in(self._cutter.finish())
        self._close_tracks()

    def _close_tracks(self) -> None:
        self._tell(self._events.ends(self._sequence.tracker.close()))

    def _detect_in(self, windows: Iterable[CutWindow]) -> None:
        started = time.perf_counter()
        for cut in windows:
            self._detect(cut)
            now = time.perf_counter()
            self._count(cut, now - started)
            started = now

    def _detect(self, cut: CutWindow) -> None:
        if cut.begins:
            self._sequence.begin()
        with self._turns.turn():
            self._found, closed = self._sequence.update(cut.window, cut.next_start_sec)
        tracker = self._sequence.tracker
        self._tell(self._events.after(cut, tracker, closed))
        tracks = {track.track_id: track for track in (*tracker.open_tracks, *closed)}
        self._on_window(LiveWindow(cut.window, cut.start_utc_sec, self._found, tracks))
        self._warn_of_drops(cut.window.frame.bandwidth_hz)

    def _count(self, cut: CutWindow, work_sec: float) -> None:
        self._progress.count(
            empty=self._found.seen is None and bool(self._found.versions),
            tracks=self._events.begun,
            heads=self._found.versions,
            signal_sec=cut.new_samples / cut.window.frame.bandwidth_hz,
            work_sec=work_sec,
        )

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
