"""``docs/fewshot.md`` and its plots, from the results; its sections are what a run prints."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from benchmarks.results import Row
from benchmarks.tables import counts, figures, spread, table

DPI: Final = 80
LIGHT: Final = "#c8ccd0"
BLUE: Final = "#00798c"
RED: Final = "#d1495b"
HEAD: Final = """# Few-shot benchmark

Measured by `python -m benchmarks.fewshot`, written by `python -m benchmarks.fewshot --report` from
[benchmarks/results/fewshot.json](../benchmarks/results/fewshot.json). Intervals are 90 %, from a bootstrap over
emitters and the draws of each.

The first run makes the bursts with TorchSig (`pip install 'rfhydra[pretrain]'`). Features and proposals are cached, so
a run with another recipe of heads takes minutes; an interrupted run resumes. `--quick` measures a small part of
everything, `--only PART` one part, `--backbone FILE` another backbone.
"""
RATES: Final = {
    "f1_score": "F1 at the stored threshold",
    "f1_oracle": "F1 at the best threshold",
    "ap": "AP",
    "precision": "precision",
    "recall": "recall",
    "f1_iou_0.3": "F1 at IoU 0.3",
    "false_alarms_per_empty_scene": "false alarms per scene without it",
}
SIGNAL_COLUMNS: Final = (
    "F1 at IoU 0.5",
    "precision",
    "recall",
    "AP",
    "F1 at IoU 0.3",
    "own boxes with a candidate",
    "emissions: missed because",
)


def write_page(found: Row, page: Path, images: Path) -> None:
    """Write ``page``, and its plots into ``images``, from the content of a result file."""
    _draw_f1(found["synthetic"], images / "fewshot-f1.png")
    _draw_snr(found["synthetic"]["by_boxes"], images / "fewshot-snr.png")
    sections = [section(found[part]) for part, section in SECTIONS.items() if part in found]
    page.write_text("\n".join([HEAD, _provenance(found), *sections]))


def _provenance(found: Row) -> str:
    machine, plan = found["machine"], found["plan"]
    where = machine["gpu"] or f"{machine['cores']} cores of {machine['cpu']}"
    return (
        f"Commit `{found['commit']}`, backbone `{found['backbone_id']}`, {where}, torch {machine['torch']};\n"
        f"emitters: {plan['emitters'] or 'all'}, draws of support scenes: {plan['draws']}, test scenes with each"
        f" emitter: {plan['test_rounds']},\nsplits of the real devices: {plan['real_seeds']}.\n"
    )


def _synthetic(summary: Row) -> str:
    by_boxes, training = summary["by_boxes"], [row for row in summary["training"] if row["trainings"]]
    main = table(
        ["boxes", *(row["boxes"] for row in by_boxes)],
        *([title, *(spread(row[name], 2) for row in by_boxes)] for name, title in RATES.items()),
        [
            "time error of an edge, median (90th percentile), µs",
            *(_error(row["edge_error_s"], 1e6) for row in by_boxes),
        ],
        ["frequency error of an edge, the same, Hz", *(_error(row["edge_error_hz"]) for row in by_boxes)],
    )
    times = table(
        ["boxes", "cold, s", "warm, s"], *([row["boxes"], *figures(row, ("cold_s", "warm_s"), 2)] for row in training)
    )
    return f"""
## Emitters that pretraining never saw

An *emitter* is one of the twelve held-out TorchSig waveforms with a bandwidth (± 1 %) and a burst length (± 5 %) of its
own. A head is trained on scenes with one box each and 4 to 6 other emissions, of base waveforms and of other held-out
emitters, which are not labelled. It is tested on other bursts, in scenes with 1 or 2 of the emitter's and in half as
many without it; in-band SNR 3 to 30 dB; IoU 0.5. The window is 512 × 512 at an FFT of 512 and a hop of 256, at 1 MS/s
(a column is 256 µs, a row 1,953 Hz).

{main}
Proposal recall at 100 proposals: {spread(summary["proposal_recall_100"])}.

![F1 by boxes](images/fewshot-f1.png)

![Recall and precision by SNR](images/fewshot-snr.png)

Recall and precision by in-band SNR; a false alarm counts at the SNR of the emission under it.

{_snr(by_boxes)}
Errors by cause, over all trials. An emission is missed because no proposal covers it (*proposal*), its box is
inaccurate (*localisation*), or its score lies between the best and the stored threshold (*threshold*) or below both
(*score*). A false alarm lies on the *target* (a part, a second detection), on another held-out *emitter*, on a *base*
burst, or on *nothing*.

{_causes(by_boxes)}
Each emitter, F1 at the stored threshold (at the best one); causes at {by_boxes[-1]["boxes"]} boxes:

{_emitters(summary)}
Training, median over emitters ({max(row["trainings"] for row in training)}): *cold*, nothing cached, the embeddings of
all samples included; *warm*, features cached; validation and calibration included in both.

{times}"""


def _error(error: Row, factor: float = 1) -> str:
    return f"{factor * error['median']:.0f} ({factor * error['q90']:.0f})" if error else "–"


def _snr(by_boxes: list[Row]) -> str:
    rates = ("recall", "precision")
    return table(
        ["SNR, dB", *(f"{rate}, {row['boxes']} boxes" for row in by_boxes for rate in rates)],
        *(
            [
                f"{row[0]['low_db']:.0f}–{row[0]['high_db']:.0f}",
                *(cell for each in row for cell in figures(each, rates, 2)),
            ]
            for row in zip(*(row["by_snr"] for row in by_boxes), strict=True)
        ),
    )


def _causes(by_boxes: list[Row]) -> str:
    kinds = [(kind, cause) for kind in ("missed", "false") for cause in by_boxes[0][kind]]
    return table(
        ["boxes", "emissions", *(f"{kind}: {cause}" for kind, cause in kinds)],
        *([row["boxes"], row["emissions"], *(row[kind][cause] for kind, cause in kinds)] for row in by_boxes),
    )


def _emitters(summary: Row) -> str:
    sizes = [str(row["boxes"]) for row in summary["by_boxes"]]
    return table(
        ["emitter", "proposed", *(f"{size} boxes" for size in sizes), "missed", "false"],
        *(
            [
                f"`{row['emitter']}`",
                f"{row['proposal_recall']:.2f}",
                *(f"{row['f1'][size]:.2f} ({row['f1_oracle'][size]:.2f})" for size in sizes),
                counts(row["missed"]),
                counts(row["false"]),
            ]
            for row in summary["by_emitter"]
        ),
    )


def _position(summary: Row) -> str:
    where = {"in the third of the training": "same", "in the other two": "moved", "loss": "loss"}
    return f"""
## Moved in frequency

{summary["boxes"]} boxes in one third of the band, tested there and in the other two thirds; each third has its turn.

{table(["", "F1 at the stored threshold"], *([title, spread(summary[name])] for title, name in where.items()))}"""


def _cross(summary: Row) -> str:
    rows = []
    for truth, detected in zip(summary["rows"], summary["matrix"], strict=True):
        by_head = dict(zip(summary["heads"], detected, strict=True))
        rows.append([truth, summary["sent"].get(truth, ""), by_head.pop(truth, ""), counts(by_head)])
    causes = summary["false_alarms_per_scene"].items()
    rates = table(
        ["false alarms per scene, all heads together", ""],
        ["on an emission of one of the other eleven", spread(summary["cross_false_alarms_per_scene"])],
        *([f"on {cause}", f"{rate:.3f}"] for cause, rate in causes),
    )
    return f"""
## Twelve heads at once

Twelve heads of {summary["boxes"]} boxes, each trained without knowledge of the others, loaded together on
{summary["scenes"]} scenes with 6 or 7 emissions each, at their stored thresholds.

{rates}
Detections by truth:

{table(["truth", "emissions", "own head", "other heads"], *rows)}"""


def _baselines(summary: Row) -> str:
    rows = (
        [
            row["method"],
            row["boxes"],
            *figures(row, ("f1_common", "f1_oracle_common"), 2),
            f"{row['f1_all']:.2f} ({row['emitters']})",
            f"{row['training_s']:.1f}",
        ]
        for row in summary["rows"]
    )
    columns = ["method", "boxes", "F1 at the stored threshold", "at the best", "on all (emitters)", "training, s"]
    has_rcnn = any(row["method"].startswith("rcnn") for row in summary["rows"])
    return f"""
## Beside other methods

The same samples and scenes. F1 on the emitters that every method was measured on
({", ".join(f"`{name}`" for name in summary["common"])}), and on all emitters that the method was measured on.{
        _RCNN if has_rcnn else ""
    }

{table(columns, *rows)}"""


_RCNN: Final = """ An `rcnn`
head had its own proposals, started from random weights and computed the frozen pyramid again in every epoch, at most
50, patience 5. It is no longer part of rfhydra ([decision 0034](decisions/0034-no-rcnn-heads.md))."""


def _real(summary: Row) -> str:
    return "".join([_devices(summary["by_support"]), _pieces(summary.get("pieces", ()))])


def _devices(by_support: Sequence[Row]) -> str:
    if not by_support:
        return ""
    rows = ([row["recordings"], *figures(row, ("iou_0.5", "iou_0.3", "proposal_recall"), 2)] for row in by_support)
    splits = max(row["splits"] for row in by_support[-1]["by_device"])
    return f"""
## Real devices

Heads of all devices in one workspace, trained on a few recordings each and scored at the stored thresholds on all
other recordings of every device and the background; mean over devices and random splits ({splits}). Devices with fewer
than twice as many recordings are trained on half of theirs.

{table(["recordings", "F1 at IoU 0.5", "F1 at IoU 0.3", "own boxes with a candidate"], *rows)}
An emission is missed because another head claims it (*confused*), its box is inaccurate (*loose*), neither a proposal
nor a candidate of the head's own lies on it (*no candidate*), or its score is too low (*unsure*).

{"".join(_by_device(row) for row in by_support if "missed" in row["by_device"][0]) or _by_device(by_support[-1])}"""


def _by_device(support: Row) -> str:
    rows = ([f"`{row['device']}`", *_signal(row)] for row in support["by_device"])
    return f"With {support['recordings']} recordings:\n\n{table(['device', *SIGNAL_COLUMNS], *rows)}\n"


def _pieces(signals: Sequence[Row]) -> str:
    if not signals:
        return ""
    rows = ([f"`{row['device']}`", row["samples"], *_signal(row)] for row in signals)
    return f"""
## Wideband signals

One head each, under a contract of its own, trained on samples of the first pieces of a recording and scored on the
later ones.

{table(["signal", "samples", *SIGNAL_COLUMNS], *rows)}"""


def _signal(row: Row) -> list[str]:
    """The cells of :data:`SIGNAL_COLUMNS`."""
    names = ("f1_score", "precision", "recall", "ap", "f1_iou_0.3", "proposal_recall")
    # The last full run was before misses were counted.
    return [*figures(row, names, 2), f"{row['emissions']}: {counts(row['missed'])}" if "missed" in row else "–"]


def _draw_f1(summary: Row, path: Path) -> None:
    """F1 by boxes: every emitter thin, the mean with its interval thick, at the stored and at the best threshold."""
    figure = Figure(figsize=(7, 4), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    by_boxes = summary["by_boxes"]
    boxes = [row["boxes"] for row in by_boxes]
    for emitter in summary["by_emitter"]:
        axis.plot(boxes, [emitter["f1"][str(count)] for count in boxes], color=LIGHT, linewidth=0.8)
    for name, colour, label in (("f1_oracle", RED, "best threshold"), ("f1_score", BLUE, "stored threshold")):
        means = np.array([row[name]["mean"] for row in by_boxes])
        error = [means - [row[name]["low"] for row in by_boxes], [row[name]["high"] for row in by_boxes] - means]
        axis.errorbar(boxes, means, yerr=error, color=colour, marker="o", capsize=3, label=label)
    axis.set(xscale="log", xlabel="boxes", ylabel="F1 at IoU 0.5", ylim=(0, 1.02))
    axis.set_xticks(boxes, [str(count) for count in boxes])
    axis.minorticks_off()
    axis.legend(loc="lower right")
    figure.savefig(path)


def _draw_snr(by_boxes: list[Row], path: Path) -> None:
    """Recall and precision in each bin of SNR, a line for every size of the support."""
    figure = Figure(figsize=(9, 3.5), dpi=DPI, layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, rate in zip(axes, ("recall", "precision"), strict=True):
        for shade, row in zip(np.linspace(0.3, 1, len(by_boxes)), by_boxes, strict=True):
            bins = row["by_snr"]
            middles = [(each["low_db"] + each["high_db"]) / 2 for each in bins]
            label = f"{row['boxes']} boxes"
            means = [each[rate]["mean"] for each in bins]
            axis.plot(middles, means, color=BLUE, alpha=float(shade), marker="o", label=label)
        axis.set(xlabel="in-band SNR, dB", ylabel=rate, ylim=(0, 1.02))
    axes[0].legend(loc="lower right")
    figure.savefig(path)


SECTIONS: Final[dict[str, Callable[[Row], str]]] = {
    "synthetic": _synthetic,
    "position": _position,
    "cross": _cross,
    "baselines": _baselines,
    "real": _real,
}
