"""Commands about the connection itself: hello, auth, subscriptions."""

from importlib.metadata import version

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import InvalidMessage, RfhydraError, Unauthorized
from rfhydra.protocol.commands import Auth, Hello, Subscribe, Unsubscribe
from rfhydra.protocol.limits import StatedLimits
from rfhydra.protocol.messages import API_VERSION, MIN_API_VERSION, Result, ServerHello, Snapshot, Subscriptions
from rfhydra.protocol.types import BackboneInfo, Topic
from rfhydra.server.hub import Client
from rfhydra.server.service import Service

FEATURES = ["detect", "binary", "jobs", "subscriptions", "samples", "sigmf"]


async def hello(service: Service, client: Client, command: Hello) -> ServerHello:
    if command.binary is not None:
        client.binary = command.binary
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


async def auth(service: Service, client: Client, command: Auth) -> Result:
    if not service.settings.gate.accepts(command.token):
        raise Unauthorized("the token is wrong")
    client.authorised = True
    return Result()


async def subscribe(service: Service, client: Client, command: Subscribe) -> Subscriptions:
    if "waterfall" in command.topics and not client.binary:
        raise InvalidMessage("topics: waterfall comes in binary frames: send hello with binary true first")
    before = set(client.topics)
    client.topics.update(command.topics)  # before anything is awaited: nothing may fall between snapshot and pushes
    snapshots: list[Snapshot] = []
    if "jobs" in command.topics:  # the only one that takes a while, so it is asked for first
        try:
            snapshots += await service.jobs.snapshots()
        except RfhydraError:
            client.topics = before
            raise
    for topic in dict.fromkeys(command.topics):
        snapshots += _snapshot(service, topic)
    return Subscriptions(topics=sorted(client.topics), snapshots=snapshots)


async def unsubscribe(service: Service, client: Client, command: Unsubscribe) -> Subscriptions:
    gone = client.topics if command.topics is None else set(command.topics)
    if command.topics is None or "jobs" in gone:
        client.jobs.clear()
    client.topics -= gone
    return Subscriptions(topics=sorted(client.topics), snapshots=[])


def _snapshot(service: Service, topic: Topic) -> list[Snapshot]:
    """What a topic holds at this moment, in the form in which it is pushed."""
    if topic == "registry":
        return [service.registry_cache.registry()]
    if topic == "samples":
        return [service.registry_cache.counts()]
    if topic == "metrics":
        return [service.snapshot()]
    return []  # windows are looked at as they come; jobs were asked for
