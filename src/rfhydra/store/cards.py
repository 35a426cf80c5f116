"""Detectability cards: at most one JSON document for each live head version; retiring a version deletes its card."""

import json
from typing import Any

from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import to_json
from rfhydra.store.database import Database
from rfhydra.store.versions import VersionStore


class CardStore:
    """The cards of a workspace. Every change is one transaction, together with its audit entry."""

    def __init__(self, db: Database, versions: VersionStore, audit: AuditLog) -> None:
        self._db = db
        self._versions = versions
        self._audit = audit

    def put(self, signal_name: str, version: int, card: dict[str, Any], who: str | None = None) -> None:
        """Store the card of a version, replacing an earlier one.

        Raises:
            NotFound: there is no such version, or it is retired.
            InvalidMessage: ``card`` is not JSON.
            TooLarge: ``card`` takes more than ``MAX_JSON_BYTES``.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        text = to_json(card, "card")
        with self._db.transaction() as connection:
            self._versions.get(signal_name, version)
            connection.execute("INSERT OR REPLACE INTO cards VALUES (?, ?, ?)", (signal_name, version, text))
            self._audit.record("card.store", signal_name, {"version": version}, who)

    def get(self, signal_name: str, version: int) -> dict[str, Any] | None:
        """The card of a version, None where none was stored.

        Raises:
            NotFound: there is no such version, or it is retired.
        """
        self._versions.get(signal_name, version)
        text = self._db.value("SELECT card FROM cards WHERE signal_name = ? AND version = ?", (signal_name, version))
        return None if text is None else json.loads(text)
