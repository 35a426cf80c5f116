"""What a scan finds in folders, and what it says of files that are no recordings."""

import json
import os
from pathlib import Path

import pytest

from rfhydra.archive.source import find_sources, fingerprint
from rfhydra.errors import NotFound
from rfhydra.recordings import open_recording, write_sigmf_annotations
from rfhydra.recordings.known import KnownFields
from tests.archive.given import record
from tests.recordings.given import write_wav

NOTHING_KNOWN = KnownFields()


def found(*paths: Path, known: KnownFields = NOTHING_KNOWN) -> tuple[list[str], dict[str, str]]:
    """Names of the sources, and the message of each failure."""
    sources, failures = find_sources(paths, known)
    return [Path(each.path).name for each in sources], {Path(each.path).name: each.message for each in failures}


def test_recordings_are_found_at_any_depth_and_once(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    pair = record(tmp_path / "deep" / "er" / "pair", 0)
    write_wav(tmp_path / "b.wav", bytes(8000))
    (tmp_path / "notes.txt").write_text("no recording")
    assert found(tmp_path, tmp_path / "deep", pair, pair.with_suffix(".sigmf-data")) == (
        ["b.wav", "pair.sigmf-meta"],
        {},
    )


def test_files_of_detections_are_no_recordings_of_their_own(tmp_path: Path) -> None:
    recording = open_recording(record(tmp_path / "night", 0))
    write_sigmf_annotations(recording, [], tmp_path / "a-found.sigmf-meta")
    (tmp_path / "elsewhere").mkdir()
    write_sigmf_annotations(recording, [], tmp_path / "elsewhere" / "night.sigmf-meta")
    assert found(tmp_path) == (["night.sigmf-meta"], {})


def test_what_cannot_be_opened_is_listed(tmp_path: Path) -> None:
    record(tmp_path / "good", 0)
    record(tmp_path / "lost", 1).unlink()
    record(tmp_path / "bad", 2).write_text("{")
    meta = record(tmp_path / "cut", 3)
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "captures": [{"core:sample_start": 10**9}]}))
    (tmp_path / "raw.cu8").write_bytes(bytes(1000))
    names, failures = found(tmp_path)
    assert names == ["good.sigmf-meta"]
    assert sorted(failures) == ["bad.sigmf-meta", "cut.sigmf-meta", "lost.sigmf-data", "raw.cu8"]
    assert "not valid JSON" in failures["bad.sigmf-meta"]
    assert "give sample_rate_hz" in failures["raw.cu8"]


def test_known_fields_are_for_files_that_do_not_state_them(tmp_path: Path) -> None:
    record(tmp_path / "pair", 0)
    write_wav(tmp_path / "b.wav", bytes(8000))
    (tmp_path / "raw.cu8").write_bytes(bytes(1000))
    known = KnownFields(sample_rate_hz=2e6, center_freq_hz=1e9)
    assert found(tmp_path, known=known) == (["b.wav", "pair.sigmf-meta", "raw.cu8"], {})
    assert known.open(tmp_path / "raw.cu8").sample_rate_hz == 2e6


def test_a_name_that_is_not_unicode_is_listed(tmp_path: Path) -> None:
    record(tmp_path / "good", 0)
    with open(os.fsencode(tmp_path) + b"/\xff.wav", "wb"):  # noqa: PTH123  a path has no such name
        pass
    assert found(tmp_path) == (["good.sigmf-meta"], {"\\xff.wav": "its name is not UTF-8: rename it"})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    record(tmp_path / "good", 0)
    with pytest.raises(NotFound, match="no recording missing"):
        found(tmp_path, tmp_path / "missing")


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no recording in"):
        found(tmp_path)


def test_open_files_do_not_pile_up(tmp_path: Path) -> None:
    for number in range(20):
        record(tmp_path / f"r{number}", 0)
    before = len([*Path("/proc/self/fd").iterdir()])
    sources, _ = find_sources([tmp_path], NOTHING_KNOWN)
    assert len(sources) == 20
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_fingerprint_changes_with_either_file(tmp_path: Path) -> None:
    meta = record(tmp_path / "pair", 0)
    data = meta.with_suffix(".sigmf-data")
    seen = {fingerprint(meta, data)}
    os.utime(meta, ns=(1, 1))
    seen.add(fingerprint(meta, data))
    data.write_bytes(data.read_bytes() + bytes(2))
    seen.add(fingerprint(meta, data))
    data.unlink()
    seen.add(fingerprint(meta, data))
    assert len(seen) == 4


def test_metadata_of_its_own_stands_for_a_file_that_is_not_sigmf(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", bytes(8000))
    write_sigmf_annotations(open_recording(tmp_path / "a.wav"), [], tmp_path / "a.sigmf-meta")
    assert found(tmp_path) == (["a.sigmf-meta"], {})
