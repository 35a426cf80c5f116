"""Every kind of change of a workspace, as what is prepared and one commit, and workspaces to make it in."""

import json
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.live import NamedSource
from rfhydra.protocol.missions import MissionHead
from rfhydra.protocol.types import TrainingRequest
from rfhydra.recordings import open_recording, write_recording
from rfhydra.recordings.recording import Annotation
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window
from rfhydra.store.sample import Sample
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.unknowns import Exemplar, UnknownCluster
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.fitted import Fitted, store
from rfhydra.training.service import TrainingService
from tests.live.tracks import event
from tests.training.given import CENTER_HZ, OTHER, RATE_HZ, SIGNAL, SMALL_SPEC, add_noise, frame

STOCKED: Final = "stocked"
_FITTED: Final = "fitted"
_RECORDING: Final = "recording"
_BOX: Final = Box(0, 20 * SMALL_SPEC.hop / RATE_HZ, CENTER_HZ, CENTER_HZ + RATE_HZ / 8)
_SEEN: Final = "2026-11-01T12:00:00.000000Z"
_UNKNOWN: Final = UnknownCluster(
    cluster_id=None,
    backbone_id="r18",
    centroid=np.ones(64, np.float32),
    emissions=1,
    first_seen=_SEEN,
    last_seen=_SEEN,
    center_freq_hz=CENTER_HZ,
    duration_sec=0.032,
    bandwidth_hz=50e3,
)
_OLD_VERSION: Final = 4  # of the database, before samples shared their labels


def _copy(stocked: Path, site: Path) -> None:
    shutil.copytree(stocked, site)


@dataclass(frozen=True)
class Change:
    """A commit and what goes before it.

    ``prepare`` takes the path of the workspace and the directory of :func:`make_inputs`; ``commit`` takes what it
    returns, and has returned when the change is acknowledged. ``base`` makes the workspace, from a stocked one.
    ``is_visible``: the commit changes rows, not only files.
    """

    prepare: Callable[[Path, Path], Any]
    commit: Callable[[Any], object]
    base: Callable[[Path, Path], None] = _copy
    is_visible: bool = True


def _opened(site: Path, inputs: Path) -> Workspace:
    return Workspace.open(site)


def _window(seed: int) -> Window:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 255, (SMALL_SPEC.rows, SMALL_SPEC.cols), dtype=np.uint8)
    iq = rng.standard_normal((SMALL_SPEC.cols * SMALL_SPEC.hop, 2), dtype=np.float32).view(np.complex64)[:, 0]
    return Window(image, frame(SMALL_SPEC.cols, SMALL_SPEC), iq=iq)


def _add(workspace: Workspace) -> None:
    workspace.samples.add(signal_name=SIGNAL, window=_window(100), boxes=[_BOX], metadata={"note": "x" * 20_000})


def _update(workspace: Workspace) -> None:
    workspace.samples.update(workspace.samples.list(SIGNAL)[0].sample_id, boxes=[_BOX], metadata={"note": "edited"})


def _delete(workspace: Workspace) -> None:
    workspace.samples.delete(workspace.samples.list(SIGNAL)[1].sample_id)


def _import(prepared: tuple[Workspace, Any]) -> None:
    workspace, recording = prepared
    import_recordings(workspace, [recording])


def _with_recording(site: Path, inputs: Path) -> tuple[Workspace, Any]:
    return Workspace.open(site), open_recording(inputs / f"{_RECORDING}.sigmf-meta")


def _publish(prepared: tuple[Workspace, Fitted]) -> None:
    store(*prepared)


def _with_fitted(site: Path, inputs: Path) -> tuple[Workspace, Fitted]:
    return Workspace.open(site), pickle.loads((inputs / _FITTED).read_bytes())


def _complete(prepared: tuple[Workspace, Fitted]) -> None:
    """As the server does at the end of a training."""
    workspace, fitted = prepared
    with workspace.db.transaction():
        workspace.jobs.complete(workspace.jobs.unfinished()[0].job_id, store(workspace, fitted))


def _queue(workspace: Workspace) -> None:
    workspace.jobs.add(TrainingRequest(signal_name=OTHER), request_id="request", max_queued=1)


def _promote(workspace: Workspace) -> None:
    workspace.versions.activate(SIGNAL, 3, "better on the roof")


def _roll_back(workspace: Workspace) -> None:
    workspace.versions.rollback(SIGNAL)


def _retire(workspace: Workspace) -> None:
    workspace.versions.retire(SIGNAL, keep=1)


def _load(workspace: Workspace) -> None:
    workspace.loaded.load({SIGNAL: 2})


def _set_threshold(workspace: Workspace) -> None:
    workspace.loaded.set_threshold(SIGNAL, 0.75)


def _loaded(stocked: Path, site: Path) -> None:
    """A workspace with a loaded head."""
    _copy(stocked, site)
    with Workspace.open(site) as workspace:
        _load(workspace)


def _save_mission(workspace: Workspace) -> None:
    workspace.missions.save("night", [MissionHead(signal_name=SIGNAL, threshold=0.6)], Limits())


def _load_mission(workspace: Workspace) -> None:
    """As the server does: what is loaded, and its thresholds, are replaced."""
    workspace.loaded.replace({SIGNAL: 3}, {SIGNAL: 0.6})


def _take_notes(workspace: Workspace) -> None:
    workspace.versions.set_notes(SIGNAL, 2, "from the roof")


def _evaluate(workspace: Workspace) -> None:
    """As the server does for a version of an older rfhydra."""
    known = workspace.results.get(SIGNAL, 1)
    assert known is not None
    workspace.results.put(SIGNAL, 2, known.samples[:1])


def _stream(workspace: Workspace) -> None:
    workspace.streams.add("roof", NamedSource(name="roof"), [SIGNAL])


def _log(workspace: Workspace) -> None:
    """As the log of a live stream does: a track that ended, and one that is open."""
    workspace.detections.record([event("end", 1), event("begin", 2, 3.0)])


def _cluster(workspace: Workspace) -> None:
    workspace.unknowns.save({0: _UNKNOWN}, exemplars=[(0, Exemplar(_window(300), [_BOX], "1", _SEEN))])


def _label_cluster(workspace: Workspace) -> None:
    workspace.unknowns.label(1, SIGNAL)


def _relabel(workspace: Workspace) -> None:
    workspace.samples.relabel(workspace.samples.list(SIGNAL)[0].sample_id, OTHER)


def _rename(workspace: Workspace) -> None:
    workspace.signals.rename(SIGNAL, "renamed")


def _delete_signal(workspace: Workspace) -> None:
    workspace.signals.delete(SIGNAL)


def _empty_trash(workspace: Workspace) -> None:
    workspace.signals.empty_trash()


def _trashed(stocked: Path, site: Path) -> None:
    _copy(stocked, site)
    with Workspace.open(site) as workspace:
        workspace.signals.delete(SIGNAL)


def _clustered(stocked: Path, site: Path) -> None:
    """A workspace with a cluster of unknown emissions."""
    shutil.copytree(stocked, site)
    with Workspace.open(site) as workspace:
        exemplars = [(0, Exemplar(_window(300 + seed), [_BOX], "1", _SEEN)) for seed in range(2)]
        workspace.unknowns.save({0: _UNKNOWN}, exemplars=exemplars)


def _path(site: Path, inputs: Path) -> Path:
    return site


def _with_a_change(site: Path, inputs: Path) -> Workspace:
    workspace = Workspace.open(site)
    _add(workspace)
    return workspace


def _create(site: Path) -> Workspace:
    return Workspace.create(site, SMALL_SPEC)


def _nothing(stocked: Path, site: Path) -> None:
    """No workspace, nor the directories above it."""


def _killed(stocked: Path, site: Path) -> None:
    """A workspace whose owner was killed: its changes are in the log of the database."""
    elsewhere = site.with_name("elsewhere")
    shutil.copytree(stocked, elsewhere)
    with Workspace.open(elsewhere) as workspace:
        _add(workspace)
        (elsewhere / "blobs" / "tmp" / "half written").write_bytes(b"half")
        shutil.copytree(elsewhere, site)
    shutil.rmtree(elsewhere)


def _training(stocked: Path, site: Path) -> None:
    """A workspace with a training that is running."""
    shutil.copytree(stocked, site)
    with Workspace.open(site) as workspace:
        _queue(workspace)
        workspace.jobs.start_next()


def _old(stocked: Path, site: Path) -> None:
    """A workspace as an older rfhydra made it, with samples."""
    with Workspace.create(site, SMALL_SPEC) as workspace:
        add_noise(workspace, range(200, 206), SIGNAL)
        samples = workspace.samples.list(SIGNAL)
    (site / "rfhydra.db").unlink()
    with closing(sqlite3.connect(site / "rfhydra.db")) as old:
        old.executescript("".join(MIGRATIONS[:_OLD_VERSION]) + f"PRAGMA user_version = {_OLD_VERSION}")
        old.executemany(f"INSERT INTO samples VALUES ({', '.join('?' * 15)})", map(_old_row, samples))
        old.commit()


def _old_row(sample: Sample) -> tuple[Any, ...]:
    boxes, negatives = json.dumps([box.as_tuple() for box in sample.boxes]), "[]"
    columns = (sample.sample_id, sample.signal_name, sample.spec_id, sample.image_digest, sample.iq_digest, sample.cols)
    place = (sample.sample_rate_hz, sample.center_freq_hz)
    return (None, *columns, *place, boxes, negatives, None, None, "{}", sample.created_at)


CHANGES: Final = {
    "add": Change(_opened, _add),
    "update": Change(_opened, _update),
    "delete": Change(_opened, _delete),
    "import": Change(_with_recording, _import),
    "publish": Change(_with_fitted, _publish),
    "complete": Change(_with_fitted, _complete, _training),
    "queue": Change(_opened, _queue),
    "promote": Change(_opened, _promote),
    "roll back": Change(_opened, _roll_back),
    "retire": Change(_opened, _retire),
    "load": Change(_opened, _load),
    "threshold": Change(_opened, _set_threshold, _loaded),
    "save a mission": Change(_opened, _save_mission),
    "load a mission": Change(_opened, _load_mission, _loaded),
    "notes": Change(_opened, _take_notes),
    "evaluate": Change(_opened, _evaluate),
    "stream": Change(_opened, _stream),
    "log": Change(_opened, _log),
    "cluster": Change(_opened, _cluster),
    "label a cluster": Change(_opened, _label_cluster, _clustered),
    "relabel": Change(_opened, _relabel),
    "rename": Change(_opened, _rename),
    "delete a signal": Change(_opened, _delete_signal),
    "empty the trash": Change(_opened, _empty_trash, _trashed),
    "collect": Change(_opened, Workspace.collect_garbage, is_visible=False),
    "close": Change(_with_a_change, Workspace.close, is_visible=False),
    "open": Change(_path, Workspace.open, _killed, is_visible=False),
    "migrate": Change(_path, Workspace.open, _old, is_visible=False),
    "create": Change(_path, _create, _nothing),
}


def make_inputs(shared_site: Path, body: Path, inputs: Path) -> Path:
    """``inputs`` with a recording to import, a trained head to publish, and :data:`STOCKED`, a workspace."""
    _record(inputs / _RECORDING)
    stocked = inputs / STOCKED
    shutil.copytree(shared_site, stocked)
    with Workspace.open(stocked) as workspace:
        fitted = TrainingService(workspace, load_backbone(body)).fit(TrainingRequest(signal_name=OTHER, epochs=2))
        metrics = {**fitted.metrics, "f1_score": 0.9}  # on noise it finds nothing, and would not be promoted
        (inputs / _FITTED).write_bytes(pickle.dumps(replace(fitted, metrics=metrics)))
        workspace.versions.activate(SIGNAL, 2)
        for sample in add_noise(workspace, (300, 301)):  # garbage
            workspace.samples.delete(sample.sample_id)
    shutil.rmtree(stocked / "cache", ignore_errors=True)
    return inputs


def _record(stem: Path) -> None:
    samples = SMALL_SPEC.window_samples
    iq = np.random.default_rng(7).standard_normal((2 * samples, 2), dtype=np.float32).view(np.complex64)[:, 0]
    note = partial(Annotation, freq_low_hz=CENTER_HZ, freq_high_hz=CENTER_HZ + RATE_HZ / 8, sample_count=samples // 2)
    annotations = [note(sample_start=start, label="gate") for start in (0, samples)]
    annotations.append(note(sample_start=0, label="bell"))
    write_recording(stem, iq, RATE_HZ, CENTER_HZ, annotations)
