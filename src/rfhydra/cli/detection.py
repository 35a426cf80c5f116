"""``rfhydra detect`` and ``rfhydra eval``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import (
    AsJson,
    BackboneFile,
    CenterFrequency,
    Datatype,
    Recordings,
    RuntimeName,
    SampleRate,
    Signal,
    Workspace,
)
from rfhydra.cli.detection_files import DetectionFiles, write_annotations
from rfhydra.cli.output import note, print_json, print_table, progress_bar, reported, say
from rfhydra.cli.recordings import open_recordings, output_files
from rfhydra.config import IOU_THRESHOLD
from rfhydra.errors import InvalidMessage, NotFound

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from rfhydra.detection.detector import Detection, HydraDetector
    from rfhydra.hydra.runtimes import Runtime
    from rfhydra.recordings import Recording
    from rfhydra.store.workspace import Workspace as Store

_SIGMF_SUFFIX = ".sigmf-meta"


def detect(
    directory: Workspace,
    recordings: Recordings,
    heads: Annotated[str | None, typer.Option(metavar="A,B", help="Signals to look for; default all.")] = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Least score; default each head's own.")] = None,
    sigmf: Annotated[Path | None, typer.Option(metavar="OUT", help="Write SigMF annotations, to be reviewed.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a .csv, .jsonl or .parquet table.")] = None,
    crops: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the IQ of each detection.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a picture with the boxes.")] = None,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    backbone: BackboneFile = None,
    runtime: RuntimeName = "torch",
    as_json: AsJson = False,
) -> None:
    """Find the emissions of trained signals in recordings. With several recordings OUT is a directory."""
    with reported(as_json=as_json):
        from rfhydra.contract.checks import rate_warnings
        from rfhydra.store.workspace import Workspace as Store

        opened = open_recordings(recordings, datatype=datatype, sample_rate_hz=sample_rate, center_freq_hz=center_freq)
        if sigmf is not None and len(opened) == 1 and not sigmf.is_dir() and sigmf.suffix != _SIGMF_SUFFIX:
            raise InvalidMessage(f"--sigmf {sigmf} must end in {_SIGMF_SUFFIX}")
        with Store.view(directory) as store:
            names = None if heads is None else [name.strip() for name in heads.split(",")]
            detector = load_detector(store, names, backbone, runtime)
            for warning in rate_warnings(store, sorted(detector.loaded_versions), opened):
                note(warning)
            annotations = [] if sigmf is None else output_files(sigmf, opened, _SIGMF_SUFFIX)
            pictures = [] if png is None else output_files(png, opened, ".png")
            files = DetectionFiles.of(out, crops, opened)
            found = detect_all(opened, detector, threshold)
        # an output that was not asked for has no files, and its zip ends at once
        for recording, detections, path in zip(opened, found, annotations, strict=False):
            write_annotations(recording, detections, path, detector.loaded_versions)
        files.write(opened, found, detector.spec.hop)
        for recording, detections, path in zip(opened, found, pictures, strict=False):
            write_picture(recording, detector, detections, path)
    if as_json:
        print_json({"recordings": [_as_json(*pair) for pair in zip(opened, found, strict=True)]})
    else:
        for recording, detections in zip(opened, found, strict=True):
            _show(recording, detections)
        if any(found) and len(annotations) == 1:
            say(f"next: rfhydra review {directory} {annotations[0]} --accept 1,2 --reject 3")


def evaluate(
    directory: Workspace,
    signal: Signal,
    recordings: Recordings,
    iou: Annotated[float, typer.Option(min=0.01, max=1, help="Overlap that counts as found.")] = IOU_THRESHOLD,
    backbone: BackboneFile = None,
    runtime: RuntimeName = "torch",
    as_json: AsJson = False,
) -> None:
    """Score the active head of a signal against the annotations of recordings."""
    with reported(as_json=as_json), progress_bar() as bar:
        from rfhydra.store.workspace import Workspace as Store
        from rfhydra.training.evaluation.recordings import score_recordings, summarise

        opened = open_recordings(recordings)
        task = bar.add_task("detecting", total=len(opened), note="")
        with Store.view(directory) as store:
            detector = load_detector(store, [signal], backbone, runtime)
            scenes = score_recordings(detector, signal, opened, lambda name: bar.update(task, advance=1, note=name))
            version = detector.loaded_versions[signal]
            threshold = detector.loaded_threshold(signal)
        report = {"signal_name": signal, "version": version, **summarise(scenes, threshold, iou)}
    if not any(len(scene.truth) for scene in scenes):
        note(f"nothing is annotated as {signal}: only the false alarms mean something")
    if as_json:
        print_json(report)
        return
    low, high = report["f1_interval"]
    rows = [(name, report[name]) for name in ("f1_score", "precision", "recall", "ap", "tp", "fp", "fn", "threshold")]
    title = f"{signal} version {version} on {len(opened)} recordings at IoU {iou:g}"
    print_table(title, ["", ""], [*rows, ("F1, 90 % interval", f"{low:.3f} to {high:.3f}")])


def load_detector(
    store: "Store",
    names: list[str] | None,
    backbone: Path | None,
    runtime: "Runtime",
    *,
    needs_heads: bool = True,
) -> "HydraDetector":
    """A detector with the active heads of ``names``, or of every signal that has one for this backbone.

    Raises:
        NotFound: there is no head, and ``needs_heads``.
    """
    from rfhydra.detection.detector import HydraDetector
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.registry import VersionManager
    from rfhydra.hydra.torch_backbone import best_device

    loaded = load_backbone(backbone, best_device(), runtime)
    detector = HydraDetector(store.spec, loaded)
    if names is None:
        is_empty = not needs_heads and not store.versions.active_heads()
        names = [] if is_empty else fitting_heads(store, loaded.backbone_id)
    detector.load_heads(VersionManager(store).load_heads(names, loaded))
    if mismatch := store.backbone_mismatch(loaded.backbone_id):
        note(mismatch)
    return detector


def fitting_heads(store: "Store", backbone_id: str) -> list[str]:
    """The signals whose active head was trained on the backbone, or if there is none, all that have an active head."""
    backbones = {head.signal_name: head.backbone_id for head in store.versions.active_heads()}
    if not backbones:
        raise NotFound("this workspace has no head yet: train one first")
    fitting = [name for name, each in backbones.items() if each == backbone_id]
    if fitting and len(fitting) < len(backbones):
        others = sorted(backbones.keys() - fitting)
        note(f"not looked for, because their heads were trained on another backbone: {', '.join(others)}")
    return fitting or [*backbones]


def detect_all(
    recordings: list["Recording"], detector: "HydraDetector", threshold: float | None = None
) -> list[list["Detection"]]:
    """Detections in each recording, with a bar that counts samples."""
    from rfhydra.detection.recording import detect_recording

    found, before = [], 0
    with progress_bar() as bar:
        task = bar.add_task("detecting", total=sum(each.sample_count for each in recordings), note="")
        for recording in recordings:
            advance = partial(_advance, bar, task, before, recording.name)
            found.append(detect_recording(recording, detector, threshold, advance))
            before += recording.sample_count
    return found


def _advance(bar: "Progress", task: "TaskID", before: int, name: str, samples_done: int) -> None:
    bar.update(task, completed=before + samples_done, note=name)


def write_picture(recording: "Recording", detector: "HydraDetector", found: list["Detection"], path: Path) -> None:
    """The recording with its annotations and ``found`` as a PNG."""
    from rfhydra.detection.missed import missed_annotations
    from rfhydra.plots import Mark, draw_recording

    missed, rate = missed_annotations(recording, found, detector.loaded_versions), recording.sample_rate_hz
    truth = [
        Mark(each.label or "", each.box(rate), truth=True, missed=each in missed) for each in recording.annotations
    ]
    marks = [Mark(each.signal_name, each.box, each.score) for each in found]
    with progress_bar() as bar:
        task = bar.add_task("drawing, s", total=round(recording.duration_sec), note=recording.name)
        draw_recording(
            recording,
            detector.spec,
            [*truth, *marks],
            path,
            progress=lambda samples_done: bar.update(task, completed=round(samples_done / rate)),
        )


def _as_json(recording: "Recording", found: list["Detection"]) -> dict[str, object]:
    numbered = [{"number": number, **each.to_dict()} for number, each in enumerate(found, start=1)]
    return {"recording": recording.name, "detections": numbered}


def _show(recording: "Recording", found: list["Detection"]) -> None:
    if not found:
        say((recording.name, "bold"), ": nothing found")
        return
    columns = ["", "signal", "score", "start s", "end s", "low MHz", "high MHz"]
    rows = [
        (
            number,
            each.signal_name,
            f"{each.score:.2f}",
            f"{each.box.time_start_sec:.4f}",
            f"{each.box.time_end_sec:.4f}",
            f"{each.box.freq_low_hz / 1e6:.4f}",
            f"{each.box.freq_high_hz / 1e6:.4f}",
        )
        for number, each in enumerate(found, start=1)
    ]
    print_table(recording.name, columns, rows)
