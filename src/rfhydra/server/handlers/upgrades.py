"""Handlers of the commands for upgrades to another backbone."""

from rfhydra.protocol.upgrades import CancelUpgrade, GetUpgrade, StartUpgrade, UndoUpgrade, UpgradeState, UpgradeUndone
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service


async def start_upgrade(service: Service, session: Session, command: StartUpgrade) -> UpgradeState:
    job = await service.upgrades.submit(force=command.force, owner=session.name)
    session.jobs.add(job.job_id)  # before the next await: no message may be missed
    return await service.upgrades.state()


async def cancel_upgrade(service: Service, session: Session, command: CancelUpgrade) -> UpgradeState:
    await service.upgrades.cancel()
    return await service.upgrades.state()


async def get_upgrade(service: Service, session: Session, command: GetUpgrade) -> UpgradeState:
    return await service.upgrades.state()


async def undo_upgrade(service: Service, session: Session, command: UndoUpgrade) -> UpgradeUndone:
    undone = await service.upgrades.undo(session.name)
    await service.refresh()
    return undone
