"""Webhook: the output that posts events to an HTTP server."""

import base64
import logging
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.live.work_queue import MAX_QUEUED
from rfhydra.protocol.streams import TrackEvent

TOKEN: Final = "RFHYDRA_WEBHOOK_TOKEN"  # noqa: S105 - the name of an environment variable
BATCH: Final = 100
TIMEOUT_SEC: Final = 10.0
FIRST_RETRY_SEC: Final = 1.0
LAST_RETRY_SEC: Final = 60.0
_MAX_ANSWER: Final = 64 * 1024
_TRANSIENT: Final = frozenset({408, 425, 429})
"""Statuses below 500 after which another try may succeed."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """Where to post. ``authorization`` is the header of that name."""

    host: str
    port: int | None
    tls: bool
    path: str
    authorization: str | None

    @classmethod
    def of(cls, url: str) -> Self:
        """The endpoint of ``http[s]://[USER:PASSWORD@]HOST[:PORT]/PATH``; or with the token ``RFHYDRA_WEBHOOK_TOKEN``.

        Raises:
            InvalidMessage: it is not such a URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidMessage(f"the webhook's URL cannot be read: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidMessage("the webhook's URL must be http://HOST[:PORT]/PATH or https://…")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not path.isascii() or not path.isprintable() or " " in path:
            raise InvalidMessage("the path of the webhook's URL holds a character that must be percent-encoded")
        return cls(
            host=parts.hostname,
            port=port,
            tls=parts.scheme == "https",
            path=path,
            authorization=_authorization(parts.username, parts.password),
        )

    def post(self, body: bytes, delivery: str) -> int:
        """Post JSON and return the status of the answer. ``delivery`` names this body in every try.

        Raises:
            OSError, HTTPException: no answer.
        """
        headers = {"Content-Type": "application/json", "User-Agent": "rfhydra", "Idempotency-Key": delivery}
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        connect = HTTPSConnection if self.tls else HTTPConnection
        connection = connect(self.host, self.port, timeout=TIMEOUT_SEC)
        try:
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            answer.read(_MAX_ANSWER)
            return answer.status
        finally:
            connection.close()


class Webhook(QueuedOutput):
    """Posts ``{"events": […]}`` with at most :data:`BATCH` events.

    No answer, a status of 500 or more, 408, 425 and 429 are tried again with back-off, under the same
    ``Idempotency-Key``; meanwhile events wait in the queue. Any other status but 2xx drops the batch.
    """

    def __init__(
        self, endpoint: Endpoint, max_queued: int = MAX_QUEUED, first_retry_sec: float = FIRST_RETRY_SEC
    ) -> None:
        self._endpoint = endpoint
        self._first_retry_sec = first_retry_sec
        self._deliveries = (f"{run}-{number}" for run in [secrets.token_hex(8)] for number in count(1))
        super().__init__("webhook", max_queued=max_queued, batch=BATCH)

    def deliver(self, events: Sequence[TrackEvent]) -> None:
        body = f'{{"events":[{",".join(event.model_dump_json() for event in events)}]}}'.encode()
        delivery, retry_sec = next(self._deliveries), self._first_retry_sec
        while (failure := self._failure(body, delivery)) is not None:
            _log.warning("webhook: %s, next try in %g s", failure, retry_sec)
            if not self.pause(retry_sec):
                raise Unreachable("the server did not take them in time")
            retry_sec = min(2 * retry_sec, LAST_RETRY_SEC)

    def _failure(self, body: bytes, delivery: str) -> str | None:
        """Why another try is due; None if the server took the body.

        Raises:
            InvalidMessage: the server refused it.
        """
        try:
            status = self._endpoint.post(body, delivery)
        except (OSError, HTTPException) as error:
            return f"no answer ({error or type(error).__name__})"
        if 200 <= status < 300:
            return None
        if status >= 500 or status in _TRANSIENT:
            return f"the server answered {status}"
        raise InvalidMessage(f"the server answered {status}")


def _authorization(username: str | None, password: str | None) -> str | None:
    if username is not None:
        pair = f"{unquote(username)}:{unquote(password or '')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    token = os.environ.get(TOKEN)
    if token is not None and not (token.isascii() and token.isprintable()):
        raise InvalidMessage(f"{TOKEN} must be printable ASCII")
    return None if token is None else f"Bearer {token}"
