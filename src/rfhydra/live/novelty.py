"""Novelty: clusters of the emissions of streams that no head detects, stored in the workspace."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from rfhydra.detection.gate import EnergyGate
from rfhydra.errors import Busy, StorageFull
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.live.clusters import Clusters
from rfhydra.live.unclaimed import Emission, Unclaimed
from rfhydra.live.window import LiveWindow
from rfhydra.live.work_queue import WorkQueue
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.columns import utc_text
from rfhydra.store.unknowns import Exemplar, UnknownStore

SAVE_EVERY_SEC: Final = 2.0
_MAX_QUEUED: Final = 8
_MAX_UNSAVED: Final = 50
"""Exemplars in memory."""
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Stream:
    """What is kept of one stream."""

    stream_id: str
    unclaimed: Unclaimed = field(default_factory=Unclaimed)
    gate: EnergyGate | None = None

    def gate_of(self, spec: SpectrogramSpec) -> EnergyGate:
        if self.gate is None or self.gate.spec != spec:
            self.gate = EnergyGate(spec)
        return self.gate


class Novelty(WorkQueue[tuple[_Stream, LiveWindow]]):
    """Finds and clusters the emissions of any number of streams, in a thread of its own; of more than a few windows
    that wait the oldest is left out.

    The clusters of the workspace are continued. What was found is stored every two seconds and at the end.
    """

    def __init__(self, store: UnknownStore, backbone: Callable[[], Backbone]) -> None:
        """``backbone`` returns the one that detects now; each has clusters of its own."""
        self._store, self._detecting = store, backbone
        self._begin(backbone())
        self._unsaved: list[tuple[int, Exemplar]] = []
        self._saved_at = time.monotonic()
        super().__init__("novelty", max_queued=_MAX_QUEUED, idle_sec=SAVE_EVERY_SEC)

    def of_stream(self, stream_id: str) -> Callable[[LiveWindow], None]:
        """What queues the windows of a stream that begins, each after its detection."""
        stream = _Stream(stream_id)

        def on_window(live: LiveWindow) -> None:
            if live.detections.seen is not None or not live.detections.versions:
                self.put((stream, live))

        return on_window

    def deliver(self, items: Sequence[tuple[_Stream, LiveWindow]], /) -> None:
        for stream, live in items:
            self._look(stream, live)
        if time.monotonic() >= self._saved_at + SAVE_EVERY_SEC:
            self._save()

    def idle(self) -> None:
        self._save()

    def finish(self) -> None:
        self._save()

    def _begin(self, backbone: Backbone) -> None:
        """Continue the clusters of a backbone."""
        self._backbone = backbone
        self._clusters = Clusters(backbone.backbone_id, self._store.clusters(backbone.backbone_id))
        self._dirty = set[int]()

    def _look(self, stream: _Stream, live: LiveWindow) -> None:
        backbone = self._detecting()
        if backbone.backbone_id != self._backbone.backbone_id:
            self._save()
            self._unsaved.clear()  # on a full disk
            self._begin(backbone)
        seen = live.detections.seen
        if seen is None:
            seen = self._see(stream, live.window)
        elif live.detections.backbone_id != backbone.backbone_id:
            return  # seen before the backbone was changed
        if seen is not None:
            self._assign(stream, live, seen)

    def _see(self, stream: _Stream, window: Window) -> Seen | None:
        """What the backbone makes of a window that no head has looked at; None if there is no energy in it."""
        regions = stream.gate_of(window.frame.spec).regions(window.image, window.floor_db)
        return self._backbone.see(window.image) if regions is None or regions else None

    def _assign(self, stream: _Stream, live: LiveWindow, seen: Seen) -> None:
        detected = [each.box.shifted(live.window.start_sec) for each in live.detections.detections]
        claimed = [*detected, *(track.detection.box for track in live.tracks.values())]
        members: dict[int, list[Emission]] = defaultdict(list)
        for emission in stream.unclaimed.find(live.window, seen, claimed):
            at = live.start_utc_sec + emission.in_window.time_start_sec
            when = datetime.fromtimestamp(at, UTC)
            key = self._clusters.assign(emission.embedding, emission.box, when, is_new=emission.is_new)
            if key is not None:
                members[key].append(emission)
        when_text = utc_text(datetime.fromtimestamp(live.start_utc_sec, UTC))
        for key, emissions in members.items():
            if any(each.is_new for each in emissions):
                self._dirty.add(key)
                boxes: list[Box] = [live.window.frame.require_inside(each.in_window) for each in emissions]
                self._unsaved.append((key, Exemplar(live.window, boxes, stream.stream_id, when_text)))
        del self._unsaved[:-_MAX_UNSAVED]

    def _save(self) -> None:
        """Store what changed; on a full disk it is tried again with the next windows."""
        self._saved_at = time.monotonic()
        changed = {key: self._clusters[key] for key in self._dirty if key in self._clusters}
        removed = [each.cluster_id for each in self._clusters.removed if each.cluster_id is not None]
        if not changed and not removed:
            return
        try:
            ids = self._store.save(changed, removed, self._unsaved)
        except (StorageFull, Busy) as error:
            _log.warning("unknown emissions cannot be stored now: %s", error)
            return
        for key in changed:
            if key in ids:
                self._clusters.stored(key, ids[key])
            else:
                self._clusters.forget(key)
        self._clusters.label(self._store.labels())
        self._dirty.clear()
        self._clusters.removed.clear()
        self._unsaved.clear()
