"""LivePipeline: from a live source to tracks, outputs and hooks."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.live.output import Output
from rfhydra.live.turns import Turns
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import StreamStatus
from rfhydra.streams.source import Chunk, Source

MAX_WAIT_SEC: Final = 1.0


class LivePipeline:
    """Detects in one live source until it ends or is stopped."""

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
        max_wait_sec: float = MAX_WAIT_SEC,
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
            max_wait_sec: longest time that samples wait for a window.
        """

    def run(self) -> None:
        """Detect until the end of the source or :meth:`stop`; call it once.

        Raises:
            RfhydraError: as :meth:`Source.open` raises, or what else ended it; the status has the message, too.
        """

    def stop(self) -> None:
        """End :meth:`run` after the window that it is at, from any thread, at any time."""

    def status(self) -> StreamStatus:
        """State and counters, from any thread, at any time."""
        raise NotImplementedError
