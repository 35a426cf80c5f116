"""Handlers of the commands for archives."""

from functools import partial
from typing import TYPE_CHECKING

from rfhydra.errors import NotFound
from rfhydra.protocol.archives import (
    ArchivedCopy,
    ArchivedView,
    ArchiveHit,
    ArchiveHits,
    Archives,
    ArchiveTimeline,
    CancelScan,
    CopyArchived,
    FindSimilar,
    GetArchivedView,
    GetArchiveHits,
    GetArchives,
    GetArchiveTimeline,
    ScanProgress,
    SimilarEmission,
    SimilarEmissions,
    StartScan,
)
from rfhydra.server.answers import ENVELOPE_BYTES, fitting_count
from rfhydra.server.executor import Stop
from rfhydra.server.handlers.paging import read_cursor
from rfhydra.server.handlers.recording_contents import view_fields
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service

if TYPE_CHECKING:
    from rfhydra.archive.plan import ScanPlan
    from rfhydra.server.archives import ArchiveSet
    from rfhydra.server.jobs.scans import ScanJobs


async def get_archives(service: Service, session: Session, command: GetArchives) -> Archives:
    return await service.archive_state()


async def start_scan(service: Service, session: Session, command: StartScan) -> ScanProgress:
    archives, scans = _archives(service), _scans(service)
    archives.require(command.archive)
    backbone_id = service.backbone.backbone_id

    def make_plan() -> "ScanPlan":
        names = service.versions.fitting(backbone_id) if command.signal_names is None else command.signal_names
        return archives.plan(names, backbone_id, service.jobs.process.backbone)

    plan = await service.store.run(make_plan)
    progress = scans.submit(command.archive, plan, restart=command.restart)
    session.jobs.add(progress.job_id)  # before the next await: no message may be missed
    return progress


async def cancel_scan(service: Service, session: Session, command: CancelScan) -> ScanProgress:
    return _scans(service).cancel()


async def get_archive_timeline(service: Service, session: Session, command: GetArchiveTimeline) -> ArchiveTimeline:
    return await service.views.run(partial(_archives(service).timeline, command.archive, command.columns))


async def get_archive_hits(service: Service, session: Session, command: GetArchiveHits) -> ArchiveHits:
    archives, first = _archives(service), read_cursor(command.cursor)
    count = service.limits.page(command.limit) or service.limits.max_page

    def read() -> tuple[list[ArchiveHit], int]:
        hits, found = archives.hits(command, first, count)
        fitting = fitting_count(hits, service.limits.max_answer_bytes - ENVELOPE_BYTES)
        return hits[: max(fitting, 1)], found

    page, found = await service.views.run(read)
    end = first + len(page)
    cursor = str(end) if page and end < found else None
    return ArchiveHits(archive=command.archive, hits=page, found=found, next_cursor=cursor)


async def find_similar(service: Service, session: Session, command: FindSimilar) -> SimilarEmissions:
    archives, held = _archives(service), None
    if command.recording_id is not None:
        _, held = await service.recordings.open(command.recording_id)

    def find(stop: Stop) -> list[SimilarEmission]:
        with service.streams.turns.turn():
            return archives.similar(command, held, service.backbone, stop)

    found = await service.suggestions.run_stoppable(find)
    return SimilarEmissions(archive=command.archive, emissions=found)


async def get_archived_view(service: Service, session: Session, command: GetArchivedView) -> ArchivedView:
    archives = _archives(service)

    def view(stop: Stop) -> ArchivedView:
        fields = view_fields(archives.open(command.archive, command.recording), command, stop)
        return ArchivedView(archive=command.archive, recording=command.recording, **fields)

    return await service.views.run_stoppable(view)


async def copy_archived(service: Service, session: Session, command: CopyArchived) -> ArchivedCopy:
    chunk = await service.files.run(partial(_archives(service).stretch, command))
    name = command.recording.rpartition("/")[2].rpartition(".")[0] or command.archive
    copy = await service.recordings.capture(name, chunk)
    return ArchivedCopy(recording=copy, time_start_sec=chunk.start_sample / chunk.tuning.sample_rate_hz)


def _archives(service: Service) -> "ArchiveSet":
    if service.archives is None:
        raise NotFound("this server has no archive: `rfhydra serve --archive NAME=FOLDER` makes one")
    return service.archives


def _scans(service: Service) -> "ScanJobs":
    if service.scans is None:
        raise NotFound("no archive is being scanned")
    return service.scans
