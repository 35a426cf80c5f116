"""Scan: the recordings of an archive through an engine, its manifest, and the result."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from rfhydra.archive.engine import Engine
from rfhydra.archive.manifest import Entry, Finished, Manifest
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.result import with_recordings
from rfhydra.archive.source import Failure, SourceFile
from rfhydra.archive.tables import HITS, copy_rows, with_metadata, writing_table
from rfhydra.errors import InvalidMessage, InvalidRecording
from rfhydra.files import os_errors_named

SUFFIX: Final = ".parquet"


@dataclass(frozen=True)
class ArchiveFiles:
    """The files of an archive: the hits, the emissions beside them, and the folder of manifest and parts."""

    hits: Path

    @classmethod
    def at(cls, out: Path) -> "ArchiveFiles":
        """
        Raises:
            InvalidMessage: ``out`` does not end in ``.parquet``, or is a directory.
        """
        if out.suffix != SUFFIX or out.is_dir():
            raise InvalidMessage(f"{out.name} must be a file that ends in {SUFFIX}")
        return cls(out)

    @property
    def emissions(self) -> Path:
        return self.hits.with_suffix(f".emissions{SUFFIX}")

    @property
    def scan(self) -> Path:
        return self.hits.with_suffix(".scan")


@dataclass(frozen=True)
class ScanReport:
    """What a scan did, and what its result holds.

    Attributes:
        scanned: recordings that were scanned now.
        recordings: recordings in the result, those of earlier runs included, sorted by path.
        failures: the recordings of this run that could not be scanned.
        hits: hits in the result, by signal.
        emissions: emissions in the result.
    """

    scanned: int
    recordings: list[Finished]
    failures: list[Failure]
    hits: dict[str, int]
    emissions: int


@dataclass
class ScanProgress:
    """How far a scan is: seconds of recording and recordings, of those that were not scanned before."""

    seconds_total: float
    recordings_total: int
    seconds_done: float = 0.0
    recordings_done: int = 0
    failed: int = 0


def scan(
    plan: ScanPlan,
    sources: Sequence[SourceFile],
    failures: Sequence[Failure],
    files: ArchiveFiles,
    engine: Engine,
    progress: Callable[[ScanProgress], None] = lambda progress: None,
) -> ScanReport:
    """Scan those of ``sources`` that are not in the archive yet, and write the result, earlier recordings included.

    May be interrupted or killed at any time, and continued by the same call.

    Args:
        plan: what is run on every recording.
        sources: found by :func:`rfhydra.archive.source.find_sources`.
        failures: what could not be opened then.
        files: where the archive is.
        engine: what runs the plan.
        progress: called now and then.

    Raises:
        Conflict: the archive is of a scan with another plan.
        Busy: another scan writes to the archive, or no file descriptor is free.
        InvalidRecording: nothing could be scanned.
        Damaged: the manifest cannot be read.
        Incompatible: the plan cannot run here.
        StorageFull: the disk is full; what is finished stays so.
    """
    with Manifest.opened(files.scan, plan.identity()) as manifest:
        manifest.remove_unfinished()
        for failure in failures:
            if manifest.entries.get(failure.path) != failure:
                manifest.add(failure)
        waiting = [source for source in sources if not manifest.is_finished(source)]
        state = _State({source.path: source.duration_sec for source in waiting}, progress)
        with closing(engine.run(plan, waiting, manifest.parts, state.advance)) as entries:
            for entry in entries:
                manifest.add(entry)
                state.end(entry)
        recordings = manifest.finished()
        if not recordings:
            first = next(each for each in manifest.entries.values() if isinstance(each, Failure))
            raise InvalidRecording(f"nothing could be scanned; {Path(first.path).name}: {first.message}")
        hits = _write_result(plan, manifest, files)
        entries_now = [
            manifest.entries[path]
            for path in sorted({each.path for each in sources} | {each.path for each in failures})
        ]
    return ScanReport(
        state.now.recordings_done - state.now.failed,
        recordings,
        [each for each in entries_now if isinstance(each, Failure)],
        hits,
        sum(each.emissions for each in recordings),
    )


class _State:
    """Progress of a scan of recordings with ``durations_sec``, by path."""

    def __init__(self, durations_sec: dict[str, float], report: Callable[[ScanProgress], None]) -> None:
        self._durations_sec, self._report = durations_sec, report
        self._done_sec: dict[str, float] = {}
        self.now = ScanProgress(sum(durations_sec.values()), len(durations_sec))
        report(self.now)

    def advance(self, path: str, seconds_done: float) -> None:
        self.now.seconds_done += seconds_done - self._done_sec.get(path, 0.0)
        self._done_sec[path] = seconds_done
        self._report(self.now)

    def end(self, entry: Entry) -> None:
        self.now.recordings_done += 1
        self.now.failed += isinstance(entry, Failure)
        self.advance(entry.path, self._durations_sec[entry.path])


def _write_result(plan: ScanPlan, manifest: Manifest, files: ArchiveFiles) -> dict[str, int]:
    """Write the tables of all finished recordings; returns the number of hits by signal."""
    parts = [manifest.files_of(entry) for entry in manifest.finished()]
    with os_errors_named():
        schema = pq.read_schema(parts[0].emissions)
        with writing_table(files.emissions, schema) as writer:
            for part in parts:
                copy_rows(part.emissions, writer)
        schema = with_recordings(with_metadata(HITS, plan), [entry for _, entry in sorted(manifest.entries.items())])
        with writing_table(files.hits, schema) as writer:
            for part in parts:
                copy_rows(part.hits, writer)
    counts = pq.read_table(files.hits, columns=["signal"]).group_by("signal").aggregate([("signal", "count")])
    found = {row["signal"]: row["signal_count"] for row in counts.to_pylist()}
    return {name: found.get(name, 0) for name in plan.versions}
