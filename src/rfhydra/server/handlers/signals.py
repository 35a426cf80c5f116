"""Handlers of the commands for signals as a whole, and for samples that change theirs."""

from rfhydra.protocol import signals as wire
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.store.samples import Sample


async def get_signals(service: Service, session: Session, command: wire.GetSignals) -> wire.Signals:
    found = await service.store.run(service.workspace.signals.all)
    loaded = service.detector.loaded_versions
    return wire.Signals(signals=[each.model_copy(update={"is_loaded": each.signal_name in loaded}) for each in found])


async def rename_signal(service: Service, session: Session, command: wire.RenameSignal) -> wire.SignalRenamed:
    former, latest = command.signal_name, command.new_name
    async with service.streams.without(former):
        await service.store.run(lambda: service.loaded.rename(former, latest, session.name))
        while await service.store.run(service.workspace.detections.rename_slice, refusable=False):
            pass  # other calls go between the slices
    await service.refresh()
    return wire.SignalRenamed(signal_name=latest, former_name=former)


async def delete_signal(service: Service, session: Session, command: wire.DeleteSignal) -> wire.SignalDeleted:
    name = command.signal_name
    async with service.streams.without(name):
        deleted = await service.store.run(lambda: service.loaded.delete(name, session.name))
    await service.refresh()
    return wire.SignalDeleted(signal_name=name, sample_count=deleted.sample_count, version_count=deleted.version_count)


async def restore_signal(service: Service, session: Session, command: wire.RestoreSignal) -> wire.SignalRestored:
    name = command.signal_name
    restored = await service.store.run(lambda: service.workspace.signals.restore(name, session.name))
    await service.refresh()
    return wire.SignalRestored(
        signal_name=name, sample_count=restored.sample_count, version_count=restored.version_count
    )


async def get_trash(service: Service, session: Session, command: wire.GetTrash) -> wire.Trash:
    return wire.Trash(signals=await service.store.run(service.workspace.signals.trash))


async def empty_trash(service: Service, session: Session, command: wire.EmptyTrash) -> wire.TrashEmptied:
    removed = await service.store.run(lambda: service.workspace.signals.empty_trash(session.name))
    service.collect_soon()
    return wire.TrashEmptied(signals=len(removed), samples=sum(each.sample_count for each in removed))


async def relabel_sample(service: Service, session: Session, command: wire.RelabelSample) -> wire.SampleRelabelled:
    samples, name, limits = service.workspace.samples, command.signal_name, service.limits

    def relabel() -> tuple[Sample, Sample, int]:
        former = samples.get(samples.find_id(command.sample_id))
        limits.require(f"samples of {name}, with this one,", samples.count(name) + 1, "max_samples_per_signal")
        latest = samples.relabel(former.sample_id, name, session.name)
        return former, latest, samples.count(name)

    former, latest, total = await service.store.run(relabel)
    await service.refresh_counts()
    return wire.SampleRelabelled(
        signal_name=name,
        sample_id=latest.sample_id,
        former_signal_name=former.signal_name,
        former_sample_id=former.sample_id,
        total_samples=total,
    )
