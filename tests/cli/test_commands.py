"""Every form of the command line, as a user or a program types it."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.recordings import open_recording
from tests.cli.command_runner import CENTER_HZ, CONTRACT, RATE_HZ, SIGNAL, SPEC, png_size, record, run


def answer(*arguments: object) -> Any:
    """What a command prints with ``--json``: nothing but JSON, and nothing beside it."""
    outcome = run(*arguments, "--json")
    assert outcome.status == 0, outcome.stderr
    assert outcome.stderr == ""
    return json.loads(outcome.stdout)


def test_init_locks_the_contract(tmp_path: Path) -> None:
    body = answer("init", *CONTRACT, tmp_path / "site-a")
    assert body == {"workspace": "site-a", "spec_id": SPEC.spec_id, "contract": SPEC.to_dict()}
    assert "rfhydra import" in run("init", tmp_path / "site-b").stdout


def test_import_counts_what_is_new(tmp_path: Path, support: list[Path]) -> None:
    run("init", tmp_path / "w", *CONTRACT)
    first = answer("import", tmp_path / "w", *support, "--label", SIGNAL, "--max-samples", 3)
    assert first["new_samples"] == first["total_samples"] == {SIGNAL: 3}
    again = answer("import", "--label", SIGNAL, tmp_path / "w", *support)
    assert again["new_samples"] == {SIGNAL: len(support) - 3}
    assert again["total_samples"] == {SIGNAL: len(support)}


def test_import_skips_recordings_without_the_label_and_says_so(tmp_path: Path, support: list[Path]) -> None:
    run("init", tmp_path / "w", *CONTRACT)
    background = record(tmp_path / "background", 7, packets=0)
    outcome = run("import", tmp_path / "w", support[0], background)
    assert outcome.status == 0
    assert "skipped 1 recording without such an annotation: background" in outcome.stdout
    assert f"next: rfhydra train {tmp_path / 'w'} {SIGNAL}" in outcome.stdout


def test_train_reports_the_version_and_every_epoch(workspace: Path, tmp_path: Path) -> None:
    curve = tmp_path / "plots" / "curve.png"
    body = answer("train", "--epochs", 20, workspace, "--png", curve, SIGNAL, "--notes", "once more")
    assert (body["signal_name"], body["version"], body["previous_version"]) == (SIGNAL, 3, 2)
    assert answer("versions", workspace, SIGNAL)["versions"][-1]["notes"] == "once more"
    assert body["metrics"]["verdict"]["decision"] in ("promote", "keep", "cannot tell")
    assert [epoch["epoch"] for epoch in body["history"]] == list(range(1, body["epochs_trained"] + 1))
    assert body["history"][-1]["val_loss"] < body["history"][0]["val_loss"]
    assert min(png_size(curve)) > 300


def test_train_shows_people_the_curve_and_the_verdict(workspace: Path) -> None:
    outcome = run("train", workspace, SIGNAL)
    assert outcome.status == 0
    assert f"{SIGNAL} version 3: 8 samples" in outcome.stdout
    assert "promoted: " in outcome.stdout


def test_one_sample_trains_a_provisional_head_where_it_is_asked_for(tmp_path: Path, support: list[Path]) -> None:
    run("init", tmp_path / "w", *CONTRACT)
    run("import", tmp_path / "w", support[0], "--label", SIGNAL, "--max-samples", 1)
    refused = run("train", tmp_path / "w", SIGNAL)
    assert refused.status == 1
    assert "Not enough samples (minimum 5 required)" in refused.stderr
    outcome = run("train", tmp_path / "w", SIGNAL, "--provisional", "--png", tmp_path / "curve.png")
    assert outcome.status == 0
    assert "provisional: nothing validates it; it detects" in outcome.stdout
    assert min(png_size(tmp_path / "curve.png")) > 300
    assert answer("extend", tmp_path / "w", SIGNAL, "--provisional")["version"] is None  # there is nothing new
    run("import", tmp_path / "w", support[1], "--label", SIGNAL, "--max-samples", 2)
    body = answer("extend", tmp_path / "w", SIGNAL, "--provisional")
    assert (body["version"], body["metrics"]["f1_score"], body["auto_promoted"]) == (2, None, True)
    assert {epoch["f1_score"] for epoch in body["history"]} == {None}
    assert [each["provisional"] for each in answer("versions", tmp_path / "w", SIGNAL)["versions"]] == [True, True]
    assert "active, provisional" in run("versions", tmp_path / "w", SIGNAL).stdout
    assert "provisional" in run("registry", tmp_path / "w").stdout


def test_extend_learns_from_samples_added_since(workspace: Path, tmp_path: Path) -> None:
    run("import", workspace, record(tmp_path / "more", 50))
    body = answer("extend", workspace, SIGNAL, "--notes", "one more")
    assert (body["version"], body["sample_count"]) == (3, 9)


def test_detect_finds_most_of_the_beacons_in_seconds_and_hz(trained: Path, fresh: Path) -> None:
    (found,) = answer("detect", trained, fresh)["recordings"]
    truth = open_recording(fresh).annotations
    centres = [each.sample_start / RATE_HZ + each.sample_count / RATE_HZ / 2 for each in truth]
    hits = [
        each
        for each in found["detections"]
        if any(each["time_start_sec"] < centre < each["time_end_sec"] for centre in centres)
    ]
    assert found["recording"] == "fresh"
    assert len(hits) >= len(truth) / 2
    for each in hits:
        assert each["signal_name"] == SIGNAL
        assert each["version"] == 2
        assert CENTER_HZ - RATE_HZ / 2 <= each["freq_low_hz"] < each["freq_high_hz"] <= CENTER_HZ + RATE_HZ / 2


def test_detect_keeps_only_what_reaches_the_threshold(trained: Path, fresh: Path) -> None:
    (many,) = answer("detect", "--threshold", 0.0, trained, fresh, "--heads", f"{SIGNAL}, {SIGNAL}")["recordings"]
    (none,) = answer("detect", "--threshold", 1.0, trained, fresh)["recordings"]
    assert many["detections"]
    assert none["detections"] == []
    assert "fresh: nothing found" in run("detect", trained, fresh, "--threshold", 1).stdout


def test_detect_writes_annotations_and_a_picture(trained: Path, fresh: Path, tmp_path: Path) -> None:
    sigmf, png = tmp_path / "new" / "found.sigmf-meta", tmp_path / "new" / "found"
    outcome = run("detect", "--png", png, trained, "--sigmf", sigmf, fresh)
    assert outcome.status == 0
    assert SIGNAL in outcome.stdout
    labels = {each["core:label"] for each in json.loads(sigmf.read_text())["annotations"]}
    assert labels == {SIGNAL}
    assert min(png_size(png)) > 1000
    assert sorted(path.name for path in sigmf.parent.iterdir()) == ["found", "found.iq", "found.sigmf-meta"]


def test_detect_writes_a_file_per_recording_into_a_directory(
    trained: Path, support: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    body = answer("detect", trained, *support[:2], "--sigmf", out, "--png", out)
    assert [each["recording"] for each in body["recordings"]] == ["support-0", "support-1"]
    assert sorted(path.name for path in out.iterdir()) == [
        f"support-{number}.{suffix}" for number in (0, 1) for suffix in ("iq", "png", "sigmf-meta")
    ]


def test_both_files_of_a_pair_are_one_recording(trained: Path, fresh: Path) -> None:
    body = answer("detect", trained, *fresh.parent.iterdir())
    assert len(body["recordings"]) == 1


@pytest.mark.parametrize("suffix", [".wav", ".cu8", ".iq"])
def test_detect_reads_other_files_than_sigmf(trained: Path, fresh: Path, tmp_path: Path, suffix: str) -> None:
    samples = np.fromfile(fresh.with_suffix(".sigmf-data"), np.uint8).reshape(-1, 2)
    path = tmp_path / f"plain{suffix}"
    known: list[object] = ["--center-freq", CENTER_HZ]
    if suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 1, int(RATE_HZ), len(samples), "NONE", "not compressed"))
            file.writeframes(samples.tobytes())
    else:
        path.write_bytes(samples.tobytes())
        known += ["--sample-rate", RATE_HZ]
    if suffix == ".iq":
        known += ["--datatype", "cu8"]
    (same,) = answer("detect", trained, path, *known)["recordings"]
    assert same["detections"] == answer("detect", trained, fresh)["recordings"][0]["detections"]


def test_eval_reports_what_the_issue_names(trained: Path, fresh: Path) -> None:
    body = answer("eval", trained, SIGNAL, fresh)
    assert {"f1_score", "precision", "recall", "ap", "tp", "fp", "fn", "iou"} <= body.keys()
    assert (body["tp"] + body["fn"], body["iou"], body["version"]) == (6, 0.5, 2)
    assert body["f1_score"] >= 0.5
    looser = answer("eval", "--iou", 0.3, trained, SIGNAL, fresh)
    assert looser["iou"] == 0.3
    assert looser["tp"] >= body["tp"]


def test_eval_without_annotations_warns_that_only_false_alarms_count(trained: Path, tmp_path: Path) -> None:
    outcome = run("eval", trained, SIGNAL, record(tmp_path / "background", 7, packets=0), "--json")
    assert outcome.status == 0
    assert f"nothing is annotated as {SIGNAL}" in outcome.stderr
    assert json.loads(outcome.stdout)["recall"] == 0


def test_versions_promote_rollback_and_registry(workspace: Path) -> None:
    history = answer("versions", workspace, SIGNAL)
    assert [each["version"] for each in history["versions"]] == [1, 2]
    assert history["active_version"] == 2
    assert answer("promote", workspace, SIGNAL, 1) == {"signal_name": SIGNAL, "version": 1}
    assert answer("registry", workspace)["signals"][SIGNAL]["active_version"] == 1
    assert answer("rollback", workspace, SIGNAL) == {"signal_name": SIGNAL, "active_version": 2}
    assert answer("versions", workspace, SIGNAL)["active_version"] == 2


def test_people_see_versions_and_registry_as_tables(trained: Path) -> None:
    assert "the first" in run("versions", trained, SIGNAL).stdout
    assert SIGNAL in run("registry", trained).stdout


def test_promote_and_rollback_tell_people_what_is_active(workspace: Path) -> None:
    assert run("promote", workspace, SIGNAL, 1).stdout == f"{SIGNAL}: version 1 is active\n"
    assert run("rollback", workspace, SIGNAL).stdout == f"{SIGNAL}: back to version 2\n"


def test_names_are_printed_as_they_are(trained: Path, support: list[Path], tmp_path: Path) -> None:
    odd = tmp_path / "rx[bold] :star: [x].cu8"
    odd.write_bytes(support[0].with_suffix(".sigmf-data").read_bytes())
    outcome = run("detect", trained, odd, "--sample-rate", RATE_HZ, "--threshold", 1)
    assert outcome.stdout == f"{odd.stem}: nothing found\n"
