"""ArchiveSet: the archives of a server, which are folders of recordings, and what their scans have found.

The results are in the workspace. A client names recordings by their path below the folder, of those that were scanned.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rfhydra.archive.engine_local import LocalEngine, usable_cores
from rfhydra.archive.example import Example
from rfhydra.archive.manifest import Finished
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.result import ArchiveResult
from rfhydra.archive.scan import ArchiveFiles, ScanProgress, scan
from rfhydra.archive.search import SimilarEmission as Found
from rfhydra.archive.search import find_similar
from rfhydra.archive.source import find_sources
from rfhydra.archive.timeline import Timeline, read_hits, select_hits
from rfhydra.errors import Conflict, InvalidMessage, InvalidRecording, NotFound
from rfhydra.files import make_directory, os_errors_named
from rfhydra.hydra.backbone import Backbone
from rfhydra.protocol.archives import (
    ArchiveHit,
    ArchiveInfo,
    ArchiveTimeline,
    CopyArchived,
    FindSimilar,
    GetArchiveHits,
    ScanResult,
    SimilarEmission,
    TimelineRow,
)
from rfhydra.protocol.limits import Limits
from rfhydra.recordings import Recording, open_recording
from rfhydra.server.executor import Stop
from rfhydra.spectrum.boxes import Box
from rfhydra.store.columns import utc_text, utc_text_at
from rfhydra.store.workspace import Workspace
from rfhydra.streams.source import Chunk, Tuning

_FOLDER: Final = "archives"
_HITS: Final = "hits.parquet"
_FAILURES_TOLD: Final = 20
_NICENESS: Final = 10
"""Of the processes of a scan: live streams and trainings go first."""
_SAMPLE_BYTES: Final = 8


@dataclass(frozen=True)
class _Scanned:
    """A result, by the change time of its file, and its recordings by their path below the folder."""

    changed_ns: int
    result: ArchiveResult
    recordings: dict[str, Finished]


class ArchiveSet:
    """The archives of a server. Its methods read files, and are called in an executor."""

    def __init__(self, workspace: Workspace, folders: Mapping[str, Path], limits: Limits) -> None:
        """
        Args:
            workspace: where the results are.
            folders: of the recordings, by name of the archive.
            limits: of the server.

        Raises:
            NotFound: there is no such folder.
        """
        for name, folder in folders.items():
            if not folder.is_dir():
                raise NotFound(f"the folder of archive {name} does not exist: {folder}")
        self._workspace, self._limits = workspace, limits
        self._folders = {name: folder.absolute() for name, folder in sorted(folders.items())}
        self._read: dict[str, _Scanned] = {}

    def infos(self, backbone_id: str) -> list[ArchiveInfo]:
        """All archives with the results of their scans, by name; ``backbone_id`` is that of the server."""
        return [ArchiveInfo(archive=name, result=self.told(name, backbone_id)) for name in self._folders]

    def told(self, archive: str, backbone_id: str) -> ScanResult | None:
        """The result of the scans of an archive; None where there is none that can be read."""
        try:
            result = self._scanned(archive).result
        except (NotFound, InvalidMessage):
            return None
        here = self._workspace.spec.spec_id, backbone_id
        failures = result.failures[:_FAILURES_TOLD]
        return ScanResult(
            scanned_at=utc_text_at(result.finished_utc_sec) or "",
            recordings=len(result.recordings),
            duration_sec=sum(each.duration_sec for each in result.recordings),
            failed=len(result.failures),
            failures=[f"{self._shown(archive, each.path)}: {each.message}" for each in failures],
            versions=result.scan.versions,
            hits=result.hits,
            emissions=sum(each.emissions for each in result.recordings),
            is_searchable=(result.scan.spec_id, result.scan.backbone_id) == here,
        )

    def plan(self, signal_names: list[str], backbone_id: str, backbone_file: Path | None) -> ScanPlan:
        """The scan for the active heads of signals; ``backbone_file`` None is the one that ships.

        Raises:
            NotFound: a signal has no active head.
        """
        return ScanPlan.of(self._workspace, signal_names, backbone_id, backbone_file and backbone_file.absolute())

    def scan(
        self,
        archive: str,
        plan: ScanPlan,
        *,
        restart: bool,
        stop: Stop,
        progress: Callable[[ScanProgress, int], None],
    ) -> None:
        """Scan what is new or has changed in an archive.

        Args:
            archive: its name.
            plan: what is run on every recording.
            restart: whether to forget former results.
            stop: ends the scan.
            progress: called now and then, also with the number of files that cannot be opened.

        Raises:
            Conflict: it was scanned with another plan, and not ``restart``.
            Cancelled: ``stop`` was set.
            NotFound, InvalidRecording: there is no recording in the folder, or none that can be read.
            RfhydraError: as :func:`rfhydra.archive.scan.scan`.
        """
        files = self._files(archive)
        with os_errors_named():
            make_directory(files.hits.parent.parent, private=True)
            make_directory(files.hits.parent, private=True)
            if restart:
                _remove(files)
        try:
            sources, failures = find_sources([self._folders[archive]], plan.known, stop.check)
        except NotFound:
            raise NotFound(f"there is no recording in the folder of archive {archive!r}") from None

        def on_progress(now: ScanProgress) -> None:
            stop.check()
            progress(now, len(failures))

        engine = LocalEngine(max(1, usable_cores() - 1), niceness=_NICENESS)
        try:
            scan(plan, sources, failures, files, engine, on_progress)
        except Conflict:
            raise Conflict(
                f"archive {archive!r} was scanned with other heads, another contract or another backbone, and results"
                " are not mixed: scan everything again, with restart"
            ) from None

    def timeline(self, archive: str, columns: int) -> ArchiveTimeline:
        """The hits of an archive along one time axis.

        Raises:
            NotFound: there is no such archive, or it was not scanned yet.
        """
        result = self._scanned(archive).result
        axis = Timeline.of(result.recordings)
        found = axis.histogram(self._files(archive).hits, columns)
        return ArchiveTimeline(
            archive=archive,
            start_time=utc_text_at(axis.start_utc_sec),
            duration_sec=axis.duration_sec,
            recorded_sec=axis.recorded_sec(columns).tolist(),
            rows=[
                TimelineRow(signal_name=name, hits=found[name].tolist() if name in found else [0] * columns)
                for name in result.hits
            ],
        )

    def hits(self, command: GetArchiveHits, first: int, count: int) -> tuple[list[ArchiveHit], int]:
        """Hits ``first`` to ``first + count`` of those that ``command`` asks for, and the number of all of them.

        Raises:
            NotFound: there is no such archive, or it was not scanned yet.
        """
        axis, path = Timeline.of(self._scanned(command.archive).result.recordings), self._files(command.archive).hits
        rows, positions = select_hits(
            axis, path, signal_name=command.signal_name, from_sec=command.from_sec, to_sec=command.to_sec
        )
        hits = [
            ArchiveHit(
                recording=self._shown(command.archive, each.recording),
                start_time=None if each.start_utc is None else utc_text(each.start_utc),
                signal_name=each.signal_name,
                version=each.version,
                score=each.score,
                position_sec=each.position_sec,
                **vars(each.box),
            )
            for each in read_hits(path, rows[first : first + count], positions)
        ]
        return hits, len(rows)

    def similar(
        self, command: FindSimilar, held: Recording | None, backbone: Backbone, stop: Stop
    ) -> list[SimilarEmission]:
        """The emissions of an archive that are most similar to a box in ``held``, or in a recording of the archive.

        Raises:
            NotFound: there is no such archive or recording, or it was not scanned yet.
            Incompatible: it was scanned with another contract or backbone.
            InvalidBox: the box is outside the recording.
        """
        recording = held if command.recording is None else self.open(command.archive, command.recording)
        assert recording is not None
        example = Example.of(recording, Box(**dict(command.box)), self._workspace.spec, backbone)
        stop.check()
        found = find_similar(
            self._files(command.archive).emissions,
            example,
            command.limit,
            spec_id=self._workspace.spec.spec_id,
            backbone_id=backbone.backbone_id,
        )
        return [self._similar(command.archive, each) for each in found]

    def open(self, archive: str, recording: str) -> Recording:
        """A recording that was scanned, by its path below the folder.

        Raises:
            NotFound: there is none.
            InvalidRecording: it has changed since, or cannot be read.
        """
        entry = self._scanned(archive).recordings.get(recording)
        if entry is None:
            raise NotFound(f"archive {archive!r} has no recording {recording[:200]!r}: scan it first")
        opened = open_recording(Path(entry.path))
        if opened.duration_sec != entry.duration_sec:
            raise InvalidRecording(f"{recording} has changed since it was scanned: scan again")
        return replace(opened, stated_sha512=entry.recording_id)  # which would be computed from the whole file

    def stretch(self, command: CopyArchived) -> Chunk:
        """Samples of a recording, of the tuning in which the middle of the stretch lies.

        Raises:
            NotFound: there is no such recording, or no sample in the stretch.
            TooLarge: they take more than ``max_excerpt_bytes``.
        """
        recording = self.open(command.archive, command.recording)
        rate_hz = recording.sample_rate_hz
        first = round(command.time_start_sec * rate_hz)
        last = min(recording.sample_count, round(command.time_end_sec * rate_hz))
        for begin, end, capture in recording.segments():
            if begin <= (first + last) // 2 < end:
                first, last = max(first, begin), min(last, end)
                self._limits.require("bytes of the stretch", (last - first) * _SAMPLE_BYTES, "max_excerpt_bytes")
                start_utc_sec = capture.start_utc_sec
                if start_utc_sec is not None:
                    start_utc_sec += (first - capture.sample_start) / rate_hz
                iq = recording.read(first, last - first)
                return Chunk(iq, first, Tuning(rate_hz, capture.center_freq_hz), start_utc_sec)
        raise NotFound(
            f"{command.recording} has no samples from {command.time_start_sec:g} s to {command.time_end_sec:g} s"
        )

    def require(self, archive: str) -> None:
        """
        Raises:
            NotFound: there is no such archive.
        """
        if archive not in self._folders:
            raise NotFound(f"there is no archive {archive!r}: `rfhydra serve --archive NAME=FOLDER` makes one")

    def _similar(self, archive: str, found: Found) -> SimilarEmission:
        return SimilarEmission(
            recording=self._shown(archive, found.recording),
            start_time=None if found.start_utc is None else utc_text(found.start_utc),
            similarity=found.similarity,
            signal_name=found.signal,
            score=found.score,
            **vars(found.box),
        )

    def _files(self, archive: str) -> ArchiveFiles:
        self.require(archive)
        return ArchiveFiles.at(self._workspace.path / _FOLDER / archive / _HITS)

    def _scanned(self, archive: str) -> _Scanned:
        path = self._files(archive).hits
        try:
            changed_ns = path.stat().st_mtime_ns
        except FileNotFoundError:
            raise NotFound(f"archive {archive!r} was not scanned yet: scan it first") from None
        read = self._read.get(archive)
        if read is None or read.changed_ns != changed_ns:
            result = ArchiveResult.read(path)
            recordings = {self._shown(archive, each.path): each for each in result.recordings}
            self._read[archive] = read = _Scanned(changed_ns, result, recordings)
        return read

    def _shown(self, archive: str, path: str) -> str:
        """The path of a recording below the folder; of one that was scanned in another folder, the whole path."""
        inner = Path(path)
        folder = self._folders[archive]
        return (inner.relative_to(folder) if inner.is_relative_to(folder) else inner).as_posix()


def _remove(files: ArchiveFiles) -> None:
    for path in (files.hits, files.emissions):
        path.unlink(missing_ok=True)
    if files.scan.is_dir():
        shutil.rmtree(files.scan)
