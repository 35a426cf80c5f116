"""`rfhydra suggest`, `rfhydra init --from`, and what `import` and `detect` say of boxes and rates that do not fit."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.recordings import Annotation, write_recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import CENTER_HZ, CONTRACT, RATE_HZ, SIGNAL, record, run


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout)


def noise(stem: Path, count: int = 4000, *, rate_hz: float = RATE_HZ, boxes: int = 1) -> Path:
    """A recording of noise with boxes of ``count`` samples."""
    rng = np.random.default_rng(0)
    iq = 0.1 * (rng.standard_normal(200_000) + 1j * rng.standard_normal(200_000)).astype(np.complex64)
    drawn = [Annotation(1000 + 2 * n * count, count, CENTER_HZ, CENTER_HZ + 20e3, SIGNAL) for n in range(boxes)]
    return write_recording(stem, iq, rate_hz, CENTER_HZ, drawn)


def test_suggest_in_json(support: list[Path], body_file: Path) -> None:
    found = answer("suggest", support[0], support[1], "--backbone", body_file)
    assert (found["source"], found["sample_rate_hz"], found["remarks"]) == ("annotations", RATE_HZ, [])
    assert [each["signal"] for each in found["signals"]] == [SIGNAL]
    assert min(found["signals"][0]["cols"], found["signals"][0]["rows"]) >= 8
    spec = SpectrogramSpec.from_dict(found["contract"])
    assert found["window_sec"] == spec.window_samples / RATE_HZ
    assert found["pixels_per_sec"] == spec.rows * RATE_HZ / spec.hop
    assert found["times_real_time"] > 0


def test_suggest_for_people_fits_a_terminal(support: list[Path], body_file: Path) -> None:
    outcome = run("suggest", support[0], "--backbone", body_file)
    assert (outcome.status, outcome.stderr) == (0, "")
    assert "next: rfhydra init DIR --fft-size " in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_without_annotations_proposals_decide(tmp_path: Path) -> None:
    meta = record(tmp_path / "unlabelled", 3, packets=3)
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "annotations": []}))
    found = answer("suggest", meta)
    assert found["source"] == "proposals"
    assert found["signals"][0]["signal"] is None
    assert found["signals"][0]["boxes"] >= 3


def test_init_from_recordings_is_what_suggest_says(support: list[Path], body_file: Path, tmp_path: Path) -> None:
    suggested = answer("suggest", *support[:3], "--backbone", body_file)["contract"]
    made = answer("init", tmp_path / "site", "--from", *support[:3])  # as a shell makes it of a pattern
    assert made["contract"] == suggested


def test_init_from_a_raw_file_is_told_what_it_does_not_state(
    support: list[Path], body_file: Path, tmp_path: Path
) -> None:
    raw = shutil.copy(support[0].with_suffix(".sigmf-data"), tmp_path / "take.raw")
    known = ("--sample-rate", RATE_HZ, "--datatype", json.loads(support[0].read_text())["global"]["core:datatype"])
    assert run("init", tmp_path / "untold", "--from", raw, "--backbone", body_file).status != 0
    assert run("init", tmp_path / "told", "--from", raw, *known, "--backbone", body_file).status == 0
    beside = run("init", tmp_path / "beside", *known)
    assert beside.status == 2
    assert "--sample-rate, --datatype and --freq are options of --from" in beside.stderr


def test_an_fft_size_alone_makes_a_workspace(tmp_path: Path) -> None:
    contract = answer("init", tmp_path / "site", "--fft-size", 512)["contract"]
    assert [contract[name] for name in ("fft_size", "hop", "rows", "cols")] == [512, 256, 512, 512]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("more.wav",), "more.wav is one argument too many: recordings follow --from"),
        (("--from", "a.wav", "--rows", "64"), "--from excludes --fft-size, --hop, --rows and --cols"),
        (("--fft-size", "500"), "--fft-size 500 must be a power of two"),
    ],
)
def test_init_names_what_is_wrong(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    outcome = run("init", tmp_path / "site", *arguments)
    assert outcome.status == 2
    assert says in outcome.stderr
    assert not (tmp_path / "site").exists()


def test_import_warns_of_boxes_that_do_not_fit(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert run("init", site, *CONTRACT).status == 0
    outcome = run("import", site, noise(tmp_path / "short", 500, boxes=3))
    assert outcome.status == 0
    assert f"3 of 3 boxes of {SIGNAL} are under 4 columns (the shortest 2.0)" in outcome.stderr
    outcome = run("import", site, noise(tmp_path / "long", 150_000))
    assert "and are cut into 3 samples" in outcome.stderr
    assert f"boxes of {SIGNAL}" not in run("import", site, noise(tmp_path / "good")).stderr


def test_import_refuses_a_second_rate_unless_any_is_allowed(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert run("init", site, *CONTRACT).status == 0
    assert run("import", site, noise(tmp_path / "first")).status == 0
    faster = noise(tmp_path / "faster", rate_hz=1e6)
    outcome = run("import", site, faster)
    assert outcome.status == 1
    assert "(conflict) faster has 1e+06 samples/s, but beacon has 250000 (its samples)" in outcome.stderr
    assert "--any-rate" in outcome.stderr
    with Workspace.view(site) as workspace:
        assert workspace.samples.count(SIGNAL) == 1
    assert run("import", site, faster, "--any-rate").status == 0
    outcome = run("import", "--server", "ws://127.0.0.1:1", faster, "--any-rate")
    assert outcome.status == 2
    assert "--any-rate does not go with --server" in outcome.stderr


def test_detect_warns_of_another_rate(trained: Path, fresh: Path, tmp_path: Path) -> None:
    data = fresh.with_suffix(".sigmf-data")
    raw = Path(shutil.copy(data, tmp_path / "fresh.cu8"))
    outcome = run("detect", trained, raw, "--sample-rate", "1000000")
    assert outcome.status == 0
    assert "fresh has 1e+06 samples/s, beacon was trained at 250000: " in outcome.stderr
    assert run("detect", trained, fresh).stderr == ""
