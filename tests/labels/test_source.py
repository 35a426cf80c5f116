from pathlib import Path

import pytest

from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.labels import source
from rfhydra.labels.label import Label
from rfhydra.labels.source import LabelSource, assign, with_annotations
from rfhydra.recordings import Annotation
from tests.labels.given import recorded


def label(file: str | None = None) -> Label:
    return Label(where="b.csv, line 2", start=0.1, length=0.1, file=file)


@pytest.mark.parametrize("file", ["a.sigmf-meta", "a", "day/a.sigmf-data", "C:\\day\\a.sigmf-data", "/x/a"])
def test_a_label_belongs_to_the_recording_that_it_names(tmp_path: Path, file: str) -> None:
    takes = [recorded(tmp_path, name=name, seconds=0.5) for name in "ab"]
    found = assign([LabelSource((label(file), label("c.cu8"), label("c.cu8")))], takes)
    assert [labels for _, labels in found.recordings] == [(label(file),), ()]
    assert found.others == ("c.cu8",)


def test_a_label_that_names_none_belongs_to_the_only_one_or_to_that_of_its_source(tmp_path: Path) -> None:
    takes = [recorded(tmp_path, name=name, seconds=0.5) for name in "ab"]
    (only,) = assign([LabelSource((label(),))], takes[:1]).recordings
    assert only[1] == (label(),)
    found = assign([LabelSource((label(),), "b")], takes)
    assert [len(labels) for _, labels in found.recordings] == [0, 1]
    with pytest.raises(InvalidMessage, match="line 2 does not say which of 2 recordings is meant"):
        assign([LabelSource((label(),), "c")], takes)


def test_folders_tell_recordings_of_one_name_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    takes = [recorded(tmp_path / name, seconds=0.5) for name in ("one", "two")]
    found = assign([LabelSource((label("two/take.sigmf-data"),))], takes)
    assert [len(labels) for _, labels in found.recordings] == [0, 1]
    with pytest.raises(InvalidMessage, match="two recordings are called take"):
        assign([LabelSource((label("take"),))], takes)


def test_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boxes.csv"
    path.write_bytes(b"start,length\n\xff\xfe\n")
    with pytest.raises(InvalidMessage, match=r"boxes\.csv is not UTF-8 text, at byte 13"):
        LabelSource.read(path, "csv")
    path.write_text("start,length\n")
    with pytest.raises(InvalidMessage, match=r"boxes\.csv states no box"):
        LabelSource.read(path, "csv")
    monkeypatch.setattr(source, "MAX_LABEL_FILE_BYTES", 10)
    with pytest.raises(TooLarge, match=r"boxes\.csv has more than 10 bytes"):
        LabelSource.read(path, "csv")


def test_annotations_are_sorted_and_kept_once(tmp_path: Path) -> None:
    first, second = Annotation(5, 5, 0.0, 1.0, "x"), Annotation(9, 5, 0.0, 1.0, "x")
    assert with_annotations(recorded(tmp_path, seconds=0.5), [second, first, second]).annotations == (first, second)
