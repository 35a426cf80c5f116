"""LiveStream: one running stream of the server, in a thread of its own."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import RfhydraError
from rfhydra.live.outputs import Outputs
from rfhydra.live.pipeline import LivePipeline
from rfhydra.live.turns import Turns
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.live import NamedSource, PushedSource, StreamSource
from rfhydra.protocol.messages import Detections
from rfhydra.protocol.streams import StreamStatus, TrackEvent
from rfhydra.server.detections import stream_message
from rfhydra.server.relay import Relay
from rfhydra.server.waterfalls import Waterfalls
from rfhydra.streams.history import StreamHistory
from rfhydra.streams.reconnect import MAX_SILENCE_SEC
from rfhydra.streams.source import Chunk, Source, Tuning

MAX_RELAYED_EVENTS: Final = 4096
"""Track events that wait for the event loop; the oldest are dropped."""
MAX_RELAYED_WINDOWS: Final = 16
"""Windows whose detections wait for the event loop; the oldest are dropped."""
_CRASHED: Final = "internal error: see the log of the server"
_log = logging.getLogger(__name__)


class LiveStream:
    """A pipeline in a thread. Made and used on the event loop, which its thread never waits for.

    Attributes:
        stream_id: its id.
        form: how it was asked for.
        ended: set when its thread has ended.
        history: its newest samples.
    """

    def __init__(
        self,
        stream_id: str,
        source: Source,
        detector: HydraDetector,
        *,
        form: StreamSource,
        turns: Turns,
        heads: Sequence[str] | None,
        outputs: Outputs,
        waterfalls: Waterfalls,
        first_track_id: int,
        history_bytes: int,
        on_tracks: Callable[[str, list[TrackEvent], int], None],
        on_detections: Callable[[list[Detections]], None],
        on_end: Callable[["LiveStream"], None],
    ) -> None:
        """``outputs`` are closed at the end; what begins with ``on_`` is called on the event loop."""
        self.stream_id, self.form, self.heads = stream_id, form, heads
        self._events: Relay[TrackEvent] = Relay(
            lambda events, dropped: on_tracks(stream_id, events, dropped), MAX_RELAYED_EVENTS
        )
        self._windows: Relay[Detections] = Relay(lambda found, _: on_detections(found), MAX_RELAYED_WINDOWS)
        self.ended = asyncio.Event()
        self._end: Relay[None] = Relay(lambda *_: self._finish(on_end), 1)
        self._crashed = False
        self._outputs = outputs
        outputs.add(_RelayOutput(self._events))
        self.history = StreamHistory(history_bytes)
        self._waterfalls = waterfalls
        self._pipeline = LivePipeline(
            source,
            detector,
            stream_id=stream_id,
            outputs=outputs.outputs,
            on_window=self._on_window,
            on_chunk=self._on_chunk,
            heads=heads,
            turns=turns,
            first_track_id=first_track_id,
            max_silence_sec=None if isinstance(form, PushedSource) else MAX_SILENCE_SEC,
        )
        self._thread = threading.Thread(target=self._run, name=f"rfhydra-stream-{stream_id}", daemon=True)

    def start(self) -> None:
        """Begin. Once only."""
        self._thread.start()

    async def stop(self, timeout_sec: float) -> bool:
        """End it after the window that it is at; returns whether it has ended in time. A source may hang for longer."""
        self._pipeline.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), timeout_sec)
        return self.ended.is_set()

    def tune(self, tuning: Tuning) -> Tuning:
        """Change the settings of the source. Not on the event loop.

        Raises:
            InvalidMessage: the source cannot change, or not to these settings.
        """
        return self._pipeline.tune(tuning)

    def status(self) -> StreamStatus:
        """State and counters, from any thread."""
        changes: dict[str, object] = {"source": self.form.name} if isinstance(self.form, NamedSource) else {}
        if self._crashed:
            changes |= {"state": "failed", "error": _CRASHED}
        return self._pipeline.status().model_copy(update=changes)

    def _on_chunk(self, chunk: Chunk) -> None:
        self.history.add(chunk)
        self._waterfalls.take(self.stream_id, chunk)

    def _on_window(self, window: LiveWindow) -> None:
        self._outputs.on_window(window)
        self._windows.put(stream_message(self.stream_id, window))

    def _finish(self, on_end: Callable[["LiveStream"], None]) -> None:
        self.ended.set()
        on_end(self)

    def _run(self) -> None:
        try:
            with self._outputs:
                self._pipeline.run()
        except RfhydraError as error:
            _log.warning("stream %s has ended: %s", self.stream_id, error)
        except Exception:
            self._crashed = True
            _log.exception("stream %s failed", self.stream_id)
        self.history.close()
        self._end.put(None)


class _RelayOutput:
    """Output to the event loop."""

    def __init__(self, relay: Relay[TrackEvent]) -> None:
        self._relay = relay

    def write(self, event: TrackEvent) -> None:
        self._relay.put(event)

    def close(self) -> None:
        """Nothing is queued here."""
