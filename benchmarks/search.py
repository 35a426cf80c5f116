"""Search by example: how many of the most similar emissions are of the example's device, and how long a search takes.

    python -m benchmarks.search ../shared/rf

RECORDINGS holds a folder of SigMF recordings per device, whose annotations carry the folder's name as their label, and
``background``. The archive is scanned without a head. Examples are annotated boxes; only emissions of other recordings
count as found, because those of one recording are near-copies. The time is that of a search alone, in an archive of
generated embeddings.
"""

import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.real_devices import Collection
from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC
from benchmarks.tables import show, table
from rfhydra.archive.engine_local import LocalEngine
from rfhydra.archive.example import Example
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.scan import ArchiveFiles, scan
from rfhydra.archive.search import SIZE_WEIGHT, SimilarEmission, find_similar
from rfhydra.archive.source import find_sources
from rfhydra.archive.tables import EMBEDDING, ROW_GROUP, emissions_schema, with_metadata, writing_table
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import SHIPPED_PATH, backbone_id_in, load_backbone
from rfhydra.recordings import Recording
from rfhydra.recordings.known import KnownFields
from rfhydra.spectrum.boxes import Box

TOP: Final = 10
IOU: Final = 0.3
"""Overlap of an emission with an annotation that makes it one of that device."""
LIMITS: Final = (0.15, 0.3, 0.5)
"""Of the objectness, down to that of the backbone's proposals."""
_LISTED: Final = 300  # those of the example's own recording are left out
EXAMPLE: Final = Box(0.0, 0.02, 433e6, 433.02e6)


def overlap(first: Box, second: Box) -> float:
    """Intersection over union."""
    seconds = min(first.time_end_sec, second.time_end_sec) - max(first.time_start_sec, second.time_start_sec)
    hertz = min(first.freq_high_hz, second.freq_high_hz) - max(first.freq_low_hz, second.freq_low_hz)
    shared = max(0.0, seconds) * max(0.0, hertz)
    areas = ((box.time_end_sec - box.time_start_sec) * (box.freq_high_hz - box.freq_low_hz) for box in (first, second))
    return shared / (sum(areas) - shared)


class Quality:
    """Searches in the recordings of ``collection``, whose emissions are in ``emissions``."""

    def __init__(self, collection: Collection, emissions: Path, backbone: Backbone) -> None:
        self._collection, self._emissions, self._backbone = collection, emissions, backbone
        self._by_path = {str(each.path.absolute()): each for own in collection.recordings.values() for each in own}

    def examples(self, draws: int, seed: int) -> dict[str, list[Example]]:
        """Boxes of each device, by device."""
        rng, chosen = np.random.default_rng(seed), dict[str, list[Example]]()
        for device in self._collection.devices:
            own = [(each, box) for each in self._collection.recordings[device] for box in _boxes(each, device)]
            drawn = [own[index] for index in rng.permutation(len(own))[:draws]]
            chosen[device] = [Example.of(each, box, SPEC, self._backbone) for each, box in drawn]
        return chosen

    def precision(self, example: Example, device: str, size_weight: float) -> float:
        """Share of ``device`` among the most similar emissions of other recordings than that of ``example``."""
        found = find_similar(
            self._emissions,
            example,
            _LISTED,
            spec_id=SPEC.spec_id,
            backbone_id=self._backbone.backbone_id,
            size_weight=size_weight,
        )
        others = [each for each in found if each.recording_id != example.recording_id][:TOP]
        return float(np.mean([self._is_of(each, device) for each in others]))

    def _is_of(self, emission: SimilarEmission, device: str) -> bool:
        boxes = _boxes(self._by_path[emission.recording], device)
        return any(overlap(emission.box, box) >= IOU for box in boxes)

    def coverage(self) -> list[Row]:
        """Share of the annotated boxes that have an emission, and emissions per second, by limit of the objectness."""
        rows = pq.read_table(self._emissions).drop([EMBEDDING]).to_pylist()
        found = defaultdict[str, list[tuple[float, Box]]](list)
        for row in rows:
            edges = (row["time_start_sec"], row["time_end_sec"], row["freq_low_hz"], row["freq_high_hz"])
            found[row["recording"]].append((row["objectness"], Box(*edges)))
        best = [
            [
                max((score for score, box in found[path] if overlap(box, wanted) >= limit), default=0.0)
                for limit in (IOU, 0.5)
            ]
            for path, recording in self._by_path.items()
            for device in self._collection.devices
            for wanted in _boxes(recording, device)
        ]
        seconds = sum(each.duration_sec for each in self._by_path.values())
        return [
            {
                "objectness": limit,
                "covered_iou_0.3": float(np.mean([loose >= limit for loose, _ in best])),
                "covered_iou_0.5": float(np.mean([tight >= limit for _, tight in best])),
                "emissions_per_second": sum(row["objectness"] >= limit for row in rows) / seconds,
            }
            for limit in LIMITS
        ]


def _best(found: Sequence[tuple[float, Box]], wanted: Box, iou: float) -> float:
    """The highest objectness of the emissions ``found`` that overlap ``wanted``."""
    return max((objectness for objectness, box in found if overlap(box, wanted) >= iou), default=0.0)


def _boxes(recording: Recording, device: str) -> list[Box]:
    return [each.box(recording.sample_rate_hz) for each in recording.annotations if each.label == device]


def search_times(directory: Path, count: int, dim: int, repeats: int) -> Row:
    """Seconds of a search among ``count`` generated emissions."""
    plan = ScanPlan(SPEC, "generated")
    path, rng = directory / "generated.emissions.parquet", np.random.default_rng(0)
    _generate(path, plan, count, dim, rng)
    query = rng.standard_normal(dim).astype(np.float32)
    example = Example("", EXAMPLE, query / np.linalg.norm(query))
    wall, processor = list[float](), list[float]()
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        find_similar(path, example, TOP, spec_id=SPEC.spec_id, backbone_id=plan.backbone_id)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return {
        "emissions": count,
        "dimensions": dim,
        "file_mb": path.stat().st_size / 1e6,
        "seconds_median": float(np.median(wall)),
        "seconds_least": min(wall),
        "processor_seconds_median": float(np.median(processor)),
        "peak_resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def _generate(path: Path, plan: ScanPlan, count: int, dim: int, rng: np.random.Generator) -> None:
    with writing_table(path, with_metadata(emissions_schema(dim), plan)) as writer:
        for first in range(0, count, ROW_GROUP):
            rows = min(ROW_GROUP, count - first)
            vectors = rng.standard_normal((rows, dim), dtype=np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            stored = vectors.astype("<f2")
            start, low = rng.uniform(0, 3600, rows), rng.uniform(430e6, 436e6, rows)
            numbers = np.arange(first, first + rows) // 100
            nothing = [None] * rows
            writer.add_rows(
                {
                    "recording": [f"/archive/recording-{number:06}.sigmf-meta" for number in numbers],
                    "recording_id": [f"{number:0128x}" for number in numbers],
                    "time_start_sec": start,
                    "time_end_sec": start + np.exp(rng.uniform(-7, 0, rows)),
                    "freq_low_hz": low,
                    "freq_high_hz": low + np.exp(rng.uniform(7, 12, rows)),
                    "start_utc": nothing,
                    "end_utc": nothing,
                    "objectness": rng.uniform(0.3, 1, rows).astype(np.float32),
                    "signal": nothing,
                    "score": nothing,
                    EMBEDDING: pa.FixedSizeBinaryArray.from_buffers(
                        pa.binary(2 * dim), rows, [None, pa.py_buffer(stored)]
                    ),
                }
            )


def measure(
    recordings: Annotated[Path, typer.Argument(help="A folder per device.")],
    draws: Annotated[int, typer.Option(help="Examples of each device.")] = 10,
    seed: Annotated[int, typer.Option(help="Random seed of the examples.")] = 0,
    emissions: Annotated[int, typer.Option(help="Generated emissions.")] = 1_000_000,
    repeats: Annotated[int, typer.Option(help="Searches among them.")] = 7,
    workers: Annotated[int | None, typer.Option(help="Processes of the scan.")] = None,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    archive: Annotated[Path | None, typer.Option(help="Keep the archive there, and go on with it.")] = None,
) -> None:
    """Scan, search, report."""
    with tempfile.TemporaryDirectory() as directory:
        times = search_times(Path(directory), emissions, load_backbone(backbone).embedding_dim, repeats)
        out = (archive or Path(directory)) / "hits.parquet"
        started = time.perf_counter()
        plan = ScanPlan(SPEC, backbone_id_in(backbone or SHIPPED_PATH), backbone)
        report = scan(plan, *find_sources([recordings], KnownFields()), ArchiveFiles.at(out), LocalEngine(workers))
        scanned: Row = {
            "recordings": len(report.recordings),
            "scanned_now": report.scanned,
            "duration_sec": sum((each.duration_sec for each in report.recordings), 0.0),
            "emissions": report.emissions,
            "seconds": time.perf_counter() - started,
        }
        loaded = load_backbone(backbone)
        quality = Quality(Collection(recordings), ArchiveFiles.at(out).emissions, loaded)
        examples, coverage = quality.examples(draws, seed), quality.coverage()
        by_weight = {weight: _precisions(quality, examples, weight) for weight in (0.0, SIZE_WEIGHT)}
    _show(times, by_weight, coverage)
    rows = [
        {"device": device, "precision": own, "precision_without_size": by_weight[0.0][device]}
        for device, own in by_weight[SIZE_WEIGHT].items()
    ]
    result = {"draws": draws, "seed": seed, "iou": IOU, "top": TOP, "scan": scanned, "times": times}
    write_result("search", {**result, "rows": rows, "coverage": coverage}, loaded)


def _precisions(quality: Quality, examples: Mapping[str, Sequence[Example]], weight: float) -> dict[str, list[float]]:
    return {device: [quality.precision(each, device, weight) for each in own] for device, own in examples.items()}


def _show(times: Row, by_weight: Mapping[float, Mapping[str, Sequence[float]]], coverage: Sequence[Row]) -> None:
    with_size, without = by_weight[SIZE_WEIGHT], by_weight[0.0]
    shown = [
        (name, f"{np.mean(own):.2f}", f"{min(own):.1f}", f"{np.mean(without[name]):.2f}")
        for name, own in with_size.items()
    ]
    means = [f"{np.mean([np.mean(own) for own in each.values()]):.3f}" for each in (with_size, without)]
    columns = ("device", f"precision at {TOP}", "worst example", "without size")
    show(table(columns, *shown, ("mean", means[0], "", means[1])))
    names = ("objectness", "covered_iou_0.3", "covered_iou_0.5", "emissions_per_second")
    show(table(names, *([f"{row[name]:.3g}" for name in names] for row in coverage)))
    show(table(tuple(times), [f"{value:.3g}" for value in times.values()]))


if __name__ == "__main__":
    typer.run(measure)
