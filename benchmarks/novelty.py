"""Clusters of unknown emissions on recordings of real devices, of which no head is loaded.

    python -m benchmarks.novelty ../shared/rf

RECORDINGS holds a folder of SigMF recordings per device, whose annotations carry the folder's name as their label. The
recordings are received one after the other, in random order.
"""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.results import Row, write_result
from benchmarks.tables import show, table
from rfhydra.detection.tracker import intersection_over_minimum
from rfhydra.detection.windows import recording_windows
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.live.clusters import Clusters
from rfhydra.live.unclaimed import Emission, Unclaimed
from rfhydra.recordings import Recording, open_recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
MATCH: Final = 0.3
"""Intersection over minimum with an annotation, above which an emission is of its device."""
UNLABELLED: Final = "unlabelled"
OTHER: Final = "other"
MOST: Final = 0.9


def main(
    recordings: Annotated[Path, typer.Argument(help="A folder of recordings per device.")],
    seed: Annotated[int, typer.Option(help="Of the order of the recordings.")] = 0,
    name: Annotated[str, typer.Option(help="Of the result file.")] = "novelty",
) -> None:
    """Measure purity and number of clusters, per device."""
    backbone, clusters = load_backbone(), Clusters("any")
    paths = sorted(recordings.glob("*/*.sigmf-meta"))
    members: dict[int, Counter[str]] = defaultdict(Counter)
    boxes = found = 0
    for index in np.random.default_rng(seed).permutation(len(paths)):
        recording = open_recording(paths[index])
        emissions = new_emissions(recording, backbone)
        for emission in emissions:
            key = clusters.assign(emission.embedding, emission.box, datetime.now(UTC))
            assert key is not None, "a new emission has a cluster"
            members[key][device_of(emission.box, recording, paths[index].parent.name)] += 1
        truth = [each.box(recording.sample_rate_hz) for each in recording.annotations]
        boxes += len(truth)
        found += sum(any(overlap(box, each.box) > MATCH for each in emissions) for box in truth)
    rows = summary(members)
    total = sum(map(Counter.total, members.values()))
    purity = sum(max(each.values()) for each in members.values()) / total
    figures = {"emissions": total, "found": found / boxes, "purity": purity, "clusters": len(members)}
    write_result(name, {"seed": seed, **figures, "devices": rows}, backbone)
    show(table(figures, [f"{value:.3g}" for value in figures.values()]))
    show(
        table(rows[0], *([f"{each:.3g}" if isinstance(each, float) else each for each in row.values()] for row in rows))
    )


def new_emissions(recording: Recording, backbone: Backbone) -> list[Emission]:
    """Each emission of a recording once."""
    unclaimed = Unclaimed()
    windows = recording_windows(recording, SPEC)
    return [
        each for window in windows for each in unclaimed.find(window, backbone.see(window.image), []) if each.is_new
    ]


def device_of(box: Box, recording: Recording, folder: str) -> str:
    """The device that sent what is in a box, as far as that is annotated."""
    overlaps = {overlap(box, each.box(recording.sample_rate_hz)): each.label or OTHER for each in recording.annotations}
    best = max(overlaps, default=0.0)
    if best <= MATCH:
        return UNLABELLED
    return folder if overlaps[best] == folder else OTHER


def overlap(first: Box, second: Box) -> float:
    """Intersection over minimum."""
    return intersection_over_minimum(first, second, -np.inf, np.inf)


def summary(members: dict[int, Counter[str]]) -> list[Row]:
    """For each device: its emissions, its clusters, those that hold most of it, and the purity of the largest."""
    rows: list[Row] = []
    for device in sorted({device for each in members.values() for device in each}):
        sizes = sorted((each[device] for each in members.values() if each[device]), reverse=True)
        total, largest = sum(sizes), max(members.values(), key=lambda each: each[device])
        needed = int(np.searchsorted(np.cumsum(sizes), MOST * total)) + 1
        rows.append(
            {
                "device": device,
                "emissions": total,
                "clusters": len(sizes),
                "clusters_of_90_percent": needed,
                "largest": largest[device] / total,
                "purity_of_largest": largest[device] / largest.total(),
            }
        )
    return rows


if __name__ == "__main__":
    typer.run(main)
