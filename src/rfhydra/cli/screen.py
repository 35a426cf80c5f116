"""Screen: the tracks and the state of a live stream on standard output."""

import sys
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rfhydra.cli.output import console, note, say
from rfhydra.cli.track_table import TrackLines, TrackTable, status_line

if TYPE_CHECKING:
    from rich.live import Live

    from rfhydra.live.output import Output
    from rfhydra.protocol.streams import StreamStatus


class Screen:
    """Shows a table on a terminal, a line for each track that ended elsewhere, or every event as a line of JSON.

    Entered for as long as the table is to be drawn.

    Attributes:
        output: what is to be told of the tracks.
    """

    def __init__(self, *, as_json: bool) -> None:
        from rfhydra.live.json_lines import JsonLines

        self._as_json = as_json
        self._table = TrackTable() if console.is_terminal and not as_json else None
        self._live: Live | None = None
        self._problem: str | None = None
        self.output: Output
        if as_json:
            self.output = JsonLines(sys.stdout)
        else:
            self.output = self._table or TrackLines()

    def __enter__(self) -> Self:
        from rich.live import Live

        if self._table is not None:
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def update(self, status: "StreamStatus") -> None:
        """Draw the table; without one, say when the source is lost."""
        if self._live is not None and self._table is not None:
            self._live.update(self._table.render(status), refresh=True)
        elif status.error not in (None, self._problem) and status.state == "connecting":
            note(f"not connected, trying again: {status.error}")
        self._problem = status.error

    def finish(self, status: "StreamStatus") -> None:
        """Print the last state: as a line of JSON on standard error where standard output has nothing but events."""
        if self._as_json:
            from rfhydra.protocol.live import StreamState

            with suppress(OSError):
                sys.stderr.write(f"{StreamState(stream=status).model_dump_json()}\n")
        else:
            say(status_line(status))
