"""The quota of triggered recordings: the oldest go first, and nothing goes that is not ours."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.errors import Busy, InvalidMessage, StorageFull, TooLarge
from rfhydra.live.recording_directory import RecordingDirectory, TriggeredRecording
from rfhydra.recordings import Annotation, open_recording, write_recording
from tests.cli.command_runner import cramped
from tests.live.tracks import CENTER_HZ, SIGNAL, utc
from tests.live.windows import RATE_HZ

QUOTA = 10**9


def recording(number: int, samples: int = 1000) -> TriggeredRecording:
    iq = np.full(samples, 0.5 + 0.25j, np.complex64)
    annotations = [Annotation(10, 20, CENTER_HZ, CENTER_HZ + 1e3, SIGNAL)]
    return TriggeredRecording(f"1-{number}-{SIGNAL}", utc(number), iq, RATE_HZ, CENTER_HZ, annotations)


def names(path: Path) -> list[int]:
    """Numbers of the recordings, all of which must be whole."""
    found = sorted(path.glob("rfhydra-*.sigmf-meta"))
    assert len(found) == len([*path.glob("rfhydra-*.sigmf-data")])
    for each in found:
        open_recording(each, verify=True)
    return [int(each.name.split("-")[3]) for each in found]


@given(st.lists(st.integers(30, 5000), min_size=1, max_size=12), st.integers(6_000, 40_000))
def test_the_newest_that_fit_are_kept(tmp_path_factory: pytest.TempPathFactory, lengths: list[int], quota: int) -> None:
    path = tmp_path_factory.mktemp("quota")
    with RecordingDirectory(path, quota) as directory:
        refused = set()
        for number, samples in enumerate(lengths):
            try:
                directory.add(recording(number, samples))
            except TooLarge:
                refused.add(number)
            assert directory.used_bytes <= quota
        kept = names(path)
    taken = [number for number in range(len(lengths)) if number not in refused]
    assert kept == taken[len(taken) - len(kept) :]
    on_disk = sum(each.stat().st_size for each in path.glob("rfhydra-*"))
    with RecordingDirectory(path, quota) as directory:
        assert directory.used_bytes == on_disk


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    iq = np.ones(100_000, np.complex64)
    write_recording(tmp_path / "survey", iq, RATE_HZ, CENTER_HZ)
    write_recording(tmp_path / "rfhydra-20200101T000000.000000Z-1-1-mine", iq, RATE_HZ, CENTER_HZ)  # no trigger
    outside = tmp_path / "outside"
    outside.mkdir()
    with RecordingDirectory(outside, QUOTA) as directory:
        linked = directory.add(recording(0))
    for suffix in (".sigmf-meta", ".sigmf-data"):
        (tmp_path / linked.with_suffix(suffix).name).symlink_to(linked.with_suffix(suffix))
    (tmp_path / "rfhydra-20200101T000000.000000Z-1-2-x.sigmf-meta").write_text("[" * 100_000)
    (tmp_path / "rfhydra-20200101T000000.000000Z-1-2-x.sigmf-data").touch()
    (tmp_path / ".rfhydra-notes.sigmf-data.12345678").touch()
    before = {path: path.stat().st_size for path in tmp_path.rglob("*")}
    with RecordingDirectory(tmp_path, 20_000) as directory:
        for number in range(1, 10):
            directory.add(recording(number))
        assert directory.used_bytes <= 20_000
    assert before.items() <= {path: path.stat().st_size for path in tmp_path.rglob("*")}.items() | {
        (tmp_path, before.get(tmp_path, 0))
    }


def test_a_recording_that_was_replaced_stays(tmp_path: Path) -> None:
    with RecordingDirectory(tmp_path, 9_500) as directory:
        first = directory.add(recording(1))
        write_recording(first.with_suffix(""), np.ones(10, np.complex64), RATE_HZ, CENTER_HZ)  # corrected by its user
        directory.add(recording(2))
    assert open_recording(first).sample_count == 10


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    with RecordingDirectory(tmp_path, QUOTA) as directory:
        kept = directory.add(recording(1))
        (directory.add(recording(2))).unlink()  # it was killed before the metadata was there
    (tmp_path / f".{kept.name}.0123abcd").write_text("half")
    with RecordingDirectory(tmp_path, QUOTA):
        assert names(tmp_path) == [1]
    assert {path.suffix for path in tmp_path.iterdir()} == {".sigmf-meta", ".sigmf-data", ".lock"}


def test_a_directory_has_one_recorder(tmp_path: Path) -> None:
    with RecordingDirectory(tmp_path, QUOTA), pytest.raises(Busy, match="another rfhydra"):
        RecordingDirectory(tmp_path, QUOTA)
    RecordingDirectory(tmp_path, QUOTA).close()


def test_a_full_disk_leaves_whole_recordings(tmp_path: Path) -> None:
    with RecordingDirectory(tmp_path, QUOTA) as directory:
        directory.add(recording(1))
        with cramped(2000), pytest.raises(StorageFull):
            directory.add(recording(2))
        assert names(tmp_path) == [1]
        directory.add(recording(3))
    assert names(tmp_path) == [1, 3]


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidMessage, match="not a directory"):
        RecordingDirectory(tmp_path / "file", QUOTA)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
