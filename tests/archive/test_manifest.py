"""The manifest after a crash at any byte: every whole line counts, and nothing else."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.archive.manifest import MANIFEST, Entry, Finished, Manifest, PartFiles
from rfhydra.archive.source import Failure, SourceFile
from rfhydra.errors import Busy, Conflict, Damaged

IDENTITY = {"contract": "c", "backbone": "b", "heads": {"lora": {"version": 3, "digest": "aa"}}, "threshold": None}
names = st.sampled_from(["/a", "/b/ü", "/c d", '/"e"', "/f\n"])
finished = st.builds(
    Finished,
    names,
    st.sampled_from(["1@1", "2@2"]),
    st.sampled_from(["p1", "p2"]),
    st.text("0123456789abcdef", max_size=8),
    st.floats(0, 1e6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
failures = st.builds(Failure, names, st.just("1@1"), st.just("invalid_message"), st.text(max_size=40))
entries = st.lists(finished | failures, max_size=8)


def write(directory: Path, added: Sequence[Entry]) -> list[int]:
    """Add entries in one run; the length of the manifest after the identity and after each entry."""
    with Manifest.opened(directory, IDENTITY) as manifest:
        for name in ("p1", "p2"):
            for path in vars(PartFiles.named(manifest.parts, name)).values():
                path.touch()
        lengths = [(directory / MANIFEST).stat().st_size]
        for entry in added:
            manifest.add(entry)
            lengths.append((directory / MANIFEST).stat().st_size)
    return lengths


def read(directory: Path) -> dict[str, Entry]:
    with Manifest.opened(directory, IDENTITY) as manifest:
        return manifest.entries


def last_of_each(added: Sequence[Entry]) -> dict[str, Entry]:
    return {entry.path: entry for entry in added}


@given(entries, entries, st.data())
def test_what_was_acknowledged_outlives_a_crash_at_any_byte(
    before: list[Entry], after: list[Entry], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "hits.scan"
        lengths = write(directory, before)
        cut = data.draw(st.integers(0, lengths[-1]))
        torn = data.draw(st.sampled_from([b"", b"\0" * 7, b"\0\n", b'{"path": "/x"}\n']))  # not written, or in part
        path = directory / MANIFEST
        path.write_bytes(path.read_bytes()[:cut] + torn)
        kept = before[: sum(length <= cut for length in lengths[1:])]
        assert read(directory) == last_of_each(kept)
        write(directory, after)
        assert read(directory) == last_of_each([*kept, *after])


@given(entries)
def test_an_entry_that_is_added_is_read(added: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "hits.scan"
        write(directory, added)
        assert read(directory) == last_of_each(added)
        with Manifest.opened(directory, IDENTITY) as manifest:
            assert manifest.finished() == [
                entry for _, entry in sorted(last_of_each(added).items()) if isinstance(entry, Finished)
            ]


def entry(path: str = "/a", part: str = "p1") -> Finished:
    return Finished(path, "1@1", part, "id", 1.0, 2, 3)


def test_a_recording_that_has_changed_is_not_finished(tmp_path: Path) -> None:
    write(tmp_path / "s", [entry()])
    with Manifest.opened(tmp_path / "s", IDENTITY) as manifest:
        assert manifest.is_finished(SourceFile("/a", "1@1", 1.0))
        assert not manifest.is_finished(SourceFile("/a", "1@2", 1.0))


def test_a_recording_whose_part_is_gone_is_not_finished(tmp_path: Path) -> None:
    write(tmp_path / "s", [entry(), entry("/b", "p2")])
    (tmp_path / "s" / "parts" / "p1.hits.parquet").unlink()
    assert list(read(tmp_path / "s")) == ["/b"]


def test_leftovers_of_killed_workers_are_removed(tmp_path: Path) -> None:
    write(tmp_path / "s", [entry()])
    with Manifest.opened(tmp_path / "s", IDENTITY) as manifest:
        (manifest.parts / ".p3.hits.parquet.1234").touch()
        manifest.remove_unfinished()
        assert sorted(path.name for path in manifest.parts.iterdir()) == ["p1.emissions.parquet", "p1.hits.parquet"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"heads": {"lora": {"version": 4, "digest": "bb"}}}, "with heads lora 3, not lora 4, and"),
        ({"heads": {}}, "with heads lora 3, not none, and"),
        ({"backbone": "c"}, 'with backbone "b", not "c", and'),
        ({"contract": "d"}, 'with contract "c", not "d"'),
        ({"threshold": 0.5}, "with threshold null, not 0.5"),
    ],
)
def test_another_scan_is_refused_and_changes_nothing(tmp_path: Path, changed: dict[str, object], named: str) -> None:
    write(tmp_path / "s", [entry()])
    before = (tmp_path / "s" / MANIFEST).read_bytes()
    with (
        pytest.raises(Conflict, match=f"{named}.*give another --out, or delete s"),
        Manifest.opened(tmp_path / "s", {**IDENTITY, **changed}),
    ):
        pass
    assert (tmp_path / "s" / MANIFEST).read_bytes() == before


def test_a_damaged_line_before_the_last_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "s", [entry(), entry("/b")])
    path = tmp_path / "s" / MANIFEST
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:10] + b"\n" + third)
    with pytest.raises(Damaged, match=r"line 2 of s/manifest\.jsonl"), Manifest.opened(tmp_path / "s", IDENTITY):
        pass


def test_two_scans_do_not_write_at_the_same_time(tmp_path: Path) -> None:
    with (
        Manifest.opened(tmp_path / "s", IDENTITY),
        pytest.raises(Busy, match="another scan writes to s"),
        Manifest.opened(tmp_path / "s", IDENTITY),
    ):
        pass
    shutil.rmtree(tmp_path / "s")
