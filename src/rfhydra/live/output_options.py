"""OutputOptions: which outputs streams have, made from options as they are typed."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rfhydra.config import DEFAULT_QUOTA, DEFAULT_ROLL, LOG_MAX_AGE_SEC, LOG_MAX_TRACKS
from rfhydra.errors import Busy, InvalidMessage
from rfhydra.live.mqtt import Broker
from rfhydra.live.webhook import Endpoint
from rfhydra.quantities import parse_bytes, parse_seconds
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """The outputs that were asked for, checked before anything is loaded.

    Attributes:
        log: age in seconds and number of tracks that the log keeps; None for no log.
        command: program, and whether to run it in a shell.
        record: directory of the recordings and its quota in bytes.
        rolls: pre- and post-roll of a recording in seconds.
        json_lines: whether events are written to standard output.
    """

    log: tuple[float, int] | None
    broker: Broker | None
    endpoint: Endpoint | None
    command: tuple[str, bool] | None
    record: tuple[Path, int] | None
    rolls: tuple[float, float]
    sigmf: Path | None
    novel: bool
    json_lines: bool

    @classmethod
    def parse(
        cls,
        *,
        log: bool = False,
        log_age: str | None = None,
        log_tracks: int = LOG_MAX_TRACKS,
        mqtt: str | None = None,
        webhook: str | None = None,
        command: str | None = None,
        shell: bool = False,
        record: Path | None = None,
        pre: str = DEFAULT_ROLL,
        post: str = DEFAULT_ROLL,
        quota: str = DEFAULT_QUOTA,
        sigmf: Path | None = None,
        novel: bool = False,
        json_lines: bool = False,
    ) -> Self:
        """The options as they were typed.

        Raises:
            InvalidMessage: one is wrong; the message names it.
        """
        if shell and command is None:
            raise InvalidMessage("--shell is an option of --exec")
        age_sec = LOG_MAX_AGE_SEC if log_age is None else parse_seconds(log_age, "--log-age")
        if age_sec <= 0:
            raise InvalidMessage(f"--log-age {log_age!r} must be a time above 0")
        rolls = (parse_seconds(pre, "--pre"), parse_seconds(post, "--post"))
        return cls(
            log=(age_sec, log_tracks) if log else None,
            broker=None if mqtt is None else Broker.of(mqtt),
            endpoint=None if webhook is None else Endpoint.of(webhook),
            command=None if command is None else (command, shell),
            record=None if record is None else (record, parse_bytes(quota, "--quota")),
            rolls=rolls,
            sigmf=sigmf,
            novel=novel,
            json_lines=json_lines,
        )

    def open_workspace(self, directory: Path) -> AbstractContextManager[Workspace]:
        """The workspace: owned where the log or unknown emissions are stored in it, else a view.

        Raises:
            Busy: another process owns it.
        """
        if self.log is None and not self.novel:
            return Workspace.view(directory)
        try:
            return Workspace.open(directory)
        except Busy as error:
            raise Busy(f"{error}; --no-log, without --novel, watches beside it") from None
