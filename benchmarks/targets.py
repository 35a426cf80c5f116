"""What was to be reached and what was measured: ``docs/targets.md`` from the results of all benchmarks.

python -m benchmarks.targets
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.fewshot.tables import spread
from benchmarks.results_file import RESULTS

PAGE: Final = Path(__file__).parent.parent / "docs" / "targets.md"
FEW_SHOT_F1: Final = {5: 0.85, 10: 0.90, 20: 0.94, 50: 0.96}
HEAD: Final = """# Targets

What rfhydra sets out to reach, and what the benchmarks measured. Written by `python -m benchmarks.targets` from
[benchmarks/results](../benchmarks/results), where machine, commit and backbone of each number are. In brackets 90 %
intervals.

"""


class Target(NamedTuple):
    """One line of the page; ``command`` is what measures it."""

    what: str
    target: str
    measured: str
    reached: bool
    command: str


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())
    print(f"written to {PAGE.name}")


def page() -> str:
    """The page, in Markdown."""
    rows = [("what", "target", "measured", "reached", "by"), ("---",) * 5]
    for each in targets():
        reached = "yes" if each.reached else "**no**"
        rows.append((each.what, each.target, each.measured, reached, f"`python -m benchmarks.{each.command}`"))
    return HEAD + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def targets() -> Iterator[Target]:
    """Every target, with what the result files say."""
    few = _read("fewshot")
    yield from _unseen(few["synthetic"])
    yield from _real(few["real"])
    loss, cross = few["position"]["loss"], few["cross"]["cross_false_alarms_per_scene"]
    yield Target(
        "F1 lost when the signal moves in frequency", "≤ 0.01", spread(loss, 3), loss["mean"] <= 0.01, "fewshot"
    )
    yield Target(
        "12 heads loaded: false alarms on each other's emissions, per scene",
        "≤ 0.05",
        spread(cross, 3),
        cross["mean"] <= 0.05,
        "fewshot",
    )
    yield from _cold(_read("cold_start"))
    yield from _heads(_read("heads"))
    yield from _promotion(_read("promotion"))


def _unseen(synthetic: dict[str, Any]) -> Iterator[Target]:
    for row in synthetic["by_boxes"]:
        aim, f1 = FEW_SHOT_F1[row["boxes"]], row["f1_score"]
        what = f"F1 at IoU 0.5 on emitters that pretraining never saw, {row['boxes']} boxes, stored threshold"
        yield Target(what, f"≥ {aim:.2f}", spread(f1, 3), f1["mean"] >= aim, "fewshot")
    recall = synthetic["proposal_recall_100"]
    what = "proposal recall at IoU 0.5, 100 regions, unseen emitters"
    yield Target(what, "≥ 0.98", spread(recall, 3), recall["mean"] >= 0.98, "fewshot")


def _real(real: dict[str, Any]) -> Iterator[Target]:
    row = next(each for each in real["by_support"] if each["recordings"] == 10)
    f1, recall = row["iou_0.5"], row["proposal_recall"]
    yield Target("F1 at IoU 0.5 on real devices, 10 recordings", "≥ 0.90", spread(f1, 3), f1["mean"] >= 0.90, "fewshot")
    yield Target(
        "proposal recall on the boxes that real devices are learnt from",
        "≥ 0.95",
        spread(recall, 3),
        recall["mean"] >= 0.95,
        "fewshot",
    )


def _cold(cold: dict[str, Any]) -> Iterator[Target]:
    ours, warm, *_, seed = cold["rows"]
    measured = f"{cold['ratio']:.0f} × ({ours['seconds']:.1f} s against {seed['seconds']:.0f} s)"
    command = "cold_start --as-written"
    yield Target(
        f"{cold['samples']} samples, nothing cached, against the seed's loop",
        "≥ 100 ×",
        measured,
        cold["ratio"] >= 100,
        command,
    )
    quality = f"{ours['f1_score']:.2f} against {seed['f1_score']:.2f}"
    yield Target("F1 of both", "at least equal", quality, ours["f1_score"] >= seed["f1_score"], command)
    yield Target("training again", "≤ 2 s", f"{warm['seconds']:.1f} s", warm["seconds"] <= 2, command)


def _heads(found: dict[str, Any]) -> Iterator[Target]:
    for row in found["rows"]:
        if row["target"]:
            reached = row["ratio"] <= row["target"]
            what = f"{row['heads']} heads against one, detection"
            yield Target(what, f"≤ {row['target']} ×", f"{row['ratio']:.2f} ×", reached, "heads")


def _promotion(found: dict[str, Any]) -> Iterator[Target]:
    first = found["cells"][0]
    situation = ("quality", "correlation", "boxes_per_recording", "clustering")
    alike = [cell for cell in found["cells"] if all(cell[name] == first[name] for name in situation)]
    worse, better = (
        next(cell["evidence"]["rate"] for cell in alike if cell["boxes"] == 50 and cell["gain"] == gain)
        for gain in (-0.03, 0.1)
    )
    yield Target(
        "promoted at 50 boxes, truly 3 points worse", "≤ 5 %", f"{100 * worse:.1f} %", worse <= 0.05, "promotion"
    )
    yield Target(
        "promoted at 50 boxes, truly 10 points better", "≥ 90 %", f"{100 * better:.1f} %", better >= 0.9, "promotion"
    )


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


if __name__ == "__main__":
    main()
