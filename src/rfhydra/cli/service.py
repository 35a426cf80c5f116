"""``rfhydra jobs``, ``cancel``, ``load``, ``unload`` and ``loaded``: commands for a server only."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, Token
from rfhydra.cli.output import as_minute, print_json, print_table, reported, say
from rfhydra.config import DEFAULT_URL, MAX_WHOLE
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.client import Client
    from rfhydra.protocol.missions import LoadedHeads

Server = Annotated[str, typer.Option("--server", metavar="URL", help="The server.")]
Signals = Annotated[list[str], typer.Argument(metavar="SIGNAL...", help="Names of signals.", show_default=False)]
SomeSignals = Annotated[
    list[str] | None, typer.Argument(metavar="[SIGNAL...]", help="Names of signals.", show_default=False)
]


def jobs(
    server: Server = DEFAULT_URL,
    token: Token = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_WHOLE, help="Maximum number of trainings.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a server's trainings, newest first."""
    with reported(as_json=as_json):
        from rfhydra.cli.remote import on_server

        page = on_server(server, token, lambda client: client.list_jobs(limit=limit))
    if as_json:
        print_json(page)
        return
    rows = [
        (each.job_id, each.signal_name, each.action, each.state, each.version, as_minute(each.created_at), each.error)
        for each in page.jobs
    ]
    print_table("trainings", ["job", "signal", "action", "state", "version", "created UTC", "error"], rows)


def cancel(
    job: Annotated[
        str | None, typer.Argument(metavar="JOB", help="Its id; default the running one.", show_default=False)
    ] = None,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Stop the upgrade.")] = False,
    server: Server = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Stop a training, or the upgrade, on a server within one epoch."""
    with reported(as_json=as_json):
        from rfhydra.cli.remote import cancel_upgrade, on_server

        if upgrade and job is not None:
            raise InvalidMessage("--upgrade takes no JOB: a server has one upgrade at a time")
        if upgrade:
            job_id = cancel_upgrade(server, token)
        else:
            job_id = on_server(server, token, lambda client: client.cancel_training(job)).job_id
    if as_json:
        print_json({"job_id": job_id})
    else:
        say(f"job {job_id} ends with this epoch")


def load(signals: Signals, server: Server = DEFAULT_URL, token: Token = None, as_json: AsJson = False) -> None:
    """Load the active heads of signals on a server."""
    _show_loaded(server, token, lambda client: client.load_heads(signals), as_json=as_json)


def unload(
    signals: SomeSignals = None, server: Server = DEFAULT_URL, token: Token = None, as_json: AsJson = False
) -> None:
    """Unload heads on a server, by default all."""
    _show_loaded(server, token, lambda client: client.unload_heads(signals or None), as_json=as_json)


def loaded(server: Server = DEFAULT_URL, token: Token = None, as_json: AsJson = False) -> None:
    """Show the loaded heads of a server."""
    _show_loaded(server, token, lambda client: client.get_loaded_heads(), as_json=as_json)


def _show_loaded(
    server: str, token: str | None, do: "Callable[[Client], Awaitable[LoadedHeads]]", *, as_json: bool
) -> None:
    with reported(as_json=as_json):
        from rfhydra.cli.remote import on_server

        answer = on_server(server, token, do)
    if as_json:
        print_json(answer)
    else:
        print_table("loaded heads", ["signal", "version"], list(answer.versions.items()))
