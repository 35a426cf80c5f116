"""``rfhydra detect``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import (
    AsJson,
    BackboneFile,
    CenterFrequency,
    Datatype,
    Heads,
    Recordings,
    RuntimeName,
    SampleRate,
    ServerUrl,
    Token,
    Workspace,
)
from rfhydra.cli.detection_files import DetectionFiles, write_annotations
from rfhydra.cli.output import note, print_json, print_table, progress_bar, reported, say
from rfhydra.cli.recordings import open_recordings, output_files
from rfhydra.errors import InvalidMessage, NotFound

if TYPE_CHECKING:
    from rfhydra.cli.remote_detection import RemoteDetections
    from rfhydra.detection.detection import Detection
    from rfhydra.detection.detector import HydraDetector
    from rfhydra.hydra.runtimes import Runtime
    from rfhydra.recordings import Recording
    from rfhydra.spectrum.spec import SpectrogramSpec
    from rfhydra.store.workspace import Workspace as Store

_SIGMF_SUFFIX = ".sigmf-meta"


def detect(
    directory: Workspace,
    recordings: Recordings,
    heads: Heads = None,
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
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Find the emissions of trained signals in recordings. With several recordings OUT is a directory."""
    with reported(as_json=as_json):
        require_one_backbone(server, backbone)
        opened = open_recordings(recordings, datatype=datatype, sample_rate_hz=sample_rate, center_freq_hz=center_freq)
        if sigmf is not None and len(opened) == 1 and not sigmf.is_dir() and sigmf.suffix != _SIGMF_SUFFIX:
            raise InvalidMessage(f"--sigmf {sigmf} must end in {_SIGMF_SUFFIX}")
        names = None if heads is None else [name.strip() for name in heads.split(",")]
        annotations = [] if sigmf is None else output_files(sigmf, opened, _SIGMF_SUFFIX)
        pictures = [] if png is None else output_files(png, opened, ".png")
        files = DetectionFiles.of(out, crops, opened)
        if server is None:
            found, versions, spec = _detect_here(directory, opened, names, threshold, backbone, runtime)
        else:
            remote = detect_there(server, token, opened, names, threshold)
            found, versions, spec = remote.found, remote.versions, remote.spec
        # an output that was not asked for has no files, and its zip ends at once
        for recording, detections, path in zip(opened, found, annotations, strict=False):
            write_annotations(recording, detections, path, versions)
        files.write(opened, found, spec.hop)
        for recording, detections, path in zip(opened, found, pictures, strict=False):
            write_picture(recording, spec, versions, detections, path)
    if as_json:
        print_json({"recordings": [_as_json(*pair) for pair in zip(opened, found, strict=True)]})
    else:
        for recording, detections in zip(opened, found, strict=True):
            _show(recording, detections)
        if any(found) and len(annotations) == 1:
            say(f"next: rfhydra review {directory} {annotations[0]} --accept 1,2 --reject 3")


def _detect_here(
    directory: Path,
    recordings: list["Recording"],
    names: list[str] | None,
    threshold: float | None,
    backbone: Path | None,
    runtime: "Runtime",
) -> tuple[list[list["Detection"]], dict[str, int], "SpectrogramSpec"]:
    """Detections in each recording, the versions of the heads, and the contract."""
    from rfhydra.contract.checks import rate_warnings
    from rfhydra.store.workspace import Workspace as Store

    with Store.view(directory) as store:
        detector = load_detector(store, names, backbone, runtime)
        found = detect_all(recordings, detector, threshold)
        for warning in rate_warnings(store, sorted(detector.loaded_versions), recordings):
            note(warning)
        return found, detector.loaded_versions, store.spec


def detect_there(
    server: str, token: str | None, recordings: list["Recording"], names: list[str] | None, threshold: float | None
) -> "RemoteDetections":
    """Detections by the loaded heads of a server, with the bar of :func:`detect_all`."""
    from rfhydra.cli.remote_detection import detect_on_server

    with _seconds_bar(recordings) as advance:
        return detect_on_server(server, token, recordings, names, threshold, advance)


def require_one_backbone(server: str | None, backbone: Path | None) -> None:
    """
    Raises:
        InvalidMessage: both are given.
    """
    if server is not None and backbone is not None:
        raise InvalidMessage("--backbone and --server exclude each other: a server has its backbone")


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
    from rfhydra.hydra.registry import VersionManager

    manager = VersionManager(store)
    for name in names or ():  # before torch is imported, which takes seconds
        manager.require_active(name)
    from rfhydra.detection.detector import HydraDetector
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device

    loaded = load_backbone(backbone, best_device(), runtime)
    detector = HydraDetector(store.spec, loaded)
    if names is None:
        is_empty = not needs_heads and not store.versions.active_heads()
        names = [] if is_empty else fitting_heads(store, loaded.backbone_id)
    detector.load_heads(manager.load_heads(names, loaded))
    if mismatch := store.backbone_mismatch(loaded.backbone_id):
        note(mismatch)
    return detector


def fitting_heads(store: "Store", backbone_id: str) -> list[str]:
    """The signals whose active head runs on the backbone, or if there is none, all that have an active head."""
    from rfhydra.hydra.registry import VersionManager

    names = [head.signal_name for head in store.versions.active_heads()]
    if not names:
        raise NotFound("this workspace has no head yet: train one first")
    fitting = VersionManager(store).fitting(backbone_id)
    if fitting and len(fitting) < len(names):
        others = sorted({*names} - {*fitting})
        note(f"not looked for, because their heads do not run on this backbone (rfhydra upgrade): {', '.join(others)}")
    return fitting or names


def detect_all(
    recordings: list["Recording"], detector: "HydraDetector", threshold: float | None = None
) -> list[list["Detection"]]:
    """Detections in each recording, with a bar that counts seconds of recording."""
    from rfhydra.detection.recording import detect_recording

    with _seconds_bar(recordings) as advance:
        return [detect_recording(each, detector, threshold, partial(advance, each)) for each in recordings]


@contextmanager
def _seconds_bar(recordings: Sequence["Recording"]) -> Iterator[Callable[["Recording", int], None]]:
    """A bar that counts seconds of ``recordings``, one after the other.

    Yields what advances it to a sample of a recording.
    """
    starts = accumulate((each.duration_sec for each in recordings), initial=0.0)
    begins = dict(zip(recordings, starts, strict=False))
    with progress_bar(estimate=True) as bar:
        task = bar.add_task("detecting, s", total=ceil(sum(each.duration_sec for each in recordings)), note="")

        def advance(recording: "Recording", sample: int) -> None:
            seconds = begins[recording] + sample / recording.sample_rate_hz
            bar.update(task, completed=round(seconds), note=recording.name)

        yield advance


def write_picture(
    recording: "Recording", spec: "SpectrogramSpec", versions: dict[str, int], found: list["Detection"], path: Path
) -> None:
    """The recording with its annotations and what heads of ``versions`` ``found``, as a PNG."""
    from rfhydra.detection.missed import missed_annotations
    from rfhydra.plots import Mark, draw_recording

    missed, rate = missed_annotations(recording, found, versions), recording.sample_rate_hz
    truth = [
        Mark(each.label or "", each.box(rate), truth=True, missed=each in missed) for each in recording.annotations
    ]
    marks = [Mark(each.signal_name, each.box, each.score) for each in found]
    with progress_bar() as bar:
        task = bar.add_task("drawing, s", total=round(recording.duration_sec), note=recording.name)
        draw_recording(
            recording,
            spec,
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
