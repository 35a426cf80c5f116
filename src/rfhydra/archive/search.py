"""Search by example: the emissions of an archive, ranked by their similarity to one box.

Exact: every embedding is compared, block by block, so memory does not grow with the archive. The similarity is that of
the features of heads (:mod:`rfhydra.hydra.head`): 1 less half the squared distance of the embeddings, which is the
cosine, less that of the log sizes.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from rfhydra.archive.example import Example
from rfhydra.archive.tables import EMBEDDING, ScanMetadata
from rfhydra.detection.tracker import intersection_over_minimum
from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.spectrum.boxes import Box

SIZE_WEIGHT: Final = 0.045
"""Of the squared difference of log duration and log bandwidth."""
MAX_LOG_RATIO: Final = 3.0
SAME_IOM: Final = 0.5
"""Of emissions that overlap by more, the most similar one is listed."""
MAX_RESULTS: Final = 1000
_CANDIDATES: Final = 20
"""The most similar boxes that are looked at for each result: boxes of one emission overlap."""
_BLOCK: Final = 1024
_THREADS: Final = 2
_EDGES: Final = ("time_start_sec", "time_end_sec", "freq_low_hz", "freq_high_hz")


@dataclass(frozen=True)
class SimilarEmission:
    """An emission of an archive and its similarity to an example, at most 1.

    ``signal`` and ``score`` are of the head that detected it, or None. Times of ``box`` are seconds from the start of
    the recording.
    """

    similarity: float
    recording: str
    recording_id: str
    box: Box
    start_utc: datetime | None
    signal: str | None
    score: float | None

    @classmethod
    def columns(cls) -> list[str]:
        """The keys of :meth:`to_dict`."""
        return ["similarity", "recording", "recording_id", *_EDGES, "start_utc", "signal", "score"]

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON."""
        utc = self.start_utc and self.start_utc.isoformat().replace("+00:00", "Z")
        return {
            "similarity": round(self.similarity, 4),
            "recording": self.recording,
            "recording_id": self.recording_id,
            **asdict(self.box),
            "start_utc": utc,
            "signal": self.signal,
            "score": self.score,
        }


def find_similar(
    emissions: Path, example: Example, limit: int, *, spec_id: str, backbone_id: str, size_weight: float = SIZE_WEIGHT
) -> list[SimilarEmission]:
    """The ``limit`` emissions of the Parquet file ``emissions`` that are most similar to ``example``, best first.

    The example itself is left out, wherever its recording lies; of overlapping boxes the best is listed.

    Raises:
        NotFound: there is no such file.
        Incompatible: its embeddings are of another backbone or contract than that of the example.
        InvalidMessage: it is not of a scan.
    """
    limit = min(limit, MAX_RESULTS)
    with _opened(emissions) as file, ThreadPoolExecutor(_THREADS) as threads:
        _require_same(ScanMetadata.read(file.schema_arrow, emissions.name), emissions.name, spec_id, backbone_id)

        def compared(group: int) -> NDArray[np.float32]:
            with pq.ParquetFile(emissions, memory_map=True, metadata=file.metadata) as own:  # one for each thread
                rows = own.read_row_group(group, columns=[*_EDGES, EMBEDDING], use_threads=False)
            return similarities(rows, example, size_weight)

        best = _Best(limit * _CANDIDATES)
        for group, similarity in enumerate(threads.map(compared, range(file.num_row_groups))):
            best.add(group, similarity)
        candidates = best.rows(file)
    return _without_overlaps((each for each in candidates if not _is_same(each, example)), limit)


def _opened(emissions: Path) -> pq.ParquetFile:
    if not emissions.is_file():
        raise NotFound(f"there is no archive {emissions.name}: make it with `rfhydra scan`")
    try:
        return pq.ParquetFile(emissions)
    except pa.ArrowInvalid as error:
        raise InvalidMessage(f"{emissions.name} is no Parquet file: {error}") from None


def _require_same(stated: ScanMetadata, name: str, spec_id: str, backbone_id: str) -> None:
    for what, archive, here in (
        ("backbone", stated.backbone_id, backbone_id),
        ("contract", stated.spec_id, spec_id),
    ):
        if archive != here:
            raise Incompatible(
                f"{name} was scanned with {what} {archive}, the workspace has {here}: scan again, or use that {what}"
            )


def similarities(rows: pa.Table, example: Example, size_weight: float = SIZE_WEIGHT) -> NDArray[np.float32]:
    """Similarity, float32 (n,), of each emission in ``rows`` to ``example``."""
    cosines = np.concatenate([_cosines(chunk, example.embedding) for chunk in rows[EMBEDDING].chunks])
    start, end, low, high = (rows[name].to_numpy() for name in _EDGES)
    duration = np.log((end - start) / (example.box.time_end_sec - example.box.time_start_sec))
    bandwidth = np.log((high - low) / (example.box.freq_high_hz - example.box.freq_low_hz))
    distance = np.square(np.clip([duration, bandwidth], -MAX_LOG_RATIO, MAX_LOG_RATIO)).sum(0)
    similarity: NDArray[np.float32] = (cosines - size_weight * distance).astype(np.float32)
    return similarity


def _cosines(chunk: pa.FixedSizeBinaryArray, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Products of the embeddings in ``chunk`` with ``wanted`` (d,), float32 (n,)."""
    stored = np.frombuffer(chunk.buffers()[1], dtype="<f2").reshape(-1, len(wanted))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing is written
        rows = torch.from_numpy(stored[chunk.offset : chunk.offset + len(chunk)])
    query = torch.from_numpy(wanted)
    # torch widens float16 three times as fast as numpy does; a block fits the cache
    blocks = [rows[first : first + _BLOCK].float() @ query for first in range(0, len(rows), _BLOCK)]
    return np.concatenate([block.numpy() for block in blocks])


class _Best:
    """The ``count`` rows of a file with the highest similarity, over all of its groups."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._similarity = np.zeros(0, np.float32)
        self._place = np.zeros((0, 2), np.int64)

    def add(self, group: int, similarity: NDArray[np.float32]) -> None:
        full = len(self._similarity) == self._count
        better = np.flatnonzero(similarity > self._similarity[-1]) if full else np.arange(len(similarity))
        joined = np.concatenate([self._similarity, similarity[better]])
        places = np.concatenate([self._place, np.stack([np.full(len(better), group), better], axis=1)])
        # stable, so that equal ones are in the order of the file
        kept = np.argsort(-joined, kind="stable")[: self._count]
        self._similarity, self._place = joined[kept], places[kept]

    def rows(self, file: pq.ParquetFile) -> list[SimilarEmission]:
        """The rows themselves, best first."""
        columns = [name for name in file.schema_arrow.names if name != EMBEDDING]
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for group in np.unique(self._place[:, 0]).tolist():
            own = self._place[self._place[:, 0] == group, 1]
            rows = file.read_row_group(group, columns=columns).take(own).to_pylist()
            found |= {(group, row): fields for row, fields in zip(own.tolist(), rows, strict=True)}
        return [
            _emission(similarity, found[group, row])
            for similarity, (group, row) in zip(self._similarity.tolist(), self._place.tolist(), strict=True)
        ]


def _emission(similarity: float, row: dict[str, Any]) -> SimilarEmission:
    return SimilarEmission(
        similarity,
        row["recording"],
        row["recording_id"],
        Box(*(row[name] for name in _EDGES)),
        row["start_utc"],
        row["signal"],
        row["score"],
    )


def _is_same(emission: SimilarEmission, example: Example) -> bool:
    return emission.recording_id == example.recording_id and _overlap(emission.box, example.box)


def _without_overlaps(emissions: Iterable[SimilarEmission], limit: int) -> list[SimilarEmission]:
    """The first ``limit`` of ``emissions`` that overlap no earlier one of the same recording."""
    kept, boxes = list[SimilarEmission](), defaultdict[str, list[Box]](list)
    for each in emissions:
        if len(kept) == limit:
            break
        if not any(_overlap(each.box, other) for other in boxes[each.recording]):
            kept.append(each)
            boxes[each.recording].append(each.box)
    return kept


def _overlap(first: Box, second: Box) -> bool:
    start, end = (min(first.time_start_sec, second.time_start_sec), max(first.time_end_sec, second.time_end_sec))
    return intersection_over_minimum(first, second, start, end) > SAME_IOM
