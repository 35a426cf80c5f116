"""``rfhydra upgrade``: what it prints, refuses and undoes, and ``kill -9`` in the middle of it.

``RFHYDRA_KILLS`` says how often it is killed at random moments.
"""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from rfhydra.hydra.backbone_file import id_of, load_backbone, save_backbone
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.registry import VersionManager
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.cli import previous_release
from tests.cli.command_runner import contents, record, run, wait
from tests.cli.test_kill import KILLS, Killer
from tests.server.forked import forked
from tests.server.server_process import serving
from tests.training.given import SMALL_SPEC, add_noise

PREVIOUS_RELEASE = Path(__file__).parent / "workspaces" / "schema-5.tar.xz"
SIGNALS = ("alpha", "bravo", "charlie")
FEW = "few"


@pytest.fixture(scope="module")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with another backbone of random weights."""
    path = tmp_path_factory.mktemp("new") / "new.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        save_backbone(BackboneNetwork(NetworkConfig(classes=("a",), channels=16, embedding=32)), path, {})
    return path


@pytest.fixture(scope="module")
def stocked_site(tmp_path_factory: pytest.TempPathFactory, body_file: Path) -> Path:
    """A closed workspace with heads of ``body_file``, one of which has too few samples. To be copied."""
    path = tmp_path_factory.mktemp("stocked") / "site-c"
    with Workspace.create(path, SMALL_SPEC) as workspace:
        service = TrainingService(workspace, load_backbone(body_file))
        for number, name in enumerate((*SIGNALS, FEW)):
            add_noise(workspace, range(10 * number, 10 * number + 5), name)
            service.train_new_signal(name, epochs=1)
            service.version_manager.promote_version(name, 1)
        workspace.samples.delete(workspace.samples.list(FEW)[0].sample_id)
    return path


@pytest.fixture
def site(stocked_site: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stocked_site, tmp_path / "site-c"))


def active(path: Path) -> dict[str, int | None]:
    with Workspace.open(path) as workspace:
        return {name: workspace.versions.active(name) for name in (*SIGNALS, FEW)}


def backbone_of(path: Path) -> str:
    return id_of(path.read_bytes())


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert (outcome.status, outcome.stderr) == (0, "")
    return json.loads(outcome.stdout)


OLD = {"alpha": 1, "bravo": 1, "charlie": 1, "few": 1}
NEW = {"alpha": 2, "bravo": 2, "charlie": 2, "few": 1}


def test_upgrade_and_undo_in_json(site: Path, body_file: Path, new_file: Path) -> None:
    options = (site, "--backbone", new_file, "--from", body_file)
    planned = answer("upgrade", *options, "--dry-run")
    assert [(each["signal_name"], each["reused"]) for each in planned["heads"]] == [(name, None) for name in OLD]
    assert active(site) == OLD
    report = answer("upgrade", *options)
    assert (report["former_backbone_id"], report["backbone_id"]) == (backbone_of(body_file), backbone_of(new_file))
    assert report["switched"] is True
    assert {head["signal_name"]: head["version"] for head in report["heads"]} == dict.fromkeys(SIGNALS, 2)
    assert {"f1_before", "f1_after", "boxes", "basis", "change", "training_time_sec"} <= report["heads"][0].keys()
    assert report["heads"][0]["evidence"]["boxes"] == 1  # the validation split
    few = {"signal_name": FEW, "version": 1, "reason": f"Not enough samples (minimum 5 required): {FEW} has 4"}
    assert (report["left"], report["current"]) == ([few], [])
    assert active(site) == NEW
    undone = answer("upgrade", site, "--undo")
    assert undone == {"backbone_id": backbone_of(body_file), "heads": dict.fromkeys(SIGNALS, 1)}
    assert active(site) == OLD


def test_upgrade_for_people(site: Path, new_file: Path) -> None:
    outcome = run("upgrade", site, "--backbone", new_file, "--dry-run")
    assert outcome.stdout.count("train\n") + outcome.stdout.count("train ") == len(SIGNALS)
    assert "left: Not enough samples" in outcome.stdout
    outcome = run("upgrade", site, "--backbone", new_file)
    assert outcome.status == 0
    assert f"active from now on: 3 heads of backbone {backbone_of(new_file)}\n" in outcome.stdout
    assert f"{FEW} stays at version 1 on its backbone: Not enough samples" in outcome.stderr
    assert f"--backbone {new_file}" in outcome.stderr
    with Workspace.open(site) as workspace:  # with two samples more it comes along
        add_noise(workspace, [90, 91], FEW)
    assert "from now on: 1 heads" in run("upgrade", site, "--backbone", new_file).stdout
    assert "nothing to do" in run("upgrade", site, "--backbone", new_file).stdout


def test_a_head_that_was_left_does_not_keep_the_others_from_detecting(
    site: Path, new_file: Path, tmp_path: Path
) -> None:
    assert run("upgrade", site, "--backbone", new_file, "--force").status == 0
    heard = record(tmp_path / "heard", 1)
    outcome = run("detect", site, heard, "--backbone", new_file)
    assert outcome.status == 0
    assert f"because their heads do not run on this backbone (rfhydra upgrade): {FEW}\n" in outcome.stderr
    named = run("detect", site, heard, "--backbone", new_file, "--heads", FEW)
    assert (named.status, "(incompatible)" in named.stderr) == (1, True)


def test_a_loss_is_refused_with_the_names_and_forced(site: Path, new_file: Path) -> None:
    with closing(sqlite3.connect(site / "rfhydra.db")) as connection, connection:
        perfect = json.dumps({"f1_score": 1.0, "precision": 1.0, "recall": 1.0})
        connection.execute("UPDATE head_versions SET metrics = ? WHERE signal_name = 'bravo'", (perfect,))
    outcome = run("upgrade", site, "--backbone", new_file, "--json")
    assert (outcome.status, outcome.stdout) == (1, "")
    error = json.loads(outcome.stderr)
    assert error["code"] == "conflict"
    assert error["message"].startswith("nothing was switched: bravo (F1 1.000 → 0.")
    assert active(site) == OLD
    outcome = run("upgrade", site, "--backbone", new_file)  # people see how the others fared
    assert (outcome.status, "alpha" in outcome.stdout) == (1, True)
    forced = answer("upgrade", site, "--backbone", new_file, "--force")
    assert [head["is_reused"] for head in forced["heads"]] == [True, True, True]
    assert active(site) == NEW


def assert_refused(path: Path, *arguments: object, status: int, code: str, says: str) -> None:
    before = contents(path)
    outcome = run("upgrade", path, *arguments, "--json")
    assert (outcome.status, outcome.stdout) == (status, "")
    error = json.loads(outcome.stderr)
    assert error["code"] == code
    assert says in error["message"]
    assert contents(path) == before


def test_what_cannot_be_done_changes_nothing(site: Path, body_file: Path, new_file: Path, tmp_path: Path) -> None:
    assert_refused(site, "--undo", status=1, code="conflict", says="no upgrade that could be undone")
    assert_refused(site, "--undo", "--force", status=2, code="invalid_message", says="--undo takes none of --from")
    options = ("--backbone", body_file, "--from", new_file)
    assert_refused(site, *options, status=1, code="incompatible", says="no head to upgrade runs on")
    assert_refused(site, "--backbone", tmp_path / "none", status=1, code="not_found", says="no backbone file none")
    with Workspace.open(site):
        for option in ("--force", "--dry-run", "--undo"):
            outcome = run("upgrade", site, option)
            assert (outcome.status, outcome.stdout) == (1, "")
            assert "(busy) workspace site-c is in use by another rfhydra process" in outcome.stderr


@pytest.fixture
def observer(site: Path) -> Iterator[sqlite3.Connection]:
    """Reads the database beside a command that owns it."""
    with closing(sqlite3.connect(f"{(site / 'rfhydra.db').as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def test_a_killed_upgrade_continues(site: Path, new_file: Path, observer: sqlite3.Connection) -> None:
    stored = "SELECT count(*) FROM head_versions WHERE backbone_id = ?"
    with forked("upgrade", site, "--backbone", new_file, "--json") as child:
        while child.poll() is None and observer.execute(stored, (backbone_of(new_file),)).fetchone()[0] == 0:
            wait(child, 0.005)
        child.kill()
        assert child.communicate() == ("", "")
    assert active(site) == OLD
    report = answer("upgrade", site, "--backbone", new_file)
    assert report["heads"][0]["is_reused"] is True
    assert {head["signal_name"]: head["version"] for head in report["heads"]} == dict.fromkeys(SIGNALS, 2)
    assert active(site) == NEW


def test_kills_at_random_moments_leave_one_set_or_the_other(site: Path, body_file: Path, new_file: Path) -> None:
    killer, outcomes = Killer(site, seed=10), Counter[str]()
    killer.let_live("upgrade", site, "--backbone", new_file)
    sides = (OLD, body_file, ("--backbone", new_file)), (NEW, new_file, ("--undo",))
    for number in range(2 * KILLS):
        later, former = sides[number % 2], sides[1 - number % 2]
        arguments = former[2]
        said = killer.kill("upgrade", site, *arguments)
        found = active(site)
        assert found in ([later[0]] if said else [former[0], later[0]])
        with Workspace.open(site) as workspace:
            assert workspace.db.value("PRAGMA integrity_check") == "ok"
            assert workspace.backbone_id == backbone_of(later[1] if found == later[0] else former[1])
        outcomes["acknowledged" if said else "done" if found == later[0] else "nothing"] += 1
        if found != later[0]:
            assert run("upgrade", site, *arguments).status == 0
        assert active(site) == later[0]
    print(dict(outcomes))


def test_a_workspace_of_the_previous_release_passes_through(tmp_path: Path, new_file: Path) -> None:
    shutil.unpack_archive(PREVIOUS_RELEASE, tmp_path, filter="data")
    site, old, new = tmp_path / "site", dict.fromkeys(previous_release.SIGNALS, 2), {}
    with closing(sqlite3.connect(site / "rfhydra.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (5,)
        assert "upgrades" not in {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    report = answer("upgrade", site, "--backbone", new_file, "--force")
    assert (report["left"], report["current"]) == ([], [])
    for head in report["heads"]:
        new[head["signal_name"]] = head["version"]
        assert (head["former_version"], head["evidence"]) == (2, None)
    assert new == dict.fromkeys(previous_release.SIGNALS, 3)
    backbone = load_backbone(new_file)
    with Workspace.open(site) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        assert workspace.db.value("PRAGMA integrity_check") == "ok"
        assert workspace.loaded.versions() == new  # the next server detects with the new heads
        assert VersionManager(workspace).load_heads(new, backbone).keys() == new.keys()
        assert {name: len(workspace.samples.list(name)) for name in new} == dict.fromkeys(new, 6)
    assert answer("upgrade", site, "--undo")["heads"] == old
    with Workspace.open(site) as workspace:
        assert workspace.loaded.versions() == old
    again = answer("upgrade", site, "--backbone", new_file, "--force")
    assert [head["is_reused"] for head in again["heads"]] == [True, True]


def test_a_server_upgrades_and_undoes(site: Path, body_file: Path, new_file: Path) -> None:
    with serving(site, "--backbone", new_file, "--from", body_file) as server:
        report = answer("upgrade", "--server", server.url)
        assert report["switched"] is True
        assert {head["signal_name"]: head["version"] for head in report["heads"]} == dict.fromkeys(SIGNALS, 2)
        again = run("upgrade", "--server", server.url)
        assert f"{FEW} stays at version 1 on its backbone: Not enough samples" in again.stderr
        assert answer("upgrade", "--server", server.url, "--undo")["heads"] == dict.fromkeys(SIGNALS, 1)
        for arguments in (("upgrade", "--undo"), ("cancel", "--upgrade")):
            outcome = run(*arguments, "--server", server.url, "--json")
            assert json.loads(outcome.stderr)["code"] in ("conflict", "not_found")
        assert run("upgrade", "--server", server.url, "--dry-run").status == 2
    assert active(site) == OLD
