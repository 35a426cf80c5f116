"""Tracks of a live source on the terminal: a table that follows them, or a line for each that ended."""

import threading
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from rfhydra.cli.output import counted, new_table, say

if TYPE_CHECKING:
    from rfhydra.protocol.streams import StreamStatus, TrackEvent

MAX_ROWS: Final = 20
"""Tracks in the table, the latest ones."""


class TrackTable:
    """An output that keeps the latest tracks, to be drawn from another thread."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._latest: dict[int, TrackEvent] = {}

    def write(self, event: "TrackEvent") -> None:
        with self._changing:
            self._latest.pop(event.track_id, None)
            if event.merged_into is None:
                self._latest[event.track_id] = event
            while len(self._latest) > MAX_ROWS:
                del self._latest[next(iter(self._latest))]

    def close(self) -> None:
        """Nothing is queued."""

    def render(self, status: "StreamStatus") -> Group:
        """The table, the latest track first, and a line with the state of the stream."""
        columns = ("", "signal", "score", "start", "ms", "MHz", "kHz", "SNR dB", "every s")
        table = new_table(status.source, columns)
        with self._changing:
            events = [*self._latest.values()]
        for event in reversed(events):
            table.add_row(*_row(event))
        return Group(table, Text(status_line(status)))


class TrackLines:
    """An output that prints a line for each track that ended."""

    def write(self, event: "TrackEvent") -> None:
        if event.event == "end" and event.merged_into is None:
            say("  ".join(cell for cell in _row(event)[1:] if cell))

    def close(self) -> None:
        """Nothing is queued."""


def _row(event: "TrackEvent") -> tuple[str, ...]:
    """Cells of an event; what is not known is empty."""
    measured, every = event.measured, event.repetition_sec
    return (
        "" if event.event == "end" else "●",
        event.signal_name,
        f"{event.score:.2f}",
        event.start_time[11:23],
        f"{1e3 * (event.time_end_sec - event.time_start_sec):.1f}",
        f"{(event.freq_low_hz + event.freq_high_hz) / 2e6:.4f}",
        f"{(event.freq_high_hz - event.freq_low_hz) / 1e3:.1f}",
        "" if measured is None else f"{measured.snr_db:.1f}",
        "" if every is None else f"{every:.3f}",
    )


def status_line(status: "StreamStatus") -> str:
    """State and counters in one line."""
    windows = f"{counted(status.windows, 'window')}, {status.empty_windows} empty"
    parts = [status.state, counted(status.tracks, "track"), windows]
    if status.real_time_factor is not None:
        parts.append(f"{status.real_time_factor:.1f} × real time")
    if status.dropped_samples:
        parts.append(f"{status.dropped_samples} samples dropped")
    if status.lost_samples:
        parts.append(f"{status.lost_samples} samples lost")
    if status.error is not None:
        parts.append(status.error)
    return " · ".join(parts)
