"""What a workspace under another contract takes over from the tables of its predecessor."""

from typing import Final

from rfhydra.store.columns import utc_now
from rfhydra.store.database import Database

KEPT: Final = (
    "active_backbone",
    "audit",
    "detections",
    "head_versions",
    "job_events",
    "jobs",
    "mission_heads",
    "missions",
    "split_members",
    "splits",
    "streams",
    "track_renames",
    "upgrade_jobs",
)
"""Tables that do not depend on the contract. Versions and splits stay as numbers that are not used again."""


def clear_contract(db: Database) -> None:
    """Empty all tables but :data:`KEPT`, and retire all versions, in one transaction."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    cleared = [row[0] for row in db.rows(query) if row[0] not in KEPT]
    with db.transaction() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for name in cleared:
            connection.execute(f'DELETE FROM "{name}"')  # noqa: S608 - a name of the schema
        connection.execute("UPDATE head_versions SET retired_at = ? WHERE retired_at IS NULL", (utc_now(),))
