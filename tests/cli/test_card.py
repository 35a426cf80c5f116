"""``rfhydra card``: measured, stored with the version, shown again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import contents, png_size, run
from tests.cli.test_errors import BAD_NAME, MISUSED, NOT_FOUND, assert_refused
from tests.training.given import SIGNAL


@pytest.fixture(scope="module")
def carded(shared_site: Path, body_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """A workspace with a card, its picture, and what the command printed."""
    directory = tmp_path_factory.mktemp("card")
    site = Path(shutil.copytree(shared_site, directory / "site"))
    picture = directory / "new" / "card.png"
    outcome = run("card", site, SIGNAL, "--backbone", body_file, "--png", picture, "--json")
    assert (outcome.status, outcome.stderr) == (0, "")
    return site, picture, json.loads(outcome.stdout)


def test_a_card_is_printed_drawn_and_stored(carded: tuple[Path, Path, Any]) -> None:
    site, picture, body = carded
    assert (body["signal_name"], body["version"], body["iou"]) == (SIGNAL, 1, 0.5)
    assert body["confusion"] is None
    assert body["notes"]["confusion"] == "no other signal has an active head"
    assert body["false_alarms"]["windows"] == 14
    assert min(png_size(picture)) > 700
    with Workspace.view(site) as view:
        assert view.cards.get(SIGNAL, 1) == body


def test_a_stored_card_is_shown_again_without_the_backbone(carded: tuple[Path, Path, Any], tmp_path: Path) -> None:
    site, picture, body = carded
    again = tmp_path / "again.png"
    for version in ([], ["--version", 1]):
        outcome = run("card", site, SIGNAL, "--stored", "--json", "--png", again, *version)
        assert json.loads(outcome.stdout) == body
    assert again.read_bytes() == picture.read_bytes()


def test_people_see_tables_and_what_is_missing(carded: tuple[Path, Path, Any]) -> None:
    outcome = run("card", carded[0], SIGNAL, "--stored")
    assert outcome.stdout.startswith(f"{SIGNAL} version 1: ")
    assert "false alarms: " in outcome.stdout
    assert "note confusion: no other signal has an active head" in outcome.stderr


@pytest.mark.usefixtures("few_trials")
def test_a_card_of_another_version(site: Path, body_file: Path) -> None:
    outcome = run("card", site, SIGNAL, "--version", 2, "--backbone", body_file, "--seed", 3, "--json")
    assert (json.loads(outcome.stdout)["version"], json.loads(outcome.stdout)["seed"]) == (2, 3)
    assert_refused(site, "card", site, SIGNAL, "--stored", error=NOT_FOUND, says="version 1 of signal")


@pytest.mark.usefixtures("few_trials")
def test_a_card_beside_a_server_is_not_stored(site: Path, body_file: Path) -> None:
    with Workspace.open(site):
        before = contents(site)
        outcome = run("card", site, SIGNAL, "--backbone", body_file, "--json")
        assert contents(site) == before
    assert outcome.status == 0
    assert json.loads(outcome.stdout)["version"] == 1
    assert "note the card is not stored: workspace site-b is in use" in outcome.stderr


def test_what_has_no_card(site: Path, body_file: Path, tmp_path: Path) -> None:
    command = ("card", site)
    assert_refused(site, *command, "a/b", "--backbone", body_file, error=BAD_NAME, says="'a/b' is not allowed")
    assert_refused(site, *command, "nobody", "--backbone", body_file, error=NOT_FOUND, says="no active head")
    absent = ("--version", 9)
    assert_refused(site, *command, SIGNAL, *absent, "--backbone", body_file, error=NOT_FOUND, says="no version 9")
    assert_refused(site, *command, SIGNAL, *absent, "--stored", error=NOT_FOUND, says="no version 9")
    assert_refused(site, *command, SIGNAL, "--stored", error=NOT_FOUND, says="has no card")
    assert_refused(site, *command, SIGNAL, "--png", tmp_path, error=MISUSED, says="is a directory")
