"""Waterfalls: the columns of streams that clients want to see, computed in a thread of their own."""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

from rfhydra.errors import Busy
from rfhydra.protocol.frames import StreamWaterfallFrame
from rfhydra.protocol.live import WaterfallSettings
from rfhydra.server.net.hub import Hub, Session, WaterfallView
from rfhydra.server.relay import Relay
from rfhydra.spectrum.waterfall import Waterfall
from rfhydra.streams.source import Chunk, Tuning

MAX_QUEUED_SAMPLES: Final = 1 << 22
"""Samples that wait to become columns, of all streams together; the oldest are dropped."""
_MAX_FRAMES: Final = 64
_Made: TypeAlias = tuple[WaterfallSettings, StreamWaterfallFrame]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Maker:
    tuning: Tuning
    waterfall: Waterfall


class Waterfalls:
    """Makes each waterfall once, whoever wants to see it, and none that nobody wants.

    Nobody waits for it: the samples of streams wait in a bounded queue, the frames of a slow client replace each other.
    """

    def __init__(self, hub: Hub, max_waterfalls: int) -> None:
        self._hub, self._max_waterfalls = hub, max_waterfalls
        self._views: frozenset[WaterfallView] = frozenset()  # replaced as a whole
        self._frames: Relay[_Made] | None = None  # made on the event loop
        self._queue: deque[tuple[str, Chunk]] = deque()
        self._queued_samples = 0
        self._gone: set[str] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def see(self, session: Session, view: WaterfallView) -> None:
        """Let a session see streams as ``view`` says. On the event loop.

        Raises:
            Busy: as :meth:`require_room`; nothing was changed.
        """
        if session in self._hub.waterfall_views():
            self.require_room(session, view)
        session.waterfall = view
        self.refresh()

    def require_room(self, session: Session, view: WaterfallView) -> None:
        """
        Raises:
            Busy: with ``view`` for ``session`` there would be more different waterfalls than there may be.
        """
        others = {each for owner, each in self._hub.waterfall_views().items() if owner is not session}
        if view not in others and len(others) >= self._max_waterfalls:
            raise Busy(f"{self._max_waterfalls} different waterfalls are made (max_waterfalls): take one of them")

    def refresh(self) -> None:
        """Find out what clients want to see, after any change of it. On the event loop."""
        self._views = frozenset(self._hub.waterfall_views().values())
        if self._views and self._thread is None and not self._closed:
            self._frames = Relay(self._publish, _MAX_FRAMES)
            self._thread = threading.Thread(target=self._run, name="rfhydra-waterfall", daemon=True)
            self._thread.start()

    def take(self, stream_id: str, chunk: Chunk) -> None:
        """Samples of a stream, from any thread. Returns at once."""
        if not any(view.shows(stream_id) for view in self._views):
            return
        with self._changed:
            self._queue.append((stream_id, chunk))
            self._queued_samples += len(chunk.iq)
            while self._queued_samples > MAX_QUEUED_SAMPLES and len(self._queue) > 1:
                self._queued_samples -= len(self._queue.popleft()[1].iq)
            self._changed.notify()

    def forget(self, stream_id: str) -> None:
        """Drop what is kept of a stream that has ended."""
        with self._changed:
            self._queue = deque(item for item in self._queue if item[0] != stream_id)
            self._queued_samples = sum(len(chunk.iq) for _, chunk in self._queue)
            self._gone.add(stream_id)

    def close(self) -> None:
        """End the thread, and wait for it."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        makers: dict[tuple[str, WaterfallSettings], _Maker] = {}
        while (taken := self._next(makers)) is not None:
            stream_id, chunk = taken
            views = self._views
            makers = {key: maker for key, maker in makers.items() if _is_wanted(key, views)}
            for settings in {view.settings for view in views if view.shows(stream_id)}:
                try:
                    self._make(makers, stream_id, settings, chunk)
                except Exception:  # a display must not end with one chunk
                    _log.exception("a waterfall of %s failed", stream_id)

    def _next(self, makers: dict[tuple[str, WaterfallSettings], _Maker]) -> tuple[str, Chunk] | None:
        """Wait for the next samples; None at the end. Removes the makers of streams that have ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if self._closed:
                return None
            for key in [key for key in makers if key[0] in self._gone]:
                del makers[key]
            self._gone.clear()
            taken = self._queue.popleft()
            self._queued_samples -= len(taken[1].iq)
            return taken

    def _make(
        self,
        makers: dict[tuple[str, WaterfallSettings], _Maker],
        stream_id: str,
        settings: WaterfallSettings,
        chunk: Chunk,
    ) -> None:
        key, tuning = (stream_id, settings), chunk.tuning
        maker = makers.get(key)
        if maker is None or maker.tuning != tuning:
            maker = makers[key] = _Maker(tuning, Waterfall(settings, tuning.sample_rate_hz))
        columns = maker.waterfall.add(chunk.iq, chunk.start_sample)
        if columns is None:
            return
        rows, cols = columns.pixels.shape
        frame = StreamWaterfallFrame(
            dropped=0,
            rows=rows,
            cols=cols,
            sample_rate_hz=tuning.sample_rate_hz,
            center_freq_hz=tuning.center_freq_hz,
            start_sample=columns.start_sample,
            samples_per_column=columns.samples_per_column,
            min_db=settings.min_db,
            max_db=settings.max_db,
            stream_id=stream_id,
            pixels=columns.pixels.tobytes(),
        )
        assert self._frames is not None
        self._frames.put((settings, frame))

    def _publish(self, made: list[_Made], dropped: int) -> None:
        for settings, frame in made:
            self._hub.publish_stream_waterfall(settings, frame)


def _is_wanted(key: tuple[str, WaterfallSettings], views: frozenset[WaterfallView]) -> bool:
    stream_id, settings = key
    return any(view.settings == settings and view.shows(stream_id) for view in views)
