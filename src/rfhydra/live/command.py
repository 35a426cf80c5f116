"""Command: the output that runs a program for each track that begins or ends."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Final

from rfhydra.errors import InvalidMessage, RfhydraError
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.protocol.streams import TrackEvent

MAX_PROCESSES: Final = 4
MAX_WAITING: Final = 1000
TIMEOUT_SEC: Final = 30.0
_CHECK_SEC: Final = 0.2
_STDERR: Final = 2


class Command(QueuedOutput):
    """Runs a program for each ``begin`` and ``end``, at most :data:`MAX_PROCESSES` at a time; ends may overtake begins.

    The event is JSON on its standard input, and its fields are environment variables: ``RFHYDRA_EVENT``,
    ``RFHYDRA_SIGNAL_NAME``, ``RFHYDRA_FREQ_LOW_HZ`` and so on. Its standard output goes to standard error. A program
    that takes too long is killed with its children; that, and a status other than 0, count as failed.
    """

    def __init__(
        self, command: str, *, shell: bool = False, timeout_sec: float = TIMEOUT_SEC, max_waiting: int = MAX_WAITING
    ) -> None:
        """``command`` is split as a shell would split it, but run without one unless ``shell`` is set.

        Raises:
            InvalidMessage: there is no program, or a quote is not closed.
        """
        self._arguments = ["/bin/sh", "-c", command] if shell else _split(command)
        self._timeout_sec = timeout_sec
        super().__init__("command", max_queued=max_waiting, workers=MAX_PROCESSES)

    def write(self, event: TrackEvent) -> None:
        """Queue one event; updates are ignored."""
        if event.event != "update":
            super().write(event)

    def deliver(self, events: Sequence[TrackEvent]) -> None:
        (event,) = events
        environment = {**os.environ, **_variables(event)}
        with subprocess.Popen(  # noqa: S603 - the operator's own command
            self._arguments,
            stdin=subprocess.PIPE,
            stdout=_STDERR,
            env=environment,
            start_new_session=True,
        ) as child:
            self._await(child, f"{event.model_dump_json()}\n".encode())
        if child.returncode:
            raise RfhydraError(f"{self._arguments[0]} ended with status {child.returncode}")

    def _await(self, child: subprocess.Popen[bytes], text: bytes) -> None:
        deadline = time.monotonic() + self._timeout_sec
        left: bytes | None = text
        while True:
            try:
                child.communicate(left, _CHECK_SEC)
            except subprocess.TimeoutExpired:
                left = None  # the call goes on with what was given to the first one
            else:
                return
            if time.monotonic() > deadline or not self.pause(0):
                os.killpg(child.pid, signal.SIGKILL)  # it has not been waited for: the id is still its own
                raise RfhydraError(f"{self._arguments[0]} did not end in time and was killed")


def _split(command: str) -> list[str]:
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise InvalidMessage(f"the command cannot be read: {error}") from None
    if not arguments or "\0" in command:
        raise InvalidMessage("the command names no program")
    return arguments


def _variables(event: TrackEvent) -> dict[str, str]:
    fields = event.model_dump()
    flat = {**fields, **(fields.pop("measured") or {})}
    return {f"RFHYDRA_{name.upper()}": str(value) for name, value in flat.items() if value is not None}
