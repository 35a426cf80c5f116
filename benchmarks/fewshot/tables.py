"""The results on a terminal."""

from typing import Any

from rich.table import Table

from benchmarks.fewshot.bench import console
from benchmarks.fewshot.units import Row


def show(part: str, summary: dict[str, Any]) -> None:
    """Print the tables of one part."""
    _SHOWN[part](summary)


def spread(value: dict[str, float], digits: int = 3) -> str:
    """A mean and its interval."""
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f}–{value['high']:.{digits}f})"


def _synthetic(summary: dict[str, Any]) -> None:
    rates = ("f1_score", "f1_oracle", "ap", "precision", "recall", "f1_iou_0.3", "false_alarms_per_empty_scene")
    table = Table("boxes", *rates, title="emitters that pretraining never saw")
    for row in summary["by_boxes"]:
        table.add_row(str(row["boxes"]), *(spread(row[rate]) for rate in rates))
    console.print(table)
    causes = Table("boxes", "emissions", "missed", "false", title="what went wrong")
    for row in summary["by_boxes"]:
        causes.add_row(str(row["boxes"]), str(row["emissions"]), _counts(row["missed"]), _counts(row["false"]))
    console.print(causes)
    sizes = [str(row["boxes"]) for row in summary["by_boxes"]]
    emitters = Table("emitter", "proposed", *(f"F1 at {size} (best)" for size in sizes), "missed", "false")
    for row in summary["by_emitter"]:
        scores = [f"{row['f1'][size]:.2f} ({row['f1_oracle'][size]:.2f})" for size in sizes]
        recall = f"{row['proposal_recall']:.2f}"
        emitters.add_row(row["emitter"], recall, *scores, _counts(row["missed"]), _counts(row["false"]))
    console.print(emitters)
    console.print(f"proposal recall at 100: {spread(summary['proposal_recall_100'])}")
    for row in summary["training"]:
        if row["trainings"]:
            console.print(f"training on {row['boxes']}: cold {row['cold_s']:.2f} s, warm {row['warm_s']:.2f} s")


def _position(summary: dict[str, Any]) -> None:
    console.print(
        f"{summary['boxes']} boxes in one third of the band: F1 there {spread(summary['same'])},"
        f" in the others {spread(summary['moved'])}, loss {spread(summary['loss'])}"
    )


def _cross(summary: dict[str, Any]) -> None:
    heads: list[str] = summary["heads"]
    table = Table(
        "sent", "how often", "own head", "other heads", title=f"whose head answers, {summary['scenes']} scenes"
    )
    for truth, counts in zip(summary["rows"], summary["matrix"], strict=True):
        answers = dict(zip(heads, counts, strict=True))
        own = answers.pop(truth, "")
        table.add_row(truth, str(summary["sent"].get(truth, "")), str(own), _counts(answers))
    console.print(table)
    rate = spread(summary["cross_false_alarms_per_scene"])
    console.print(f"false alarms per scene on each other's emissions: {rate}")
    for cause, count in summary["false_alarms_per_scene"].items():
        console.print(f"  on {cause}: {count:.3f}")


def _baselines(summary: dict[str, Any]) -> None:
    table = Table("method", "boxes", "F1", "F1 (best)", "F1, all its emitters", "emitters", "training, s")
    for row in summary["rows"]:
        scores = [f"{row[name]:.2f}" for name in ("f1_common", "f1_oracle_common", "f1_all")]
        table.add_row(row["method"], str(row["boxes"]), *scores, str(row["emitters"]), f"{row['training_s']:.1f}")
    console.print(table)


def _real(summary: dict[str, Any]) -> None:
    table = Table("recordings", "device", "F1 at IoU 0.5", "precision", "recall", "F1 at IoU 0.3", "proposed")
    for row in summary["by_support"]:
        for device in row["by_device"]:
            rates = [f"{device[name]:.2f}" for name in ("f1_score", "precision", "recall", "f1_iou_0.3")]
            table.add_row(str(row["recordings"]), device["device"], *rates, f"{device['proposal_recall']:.2f}")
        table.add_row(str(row["recordings"]), "mean", spread(row["iou_0.5"], 2), "", "", spread(row["iou_0.3"], 2), "")
    console.print(table)


_SHOWN = {
    "synthetic": _synthetic,
    "position": _position,
    "cross": _cross,
    "baselines": _baselines,
    "real": _real,
}


def _counts(causes: Row) -> str:
    return ", ".join(f"{cause} {count}" for cause, count in causes.items() if count)
