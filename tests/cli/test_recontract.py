"""``rfhydra recontract``: what it carries, compares and leaves, and ``kill -9`` at any change of the file system.

``RFHYDRA_KILLS`` says at how many places each command is killed.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rfhydra.recordings import open_recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.sample import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from tests.cli.command_runner import CONTRACT, SIGNAL, SPEC, contents, record, run
from tests.cli.test_kill import KILLS

OTHER = "few"
NEW = ("--fft-size", 256, "--hop", 128, "--rows", 256, "--cols", 512)
NEW_SPEC = SpectrogramSpec(fft_size=256, hop=128, rows=256, cols=512)


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert (outcome.status, outcome.stderr) == (0, ""), outcome.stderr
    return json.loads(outcome.stdout)


@pytest.fixture(scope="module")
def trained_site(tmp_path_factory: pytest.TempPathFactory, support: list[Path], body_file: Path) -> Path:
    """A workspace with a head of ``body_file``, and a signal that has only samples. To be copied."""
    folder = tmp_path_factory.mktemp("recontract")
    directory = folder / "site"
    pager = record(folder / "pager", 50, label=OTHER)
    for arguments in (
        ("init", directory, *CONTRACT),
        ("import", directory, *support, pager),
        ("train", directory, SIGNAL, "--epochs", 1, "--backbone", body_file),
        ("promote", directory, SIGNAL, 1),
    ):
        assert run(*arguments).status == 0
    return directory


@pytest.fixture(scope="module")
def built_site(tmp_path_factory: pytest.TempPathFactory, trained_site: Path, body_file: Path) -> Path:
    """A folder with such a workspace and its complete successor. To be copied."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(trained_site, folder / "site")
    assert run("recontract", folder / "site", *NEW, "--backbone", body_file).status == 0
    return folder


@pytest.fixture
def site(trained_site: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_site, tmp_path / "site"))


@pytest.fixture
def built(built_site: Path, tmp_path: Path) -> Path:
    """A workspace that has a complete successor."""
    return Path(shutil.copytree(built_site, tmp_path / "built")) / "site"


def successor(path: Path) -> Path:
    return path.with_name(f"{path.name}.recontract")


def assert_whole(path: Path) -> SpectrogramSpec:
    """Open the workspace and check what must hold in it; returns its contract."""
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA integrity_check") == "ok"
        assert workspace.db.rows("PRAGMA foreign_key_check") == []
        assert workspace.samples.count(SIGNAL) == 8
        for name in workspace.samples.signal_names():
            for sample in workspace.samples.list(name):
                assert sample.spec_id == workspace.spec.spec_id
                assert workspace.samples.image(sample).shape[0] == workspace.spec.rows
                assert workspace.samples.iq(sample) is not None
        (head,) = workspace.versions.active_heads()
        assert head.spec_id == workspace.spec.spec_id
        assert workspace.versions.artifact(head)
        return workspace.spec


def test_the_workspace_stays_until_it_is_confirmed(site: Path, body_file: Path) -> None:
    before = contents(site)
    report = answer("recontract", site, *NEW, "--backbone", body_file)
    assert contents(site) == before
    assert report["confirmed"] is False
    assert report["samples"] == [
        {"signal_name": SIGNAL, "before": 8, "carried": 8, "after": 8},
        {"signal_name": OTHER, "before": 1, "carried": 1, "after": 1},
    ]
    (head,) = report["heads"]
    assert (head["signal_name"], head["former_version"], head["version"]) == (SIGNAL, 1, 2)
    assert (head["basis"], head["boxes"]) == ("paired", 2)  # the validation split
    assert (report["left_samples"], report["left_heads"]) == ([], [])
    confirmed = answer("recontract", site, "--confirm")
    assert confirmed == {**report, "confirmed": True}
    assert assert_whole(site) == NEW_SPEC
    assert not successor(site).exists()
    assert run("recontract", site, "--confirm").status == 1


def test_boxes_and_the_split_are_those_of_before(site: Path, body_file: Path) -> None:
    answer("recontract", site, *NEW, "--backbone", body_file)
    with Workspace.view(site) as old, Workspace.view(successor(site)) as new:
        samples = {each.recording: each for each in new.samples.list(SIGNAL)}
        validating = {"old": set(old.splits.members(SIGNAL, 1)[1]), "new": set(new.splits.members(SIGNAL, 2)[1])}
        for former in old.samples.list(SIGNAL):
            latter = samples[former.recording]
            assert (former.sample_id in validating["old"]) == (latter.sample_id in validating["new"])
            assert latter.metadata == former.metadata
            assert latter.start_sample is not None
            assert former.start_sample is not None
            offset = (latter.start_sample - former.start_sample) / 250e3
            for one, other in zip(former.boxes, latter.boxes, strict=True):
                assert one.as_tuple() == pytest.approx(other.shifted(offset).as_tuple(), abs=1e-5)
        actions = [entry.action for entry in new.audit.list(limit=1000)]
        assert actions[0] == "workspace.recontract"
        assert actions[-1] == [entry.action for entry in old.audit.list(limit=1000)][-1]  # the log goes on


def test_undo_removes_it(built: Path) -> None:
    before = contents(built)
    assert answer("recontract", built, "--undo") == {"undone": True}
    assert contents(built) == before
    assert not successor(built).exists()
    outcome = run("recontract", built, "--undo")
    assert (outcome.status, "(not_found)" in outcome.stderr) == (1, True)


def test_samples_without_iq_are_named_and_come_from_their_recordings(
    trained_site: Path, support: list[Path], tmp_path: Path, body_file: Path
) -> None:
    site = tmp_path / "site"
    with Workspace.create(site, SPEC) as workspace, Workspace.view(trained_site) as other:
        for sample in other.samples.list(SIGNAL):
            window = without_iq(other, sample)
            workspace.samples.add(
                signal_name=SIGNAL,
                window=window,
                boxes=sample.boxes,
                recording=sample.recording,
                metadata=sample.metadata,
            )
    outcome = run("recontract", site, *NEW, "--backbone", body_file)
    assert outcome.status == 1
    assert "no sample can be carried: it was added as an image without IQ" in outcome.stderr
    recordings = [option for path in support[:7] for option in ("--recording", path)]
    report = answer("recontract", site, *NEW, *recordings, "--backbone", body_file)
    assert report["samples"] == [{"signal_name": SIGNAL, "before": 8, "carried": 7, "after": 7}]
    (left,) = report["left_samples"]
    assert left["recordings"] == [support[7].stem]
    assert "--recording" in left["reason"]


def without_iq(workspace: Workspace, sample: Sample) -> Window:
    return Window(workspace.samples.image(sample), sample.frame(workspace.spec), sample.start_sample)


def test_what_cannot_be_done_changes_nothing(built: Path, body_file: Path, fresh: Path) -> None:
    for arguments, status, says in (
        ((), 2, "give a contract (--fft-size … or --from), or --confirm, or --undo"),
        (("--confirm", "--undo"), 2, "give a contract"),
        (("--fft-size", 256, "--undo"), 2, "give a contract"),
        (("--fft-size", 100), 2, "--fft-size 100 must be a power of two"),
        ((*CONTRACT, "--backbone", body_file), 1, "has contract"),
    ):
        before = contents(built)
        outcome = run("recontract", built, *arguments)
        assert (outcome.status, says in outcome.stderr) == (status, True), outcome.stderr
        assert contents(built) == before
    with Workspace.open(built):
        for option in ("--confirm", "--undo"):
            assert "(busy)" in run("recontract", built, option).stderr


def test_a_workspace_that_was_changed_is_not_replaced(built: Path, fresh: Path) -> None:
    with Workspace.open(built) as workspace:
        import_recordings(workspace, [open_recording(fresh)])
    before = contents(built)
    outcome = run("recontract", built, "--confirm")
    assert (outcome.status, "(conflict)" in outcome.stderr) == (1, True)
    assert contents(built) == before


def test_something_else_in_the_way_is_not_removed(site: Path, body_file: Path) -> None:
    successor(site).mkdir()
    (successor(site) / "notes.txt").write_text("mine")
    outcome = run("recontract", site, *NEW, "--backbone", body_file)
    assert "(conflict) site.recontract is in the way" in outcome.stderr
    assert (successor(site) / "notes.txt").read_text() == "mine"


def command(number: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command that is killed before its change ``number``; 0 for never."""
    return subprocess.run(
        [sys.executable, "-m", "tests.cli.killed_command", str(number), *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def places(changes: int) -> Iterator[int]:
    """Where to kill: spread over all changes, the last ones among them."""
    count = min(2 * KILLS, changes)
    yield from sorted({1 + round(n * (changes - 1) / max(count - 1, 1)) for n in range(count)})


def test_a_killed_confirmation_leaves_the_old_state_or_the_new(built_site: Path, tmp_path: Path) -> None:
    shutil.copytree(built_site, tmp_path / "counted")
    lived = command(0, "recontract", tmp_path / "counted" / "site", "--confirm")
    assert lived.returncode == 0, lived.stderr
    outcomes = set[SpectrogramSpec]()
    changes = int(lived.stderr.split()[-1])
    for number in places(changes):
        path = Path(shutil.copytree(built_site, tmp_path / f"killed-{number}")) / "site"
        assert command(number, "recontract", path, "--confirm").returncode == -signal.SIGKILL
        outcomes.add(assert_whole(path))
        if number < changes:  # else all of it was done
            answer("recontract", path, "--confirm")
        assert assert_whole(path) == NEW_SPEC
        assert not successor(path).exists()
        assert "recontract.json" not in {each.name for each in path.iterdir()}
    assert outcomes == {SPEC, NEW_SPEC}


def test_a_killed_build_leaves_the_old_state(site: Path, tmp_path: Path, body_file: Path) -> None:
    before, options = contents(site), (*NEW, "--backbone", body_file)
    counted = Path(shutil.copytree(site, tmp_path / "counted"))
    lived = command(0, "recontract", counted, *options)
    assert lived.returncode == 0, lived.stderr
    changes = int(lived.stderr.split()[-1])
    for number in (changes // 3, changes - 1):
        assert command(number, "recontract", site, *options).returncode == -signal.SIGKILL
        assert contents(site) == before
        assert assert_whole(site) == SPEC
        outcome = run("recontract", site, "--confirm")
        assert (outcome.status, "(not_found)" in outcome.stderr) == (1, True)
    assert answer("recontract", site, *options)["heads"]  # what was left of them is no obstacle
    assert assert_whole(successor(site)) == NEW_SPEC
