"""Handlers of the commands for unknown emissions."""

from rfhydra.protocol.types import SampleBox
from rfhydra.protocol.unknowns import (
    GetUnknown,
    LabelUnknown,
    UnknownClusters,
    UnknownExample,
    UnknownInfo,
    UnknownLabelled,
)
from rfhydra.server.answers import ENVELOPE_BYTES, wire_bytes
from rfhydra.server.handlers.images import encode_npy
from rfhydra.server.handlers.paging import read_cursor
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.store.sample_info import box_fields
from rfhydra.store.unknowns import Exemplar, UnknownStore


async def get_unknown(service: Service, session: Session, command: GetUnknown) -> UnknownClusters:
    store, limits, after = service.workspace.unknowns, service.limits, read_cursor(command.cursor)
    limit = limits.page(command.limit)
    max_bytes = limits.max_array_bytes if command.include_example else limits.max_answer_bytes

    def read() -> tuple[list[UnknownInfo], str | None]:
        found: list[UnknownInfo] = []
        room = max_bytes - ENVELOPE_BYTES
        for each in store.infos(after):
            if each.emissions < command.least:
                continue
            if len(found) == limit:
                return found, str(found[-1].cluster_id)
            info = _with_example(store, each) if command.include_example else each
            room -= wire_bytes(info)
            if found and room < 0:
                return found, str(found[-1].cluster_id)
            found.append(info)
        return found, None

    clusters, next_cursor = await service.store.run(read)
    return UnknownClusters(collecting=service.settings.outputs.novel, clusters=clusters, next_cursor=next_cursor)


async def label_unknown(service: Service, session: Session, command: LabelUnknown) -> UnknownLabelled:
    workspace, limits, name = service.workspace, service.limits, command.signal_name

    def label() -> tuple[int, int]:
        added = workspace.unknowns.label(
            command.cluster_id,
            name,
            session.name,
            lambda name, total: limits.require(f"samples of {name}, with these,", total, "max_samples_per_signal"),
        )
        return added, workspace.samples.count(name)

    added, total = await service.store.run(label)
    await service.refresh_counts()
    return UnknownLabelled(cluster_id=command.cluster_id, signal_name=name, new_samples=added, total_samples=total)


def _with_example(store: UnknownStore, info: UnknownInfo) -> UnknownInfo:
    """
    Raises:
        Damaged: a stored image does not match its digest.
    """
    newest = store.newest_exemplar(info.cluster_id)
    return info if newest is None else info.model_copy(update={"example": _example(newest)})


def _example(exemplar: Exemplar) -> UnknownExample:
    frame, image = exemplar.window.frame, exemplar.window.image
    return UnknownExample(
        stream_id=exemplar.stream_id,
        seen_at=exemplar.seen_at,
        sample_rate_hz=frame.sample_rate_hz,
        center_freq_hz=frame.center_freq_hz,
        rows=image.shape[0],
        cols=image.shape[1],
        boxes=[SampleBox(**fields) for fields in box_fields(exemplar.boxes, frame)],
        spectrogram_b64=encode_npy(image),
    )
