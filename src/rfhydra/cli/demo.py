"""``rfhydra demo``: the whole loop on synthetic signals, as an operator would go through it."""

import os
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rfhydra.cli.detection import detect_all, load_detector, write_picture
from rfhydra.cli.output import console, print_table, progress_bar, reported
from rfhydra.cli.training import Kind, run_training, show_result, write_curve
from rfhydra.config import DEFAULT_EPOCHS, IOU_THRESHOLD
from rfhydra.spectrum.spec import SpectrogramSpec

if TYPE_CHECKING:
    from rfhydra.hydra.detector import Detection
    from rfhydra.spectrum.iq import Recording

SIGNAL: Final = "mystery-burst"
SAMPLE_RATE_HZ: Final = 250e3
CENTER_FREQ_HZ: Final = 433.92e6
BOXES: Final = 10
TEST_WINDOWS: Final = 6
SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)


def demo(
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the picture.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; default a temporary directory.")] = None,
    seed: Annotated[int, typer.Option(help="Other signals, other scenes.")] = 1,
) -> None:
    """Teach rfhydra an unknown signal from 10 boxes, then find it among others."""
    with reported():
        directory = out or Path(tempfile.mkdtemp(prefix="rfhydra-demo-"))
        directory.mkdir(parents=True, exist_ok=True)
        picture = _run(directory, seed)
    if not no_browser and not os.environ.get("RFHYDRA_NO_BROWSER"):
        webbrowser.open(picture.resolve().as_uri())


def _run(directory: Path, seed: int) -> Path:
    """The loop: label, train, detect, score. Returns the path of the picture."""
    from rfhydra.hydra.backbone import Backbone
    from rfhydra.hydra.device import best_device
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.importer import import_recordings
    from rfhydra.training.service import TrainingService

    console.rule("1  label")
    with progress_bar() as bar:
        task = bar.add_task("making scenes", total=BOXES + 1, note="")
        support, test = _recordings(directory, seed, lambda name: bar.update(task, advance=1, note=name))
    console.print(f"{BOXES} boxes drawn around an unknown signal, one in each of {BOXES} scenes with other emissions")
    with Store.create(directory / "workspace", SPEC) as store:
        import_recordings(store, support, SIGNAL)
        console.rule("2  train")
        service = TrainingService(store, Backbone.load(device=best_device()))
        result, history = run_training(service, SIGNAL, Kind.EMBEDDING, DEFAULT_EPOCHS, "demo")
        show_result(result, history)
        write_curve(history, directory / "training-curve.png")
        console.rule("3  detect")
        detector = load_detector(store, [SIGNAL], None)
        (found,) = detect_all([test], detector)
        picture = directory / "detections.png"
        write_picture(test, detector, found, picture)
        _score(test, found, detector.loaded_threshold(SIGNAL))
    console.print(f"truth (dashed) and detections: {picture}")
    console.print(f"training curve: {directory / 'training-curve.png'}")
    return picture


def _recordings(directory: Path, seed: int, progress: Callable[[str], None]) -> tuple[list["Recording"], "Recording"]:
    """Ten short annotated recordings and a long one, of one unknown emitter among others."""
    import numpy as np

    from rfhydra.spectrum.iq import Annotation, open_recording, write_recording
    from rfhydra.spectrum.synth import Burst, Keying, Receiver, Scene, make_burst

    rng = np.random.default_rng(seed)
    target = Keying("fsk", chip=int(rng.integers(200, 320)), bits=48, rise=16, deviation=float(rng.uniform(0.03, 0.05)))
    remote = Keying("pwm", chip=150, bits=25)
    rivals = Keying("fsk", chip=90, bits=60, rise=8, deviation=0.012), Keying("manchester", chip=260, bits=30)

    def distractor() -> Burst:
        if rng.random() < 0.4:
            return rivals[int(rng.integers(len(rivals)))].packet(rng, 40_000)
        kind = str(rng.choice(["chirp", "ofdm", "qpsk", "tone", "hopper", "ook"]))
        return make_burst(kind, rng, int(rng.uniform(4_000, 40_000)), float(rng.uniform(0.02, 0.12)))

    def record(name: str, windows: int, targets: int) -> "Recording":
        scene = Scene(windows * SPEC.window_samples)
        for _ in range(targets):
            scene.place(target.packet(rng, 40_000), rng, rng.uniform(8, 30), cut=0.0)
        wanted = {id(emission) for emission in scene.emissions}
        scene.place_train(
            remote.packet(rng, 40_000), rng, rng.uniform(15, 40), repeats=5, gap=3_000, start=int(rng.integers(60_000))
        )
        for _ in range(4 * windows):
            scene.place(distractor(), rng, rng.uniform(5, 30))
        receiver = Receiver(tilt_db=(-2.0, 0.5, 1.0, -1.0), dc=0.1, bits=8, overload_db=-8.0)
        boxes = [each.box(SAMPLE_RATE_HZ, CENTER_FREQ_HZ) for each in scene.emissions if id(each) in wanted]
        starts = [each.start for each in scene.emissions if id(each) in wanted]
        annotations = [
            Annotation(
                start,
                round((box.time_end_sec - box.time_start_sec) * SAMPLE_RATE_HZ),
                box.freq_low_hz,
                box.freq_high_hz,
                SIGNAL,
            )
            for start, box in zip(starts, boxes, strict=True)
        ]
        path = write_recording(
            directory / name, receiver.hear(scene, rng), SAMPLE_RATE_HZ, CENTER_FREQ_HZ, annotations, datatype="cu8"
        )
        progress(name)
        return open_recording(path)

    support = [record(f"support-{number:02d}", 1, 1) for number in range(1, BOXES + 1)]
    return support, record("fresh", TEST_WINDOWS, 2 * TEST_WINDOWS)


def _score(test: "Recording", found: list["Detection"], threshold: float) -> None:
    from rfhydra.training.evaluation import as_scene, summarise

    report = summarise([as_scene(test, SIGNAL, found)], threshold, IOU_THRESHOLD)
    columns = ["F1", "precision", "recall", "found", "false alarms", "missed"]
    row = [report[name] for name in ("f1_score", "precision", "recall", "tp", "fp", "fn")]
    print_table(f"{SIGNAL} in {test.duration_sec:.1f} s of fresh spectrum with other emissions", columns, [row])
