"""Mqtt: the output that publishes events to an MQTT broker."""

import logging
import os
import secrets
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from rfhydra.errors import InvalidMessage, MissingExtra, Unreachable
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.live.work_queue import MAX_QUEUED
from rfhydra.protocol.streams import TrackEvent

USERNAME: Final = "MQTT_USERNAME"
PASSWORD: Final = "MQTT_PASSWORD"  # noqa: S105 - the name of an environment variable
QOS: Final = 1
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_MAX_IN_FLIGHT: Final = 20
_KEEPALIVE_SEC: Final = 30
_RECONNECT_SEC: Final = (1, 60)
_CHECK_SEC: Final = 0.2
_FAREWELL_SEC: Final = 1.0
_RESERVED: Final = str.maketrans("/+#\0", "____")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Broker:
    """An MQTT broker and where to publish.

    Attributes:
        tls: whether to encrypt, and to check the certificate against ``ca`` or, if None, the system's authorities.
        prefix: first levels of all topics.
    """

    host: str
    port: int
    tls: bool
    prefix: str
    username: str | None
    password: str | None
    ca: Path | None

    @classmethod
    def of(cls, url: str) -> Self:
        """The broker of ``mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX][?ca=FILE]``.

        Credentials that the URL does not have come from ``MQTT_USERNAME`` and ``MQTT_PASSWORD``.

        Raises:
            InvalidMessage: it is not such a URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        except ValueError as error:
            raise InvalidMessage(f"the MQTT URL cannot be read: {error}") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise InvalidMessage("the MQTT URL must be mqtt://HOST[:PORT][/PREFIX], or mqtts:// for TLS")
        prefix = unquote(parts.path).strip("/") or "rfhydra"
        if set(prefix) & set("+#\0"):
            raise InvalidMessage("the prefix of the MQTT URL holds '+' or '#', which topics cannot have")
        if query.keys() - {"ca"} or (query and parts.scheme != "mqtts"):
            raise InvalidMessage("the MQTT URL may have only ?ca=FILE, and that only with mqtts://")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            prefix=prefix,
            username=unquote(parts.username) if parts.username else os.environ.get(USERNAME),
            password=unquote(parts.password) if parts.password else os.environ.get(PASSWORD),
            ca=Path(query["ca"][0]) if query else None,
        )

    @property
    def status_topic(self) -> str:
        """Retained: ``online``, or ``offline`` when the output has ended or the broker has lost it."""
        return f"{self.prefix}/status"

    def topic(self, event: TrackEvent) -> str:
        """``PREFIX/STREAM/SIGNAL/EVENT``."""
        levels = (event.stream_id, event.signal_name, event.event)
        return "/".join([self.prefix, *(level.translate(_RESERVED) for level in levels)])


class Mqtt(QueuedOutput):
    """Publishes each event as JSON with QoS 1, at most 20 at a time before the broker has acknowledged them.

    Connects in the background, and again with back-off after a loss; meanwhile events wait in the queue. An event may
    arrive twice after a reconnection.
    """

    def __init__(self, broker: Broker, max_queued: int = MAX_QUEUED) -> None:
        """
        Raises:
            InvalidMessage: the file of the certificate authority cannot be used.
            MissingExtra: paho-mqtt is not installed.
        """
        self._broker = broker
        self._client = _client(broker)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published
        self._acknowledged, self._answered = set[int](), threading.Condition()
        self._client.connect_async(broker.host, broker.port, keepalive=_KEEPALIVE_SEC)
        self._client.loop_start()
        super().__init__("MQTT", max_queued=max_queued, batch=_MAX_IN_FLIGHT)

    def deliver(self, events: Sequence[TrackEvent]) -> None:
        while not self._client.is_connected():  # the client itself would queue without saying what it drops
            if not self.pause(_CHECK_SEC):
                raise Unreachable("the broker was not reached")
        with self._answered:
            self._acknowledged.clear()
        sent = {self._client.publish(self._broker.topic(each), each.model_dump_json(), QOS).mid for each in events}
        with self._answered:
            # after a reconnection the client itself sends again what was not acknowledged
            while not self._answered.wait_for(lambda: sent <= self._acknowledged, _CHECK_SEC):
                if not self.pause(0):
                    raise Unreachable("the broker did not acknowledge in time")

    def finish(self) -> None:
        if self._client.is_connected():
            farewell = self._client.publish(self._broker.status_topic, "offline", QOS, retain=True).mid
            with self._answered:
                self._answered.wait_for(lambda: farewell in self._acknowledged, _FAREWELL_SEC)
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            _log.warning("MQTT: the broker refuses the connection: %s", reason)
        else:
            client.publish(self._broker.status_topic, "online", QOS, retain=True)

    def _unreachable(self, client: Any, userdata: Any) -> None:
        _log.warning("MQTT: %s:%d cannot be reached", self._broker.host, self._broker.port)

    def _published(self, client: Any, userdata: Any, message_id: int, reason: Any, properties: Any) -> None:
        with self._answered:
            self._acknowledged.add(message_id)
            self._answered.notify_all()

    def _disconnected(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            _log.warning("MQTT: the connection was lost: %s", reason)


def _client(broker: Broker) -> Any:
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ModuleNotFoundError:
        raise MissingExtra("paho-mqtt is not installed: pip install 'rfhydra[live]'") from None
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"rfhydra-{secrets.token_hex(6)}")
    client.reconnect_delay_set(*_RECONNECT_SEC)
    client.max_inflight_messages_set(_MAX_IN_FLIGHT)
    client.will_set(broker.status_topic, "offline", QOS, retain=True)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        try:
            client.tls_set_context(ssl.create_default_context(cafile=broker.ca))
        except OSError as error:
            raise InvalidMessage(f"the certificate authority of the MQTT URL cannot be used: {error}") from None
    return client
