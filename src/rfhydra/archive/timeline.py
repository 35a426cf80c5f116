"""Timeline: the recordings of an archive on one time axis, and the hits along it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rfhydra.archive.manifest import Finished
from rfhydra.spectrum.boxes import Box

_PLACE: Final = ["recording", "time_start_sec"]


@dataclass(frozen=True)
class Timeline:
    """One time axis for the recordings of an archive.

    Attributes:
        start_utc_sec: time of position 0, in seconds since 1970 UTC; None where a recording does not state its time:
            then the recordings lie one behind the other, in the order of their paths.
        duration_sec: length of the axis.
        starts_sec: position of each recording, by path.
        durations_sec: length of each recording, by path.
    """

    start_utc_sec: float | None
    duration_sec: float
    starts_sec: dict[str, float]
    durations_sec: dict[str, float]

    @classmethod
    def of(cls, recordings: Sequence[Finished]) -> Self:
        """The axis of ``recordings``, at least one, sorted by path."""
        durations = {each.path: each.duration_sec for each in recordings}
        stated = {each.path: each.start_utc_sec for each in recordings if each.start_utc_sec is not None}
        if len(stated) == len(durations):
            first = min(stated.values())
            starts = {path: start - first for path, start in stated.items()}
        else:
            ends = np.cumsum([0.0, *durations.values()]).tolist()
            first, starts = None, dict(zip(durations, ends, strict=False))
        return cls(first, max(starts[path] + length for path, length in durations.items()), starts, durations)

    def recorded_sec(self, columns: int) -> NDArray[np.float64]:
        """Seconds of recording in each of ``columns`` equal parts of the axis, float64 (columns,)."""
        edges = np.linspace(0.0, self.duration_sec, columns + 1)
        before = np.zeros(columns + 1)
        for path, start in self.starts_sec.items():
            before += np.clip(edges - start, 0.0, self.durations_sec[path])
        return np.diff(before)

    def positions_sec(self, hits: Path) -> NDArray[np.float64]:
        """Position of each row of the file ``hits``, float64 (n,)."""
        with pq.ParquetFile(hits) as file:
            table = file.read(columns=_PLACE)
        recordings = table["recording"].combine_chunks().dictionary_encode()
        starts = np.array([self.starts_sec[path] for path in recordings.dictionary.to_pylist()], float)
        placed: NDArray[np.float64] = starts[recordings.indices.to_numpy()] + table["time_start_sec"].to_numpy()
        return placed

    def histogram(self, hits: Path, columns: int) -> dict[str, NDArray[np.int64]]:
        """Number of hits of each signal that begin in each of ``columns`` equal parts of the axis, int64 (columns,)."""
        with pq.ParquetFile(hits) as file:
            signals = file.read(columns=["signal"])["signal"].combine_chunks().dictionary_encode()
        places = self.positions_sec(hits) / self.duration_sec * columns
        place = np.clip(places.astype(np.int64), 0, columns - 1)
        kind = signals.indices.to_numpy()
        return {
            name: np.bincount(place[kind == number], minlength=columns)
            for number, name in enumerate(signals.dictionary.to_pylist())
        }


@dataclass(frozen=True)
class Hit:
    """A row of a file of hits, and its position on the axis."""

    recording: str
    box: Box
    start_utc: Any
    signal_name: str
    version: int
    score: float
    position_sec: float


def select_hits(
    timeline: Timeline, hits: Path, *, signal_name: str | None, from_sec: float | None, to_sec: float | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of the file ``hits`` with this signal that begin in this part of the axis, in the order of their
    position; and the position of every row."""
    positions = timeline.positions_sec(hits)
    chosen = np.ones(len(positions), bool)
    if from_sec is not None:
        chosen &= positions >= from_sec
    if to_sec is not None:
        chosen &= positions < to_sec
    if signal_name is not None:
        with pq.ParquetFile(hits) as file:
            chosen &= np.asarray(file.read(columns=["signal"])["signal"].to_pylist(), object) == signal_name
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(positions[rows], kind="stable")], positions


def read_hits(hits: Path, rows: NDArray[np.int64], positions_sec: NDArray[np.float64]) -> Iterator[Hit]:
    """The rows with the numbers ``rows`` of the file ``hits``, in their order."""
    with pq.ParquetFile(hits) as file:
        table = file.read().take(rows)
    for row, fields in zip(rows.tolist(), table.to_pylist(), strict=True):
        edges = (fields[name] for name in ("time_start_sec", "time_end_sec", "freq_low_hz", "freq_high_hz"))
        yield Hit(
            fields["recording"],
            Box(*edges),
            fields["start_utc"],
            fields["signal"],
            fields["version"],
            fields["score"],
            float(positions_sec[row]),
        )
