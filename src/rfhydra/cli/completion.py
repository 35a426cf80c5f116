"""Completion of signal names in the shell, from the database of the workspace, without the engine."""

from pathlib import Path

import typer

from rfhydra.errors import RfhydraError


def complete_signal(ctx: typer.Context, incomplete: str) -> list[str]:
    """The signals of the workspace DIR that begin with ``incomplete``; none where there is no such workspace."""
    directory = ctx.params.get("directory")
    if directory is None or ("server" in ctx.params and ctx.params["server"] is not None):
        return []
    from rfhydra.store.workspace import Workspace

    try:
        with Workspace.view(Path(directory)) as store:
            names = {*store.samples.signal_names(), *store.versions.signals()}
    except (RfhydraError, OSError):
        return []
    return sorted(name for name in names if name.startswith(incomplete))


def complete_signals(ctx: typer.Context, incomplete: str) -> list[str]:
    """As :func:`complete_signal` for the last of names with commas between them."""
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    return [f"{before}{comma}{name}" for name in complete_signal(ctx, last) if name not in given]
