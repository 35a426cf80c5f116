"""``docs/targets.md``: targets and measured values, from the results of all benchmarks.

python -m benchmarks.targets
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.results import Row, read_result
from benchmarks.tables import console, spread, table

PAGE: Final = Path(__file__).parent.parent / "docs" / "targets.md"
FEW_SHOT_F1: Final = {5: 0.85, 10: 0.90, 20: 0.94, 50: 0.96}
REAL_F1: Final = 0.93
WIDEBAND_F1: Final = {"adsb_2m0": 0.90, "wifi_20m": 0.85}
HEAD: Final = """# Targets

Targets of rfhydra, and what the benchmarks measured. Written by `python -m benchmarks.targets` from
[benchmarks/results](../benchmarks/results), where machine, commit and backbone of each number are. In brackets 90 %
intervals.

"""


class Target(NamedTuple):
    """One line of the page; ``command`` is the benchmark that measures it."""

    what: str
    target: str
    measured: str
    reached: bool
    command: str

    @classmethod
    def interval(cls, what: str, value: Row, *, least: float | None = None, most: float | None = None) -> "Target":
        """A mean with its interval from the few-shot benchmark."""
        target = f"≥ {least:.2f}" if least is not None else f"≤ {most}"
        reached = (least is None or value["mean"] >= least) and (most is None or value["mean"] <= most)
        return cls(what, target, spread(value), reached, "fewshot")


def page() -> str:
    """The page, in Markdown."""
    rows = [
        (
            each.what,
            each.target,
            each.measured,
            "yes" if each.reached else "**no**",
            f"`python -m benchmarks.{each.command}`",
        )
        for make in (_few_shot, _real, _cold_start, _heads, _live, _promotion, _card)
        for each in make()
    ]
    return HEAD + table(("what", "target", "measured", "reached", "by"), *rows)


def _few_shot() -> Iterator[Target]:
    found = read_result("fewshot")
    for row in found["synthetic"]["by_boxes"]:
        what = f"F1 at IoU 0.5 on emitters that pretraining never saw, {row['boxes']} boxes, stored threshold"
        yield Target.interval(what, row["f1_score"], least=FEW_SHOT_F1[row["boxes"]])
    recall = found["synthetic"]["proposal_recall_100"]
    yield Target.interval("proposal recall at IoU 0.5, 100 proposals, unseen emitters", recall, least=0.98)
    yield Target.interval("F1 lost when the signal moves in frequency", found["position"]["loss"], most=0.01)
    what = "12 heads loaded: false alarms on each other's emissions, per scene"
    yield Target.interval(what, found["cross"]["cross_false_alarms_per_scene"], most=0.05)


def _real() -> Iterator[Target]:
    rows = read_result("real_devices")["rows"]
    devices = [row["iou_0.5"]["f1_score"] for row in rows]
    mean = sum(devices) / len(devices)
    what = f"F1 at IoU 0.5 on real devices, 10 recordings, mean of {len(devices)}"
    yield Target(what, f"≥ {REAL_F1:.2f}", f"{mean:.3f}", mean >= REAL_F1, "real_devices")
    recalls = [row["proposal_recall"] for row in rows]
    recall = sum(recalls) / len(recalls)
    what = "boxes that heads of real devices are trained on with a candidate"
    yield Target(what, "≥ 0.97", f"{recall:.3f}", recall >= 0.97, "real_devices")
    for name, least in WIDEBAND_F1.items():
        (row,) = read_result(f"{name}_10")["rows"]
        value = row["iou_0.5"]["f1_score"]
        what = f"F1 at IoU 0.5 on `{name}`, 10 samples"
        yield Target(what, f"≥ {least:.2f}", f"{value:.3f}", value >= least, "real_devices")


def _cold_start() -> Iterator[Target]:
    found, command = read_result("cold_start"), "cold_start --as-written"
    cold, warm, *_, seed = found["rows"]
    measured = f"{found['ratio']:.0f} × ({cold['seconds']:.1f} s against {seed['seconds']:.0f} s)"
    what = f"{found['samples']} samples, nothing cached, against the seed's loop"
    yield Target(what, "≥ 100 ×", measured, found["ratio"] >= 100, command)
    quality = f"{cold['f1_score']:.2f} against {seed['f1_score']:.2f}"
    yield Target("F1 of both", "at least equal", quality, cold["f1_score"] >= seed["f1_score"], command)
    yield Target("training again", "≤ 2 s", f"{warm['seconds']:.1f} s", warm["seconds"] <= 2, command)


def _heads() -> Iterator[Target]:
    for row in read_result("heads")["rows"]:
        if most := row["target"]:
            what = f"{row['heads']} heads against one, detection"
            yield Target(what, f"≤ {most} ×", f"{row['ratio']:.2f} ×", row["ratio"] <= most, "heads")


def _live() -> Iterator[Target]:
    for row in read_result("live")["rows"]:
        if least := row["target"]:
            what = f"live, {row['sample_rate_hz'] / 1e6:g} MS/s, {row['heads']} heads, {row['band']} band"
            factor = row["real_time_factor"]
            yield Target(what, f"≥ {least:g} × real time", f"{factor:.2f} ×", factor >= least, "live")


def _promotion() -> Iterator[Target]:
    cells = read_result("promotion")["cells"]
    situation = ("quality", "correlation", "boxes_per_recording", "clustering")
    alike = [cell for cell in cells if cell["boxes"] == 50 and all(cell[key] == cells[0][key] for key in situation)]
    worse, better = (
        100 * next(cell["evidence"]["rate"] for cell in alike if cell["gain"] == gain) for gain in (-0.03, 0.1)
    )
    yield Target("promoted at 50 boxes, truly 3 points worse", "≤ 5 %", f"{worse:.1f} %", worse <= 5, "promotion")
    yield Target("promoted at 50 boxes, truly 10 points better", "≥ 90 %", f"{better:.1f} %", better >= 90, "promotion")


def _card() -> Iterator[Target]:
    found = read_result("card")
    for name, recall in (("min_snr_50", 0.5), ("min_snr_90", 0.9)):
        largest, most = found["largest_difference_db"][name], found["target_db"]
        what = f"minimum SNR for recall {recall} that a detectability card predicts, largest difference from new scenes"
        yield Target(what, f"≤ {most:g} dB", f"{largest:.1f} dB", largest <= most, "card")


if __name__ == "__main__":
    PAGE.write_text(page())
    console.print(f"written to {PAGE.name}")
