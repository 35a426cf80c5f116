"""DetectionLog: the output that stores tracks in the workspace, off the pipeline's thread."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from rfhydra.config import LOG_MAX_AGE_SEC, LOG_MAX_TRACKS
from rfhydra.errors import Busy, StorageFull
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.live.work_queue import MAX_QUEUED
from rfhydra.protocol.streams import TrackEvent
from rfhydra.store.detections import DetectionStore

PRUNE_EVERY: Final = 1000
"""Events between two prunings."""
_BATCH: Final = 500
_FIRST_RETRY_SEC: Final = 0.5
_LAST_RETRY_SEC: Final = 30.0
_log = logging.getLogger(__name__)


class DetectionLog(QueuedOutput):
    """Stores the latest state of each track, several in one transaction; prunes the log at start and now and then.

    What :meth:`flush` has waited for is on disk. While the disk is full, events wait in the queue. A track whose end
    was dropped is closed as interrupted when the log is closed.
    """

    def __init__(
        self,
        store: DetectionStore,
        max_age_sec: float = LOG_MAX_AGE_SEC,
        max_tracks: int = LOG_MAX_TRACKS,
        max_queued: int = MAX_QUEUED,
    ) -> None:
        """The log in ``store``; at most ``max_tracks``, none older than ``max_age_sec``."""
        self._store, self._max_age_sec, self._max_tracks = store, max_age_sec, max_tracks
        self._stream_ids = set[str]()
        self._unpruned = PRUNE_EVERY
        super().__init__("detection log", max_queued=max_queued, batch=_BATCH)

    def deliver(self, events: Sequence[TrackEvent]) -> None:
        latest = {(event.stream_id, event.track_id): event for event in events}
        retry_sec = _FIRST_RETRY_SEC
        while not self._stored([*latest.values()]):
            if not self.pause(retry_sec):
                raise StorageFull("the disk is full: tracks were not logged")
            retry_sec = min(2 * retry_sec, _LAST_RETRY_SEC)
        self._stream_ids.update(event.stream_id for event in events)
        self._unpruned += len(events)
        if self._unpruned >= PRUNE_EVERY:
            with suppress(StorageFull, Busy):  # the tracks are stored; the next pruning may succeed
                self._store.prune(self._max_age_sec, self._max_tracks)
            self._unpruned = 0

    def finish(self) -> None:
        try:
            for stream_id in self._stream_ids:
                self._store.interrupt(stream_id)
        except (StorageFull, Busy) as error:  # the next owner of the workspace closes them
            _log.warning("tracks that did not end were left open in the log: %s", error)

    def _stored(self, events: list[TrackEvent]) -> bool:
        try:
            self._store.record(events)
        except (StorageFull, Busy) as error:
            _log.warning("tracks cannot be logged now: %s", error)
            return False
        return True


def first_track_id(store: DetectionStore, stream_id: str, *, is_resumed: bool = False) -> int:
    """A number above those of all tracks of earlier runs of a stream, so that no two of them have the same.

    Events that an earlier run had told of, but that were queued for the log when it was killed, are allowed for.

    Args:
        store: the log of those runs.
        stream_id: of the stream.
        is_resumed: whether there was such a run even if no track of it is in the log.
    """
    last = store.last_track_id(stream_id)
    return last + MAX_QUEUED + 1 if last or is_resumed else 1
