"""``docs/fewshot.md`` and its pictures, from the results."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.fewshot import plots
from benchmarks.fewshot.tables import spread
from benchmarks.fewshot.units import Row

HEAD: Final = """# Few-shot benchmark

Measured by `python -m benchmarks.fewshot`, written by `python -m benchmarks.fewshot --report` from
[benchmarks/results/fewshot.json](../benchmarks/results/fewshot.json). Intervals are 90 %, from a bootstrap over
emitters and the draws of each.

The first run makes the bursts with TorchSig (`pip install 'rfhydra[pretrain]'`). What a backbone sees in a scene is
kept, so a run with other heads takes minutes; one that was stopped goes on where it was. `--quick` measures a small
part of everything, `--only PART` one part, `--backbone FILE` another backbone.
"""


def write_page(results: Path, page: Path, images: Path) -> None:
    """Write ``page`` and its pictures into ``images`` from the JSON file ``results``."""
    found: dict[str, Any] = json.loads(results.read_text())
    sections = [HEAD, _provenance(found)]
    writers = {
        "synthetic": _synthetic,
        "position": _position,
        "cross": _cross,
        "baselines": _baselines,
        "real": _real,
    }
    sections += [write(found[part], images) for part, write in writers.items() if part in found]
    page.write_text("\n".join(sections))


def table(*rows: list[str]) -> str:
    """A Markdown table, the first row its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def _provenance(found: dict[str, Any]) -> str:
    machine = found["machine"]
    where = machine["gpu"] or f"{machine['cores']} cores of {machine['cpu']}"
    plan = found["plan"]
    return (
        f"Commit `{found['commit']}`, body `{found['backbone_id']}`, {where}, torch {machine['torch']};"
        f" emitters: {plan['emitters'] or 'all'}, draws of support scenes: {plan['draws']}, test scenes with each"
        f" emitter: {plan['test_rounds']}, splits of the real devices: {plan['real_seeds']}.\n"
    )


def _synthetic(summary: dict[str, Any], images: Path) -> str:
    by_boxes = summary["by_boxes"]
    plots.draw_f1(summary, images / "fewshot-f1.png")
    plots.draw_snr(by_boxes, images / "fewshot-snr.png")
    names = {
        "f1_score": "F1 at the stored threshold",
        "f1_oracle": "F1 at the best threshold",
        "ap": "AP",
        "precision": "precision",
        "recall": "recall",
        "f1_iou_0.3": "F1 at IoU 0.3",
        "false_alarms_per_empty_scene": "false alarms per scene without it",
    }
    main = table(
        ["boxes", *(str(row["boxes"]) for row in by_boxes)],
        *([title, *(spread(row[name], 2) for row in by_boxes)] for name, title in names.items()),
        [
            "time error of an edge, median (90th percentile)",
            *(_error(row["edge_error_s"], 1e6, "µs") for row in by_boxes),
        ],
        [
            "frequency error of an edge, median (90th percentile)",
            *(_error(row["edge_error_hz"], 1, "Hz") for row in by_boxes),
        ],
    )
    training = table(
        ["boxes", "cold, s", "warm, s"],
        *(
            [str(row["boxes"]), f"{row['cold_s']:.2f}", f"{row['warm_s']:.2f}"]
            for row in summary["training"]
            if row["trainings"]
        ),
    )
    timed = max(row["trainings"] for row in summary["training"])
    return f"""
## Emitters that pretraining never saw

An *emitter* is one of the twelve held-out TorchSig waveforms with a bandwidth (± 1 %) and a burst length (± 5 %) of its
own. A head learns from scenes with one box each and 4 to 6 other emissions, of base waveforms and of other
held-out emitters, about which nothing is said. It is tested on other bursts, in scenes with 1 or 2 of the emitter's
and in half as many without it; in-band SNR 3 to 30 dB; IoU 0.5. The window is 512 × 512 at an FFT of 512 and a hop of
256, at 1 MS/s (a column is 256 µs, a row 1,953 Hz).

{main}
Proposal recall at 100 regions: {spread(summary["proposal_recall_100"])}.

![F1 by boxes](images/fewshot-f1.png)

![Recall and precision by SNR](images/fewshot-snr.png)

Recall and precision by in-band SNR; a false alarm counts where what it lies on is.

{_snr(by_boxes)}
What went wrong, over all trials. An emission is missed because no region was proposed on it (*proposal*), its box is
off (*localisation*), its score lies between the best and the stored threshold (*threshold*) or is too low for both
(*score*). A false alarm lies on the *target* (a part, a second answer), on another held-out *emitter*, on a *base*
burst, or on *nothing*.

{_causes(by_boxes)}
Each emitter, F1 at the stored threshold (at the best one); causes at {by_boxes[-1]["boxes"]} boxes:

{_emitters(summary)}
Training, median over emitters ({timed}): *cold*, nothing cached, the embeddings of all samples included; *warm*,
samples seen before; validation and calibration included in both.

{training}"""


def _error(error: dict[str, float], factor: float, unit: str) -> str:
    return f"{factor * error['median']:.0f} ({factor * error['q90']:.0f}) {unit}" if error else "–"


def _snr(by_boxes: list[Row]) -> str:
    return table(
        ["SNR, dB", *(f"{rate}, {row['boxes']} boxes" for row in by_boxes for rate in ("recall", "precision"))],
        *(
            [
                f"{here[0]['low_db']:.0f}–{here[0]['high_db']:.0f}",
                *(spread(each[rate], 2) for each in here for rate in ("recall", "precision")),
            ]
            for here in zip(*(row["by_snr"] for row in by_boxes), strict=True)
        ),
    )


def _causes(by_boxes: list[Row]) -> str:
    missed, false = list(by_boxes[0]["missed"]), list(by_boxes[0]["false"])
    return table(
        ["boxes", "emissions", *(f"missed: {cause}" for cause in missed), *(f"false: {cause}" for cause in false)],
        *(
            [
                str(row["boxes"]),
                str(row["emissions"]),
                *(str(row["missed"][cause]) for cause in missed),
                *(str(row["false"][cause]) for cause in false),
            ]
            for row in by_boxes
        ),
    )


def _emitters(summary: dict[str, Any]) -> str:
    sizes = [str(row["boxes"]) for row in summary["by_boxes"]]
    return table(
        ["emitter", "proposed", *(f"{size} boxes" for size in sizes), "missed", "false"],
        *(
            [
                f"`{row['emitter']}`",
                f"{row['proposal_recall']:.2f}",
                *(f"{row['f1'][size]:.2f} ({row['f1_oracle'][size]:.2f})" for size in sizes),
                _counts(row["missed"]),
                _counts(row["false"]),
            ]
            for row in summary["by_emitter"]
        ),
    )


def _counts(causes: dict[str, int]) -> str:
    return ", ".join(f"{cause} {count}" for cause, count in causes.items() if count) or "–"


def _position(summary: dict[str, Any], images: Path) -> str:
    return f"""
## Moved in frequency

{summary["boxes"]} boxes in one third of the band, tested there and in the other two thirds; each third has its turn.

{
        table(
            ["", "F1 at the stored threshold"],
            ["in the third that it was learnt in", spread(summary["same"])],
            ["in the other two", spread(summary["moved"])],
            ["loss", spread(summary["loss"])],
        )
    }"""


def _cross(summary: dict[str, Any], images: Path) -> str:
    plots.draw_confusion(summary, images / "fewshot-confusion.png")
    causes = [[f"on {cause}", f"{rate:.3f}"] for cause, rate in summary["false_alarms_per_scene"].items()]
    return f"""
## Twelve heads at once

Twelve heads of {summary["boxes"]} boxes, each trained without knowledge of the others, loaded together on {
        summary["scenes"]
    } scenes with 6 or 7
emissions each, at their stored thresholds.

{
        table(
            ["false alarms per scene, all heads together", ""],
            ["on an emission of one of the other eleven", spread(summary["cross_false_alarms_per_scene"])],
            *causes,
        )
    }
![Whose head answers to whose emissions](images/fewshot-confusion.png)
"""


def _baselines(summary: dict[str, Any], images: Path) -> str:
    return f"""
## Beside other methods

The same samples and scenes. F1 on what every method was measured on
({", ".join(f"`{name}`" for name in summary["common"])}), and on all emitters that the method was measured on. An `rcnn`
head has proposals of its own, begins at noise and recomputes the frozen pyramid in every epoch, at most 50, patience 5.

{
        table(
            ["method", "boxes", "F1 at the stored threshold", "at the best", "on all (emitters)", "training, s"],
            *(
                [
                    row["method"],
                    str(row["boxes"]),
                    f"{row['f1_common']:.2f}",
                    f"{row['f1_oracle_common']:.2f}",
                    f"{row['f1_all']:.2f} ({row['emitters']})",
                    f"{row['training_s']:.1f}",
                ]
                for row in summary["rows"]
            ),
        )
    }"""


def _real(summary: dict[str, Any], images: Path) -> str:
    if not summary["by_support"]:
        return ""
    most = summary["by_support"][-1]
    splits = max(row["splits"] for row in most["by_device"])
    devices = table(
        ["device", "F1 at IoU 0.5", "precision", "recall", "AP", "F1 at IoU 0.3", "own boxes proposed"],
        *(
            [
                f"`{row['device']}`",
                *(f"{row[name]:.2f}" for name in ("f1_score", "precision", "recall", "ap", "f1_iou_0.3")),
                f"{row['proposal_recall']:.2f}",
            ]
            for row in most["by_device"]
        ),
    )
    return f"""
## Real devices

Heads of all devices in one workspace, learnt from a few recordings each and scored at the stored thresholds on all
other recordings of every device and the background; mean over devices and random splits ({splits}).

{
        table(
            ["recordings", "F1 at IoU 0.5", "F1 at IoU 0.3", "own boxes proposed"],
            *(
                [
                    str(row["recordings"]),
                    spread(row["iou_0.5"], 2),
                    spread(row["iou_0.3"], 2),
                    spread(row["proposal_recall"], 2),
                ]
                for row in summary["by_support"]
            ),
        )
    }
With {most["recordings"]} recordings, or half of a device's if it has fewer than {2 * most["recordings"]}:

{devices}"""
