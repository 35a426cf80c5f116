"""Samples and signals of a workspace on the command line: listed, relabelled, renamed, deleted and restored."""

import json
from pathlib import Path
from typing import Any

import pytest

from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import png_size, run
from tests.store.small_data import SIGNAL, SPEC, add_sample, add_version, box

OTHER = "lora"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    with Workspace.create(tmp_path / "site", SPEC) as workspace:
        for seed in range(3):
            add_sample(workspace, seed, start_sample=32_000, negatives=[(OTHER, box(9)), (f"!{SIGNAL}", box(15))])
        add_sample(workspace, 5, OTHER)
        add_version(workspace)
        workspace.versions.activate(SIGNAL, 1)
    return tmp_path / "site"


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout)


def ids(site: Path, *signal: str) -> list[str]:
    return [each["sample_id"] for each in answer("samples", site, *signal)["samples"]]


def test_samples_are_listed_with_and_without_the_word(site: Path) -> None:
    every = answer("samples", "list", site)["samples"]
    assert answer("samples", site)["samples"] == every
    assert [each["signal_name"] for each in every] == [OTHER, SIGNAL, SIGNAL, SIGNAL]
    ours = answer("samples", site, SIGNAL)["samples"]
    assert ours == every[1:]
    assert (len(ours[0]["boxes"]), [each["label"] for each in ours[0]["negatives"]]) == (1, [f"!{SIGNAL}", OTHER])
    shown = run("samples", site, "--limit", 2)
    assert shown.status == 0
    assert every[-1]["sample_id"][:12] in shown.stdout
    assert every[0]["sample_id"][:12] not in shown.stdout
    assert "older samples are left out" in shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for text in ("1.004", "3 ms", "433.921", "2.0"):
        assert text in shown.stdout
    refused = run("samples", site, "pager")
    assert (refused.status, f"there are {OTHER}, {SIGNAL}" in refused.stderr) == (1, True)


def test_a_contact_sheet_shows_every_sample(site: Path, tmp_path: Path) -> None:
    assert run("samples", site, "--png", tmp_path / "new" / "sheet.png").status == 0
    assert run("samples", site, OTHER, "--png", tmp_path / "one.png").status == 0
    wide, narrow = (png_size(tmp_path / name)[0] for name in ("new/sheet.png", "one.png"))
    assert wide == 4 * narrow


def test_samples_are_removed_by_the_first_digits_of_their_ids(site: Path) -> None:
    first, second, third = ids(site, SIGNAL)
    assert answer("samples", "rm", site, first[:8], third) == {"removed": [first, third]}
    assert ids(site, SIGNAL) == [second]
    refused = run("samples", "rm", site, second, "0000")
    assert (refused.status, "no sample '0000'" in refused.stderr) == (1, True)
    assert ids(site, SIGNAL) == [second]  # all or none
    assert "at least 4" in run("samples", "rm", site, second[:3]).stderr


def test_samples_are_relabelled(site: Path) -> None:
    first, *rest = ids(site, SIGNAL)
    (moved,) = answer("samples", "relabel", site, first[:8], "--to", "pager")["samples"]
    assert ids(site, "pager") == [moved]
    assert ids(site, SIGNAL) == rest
    assert "sample.relabel" in run("log", site, "--audit").stdout
    assert run("samples", "relabel", site, rest[0]).status == 2  # without --to


def test_signals_are_listed_without_a_head_too(site: Path) -> None:
    found = {each["signal_name"]: each for each in answer("signals", site)["signals"]}
    assert [*found] == [OTHER, SIGNAL]
    assert (found[OTHER]["active_version"], found[OTHER]["sample_count"]) == (None, 1)
    ours = found[SIGNAL]
    assert (ours["sample_count"], ours["box_count"], ours["negative_count"], ours["f1_score"]) == (3, 3, 6, 0.9)
    assert max(map(len, run("signals", site).stdout.splitlines())) <= 80


def test_signals_are_renamed_deleted_and_restored(site: Path) -> None:
    assert answer("rename", site, SIGNAL, "gate") == {"signal_name": "gate", "former_name": SIGNAL}
    assert run("versions", site, "gate").status == 0
    deleted = run("delete", site, "gate")
    assert "3 samples and 1 version\n" in deleted.stdout
    assert f"rfhydra trash {site} --restore gate" in deleted.stdout
    (found,) = answer("trash", site)["signals"]
    assert (found["signal_name"], found["sample_count"]) == ("gate", 3)
    assert "gate" in run("trash", site).stdout
    assert answer("trash", site, "--restore", "gate") == {"signal_name": "gate", "sample_count": 3, "version_count": 1}
    assert len(ids(site, "gate")) == 3
    run("delete", site, "gate")
    assert answer("trash", site, "--empty") == {"signals": 1, "samples": 3}
    assert "the trash is empty" in run("trash", site).stdout
    assert [each["signal_name"] for each in answer("signals", site)["signals"]] == [OTHER]
    audit = run("log", site, "--audit").stdout
    for action in ("signal.rename", "signal.delete", "signal.restore", "trash.empty"):
        assert action in audit
    assert run("trash", site, "--empty", "--restore", "gate").status == 2


def test_a_signal_that_is_not_there_is_named_with_those_that_are(site: Path) -> None:
    for arguments in (("rename", site, "pager", "gate"), ("delete", site, "pager")):
        outcome = run(*arguments)
        assert outcome.status == 1
        assert f"there is no signal 'pager': there are {OTHER}, {SIGNAL}" in outcome.stderr


def test_readers_need_no_lock(site: Path) -> None:
    with Workspace.open(site):
        for command in ("samples", "signals", "trash"):
            assert run(command, site).status == 0
        assert run("rename", site, SIGNAL, "gate").status == 1
