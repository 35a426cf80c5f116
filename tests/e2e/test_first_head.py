"""From raw files of real devices to a head and its F1, by commands alone."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rfhydra.recordings import Recording, open_recording
from tests.cli.command_runner import run

DEVICE: Final = "waveman_remote"
FOLDER: Final = Path(__file__).parents[3] / "shared" / "rf" / DEVICE
LABELLED: Final = 10
HELD_OUT: Final = 2
CONTRACT: Final = ("--fft-size", 512, "--hop", 256, "--rows", 256, "--cols", 256)


def boxes(recordings: dict[str, Recording]) -> Iterator[str]:
    """The rows of a table of boxes as a person would write it: milliseconds and kilohertz, rounded."""
    yield "file,start_ms,length_ms,centre_MHz,bandwidth_kHz,label"
    for name, recording in recordings.items():
        ms = 1e3 / recording.sample_rate_hz
        for each in recording.annotations:
            center, width = (each.freq_low_hz + each.freq_high_hz) / 2e6, (each.freq_high_hz - each.freq_low_hz) / 1e3
            start, length = round(each.sample_start * ms), max(round(each.sample_count * ms), 1)
            yield f"{name},{start},{length},{center:.3f},{width:.0f},{each.label}"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the real recordings")
def test_six_commands_from_raw_files_to_an_f1(tmp_path: Path) -> None:
    captures, fresh = tmp_path / "captures", tmp_path / "fresh"
    annotated: dict[str, Recording] = {}
    for number, meta in enumerate(sorted(FOLDER.glob("*.sigmf-meta"))[: LABELLED + HELD_OUT]):
        name = f"g{number:03}_433.92M_250k.cu8"
        folder = captures if number < LABELLED else fresh
        folder.mkdir(exist_ok=True)
        annotated[name] = open_recording(meta)
        shutil.copyfile(annotated[name].data_path, folder / name)
    table = tmp_path / "boxes.csv"
    table.write_text("\n".join(boxes(annotated)))
    first, second = sorted(fresh.iterdir())
    mission = tmp_path / "mission"
    commands = [
        ("init", mission, *CONTRACT),
        ("import", mission, captures, "--csv", table),
        ("train", mission, DEVICE),
        ("label", mission, first, DEVICE, "--csv", table, "--sigmf"),
        ("label", mission, second, DEVICE, "--csv", table, "--sigmf"),
        ("eval", mission, DEVICE, *(each.with_suffix(".sigmf-meta") for each in (first, second)), "--json"),
    ]
    for command in commands:
        done = run(*command)
        assert done.status == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["tp"] + report["fn"] == sum(
        each.label == DEVICE for path in (first, second) for each in annotated[path.name].annotations
    )
    assert report["f1_score"] >= 0.7
