"""``rfhydra demo``: label, train and detect on synthetic signals."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rfhydra.cli.demo_console import serve_demo
from rfhydra.cli.detection import detect_all, load_detector, write_picture
from rfhydra.cli.output import console, print_table, progress_bar, reported, say
from rfhydra.cli.training import run_training, show_result, write_curve
from rfhydra.config import IOU_THRESHOLD

if TYPE_CHECKING:
    from rfhydra.recordings import Recording
    from rfhydra.store.workspace import Workspace as Store

SIGNAL: Final = "mystery-burst"
BOXES: Final = 10
TEST_WINDOWS: Final = 6
_SHEET: Final = "boxes.png"
_CURVE: Final = "training-curve.png"
_DETECTIONS: Final = "detections.png"


def demo(
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Train a head here, and write pictures, without the console.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for its files; default a new one among temporary files.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of signals and scenes.")] = 1,
) -> None:
    """Open the console on a synthetic live band with an unknown emitter, or train a head for it without a browser."""
    with reported():
        from rfhydra.spectrum.spec import SpectrogramSpec
        from rfhydra.store.workspace import Workspace as Store

        spec = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
        directory = out or Path(tempfile.mkdtemp(prefix="rfhydra-demo-"))
        with Store.create(directory / "workspace", spec) as store:
            if not no_browser and not os.environ.get("RFHYDRA_NO_BROWSER"):
                serve_demo(store, directory, SIGNAL, seed, spec)
                return
            console.rule("1  label")
            test = _label(store, directory, seed)
            console.rule("2  train")
            _train(store, directory / _CURVE)
            console.rule("3  detect")
            picture = directory / _DETECTIONS
            _detect(store, test, picture)
        _show_files(directory)


def _show_files(directory: Path) -> None:
    """Name the files of the demo, and what comes next."""
    say(f"the {BOXES} boxes: {directory / _SHEET}")
    say(f"training curve: {directory / _CURVE}")
    say(f"truth (dashed) and detections: {directory / _DETECTIONS}")
    say(f"recordings and workspace: {directory}, which stays there")
    say(("next: your own recording", "bold"))
    workspace = directory / "workspace"
    say(f"  rfhydra label {workspace} RECORDING NAME --box START,LEN,CENTRE,BANDWIDTH")
    say(f"  rfhydra train {workspace} NAME")
    say(f"  rfhydra detect {workspace} RECORDING --png found.png")


def _label(store: "Store", directory: Path, seed: int) -> "Recording":
    """Import ten recordings with one box each; returns a recording for the test."""
    from rfhydra.cli.demo_scenes import Neighbourhood
    from rfhydra.plots.contact_sheet import draw_contact_sheet
    from rfhydra.store.sample_info import describe_sample
    from rfhydra.training.data.importer import import_recordings

    spectrum, window = Neighbourhood(SIGNAL, seed), store.spec.window_samples
    support = []
    with progress_bar() as bar:
        task = bar.add_task("making scenes", total=BOXES, note="")
        for number in range(1, BOXES + 1):
            support.append(spectrum.record(directory / f"support-{number:02d}", window, packets=1, others=4))
            bar.update(task, advance=1)
    import_recordings(store, support, SIGNAL)
    samples = store.samples.list(SIGNAL)
    pictures = [(SIGNAL, describe_sample(each, store.spec), store.samples.image(each)) for each in samples]
    draw_contact_sheet(pictures, directory / _SHEET, columns=BOXES // 2)
    say(f"{BOXES} boxes drawn around an unknown signal, one in each of {BOXES} scenes with other emissions")
    count = TEST_WINDOWS
    return spectrum.record(directory / "fresh", count * window, packets=2 * count, others=4 * count)


def _train(store: "Store", curve: Path) -> None:
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.protocol.types import TrainingRequest
    from rfhydra.training.service import TrainingService

    service = TrainingService(store, load_backbone(device=best_device()))
    result, history = run_training(service, TrainingRequest(signal_name=SIGNAL, notes="demo"))
    show_result(result, history)
    write_curve(history, curve)


def _detect(store: "Store", test: "Recording", picture: Path) -> None:
    """Detect the signal in ``test``, plot the detections, and score them against the truth."""
    from rfhydra.training.evaluation.recordings import as_scene, summarise

    detector = load_detector(store, [SIGNAL], None, "torch")
    (found,) = detect_all([test], detector)
    write_picture(test, store.spec, detector.loaded_versions, found, picture)
    report = summarise([as_scene(test, SIGNAL, found)], detector.loaded_threshold(SIGNAL), IOU_THRESHOLD)
    columns = ["F1", "precision", "recall", "found", "false alarms", "missed"]
    row = [report[name] for name in ("f1_score", "precision", "recall", "tp", "fp", "fn")]
    print_table(f"{SIGNAL} in {test.duration_sec:.1f} s of fresh spectrum with other emissions", columns, [row])
