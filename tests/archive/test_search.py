"""A search against a comparison of everything with everything, in archives of several groups of rows."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfhydra.archive.example import Example
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.search import SIZE_WEIGHT, find_similar
from rfhydra.archive.tables import EMBEDDING, emissions_schema, with_metadata, writing_table
from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.spectrum.boxes import Box
from tests.training.given import SMALL_SPEC

DIM: Final = 16
PLAN: Final = ScanPlan(SMALL_SPEC, "backbone")
_ADDED: Final = 5_000
SAME: Final[dict[str, Any]] = {"spec_id": SMALL_SPEC.spec_id, "backbone_id": "backbone"}


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    vectors = rng.standard_normal(shape).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def write(path: Path, boxes: np.ndarray[Any, Any], embeddings: np.ndarray[Any, Any], recording: str = "/r") -> None:
    """An archive; ``boxes`` are start, end, low, high."""
    stored, count = embeddings.astype("<f2"), len(boxes)
    names = [f"{recording}{number // 3}" for number in range(count)]
    with writing_table(path, with_metadata(emissions_schema(DIM), PLAN)) as writer:
        for first in range(0, count, _ADDED):
            rows = slice(first, first + _ADDED)
            part = np.ascontiguousarray(stored[rows])
            nothing = [None] * len(part)
            writer.add_rows(
                {
                    "recording": names[rows],
                    "recording_id": names[rows],
                    "time_start_sec": boxes[rows, 0],
                    "time_end_sec": boxes[rows, 1],
                    "freq_low_hz": boxes[rows, 2],
                    "freq_high_hz": boxes[rows, 3],
                    "start_utc": nothing,
                    "end_utc": nothing,
                    "objectness": np.ones(len(part), np.float32),
                    "signal": nothing,
                    "score": nothing,
                    EMBEDDING: pa.FixedSizeBinaryArray.from_buffers(
                        pa.binary(2 * DIM), len(part), [None, pa.py_buffer(part)]
                    ),
                }
            )


@pytest.mark.parametrize("seed", range(3))
def test_the_ranking_is_that_of_all_comparisons(seed: int, tmp_path: Path) -> None:
    rng, count = np.random.default_rng(seed), 40_000
    start, low = 10.0 * np.arange(count), rng.uniform(1e6, 2e6, count)
    length, width = np.exp(rng.uniform(-5, 1, count)), np.exp(rng.uniform(5, 10, count))
    boxes = np.stack([start, start + length, low, low + width], axis=1)
    embeddings = unit(rng, count, DIM)
    write(tmp_path / "e.parquet", boxes, embeddings)
    assert pq.ParquetFile(tmp_path / "e.parquet").num_row_groups >= 2
    example = Example("another", Box(0, 0.1, 0, 1e3), unit(rng, DIM))
    found = find_similar(tmp_path / "e.parquet", example, 20, **SAME)
    ratios = np.clip([np.log(length / 0.1), np.log(width / 1e3)], -3, 3)
    expected = embeddings.astype("<f2").astype(np.float64) @ example.embedding - SIZE_WEIGHT * (ratios**2).sum(0)
    order = np.argsort(-expected)[:20]
    assert [each.box.time_start_sec for each in found] == start[order].tolist()
    np.testing.assert_allclose([each.similarity for each in found], expected[order], atol=1e-5)
    assert [each.recording for each in found] == [f"/r{index // 3}" for index in order]


def test_overlapping_boxes_are_listed_once_and_the_example_never(tmp_path: Path) -> None:
    wanted = np.eye(DIM, dtype=np.float32)[0]
    boxes = np.array([(0, 1, 0, 10), (0.1, 1, 0, 10), (5, 6, 0, 10), (0, 1, 0, 10.5)], float)
    write(tmp_path / "e.parquet", boxes, np.stack([wanted] * 4))
    example = Example("/r0", Box(5.1, 6, 0, 10), wanted)
    found = find_similar(tmp_path / "e.parquet", example, 10, **SAME)
    assert [(each.recording, each.box.time_start_sec) for each in found] == [("/r0", 0.1), ("/r1", 0.0)]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    path, example = tmp_path / "e.parquet", Example("", Box(0, 1, 0, 1), np.ones(DIM, np.float32))
    with pytest.raises(NotFound, match=r"no archive e\.parquet"):
        find_similar(path, example, 1, **SAME)
    path.write_bytes(b"no table")
    with pytest.raises(InvalidMessage, match=r"e\.parquet is no Parquet file"):
        find_similar(path, example, 1, **SAME)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InvalidMessage, match="does not state a contract"):
        find_similar(path, example, 1, **SAME)
    write(path, np.array([(0, 1, 0, 10)], float), np.ones((1, DIM)))
    for field in ("spec_id", "backbone_id"):
        with pytest.raises(Incompatible, match="scan again"):
            find_similar(path, example, 1, **{**SAME, field: "another"})
