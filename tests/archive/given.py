"""Archives of small recordings, and plans for a body that is quick."""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from rfhydra.archive.manifest import Entry
from rfhydra.archive.part import scan_recording
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.scan import ArchiveFiles, ScanReport, scan
from rfhydra.archive.source import SourceFile, find_sources
from rfhydra.hydra.backbone_file import backbone_id_in
from rfhydra.recordings import write_recording
from rfhydra.recordings.known import KnownFields
from rfhydra.store.workspace import Workspace
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SMALL_SPEC, heard, scene

SAMPLES: Final = SMALL_SPEC.window_samples
THRESHOLD: Final = 0.05
"""Low enough for the head of the stocked workspace, which was trained on noise, to find something."""
OBJECTNESS: Final = 0.9


def record(stem: Path, seed: int, windows: int = 1) -> Path:
    """A recording of a few windows; its metadata."""
    iq = heard(scene(seed, samples=5 * SAMPLES), seed)[: windows * SAMPLES]
    return write_recording(stem, np.ascontiguousarray(iq), RATE_HZ, CENTER_HZ, datatype="ci8")


def plan_of(site: Path, body: Path, **options: Any) -> ScanPlan:
    """The plan of a scan with the head of ``site``, which finds something in most recordings."""
    options = {"threshold": THRESHOLD, "min_objectness": OBJECTNESS, **options}
    with Workspace.view(site) as workspace:
        return ScanPlan.of(workspace, [SIGNAL], backbone_id_in(body), body, **options)


class Here:
    """Scans in this process, one recording after the other.

    Attributes:
        scanned: the names of the recordings that it was given.
    """

    def __init__(self) -> None:
        self.scanned: list[str] = []

    def run(
        self, plan: ScanPlan, sources: Sequence[SourceFile], parts: Path, progress: Callable[[str, float], None]
    ) -> Generator[Entry, None, None]:
        for source in sources:
            self.scanned.append(Path(source.path).stem)
            yield scan_recording(plan, source, parts, partial(progress, source.path))


def scan_here(plan: ScanPlan, folder: Path, out: Path, engine: Here | None = None) -> ScanReport:
    """Scan everything in ``folder``."""
    return scan(plan, *find_sources([folder], KnownFields()), ArchiveFiles.at(out), engine or Here())


def rows(path: Path) -> list[dict[str, Any]]:
    """All rows of a Parquet file."""
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def rows_by_name(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a Parquet file by name of the recording, without its path."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows(path):
        by_name.setdefault(Path(row.pop("recording")).stem, []).append(row)
    return by_name
