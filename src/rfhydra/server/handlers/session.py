"""Handlers of the commands for the connection: hello, auth, subscriptions."""

from importlib.metadata import version

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Busy, InvalidMessage, RfhydraError, Unauthorized
from rfhydra.protocol.commands import Auth, Hello, Subscribe, Unsubscribe
from rfhydra.protocol.limits import StatedLimits
from rfhydra.protocol.messages import (
    API_VERSION,
    FEATURES,
    MIN_API_VERSION,
    Result,
    ServerHello,
    Snapshot,
    Subscriptions,
)
from rfhydra.protocol.types import BackboneInfo, Topic
from rfhydra.server.answers import require_fitting
from rfhydra.server.net.hub import TOO_MANY_CLIENTS, TRY_AGAIN_LATER, Session
from rfhydra.server.service import Service


async def hello(service: Service, session: Session, command: Hello) -> ServerHello:
    if command.binary is not None:
        if command.binary and "waterfall" in session.topics:
            service.waterfalls.require_room(session, session.waterfall)
        session.binary = command.binary
        service.waterfalls.refresh()
    spec = service.workspace.spec
    return ServerHello(
        server_version=version("rfhydra"),
        api_version=API_VERSION,
        min_api_version=MIN_API_VERSION,
        features=FEATURES,
        limits=StatedLimits(**dict(service.limits)),
        spectrogram={**spec.to_dict(), "spec_id": spec.spec_id},
        backbone=BackboneInfo(version=BACKBONE_VERSION, id=service.backbone.backbone_id),
    )


async def auth(service: Service, session: Session, command: Auth) -> Result:
    if session.authorised:
        return Result()
    await service.guesses.wait(session.host)
    if not service.settings.gate.accepts(command.token):
        service.guesses.count(session.host)
        raise Unauthorized("the token is wrong")
    if service.full:
        session.close(TRY_AGAIN_LATER, TOO_MANY_CLIENTS)
        raise Busy(TOO_MANY_CLIENTS)
    session.authorise()
    return Result()


async def subscribe(service: Service, session: Session, command: Subscribe) -> Subscriptions:
    if "waterfall" in command.topics and not session.binary:
        raise InvalidMessage("topics: waterfall comes in binary frames: send hello with binary true first")
    if "waterfall" in command.topics:
        service.waterfalls.require_room(session, session.waterfall)
    before = set(session.topics)
    session.topics.update(command.topics)  # before the first await: no change may be missed between snapshot and pushes
    service.waterfalls.refresh()
    snapshots: list[Snapshot] = []
    try:
        if "jobs" in command.topics:
            snapshots += await service.jobs.snapshots()
        if "upgrades" in command.topics:
            snapshots.append(await service.upgrades.state())
        if "scans" in command.topics:
            snapshots.append(await service.archive_state())
        for topic in dict.fromkeys(command.topics):
            snapshots += _snapshot(service, topic)
        answer = Subscriptions(topics=sorted(session.topics), snapshots=snapshots)
        require_fitting(answer, service.limits)
    except RfhydraError:
        session.topics = before
        service.waterfalls.refresh()
        raise
    return answer


async def unsubscribe(service: Service, session: Session, command: Unsubscribe) -> Subscriptions:
    gone = session.topics if command.topics is None else set(command.topics)
    if command.topics is None or "jobs" in gone:
        session.jobs.clear()
    session.topics -= gone
    service.waterfalls.refresh()
    return Subscriptions(topics=sorted(session.topics), snapshots=[])


def _snapshot(service: Service, topic: Topic) -> list[Snapshot]:
    """The present state of a topic, as the message that it pushes."""
    if topic == "registry":
        return [service.registry_cache.registry()]
    if topic == "samples":
        return [service.registry_cache.counts()]
    if topic == "metrics":
        return [service.snapshot()]
    if topic == "streams":
        return [service.streams.state()]
    if topic == "recordings":
        return [service.recordings.state()]
    if topic == "heads":
        return [service.loaded.message()]
    if topic == "missions":
        return [service.registry_cache.missions()]
    if topic == "cards":
        return [] if service.cards.progress is None else [service.cards.progress]
    return []  # detections, tracks and waterfalls have no state; jobs, upgrades and scans are read separately
