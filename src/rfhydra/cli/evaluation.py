"""``rfhydra eval``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, Recordings, RuntimeName, ServerUrl, Signal, Token, Workspace
from rfhydra.cli.detection import detect_all, detect_there, load_detector, require_one_backbone
from rfhydra.cli.output import interval_text, note, print_json, print_table, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.config import IOU_THRESHOLD, check_name
from rfhydra.errors import Incompatible

if TYPE_CHECKING:
    from rfhydra.detection.detection import Detection
    from rfhydra.hydra.runtimes import Runtime
    from rfhydra.recordings import Recording

_COLUMNS = ("F1", "precision", "recall", "AP", "found", "false alarms", "missed")
_RATES = ("f1_score", "precision", "recall", "ap", "tp", "fp", "fn")


def evaluate(
    directory: Workspace,
    signal: Signal,
    recordings: Recordings,
    iou: Annotated[float, typer.Option(min=0.01, max=1, help="Overlap that counts as found.")] = IOU_THRESHOLD,
    backbone: BackboneFile = None,
    runtime: RuntimeName = "torch",
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Score the active head of a signal against the annotations of recordings; on a server, the loaded head."""
    with reported(as_json=as_json):
        require_one_backbone(server, backbone)
        check_name(signal)
        if server is None:
            detected = _detect_here(directory, signal, recordings, backbone, runtime)
        else:
            detected = _detect_there(server, token, signal, recordings)
        opened, found, version, threshold = detected
        from rfhydra.training.evaluation.recordings import as_scene, summarise

        scenes = [as_scene(recording, signal, each) for recording, each in zip(opened, found, strict=True)]
        report = {"signal_name": signal, "version": version, **summarise(scenes, threshold, iou)}
    if not any(len(scene.truth) for scene in scenes):
        note(f"nothing is annotated as {signal}: only the false alarms mean something")
    if as_json:
        print_json(report)
    else:
        _show(report)


class _Detected(NamedTuple):
    """Detections in each recording down to a low score, the version of the head, and its threshold."""

    recordings: list["Recording"]
    found: Sequence[list["Detection"]]
    version: int
    threshold: float


def _detect_here(
    directory: Path, signal: str, paths: list[Path], backbone: Path | None, runtime: "Runtime"
) -> _Detected:
    from rfhydra.hydra.registry import VersionManager
    from rfhydra.store.workspace import Workspace as Store

    with Store.view(directory) as store:
        VersionManager(store).require_active(signal)
        recordings = open_recordings(paths)
        detector = load_detector(store, [signal], backbone, runtime)
        from rfhydra.training.evaluation.metrics import MIN_SCORE

        found = detect_all(recordings, detector, MIN_SCORE)
        return _Detected(recordings, found, detector.loaded_versions[signal], detector.loaded_threshold(signal))


def _detect_there(server: str, token: str | None, signal: str, paths: list[Path]) -> _Detected:
    from rfhydra.training.evaluation.metrics import MIN_SCORE

    recordings = open_recordings(paths)
    remote = detect_there(server, token, recordings, [signal], MIN_SCORE)
    if signal not in remote.thresholds:
        raise Incompatible("the server does not tell the threshold of its heads: use a newer rfhydra there")
    return _Detected(recordings, remote.found, remote.versions[signal], remote.thresholds[signal])


def _show(report: dict[str, Any]) -> None:
    count = report["recordings"]
    title = f"{report['signal_name']} version {report['version']} on {count} recording{'s' if count > 1 else ''}"
    print_table(f"{title} at IoU {report['iou']:g}", _COLUMNS, [[report[name] for name in _RATES]])
    say(f"F1 {report['f1_score']:.3f} ({interval_text(report)}); threshold {report['threshold']:.3f}")
