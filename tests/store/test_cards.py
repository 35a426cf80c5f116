from pathlib import Path

import pytest

from rfhydra.config import MAX_JSON_BYTES
from rfhydra.errors import InvalidMessage, NotFound, TooLarge
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.workspace import Workspace
from tests.store.small_data import METRICS, SIGNAL, SPEC, add_version, create_old

CARD = {"min_snr_50_db": 4.5, "notes": {"positions": "no IQ"}, "snr": None}


def test_a_card_comes_back_as_it_was_stored_and_is_replaced(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        add_version(workspace)
        assert workspace.cards.get(SIGNAL, 1) is None
        workspace.cards.put(SIGNAL, 1, {"old": True})
        workspace.cards.put(SIGNAL, 1, CARD, who="ada")
    with Workspace.view(path) as view:
        assert view.cards.get(SIGNAL, 1) == CARD
        first = view.audit.list(SIGNAL)[0]
        assert (first.action, first.detail, first.who) == ("card.store", {"version": 1}, "ada")


def test_retention_removes_the_card_with_the_version(workspace: Workspace) -> None:
    for version in (1, 2):
        add_version(workspace)
        workspace.cards.put(SIGNAL, version, CARD)
    assert workspace.versions.retire(SIGNAL, keep=1) == [1]
    with pytest.raises(NotFound, match="version 1 of signal 'ook-433' was retired"):
        workspace.cards.get(SIGNAL, 1)
    assert [row["version"] for row in workspace.db.rows("SELECT version FROM cards")] == [2]
    with pytest.raises(NotFound):
        workspace.cards.put(SIGNAL, 1, CARD)


def test_what_is_not_a_card_is_refused(workspace: Workspace) -> None:
    add_version(workspace)
    for card, error in (({"snr": float("nan")}, InvalidMessage), ({"snr": "x" * MAX_JSON_BYTES}, TooLarge)):
        with pytest.raises(error, match="card"):
            workspace.cards.put(SIGNAL, 1, card)
    with pytest.raises(NotFound, match="has no version 2"):
        workspace.cards.put(SIGNAL, 2, CARD)
    assert workspace.db.rows("SELECT * FROM cards") == []


def test_a_workspace_without_cards_is_migrated(path: Path) -> None:
    create_old(path, migrations=5)
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        add_version(workspace, metrics=METRICS)
        workspace.cards.put(SIGNAL, 1, CARD)
        assert workspace.cards.get(SIGNAL, 1) == CARD
