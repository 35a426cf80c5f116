import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.errors import InvalidRecording
from rfhydra.protocol.recordings import RecordingFile
from rfhydra.recordings.known import KnownFields
from rfhydra.store.recordings import RecordingStore, StoredRecording, file_name, new_recording_id
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SPEC

DATA = bytes(range(200))
FILE = RecordingFile(name="take_433M_1M.cu8", size_bytes=len(DATA))


def held(store: RecordingStore) -> StoredRecording:
    """A recording of one file, sent in two parts."""
    name = new_recording_id()
    store.begin(name)
    store.write(name, [FILE], 0, DATA[:70])
    store.write(name, [FILE], 70, DATA[70:])
    return store.finish(name, [FILE], KnownFields())


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    return RecordingStore(tmp_path / "recordings")


def test_a_recording_is_there_again_and_half_an_upload_is_not(store: RecordingStore, tmp_path: Path) -> None:
    first, second = held(store), held(store)
    store.begin("half")
    store.write("half", [FILE], 0, DATA)
    found = store.recover()
    assert [each.info.recording_id for each in found] == [second.info.recording_id, first.info.recording_id]
    assert found[1].info.model_copy(update={"used_at": first.info.used_at}) == first.info
    assert sorted(path.name for path in (tmp_path / "recordings").iterdir()) == sorted(
        each.info.recording_id for each in found
    )
    assert store.open(found[0]).sample_count == 100


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"info": {}, "known": {"fly": 1}}', "\0"])
def test_what_cannot_be_read_is_removed(store: RecordingStore, tmp_path: Path, text: str) -> None:
    stored = held(store)
    (tmp_path / "recordings" / stored.info.recording_id / "recording.json").write_text(text)
    (tmp_path / "recordings" / "file").write_text("")
    (tmp_path / "outside").mkdir()
    (tmp_path / "recordings" / "link").symlink_to(tmp_path / "outside")
    assert store.recover() == []
    assert list((tmp_path / "recordings").iterdir()) == []
    assert (tmp_path / "outside").is_dir()


def test_what_is_removed_can_still_be_read_where_it_is_open(store: RecordingStore) -> None:
    stored = held(store)
    recording = store.open(stored)
    store.remove(stored.info.recording_id)
    store.remove(stored.info.recording_id)
    assert len(recording.read(0, 100)) == 100
    assert store.recover() == []


def test_files_that_are_no_recording_stay_as_they_are(store: RecordingStore) -> None:
    raw = RecordingFile(name="take.cu8", size_bytes=len(DATA))
    store.begin("a")
    store.write("a", [raw], 0, DATA)
    with pytest.raises(InvalidRecording, match=r"take\.cu8.*sample_rate"):
        store.finish("a", [raw], KnownFields())
    assert store.finish("a", [raw], KnownFields(sample_rate_hz=1e6)).info.name == "take"


def test_the_last_use_is_the_time_of_the_entry(store: RecordingStore, tmp_path: Path) -> None:
    stored = held(store)
    entry = tmp_path / "recordings" / stored.info.recording_id / "recording.json"
    os.utime(entry, (1e9, 1e9))
    assert store.recover()[0].info.used_at == "2001-09-09T01:46:40.000000Z"
    store.used(stored.info.recording_id)
    assert store.recover()[0].info.used_at >= stored.info.created_at


def test_a_successor_has_the_recordings_without_copies(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "site", SPEC) as workspace:
        stored = held(workspace.recordings)
        with workspace.successor(tmp_path / "next", SPEC) as successor:
            (found,) = successor.recordings.recover()
            assert found.info.recording_id == stored.info.recording_id
            assert successor.recordings.open(found).sample_count == 100
    inodes = [next((tmp_path / site).rglob("samples.cu8")).stat().st_ino for site in ("site", "next")]
    assert inodes[0] == inodes[1]


@given(st.text(min_size=1, max_size=255))
def test_a_name_has_no_folder(text: str) -> None:
    name = file_name(text)
    assert name
    assert "/" not in name
    assert "\\" not in name
