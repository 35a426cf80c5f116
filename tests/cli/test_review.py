"""What `rfhydra detect` writes, and its way back: tables, crops, and detections that are reviewed."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from rfhydra.recordings import open_recording
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import RATE_HZ, SIGNAL, SPEC, run


@pytest.fixture
def found(workspace: Path, fresh: Path, tmp_path: Path) -> Path:
    """Detections in another folder than their recording, numbered as they are printed."""
    path = tmp_path / "out" / "found.sigmf-meta"
    assert run("detect", workspace, fresh, "--sigmf", path).status == 0
    return path


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout)


def samples_of(workspace: Path) -> list[Any]:
    with Workspace.view(workspace) as store:
        return store.samples.list(SIGNAL)


def test_detections_are_a_recording_that_is_imported_as_it_is(workspace: Path, fresh: Path, found: Path) -> None:
    detections = open_recording(found)
    original = open_recording(fresh)
    np.testing.assert_array_equal(detections.read(0, 1000), original.read(0, 1000))
    assert detections.metadata["global"]["core:dataset"] == "found.iq"
    assert "core:metadata_only" not in detections.metadata["global"]
    assert detections.recording_id == original.recording_id
    assert answer("import", workspace, found)["new_samples"][SIGNAL] > 0
    again = run("detect", workspace, fresh, "--sigmf", found)
    assert (again.status, "next: rfhydra review" in again.stdout) == (0, True)


def test_a_file_in_the_way_of_the_link_stays(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.iq").write_text("precious")
    outcome = run("detect", workspace, fresh, "--sigmf", tmp_path / "mine.sigmf-meta")
    assert (outcome.status, "in the way" in outcome.stderr) == (1, True)
    assert (tmp_path / "mine.iq").read_text() == "precious"


def test_every_table_holds_what_json_does(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    for name in ("found.csv", "found.jsonl", "found.parquet"):
        (body,) = answer("detect", workspace, fresh, "--out", tmp_path / "new" / name)["recordings"]
    expected = [{"recording": "fresh", **each, "start_time": None} for each in body["detections"]]
    assert [each["number"] for each in expected] == list(range(1, len(expected) + 1))
    lines = [json.loads(line) for line in (tmp_path / "new" / "found.jsonl").read_text().splitlines()]
    assert lines == expected
    assert pyarrow.parquet.read_table(tmp_path / "new" / "found.parquet").to_pylist() == expected
    with (tmp_path / "new" / "found.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert rows == [{name: "" if value is None else str(value) for name, value in each.items()} for each in expected]
    refused = run("detect", workspace, fresh, "--out", tmp_path / "found.xlsx")
    assert (refused.status, ".csv, .jsonl or .parquet" in refused.stderr) == (2, True)


def test_a_crop_holds_the_samples_of_its_detection(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    (body,) = answer("detect", workspace, fresh, "--crops", tmp_path / "crops")["recordings"]
    whole = open_recording(fresh)
    crops = sorted((tmp_path / "crops").glob("*.sigmf-meta"))
    assert [each.name for each in crops] == [
        f"fresh-{number:04d}-{SIGNAL}.sigmf-meta" for number in range(1, len(body["detections"]) + 1)
    ]
    for path, each in zip(crops, body["detections"], strict=True):
        crop = open_recording(path, verify=True)
        (annotation,) = crop.annotations
        assert annotation.label == SIGNAL
        start = round(each["time_start_sec"] * RATE_HZ) - annotation.sample_start
        np.testing.assert_array_equal(crop.read(0, crop.sample_count), whole.read(start, crop.sample_count))
        length = each["time_end_sec"] - each["time_start_sec"]
        assert crop.sample_count >= min(length * RATE_HZ + 2 * SPEC.hop, whole.sample_count - start)
        assert crop.metadata["annotations"][0]["rfhydra:score"] == pytest.approx(each["score"], abs=1e-4)
    assert answer("import", workspace, *crops)["new_samples"][SIGNAL] == len(crops)


def test_a_review_makes_samples_of_what_is_right_and_what_is_wrong(workspace: Path, found: Path) -> None:
    before, detections = samples_of(workspace), open_recording(found).annotations
    body = answer("review", workspace, found, "--accept", "1-2", "--reject", 4)
    assert (body["accepted"], body["rejected"], body["unreviewed"]) == (2, 1, len(detections) - 3)
    added = samples_of(workspace)[len(before) :]
    assert len(added) == body["new_samples"][SIGNAL] > 0
    starts = {
        label: {
            round((each.start_sample or 0) + box.time_start_sec * RATE_HZ)
            for each in added
            for name, box in each.labels.labels
            if name == label
        }
        for label in (SIGNAL, f"!{SIGNAL}")
    }
    assert starts[SIGNAL] == {detections[0].sample_start, detections[1].sample_start}
    assert starts[f"!{SIGNAL}"] <= {detections[3].sample_start}
    assert any(each.labels.boxes(f"!{SIGNAL}") for each in added)


def test_a_later_review_knows_what_was_decided(workspace: Path, found: Path) -> None:
    run("review", workspace, found, "--accept", 1)
    body = answer("review", workspace, found, "--accept", 1, "--reject", "rest")
    assert (body["accepted"], body["unreviewed"]) == (0, 0)
    assert body["rejected"] == len(open_recording(found).annotations) - 1
    verdicts = [each["rfhydra:verdict"] for each in json.loads(found.read_text())["annotations"]]
    assert verdicts == ["accepted"] + ["rejected"] * body["rejected"]
    before = samples_of(workspace)
    for arguments, message in (
        (("--reject", 1), "was accepted before"),
        (("--accept", 1), "newly accepted or rejected"),
        ((), "newly accepted or rejected"),
        (("--accept", "1", "--reject", "1-2"), "both accepted and rejected"),
        (("--accept", "rest", "--reject", "rest"), "exclude each other"),
        (("--accept", 99), "is not among the"),
        (("--accept", "1-99999999999999999999"), "is not among the"),
        (("--accept", "0"), "is not among the"),
        (("--accept", "one"), "must be numbers"),
        (("--accept", "²"), "must be numbers"),
    ):
        outcome = run("review", workspace, found, *arguments)
        assert outcome.status != 0
        assert message in outcome.stderr
    assert samples_of(workspace) == before


def test_a_head_is_extended_by_what_was_reviewed(workspace: Path, found: Path) -> None:
    outcome = run("review", workspace, found, "--accept", "rest", "--reject", 1)
    assert f"next: rfhydra extend {workspace} {SIGNAL}" in outcome.stdout
    body = answer("extend", workspace, SIGNAL)
    assert body["version"] == 3
    assert body["sample_count"] == len(samples_of(workspace))


def test_detections_without_their_recording_are_refused(workspace: Path, found: Path, tmp_path: Path) -> None:
    shutil.copy(found, tmp_path / "alone.sigmf-meta")
    outcome = run("review", workspace, tmp_path / "alone.sigmf-meta", "--accept", 1)
    assert (outcome.status, "there is no found.iq" in outcome.stderr) == (1, True)
