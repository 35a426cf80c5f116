"""``rfhydra scan`` and ``rfhydra search``: killed, interrupted, and what they print."""

import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from rfhydra.archive.manifest import MANIFEST
from rfhydra.recordings import open_recording
from tests.archive.given import OBJECTNESS, THRESHOLD, record, rows_by_name
from tests.cli.command_runner import process, run, wait
from tests.server.forked import Child, forked
from tests.training.given import SIGNAL

CONTENTS: Final = 10
COPIES: Final = 20
OPTIONS: Final = ("--threshold", THRESHOLD, "--objectness", OBJECTNESS)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten recordings."""
    folder = tmp_path_factory.mktemp("few")
    for seed in range(CONTENTS):
        record(folder / f"r{seed}", seed)
    return folder


@pytest.fixture(scope="session")
def scanned(few: Path, shared_site: Path, body_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of them."""
    out = tmp_path_factory.mktemp("scanned") / "hits.parquet"
    assert run("scan", shared_site, few, "--out", out, "--backbone", body_file, *OPTIONS).status == 0
    return out


@pytest.fixture
def many(few: Path, tmp_path: Path) -> Path:
    """Two hundred recordings: each of the ten twenty times, at any depth."""
    folder = tmp_path / "many"
    for copy in range(COPIES):
        shutil.copytree(few, folder / f"part-{copy % 3}" / f"{copy:02}")
    return folder


def lines(out: Path) -> int:
    """Recordings that the manifest acknowledges."""
    try:
        return max(0, (out.with_suffix(".scan") / MANIFEST).read_bytes().count(b"\n") - 1)
    except FileNotFoundError:
        return 0


def wait_for_lines(child: Child, out: Path, count: int) -> None:
    while lines(out) < count:
        assert child.poll() is None, child.communicate()
        wait(child, 0.01)


def descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, children) for each in (child, *descendants(child))]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_hundred_recordings_killed_in_the_middle(
    many: Path, scanned: Path, site: Path, body_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "hits.parquet"
    command = ("scan", site, many, "--out", out, "--backbone", body_file, "--workers", 2, *OPTIONS, "--json")
    with forked(*command) as child:
        wait_for_lines(child, out, 60)
        workers = descendants(child.pid)
        child.kill()
        child.communicate()
    assert workers
    while any(map(is_alive, workers)):  # they end with it
        os.sched_yield()
    acknowledged = lines(out)
    assert 60 <= acknowledged < CONTENTS * COPIES
    report = json.loads(run(*command).stdout)
    assert report["recordings"] == CONTENTS * COPIES
    assert report["scanned_now"] == CONTENTS * COPIES - acknowledged
    assert report["failed"] == []
    for name in ("hits.parquet", "hits.emissions.parquet"):
        found, expected = rows_by_name(tmp_path / name), rows_by_name(scanned.parent / name)
        assert {key: len(own) for key, own in found.items()} == {
            key: COPIES * len(own) for key, own in expected.items()
        }
        for key, own in expected.items():
            assert all(row in own for row in found[key])


def test_ctrl_c_stops_and_says_how_to_go_on(many: Path, site: Path, body_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "hits.parquet"
    command = ("scan", site, many, "--out", out, "--backbone", body_file, *OPTIONS)
    with process(*command, start_new_session=True) as child:
        wait_for_lines(child, out, 1)
        workers = descendants(child.pid)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does
        _, stderr = child.communicate()
    assert child.returncode == 130
    assert stderr.splitlines() == [
        "note what is finished stays so in hits.scan: the same command goes on from there",
        "error (cancelled) interrupted",
    ]
    while any(map(is_alive, workers)):  # the outputs of a process are closed a moment before it is gone
        os.sched_yield()
    assert not out.exists()


def test_what_is_damaged_is_listed(few: Path, site: Path, body_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(few, folder)
    (folder / "torn.sigmf-meta").write_text("{")
    done = run("scan", site, folder, "--out", tmp_path / "hits.parquet", "--backbone", body_file, *OPTIONS)
    assert done.status == 0
    assert f"not scanned: {folder / 'torn.sigmf-meta'}: torn.sigmf-meta is not valid JSON" in done.stderr
    assert f"{CONTENTS} recordings" in done.stdout


def test_other_heads_are_refused(scanned: Path, few: Path, site: Path, body_file: Path) -> None:
    assert run("promote", site, SIGNAL, 2).status == 0
    done = run("scan", site, few, "--out", scanned, "--backbone", body_file, *OPTIONS)
    assert done.status == 1
    assert f"error (conflict) hits.scan is of a scan with heads {SIGNAL} 1, not {SIGNAL} 2" in done.stderr
    assert "give another --out, or delete hits.scan" in done.stderr


def test_the_workspace_may_be_in_use(scanned: Path, few: Path, shared_site: Path, body_file: Path) -> None:
    from rfhydra.store.workspace import Workspace

    with Workspace.open(shared_site):
        again = run("scan", shared_site, few, "--out", scanned, "--backbone", body_file, *OPTIONS, "--json")
    assert json.loads(again.stdout)["scanned_now"] == 0


def test_hits_become_sigmf_that_can_be_imported(
    scanned: Path, few: Path, site: Path, body_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "found"
    command = ("scan", site, few, "--out", scanned, "--backbone", body_file, *OPTIONS, "--sigmf", folder)
    for _ in range(2):
        assert run(*command).status == 0
    found = rows_by_name(scanned)
    assert sorted(path.stem for path in folder.glob("*.sigmf-meta")) == sorted(found)
    for name, own in found.items():
        recording = open_recording(folder / name)
        assert recording.recording_id == own[0]["recording_id"]
        assert [each.label for each in recording.annotations] == [SIGNAL] * len(own)
    imported = run("import", site, *folder.glob("*.sigmf-meta"), "--json")
    assert json.loads(imported.stdout)["new_samples"][SIGNAL] > 0


def similar(scanned: Path, site: Path, body_file: Path, *options: object) -> Any:
    return run("search", site, "--archive", scanned, "--backbone", body_file, *options)


def annotated(few: Path, scanned: Path, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """A recording whose first annotation is a detected emission, and that emission."""
    name, own = next(iter(rows_by_name(scanned.with_suffix(".emissions.parquet")).items()))
    meta = Path(shutil.copy(few / f"{name}.sigmf-meta", tmp_path))
    shutil.copy(few / f"{name}.sigmf-data", tmp_path)
    fields, rate = json.loads(meta.read_text()), open_recording(meta).sample_rate_hz
    start = round(own[0]["time_start_sec"] * rate)
    fields["annotations"] = [
        {
            "core:sample_start": start,
            "core:sample_count": round(own[0]["time_end_sec"] * rate) - start,
            "core:freq_lower_edge": own[0]["freq_low_hz"],
            "core:freq_upper_edge": own[0]["freq_high_hz"],
            "core:label": "pager",
        }
    ]
    meta.write_text(json.dumps(fields))
    return f"{meta}#1", own[0]


def test_search_ranks_other_emissions(scanned: Path, few: Path, site: Path, body_file: Path, tmp_path: Path) -> None:
    like, emission = annotated(few, scanned, tmp_path)
    found = json.loads(similar(scanned, site, body_file, "--like", like, "--json", "--top", 5).stdout)["emissions"]
    assert len(found) == 5
    assert [each["similarity"] for each in found] == sorted((each["similarity"] for each in found), reverse=True)
    keys = ("recording_id", "time_start_sec", "freq_low_hz", "freq_high_hz")
    assert [emission[key] for key in keys] not in [[each[key] for key in keys] for each in found]
    middle, width = (
        (emission["freq_low_hz"] + emission["freq_high_hz"]) / 2,
        emission["freq_high_hz"] - emission["freq_low_hz"],
    )
    length = emission["time_end_sec"] - emission["time_start_sec"]
    box = f"{emission['time_start_sec']},{length},{middle},{width}"
    path = like.removesuffix("#1")
    by_box = json.loads(similar(scanned, site, body_file, "--like", path, "--box", box, "--json", "--top", 5).stdout)
    assert [each["recording"] for each in by_box["emissions"]] == [each["recording"] for each in found]


def test_search_prints_tables_of_eighty_columns(
    scanned: Path, few: Path, site: Path, body_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    like, _ = annotated(few, scanned, tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    shown = similar(scanned, site, body_file, "--like", like, "--top", 3).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert [line.split()[0] for line in shown if re.match(r" *\d+ +\d\.\d\d ", line)] == ["1", "2", "3"]
    table = similar(scanned, site, body_file, "--like", like, "--top", 3, "--csv").stdout.splitlines()
    assert table[0].startswith("similarity,recording,recording_id,time_start_sec")
    assert len(table) == 4


def test_a_hit_list_goes_into_an_import(scanned: Path, few: Path, site: Path, body_file: Path, tmp_path: Path) -> None:
    like, _ = annotated(few, scanned, tmp_path)
    folder = tmp_path / "alike"
    assert similar(scanned, site, body_file, "--like", like, "--sigmf", folder, "--label", "candidate").status == 0
    imported = run("import", site, *folder.glob("*.sigmf-meta"), "--json")
    assert json.loads(imported.stdout)["boxes"] >= 1
    assert list(json.loads(imported.stdout)["new_samples"]) == ["candidate"]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--like", "{like}2"), 2, "has 1 annotations: there is no #12"),
        (("--like", "{path}"), 2, "give the number of an annotation"),
        (("--like", "{like}", "--box", "0,1,2,3"), 2, "not both"),
        (("--like", "{path}", "--box", "0,1,2"), 2, "START,LEN,CENTRE,BANDWIDTH"),
        (("--like", "{path}", "--box", "0,0.001,1e6,1e3"), 1, "outside the band"),
        (("--like", "{path}", "--box", "9,1,433e6,1e3"), 1, "outside the recording"),
        (("--like", "missing#1"), 1, "no recording missing"),
        (("--like", "{like}", "--label", "a/b"), 2, "label 'a/b' is not allowed"),
        (("--like", "{like}", "--csv", "--json"), 2, "not both"),
    ],
)
def test_wrong_examples_are_refused(
    scanned: Path,
    few: Path,
    site: Path,
    body_file: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    like, _ = annotated(few, scanned, tmp_path)
    given = [each.format(like=like, path=like.removesuffix("#1")) for each in options]
    done = similar(scanned, site, body_file, *given)
    assert done.status == status
    assert message in " ".join(done.stderr.split())


def test_an_archive_of_another_backbone_is_refused(scanned: Path, few: Path, site: Path, tmp_path: Path) -> None:
    like, _ = annotated(few, scanned, tmp_path)
    done = run("search", site, "--archive", scanned, "--like", like)
    assert done.status == 1
    assert "error (incompatible) hits.emissions.parquet was scanned with backbone" in done.stderr
