"""``rfhydra versions``, ``promote``, ``rollback`` and ``registry``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, ServerUrl, Signal, Token, Workspace
from rfhydra.cli.output import as_minute, print_json, print_table, reported, say
from rfhydra.config import MAX_WHOLE

if TYPE_CHECKING:
    from rfhydra.cli.remote import RemoteVersions
    from rfhydra.hydra.registry import VersionManager
    from rfhydra.protocol.types import VersionInfo


def versions(
    directory: Workspace, signal: Signal, server: ServerUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show the versions of a signal's head."""
    with _manager(directory, server, token, as_json=as_json, changes=False) as manager:
        history = manager.get_version_history(signal)
    if as_json:
        print_json(history)
        return
    names = ("f1_score", "precision", "recall", "sample_count")
    rows = [
        (each.version, _state(each), *(getattr(each, name) for name in names), as_minute(each.created_at), each.notes)
        for each in history.versions
    ]
    print_table(signal, ["version", "", "F1", "precision", "recall", "samples", "created UTC", "notes"], rows)


def promote(
    directory: Workspace,
    signal: Signal,
    version: Annotated[
        int, typer.Argument(metavar="VERSION", min=1, max=MAX_WHOLE, help="Number of the version.", show_default=False)
    ],
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a version the active one."""
    with _manager(directory, server, token, as_json=as_json) as manager:
        manager.promote_version(signal, version, reason="promoted by the operator")
    if as_json:
        print_json({"signal_name": signal, "version": version})
    else:
        say(f"{signal}: version {version} is active")


def rollback(
    directory: Workspace, signal: Signal, server: ServerUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Return to the version that was active before."""
    with _manager(directory, server, token, as_json=as_json) as manager:
        version = manager.rollback(signal, reason="rolled back by the operator")
    if as_json:
        print_json({"signal_name": signal, "active_version": version})
    else:
        say(f"{signal}: back to version {version}")


def registry(directory: Workspace, server: ServerUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show every signal with its active version."""
    with _manager(directory, server, token, as_json=as_json, changes=False) as manager:
        found = manager.get_registry()
    if as_json:
        print_json(found)
        return
    names = ("f1_score", "precision", "recall", "sample_count")
    rows = [
        (
            signal,
            f"{entry.active_version} provisional" if entry.provisional else entry.active_version,
            *(getattr(entry, name) for name in names),
            None if entry.last_trained is None else as_minute(entry.last_trained),
        )
        for signal, entry in found.signals.items()
    ]
    columns = ["signal", "active", "F1", "precision", "recall", "samples", "trained UTC"]
    print_table(f"backbone version {found.backbone_version}", columns, rows)


def _state(version: "VersionInfo") -> str:
    from rfhydra.protocol.types import is_run

    former = f"{version.kind}, no longer run"
    states = {
        "active": version.is_active,
        "provisional": version.provisional,
        former: not is_run(version.kind),
    }
    return ", ".join(name for name, holds in states.items() if holds)


@contextmanager
def _manager(
    directory: Path, server: str | None, token: str | None, *, as_json: bool, changes: bool = True
) -> Iterator["VersionManager | RemoteVersions"]:
    with reported(as_json=as_json):
        if server is not None:
            from rfhydra.cli.remote import RemoteVersions

            yield RemoteVersions(server, token)
            return
        from rfhydra.hydra.registry import VersionManager
        from rfhydra.store.workspace import Workspace as Store

        with Store.open(directory) if changes else Store.view(directory) as store:
            yield VersionManager(store)
