"""What must hold in a workspace after any fault, and what is compared of it."""

from pathlib import Path
from typing import Any, Final, TypeAlias

from rfhydra.errors import NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.store.workspace import Workspace

Rows: TypeAlias = dict[str, list[tuple[Any, ...]]]
_TIMES: Final = {
    *("at", "created_at", "deleted_at", "evaluated_at", "finished_at", "retired_at", "saved_at", "started_at", "ts"),
    "training_time_sec",
}
_DRAWN: Final = "job_id"


def rows(workspace: Workspace) -> Rows:
    """All rows of all tables but for the times, and the ids that are drawn, in them."""
    tables = [row[0] for row in workspace.db.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    found = {}
    for table in tables:
        columns = {row["name"] for row in workspace.db.rows(f"PRAGMA table_info({table})")} - _TIMES - {_DRAWN}
        kept = ", ".join(f"json_remove({each}, '$.{_DRAWN}')" if each == "detail" else each for each in sorted(columns))
        found[table] = sorted((tuple(row) for row in workspace.db.rows(f"SELECT {kept} FROM {table}")), key=repr)
    return found


def inspect(path: Path, backbone: Backbone) -> Rows | None:
    """Open the workspace as the next process would, check what must hold, collect its garbage; None if there is none.

    The database is whole, unfinished writes are gone, every blob that a row names has its digest, every active version
    loads, and after the collection there is no blob that nothing names.
    """
    try:
        workspace = Workspace.open(path)
    except NotFound:
        return None
    with workspace:
        assert workspace.db.value("PRAGMA integrity_check") == "ok"
        assert workspace.db.rows("PRAGMA foreign_key_check") == []
        assert list((path / "blobs" / "tmp").iterdir()) == []
        found, named = rows(workspace), _named(workspace)
        for digest in named:
            workspace.blobs.get(digest)
        for name in workspace.versions.signals():
            if workspace.versions.active(name) is not None:
                VersionManager(workspace).load_head(name, None, backbone)
        workspace.collect_garbage()
        assert _stored(path) == named
        assert rows(workspace) == found
    return found


def _named(workspace: Workspace) -> set[str]:
    digests = (
        "SELECT image_digest FROM samples UNION SELECT iq_digest FROM samples WHERE iq_digest IS NOT NULL"
        " UNION SELECT image_digest FROM unknown_exemplars"
    )
    return {row[0] for row in workspace.db.rows(digests)} | workspace.versions.digests()


def _stored(path: Path) -> set[str]:
    return {f"{file.parent.name}{file.name}" for file in (path / "blobs").glob("??/*")}
