"""Results of a version on its validation samples: at most one evaluation for each live version.

Retiring the version deletes it. It can be made again from the version and its samples, so it is no entry in the audit
log.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rfhydra.store.columns import to_json, utc_now
from rfhydra.store.database import Database
from rfhydra.store.versions import VersionStore

MAX_DETECTIONS: Final = 500
"""Detections of one sample that are kept, the strongest."""
_PIXEL_DIGITS: Final = 2
_SCORE_DIGITS: Final = 6

Edges = tuple[float, float, float, float]
"""A box in pixels: x_min, y_min, x_max, y_max."""


@dataclass(frozen=True, kw_only=True)
class SampleResult:
    """What a version makes of one sample, down to a low score.

    Attributes:
        sample_id: the sample.
        recording: that it is from, None if unknown.
        truth: the boxes of the signal when it was evaluated.
        boxes: detections, strongest first, with their ``scores``.
    """

    sample_id: str
    recording: str | None
    truth: tuple[Edges, ...]
    boxes: tuple[Edges, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """The results of one version. ``evaluated_at`` is UTC, ISO 8601."""

    evaluated_at: str
    samples: list[SampleResult]


class ResultStore:
    """The evaluations of a workspace. Every change is one transaction."""

    def __init__(self, db: Database, versions: VersionStore) -> None:
        self._db = db
        self._versions = versions

    def put(self, signal_name: str, version: int, samples: Sequence[SampleResult]) -> Evaluation:
        """Store the results of a version, replacing earlier ones, and return them as they are stored.

        Positions are kept to a hundredth of a pixel, scores to six digits.

        Raises:
            NotFound: there is no such version, or it is retired.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        at, key = utc_now(), (signal_name, version)
        with self._db.transaction() as connection:
            self._versions.get(signal_name, version)
            connection.execute("DELETE FROM evaluated_samples WHERE signal_name = ? AND version = ?", key)
            connection.execute("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?)", (*key, at))
            connection.executemany(
                "INSERT INTO evaluated_samples VALUES (?, ?, ?, ?, ?)",
                [(*key, place, each.sample_id, _document(each)) for place, each in enumerate(samples)],
            )
            stored = self.get(signal_name, version)
        assert stored is not None
        return stored

    def get(self, signal_name: str, version: int) -> Evaluation | None:
        """The results of a version, None where none were stored."""
        key = (signal_name, version)
        with self._db.unchanged():
            at = self._db.value("SELECT evaluated_at FROM evaluations WHERE signal_name = ? AND version = ?", key)
            rows = self._db.rows(
                "SELECT sample_id, result FROM evaluated_samples WHERE signal_name = ? AND version = ?"
                " ORDER BY position",
                key,
            )
        return None if at is None else Evaluation(at, [_result(row["sample_id"], row["result"]) for row in rows])


def _document(result: SampleResult) -> str:
    fields = {
        "recording": result.recording,
        "truth": _rounded(result.truth),
        "boxes": _rounded(result.boxes[:MAX_DETECTIONS]),
        "scores": [round(score, _SCORE_DIGITS) for score in result.scores[:MAX_DETECTIONS]],
    }
    return to_json(fields, "the result of a sample")


def _rounded(boxes: Iterable[Edges]) -> list[list[float]]:
    return [[round(edge, _PIXEL_DIGITS) for edge in box] for box in boxes]


def _result(sample_id: str, text: str) -> SampleResult:
    fields = json.loads(text)
    return SampleResult(
        sample_id=sample_id,
        recording=fields["recording"],
        truth=tuple(tuple(box) for box in fields["truth"]),
        boxes=tuple(tuple(box) for box in fields["boxes"]),
        scores=tuple(fields["scores"]),
    )
