"""``info`` and ``show``: any recording, without a workspace."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rfhydra.recordings import write_recording
from tests.cli.command_runner import CENTER_HZ, RATE_HZ, SIGNAL, SPEC, png_size, record, run
from tests.recordings.given import wav_bytes

RAW = "g001_433.92M_250k.cu8"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("scene") / "scene", 3, windows=2, packets=3)


@pytest.fixture
def raw(tmp_path: Path, scene: Path) -> Path:
    """The same samples without metadata, but for their name."""
    path = tmp_path / RAW
    path.write_bytes(scene.with_suffix(".sigmf-data").read_bytes())
    return path


def test_info_of_a_recording(scene: Path) -> None:
    (fields,) = json.loads(run("info", scene, "--json").stdout)["recordings"]
    level = fields.pop("level")
    assert fields == {
        "recording": "scene",
        "format": "SigMF",
        "datatype": "cu8",
        "sample_rate_hz": RATE_HZ,
        "duration_sec": 2 * SPEC.window_samples / RATE_HZ,
        "samples": 2 * SPEC.window_samples,
        "captures": [{"sample_start": 0, "center_freq_hz": CENTER_HZ, "datetime": None}],
        "annotations": [{"label": SIGNAL, "count": 3}],
        "warnings": [],
    }
    assert level["noise_dbfs"] < level["mean_dbfs"] < level["peak_dbfs"] < 3.1
    assert level["measured_share"] == 1


def test_levels_are_those_of_the_samples(tmp_path: Path) -> None:
    rng, count = np.random.default_rng(1), 200_000
    noise = rng.normal(scale=0.01 / np.sqrt(2), size=(count, 2)).astype(np.float32).view(np.complex64)[:, 0]
    noise[1000:3000] += 0.5 * np.exp(0.3j * np.arange(2000)).astype(np.complex64)
    noise[5000] = 1 + 0j
    path = write_recording(tmp_path / "known", noise, 1e6, 0.0)
    level = json.loads(run("info", path, "--json").stdout)["recordings"][0]["level"]
    assert level["noise_dbfs"] == pytest.approx(-40, abs=0.5)
    assert level["mean_dbfs"] == pytest.approx(10 * np.log10(1e-4 + 0.25 * 0.01), abs=0.1)
    assert level["peak_dbfs"] == pytest.approx(0, abs=0.1)
    assert level["clipped_share"] == pytest.approx(1 / count)


def test_info_for_people(scene: Path, raw: Path, tmp_path: Path) -> None:
    raw.write_bytes(raw.read_bytes() + b"x")
    outcome = run("info", scene, raw)
    assert outcome.status == 0
    assert f"annotations 3: 3 {SIGNAL}" in outcome.stdout
    assert outcome.stdout.count("centre      433.92 MHz") == 2
    assert f"warning     {RAW}: the last 1 bytes are no whole cu8 sample" in outcome.stdout
    assert all(len(line) <= 80 for line in outcome.stdout.splitlines() if "warning" not in line)
    silent = tmp_path / "silent.wav"
    silent.write_bytes(wav_bytes(bytes(4000), 16))
    assert "level       – mean, – peak" in run("info", silent).stdout


def test_info_of_standard_input(raw: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("rfhydra")),
        "info",
        "-",
        "--datatype",
        "cu8",
        "--sample-rate",
        "250k",
    ]
    done = subprocess.run([*command, "--freq", "433.92M", "--json"], input=raw.read_bytes(), capture_output=True)
    (fields,) = json.loads(done.stdout)["recordings"]
    assert (fields["recording"], fields["samples"]) == ("stdin", 2 * SPEC.window_samples)
    assert fields["captures"][0]["center_freq_hz"] == 433.92e6


def test_info_needs_no_engine(scene: Path) -> None:
    program = "import sys; from rfhydra.cli.app import app; app(sys.argv[1:], standalone_mode=False)\n"
    program += "sys.exit('torch' in sys.modules)"
    for command in (["info", str(scene)], ["show", str(scene), "--png", str(scene.with_suffix(".png"))]):
        assert subprocess.run([sys.executable, "-c", program, *command], capture_output=True).returncode == 0


def test_show_writes_a_picture_here_and_says_so(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("show", raw)
    assert outcome.stdout == "picture: g001_433.92M_250k.png\n"
    assert min(png_size(tmp_path / "g001_433.92M_250k.png")) > 300


def test_show_a_part(scene: Path, tmp_path: Path) -> None:
    options = ("--from", "100ms", "--for", "0.1", "--low", "433.9M", "--high", "433.94M", "--pool", "mean")
    assert run("show", scene, *options, "--png", tmp_path / "part.png").status == 0
    assert min(png_size(tmp_path / "part.png")) > 300


def test_show_numbers_what_is_proposed(scene: Path, tmp_path: Path) -> None:
    plain, numbered = tmp_path / "plain.png", tmp_path / "numbered.png"
    run("show", scene, "--png", plain)
    boxes = json.loads(run("show", scene, "--propose", "--png", numbered, "--json").stdout)["boxes"]
    assert plain.read_bytes() != numbered.read_bytes()
    assert [each["number"] for each in boxes] == list(range(1, len(boxes) + 1))
    assert [each["time_start_sec"] for each in boxes] == sorted(each["time_start_sec"] for each in boxes)
    outcome = run("show", scene, "--propose", "--low", "433.9M", "--png", numbered)  # a band changes no number
    assert f" {len(boxes)} " in outcome.stdout
    assert all(len(line) <= 80 for line in outcome.stdout.splitlines()[:-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "5s"), "scene lasts 0.524288 s: there is nothing from 5 s"),
        (("--low", "1G"), "its band is 433795000 to 434045000 Hz"),
        (("--pool", "median"), "--pool 'median' must be max or mean"),
        (("--fft-size", 100), "--fft-size 100 must be a power of two"),
        (("--for", "3 weeks"), "has the unknown unit 'weeks'"),
    ],
)
def test_what_cannot_be_shown(scene: Path, tmp_path: Path, options: tuple[object, ...], message: str) -> None:
    outcome = run("show", scene, *options, "--png", tmp_path / "out.png", "--json")
    assert outcome.status == 2
    assert message in outcome.stderr
    assert not (tmp_path / "out.png").exists()
