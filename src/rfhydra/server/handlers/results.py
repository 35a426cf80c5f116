"""Handlers of the commands for versions in detail, and for the audit log."""

from rfhydra.protocol.audit import AuditRecord, AuditTrail, GetAudit
from rfhydra.protocol.results import (
    CompareVersions,
    GetVersion,
    SetVersionNotes,
    VersionComparison,
    VersionDetail,
    VersionNotes,
)
from rfhydra.server.answers import ENVELOPE_BYTES, fitting_count
from rfhydra.server.handlers.paging import read_cursor
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service


async def get_version(service: Service, session: Session, command: GetVersion) -> VersionDetail:
    examples = min(command.examples, service.limits.max_page)
    return await service.evaluation.run(
        lambda: service.evaluations.detail(command.signal_name, command.version, examples)
    )


async def compare_versions(service: Service, session: Session, command: CompareVersions) -> VersionComparison:
    first, most = read_cursor(command.cursor), service.limits.max_page
    count = min(command.limit or most, most)
    return await service.evaluation.run(
        lambda: service.evaluations.compare(command.signal_name, command.versions, first, count)
    )


async def set_version_notes(service: Service, session: Session, command: SetVersionNotes) -> VersionNotes:
    name, version, notes = command.signal_name, command.version, command.notes
    service.limits.require("notes", len(notes), "max_notes_length")
    await service.store.run(lambda: service.workspace.versions.set_notes(name, version, notes, session.name))
    return VersionNotes(signal_name=name, version=version, notes=notes)


async def get_audit(service: Service, session: Session, command: GetAudit) -> AuditTrail:
    most, before = service.limits.max_page, read_cursor(command.cursor) or None
    limit = min(command.limit or most, most)

    def read() -> AuditTrail:
        page = service.workspace.audit.page(limit + 1, before, command.signal_name)
        entries = [AuditRecord.model_validate(vars(each)) for each in page]
        count = max(1, fitting_count(entries[:limit], service.limits.max_answer_bytes - ENVELOPE_BYTES))
        next_cursor = str(entries[count - 1].entry_id) if len(entries) > count else None
        return AuditTrail(entries=entries[:count], next_cursor=next_cursor)

    return await service.store.run(read)
