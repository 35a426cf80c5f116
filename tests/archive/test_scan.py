"""A scan: each recording once, whatever is interrupted, damaged or changed."""

import json
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rfhydra.archive.manifest import Entry
from rfhydra.archive.plan import ScanPlan, detector_of
from rfhydra.archive.scan import ArchiveFiles, ScanProgress, scan
from rfhydra.archive.source import find_sources
from rfhydra.archive.tables import METADATA_KEY
from rfhydra.detection.recording import detect_recording
from rfhydra.errors import Conflict, Incompatible, InvalidMessage, InvalidRecording
from rfhydra.recordings import open_recording
from rfhydra.recordings.known import KnownFields
from rfhydra.store.workspace import Workspace
from tests.archive.given import Here, plan_of, record, rows, rows_by_name, scan_here
from tests.training.given import SIGNAL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four recordings, one of them of several windows."""
    path = tmp_path / "archive"
    path.mkdir()
    for seed in range(3):
        record(path / f"r{seed}", seed)
    record(path / "long", 3, windows=3)
    return path


def test_hits_are_those_of_detect(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    report = scan_here(plan, folder, tmp_path / "hits.parquet")
    found = rows_by_name(tmp_path / "hits.parquet")
    for name in ("r0", "r1", "r2", "long"):
        recording = open_recording(folder / name)
        expected = detect_recording(recording, detector_of(plan), plan.threshold)
        assert [
            (row["signal"], row["version"], row["score"], row["time_start_sec"], row["freq_high_hz"])
            for row in found.get(name, [])
        ] == [
            (each.signal_name, each.version, each.score, each.box.time_start_sec, each.box.freq_high_hz)
            for each in expected
        ]
        assert {row["recording_id"] for row in found.get(name, [])} <= {recording.recording_id}
    assert report.hits == {SIGNAL: len(rows(tmp_path / "hits.parquet"))}
    assert report.hits[SIGNAL] > 0
    assert report.scanned == len(report.recordings) == 4


def test_the_result_names_contract_backbone_and_versions(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    scan_here(plan, folder, tmp_path / "hits.parquet")
    for name in ("hits.parquet", "hits.emissions.parquet"):
        stated = json.loads(pq.read_schema(tmp_path / name).metadata[METADATA_KEY])
        assert stated["spec_id"] == plan.spec.spec_id
        assert stated["contract"] == plan.spec.to_dict()
        assert stated["backbone_id"] == plan.backbone_id
        assert stated["versions"] == {SIGNAL: 1}


def test_times_are_absolute_where_the_recording_states_them(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    meta = folder / "long.sigmf-meta"
    fields = json.loads(meta.read_text())
    fields["captures"][0]["core:datetime"] = "2026-11-27T15:00:00.250Z"
    meta.write_text(json.dumps(fields))
    scan_here(replace(plan, min_objectness=0.5), folder, tmp_path / "hits.parquet")
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    for name in ("hits.parquet", "hits.emissions.parquet"):
        found = rows_by_name(tmp_path / name)
        dated = found.pop("long")
        assert {row["start_utc"] for own in found.values() for row in own} == {None}
        for row, edge in product(dated, ("start", "end")):
            expected = 15 * 3600 + 0.25 + row[f"time_{edge}_sec"]
            assert (row[f"{edge}_utc"] - midnight).total_seconds() == pytest.approx(expected, abs=2e-6)


def test_what_is_finished_is_not_scanned_again(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "hits.parquet"
    scan_here(plan, folder, out)
    before = out.read_bytes()
    record(folder / "new", 7)
    engine = Here()
    report = scan_here(plan, folder, out, engine)
    assert engine.scanned == ["new"]
    assert (report.scanned, len(report.recordings)) == (1, 5)
    (folder / "new.sigmf-meta").unlink()
    assert scan_here(plan, folder, out).scanned == 0
    assert out.read_bytes() != before  # what was scanned stays


def test_a_recording_that_has_changed_is_scanned_again(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    out, plan = tmp_path / "hits.parquet", replace(plan, min_objectness=0.5)
    scan_here(plan, folder, out)
    record(folder / "r1", 9)
    engine = Here()
    report = scan_here(plan, folder, out, engine)
    assert engine.scanned == ["r1"]
    assert len(report.recordings) == 4
    new = open_recording(folder / "r1").recording_id
    assert {row["recording_id"] for row in rows_by_name(tmp_path / "hits.emissions.parquet")["r1"]} == {new}
    scan_here(plan, folder, out)
    assert len([*(tmp_path / "hits.scan" / "parts").iterdir()]) == 2 * 4  # none of the former state


class Interrupted(Here):
    """Is interrupted after so many recordings."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def run(self, *arguments: Any) -> Generator[Entry, None, None]:
        for number, entry in enumerate(super().run(*arguments)):
            if number == self._after:
                raise KeyboardInterrupt
            yield entry


def test_an_interrupted_scan_goes_on(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    out, once = tmp_path / "hits.parquet", tmp_path / "once.parquet"
    for after in (0, 2):
        with pytest.raises(KeyboardInterrupt):
            scan_here(plan, folder, out, Interrupted(after))
    assert not out.exists()
    engine = Here()
    scan_here(plan, folder, out, engine)
    assert len(engine.scanned) == 2
    scan_here(plan, folder, once)
    assert out.read_bytes() == once.read_bytes()
    assert ArchiveFiles.at(out).emissions.read_bytes() == ArchiveFiles.at(once).emissions.read_bytes()


def test_damaged_recordings_are_listed_and_tried_again(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    (folder / "torn.sigmf-meta").write_text("{")
    meta = record(folder / "nan", 5)
    fields = json.loads(meta.read_text())
    fields["global"] |= {"core:datatype": "cf32_le", "core:sha512": None}
    meta.write_text(json.dumps(fields))
    meta.with_suffix(".sigmf-data").write_bytes(b"\xff" * 8 * 8192)
    out = tmp_path / "hits.parquet"
    report = scan_here(plan, folder, out)
    assert [(Path(each.path).stem, each.code) for each in report.failures] == [
        ("nan", "invalid_message"),
        ("torn", "invalid_message"),
    ]
    assert "not a finite number" in report.failures[0].message
    assert report.scanned == len(report.recordings) == 4
    record(folder / "nan", 5)
    report = scan_here(plan, folder, out)
    assert [Path(each.path).stem for each in report.failures] == ["torn"]
    assert (report.scanned, len(report.recordings)) == (1, 5)


def test_nothing_but_damaged_recordings_is_an_error(plan: ScanPlan, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "torn.sigmf-meta").write_text("{")
    with pytest.raises(InvalidRecording, match=r"nothing could be scanned; torn\.sigmf-meta: .* not valid JSON"):
        scan_here(plan, tmp_path / "archive", tmp_path / "hits.parquet")
    assert not (tmp_path / "hits.parquet").exists()


def test_other_heads_are_refused_and_the_archive_stays(
    plan: ScanPlan, site: Path, body_file: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "hits.parquet"
    scan_here(plan, folder, out)
    before = out.read_bytes()
    with Workspace.open(site) as workspace:
        workspace.versions.activate(SIGNAL, 2, "a test", None)
    with pytest.raises(Conflict, match=rf"heads {SIGNAL} 1, not {SIGNAL} 2.*delete hits\.scan"):
        scan_here(plan_of(site, body_file), folder, out)
    with pytest.raises(Conflict, match=r"threshold 0\.05, not 0\.5"):
        scan_here(replace(plan, threshold=0.5), folder, out)
    assert out.read_bytes() == before


def test_a_plan_keeps_its_versions(plan: ScanPlan, site: Path, folder: Path, tmp_path: Path) -> None:
    with Workspace.open(site) as workspace:
        workspace.versions.activate(SIGNAL, 2, "a test", None)
    scan_here(plan, folder, tmp_path / "hits.parquet")
    assert {row["version"] for row in rows(tmp_path / "hits.parquet")} == {1}


def test_another_backbone_ends_the_scan(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    other = ScanPlan(plan.spec, "another", plan.backbone_file)
    with pytest.raises(Incompatible, match="this scan was trained on backbone another"):
        scan_here(other, folder, tmp_path / "hits.parquet")


def test_progress_counts_seconds_of_recording(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    seen = list[tuple[float, int]]()

    def note(now: ScanProgress) -> None:
        seen.append((now.seconds_done, now.recordings_done))

    sources, failures = find_sources([folder], KnownFields())
    scan(plan, sources, failures, ArchiveFiles.at(tmp_path / "hits.parquet"), Here(), note)
    total = sum(each.duration_sec for each in sources)
    assert seen == sorted(seen)
    assert seen[0] == (0.0, 0)
    assert seen[-1][0] == pytest.approx(total)
    assert seen[-1][1] == 4
    assert len(seen) > 1 + 2 * 4  # also within the recordings


@pytest.mark.parametrize("name", ["hits.csv", "folder.parquet"])
def test_the_output_is_a_parquet_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(InvalidMessage, match=rf"{name} must be a file that ends in \.parquet"):
        ArchiveFiles.at(tmp_path / name)


def test_a_scan_that_finds_nothing_has_a_result(plan: ScanPlan, folder: Path, tmp_path: Path) -> None:
    strict = ScanPlan(plan.spec, plan.backbone_id, plan.backbone_file, plan.heads, 1.0, 1.0)
    report = scan_here(strict, folder, tmp_path / "hits.parquet")
    assert report.hits == {SIGNAL: 0}
    assert report.emissions == 0
    assert rows(tmp_path / "hits.parquet") == []
    assert rows(tmp_path / "hits.emissions.parquet") == []
