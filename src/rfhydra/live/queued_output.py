"""QueuedOutput: an output that delivers in threads of its own, from a bounded queue."""

from rfhydra.live.work_queue import WorkQueue
from rfhydra.protocol.streams import TrackEvent


class QueuedOutput(WorkQueue[TrackEvent]):
    """Base of outputs that may have to wait: an :class:`.output.Output` with a queue of events."""

    def write(self, event: TrackEvent) -> None:
        """Queue one event. What is written after :meth:`close` is dropped."""
        self.put(event)
