"""Handlers of the commands for detectability cards."""

from base64 import b64encode
from typing import Any

from rfhydra.protocol.cards import CancelCard, Card, CardProgress, GetCard, MakeCard
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.training.evaluation.card import DetectabilityCard


async def get_card(service: Service, session: Session, command: GetCard) -> Card:
    name = command.signal_name

    def read() -> tuple[int, dict[str, Any] | None]:
        version = service.versions.require_active(name) if command.version is None else command.version
        return version, service.workspace.cards.get(name, version)

    version, card = await service.store.run(read)
    picture = None
    if card is not None and command.include_picture:
        picture = await service.evaluation.run(lambda: _picture(card))
    progress = service.cards.progress
    if progress is not None and (progress.signal_name, progress.version) != (name, version):
        progress = None
    return Card(signal_name=name, version=version, card=card, picture_b64=picture, progress=progress)


async def make_card(service: Service, session: Session, command: MakeCard) -> CardProgress:
    progress = await service.cards.submit(command.signal_name, command.version, session.name)
    session.jobs.add(progress.job_id)  # before the next await: no message may be missed
    return progress


async def cancel_card(service: Service, session: Session, command: CancelCard) -> CardProgress:
    return await service.cards.cancel()


def _picture(card: dict[str, Any]) -> str:
    from rfhydra.plots import card_png  # matplotlib takes a second to import

    return b64encode(card_png(DetectabilityCard.from_dict(card))).decode("ascii")
