"""``rfhydra signals``, ``rename``, ``delete`` and ``trash``."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from rfhydra.cli.arguments import AsJson, ServerUrl, Signal, Token, Workspace
from rfhydra.cli.output import counted, print_json, print_table, reported, say
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.client import Client
    from rfhydra.protocol.signals import DeletedSignal, SignalInfo
    from rfhydra.store.workspace import Workspace as Store

T = TypeVar("T")
_COLUMNS = ("signal", "samples", "boxes", "negatives", "active", "F1", "")


def signals(directory: Workspace, server: ServerUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show every signal, also those without a head."""
    with reported(as_json=as_json):

        async def ask(client: "Client") -> "list[SignalInfo]":
            return (await client.get_signals()).signals

        found = carry_out(directory, server, token, lambda store: store.signals.all(), ask, changes=False)
    if as_json:
        print_json({"signals": found})
    elif found:
        print_table("signals", _COLUMNS, [_cells(each) for each in found])
    else:
        say(f"no signals: label some boxes, and rfhydra import {directory} RECORDING...")


def rename(
    directory: Workspace,
    signal: Signal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.", show_default=False)],
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give a signal another name: its samples, versions, jobs, loaded head and logged tracks."""
    with reported(as_json=as_json):
        carry_out(
            directory,
            server,
            token,
            lambda store: store.signals.rename(signal, name),
            lambda client: client.rename_signal(signal, name),
        )
    if as_json:
        print_json({"signal_name": name, "former_name": signal})
    else:
        say(f"{signal} is now ", (name, "bold"))


def delete(
    directory: Workspace, signal: Signal, server: ServerUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Move a signal, with its samples and versions, to the trash."""
    with reported(as_json=as_json):
        deleted = carry_out(
            directory,
            server,
            token,
            lambda store: store.signals.delete(signal),
            lambda client: client.delete_signal(signal),
        )
    counts = {"sample_count": deleted.sample_count, "version_count": deleted.version_count}
    if as_json:
        print_json({"signal_name": signal, **counts})
        return
    say((signal, "bold"), f" is in the trash, with {_counts(deleted)}")
    say(f"to undo: rfhydra trash {_place(directory, server)} --restore {signal}")


def trash(
    directory: Workspace,
    restore: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take the last deleted signal of this name out again.")
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Remove all deleted signals for good.")] = False,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show the deleted signals, restore one, or remove all for good."""
    with reported(as_json=as_json):
        if restore is not None and empty:
            raise InvalidMessage("--restore and --empty exclude each other")
        if restore is not None:
            _restore(directory, server, token, restore, as_json=as_json)
        elif empty:
            _empty(directory, server, token, as_json=as_json)
        else:
            _show_trash(directory, server, token, as_json=as_json)


def carry_out(
    directory: Path,
    server: str | None,
    token: str | None,
    here: Callable[["Store"], T],
    there: Callable[["Client"], Awaitable[Any]],
    *,
    changes: bool = True,
) -> T:
    """The result of ``here`` with the workspace, or of ``there``, with fields of the same names, on a server."""
    if server is not None:
        from rfhydra.cli.remote import on_server

        answer: T = on_server(server, token, there)
        return answer
    from rfhydra.store.workspace import Workspace as Store

    opened: AbstractContextManager[Store] = Store.open(directory) if changes else Store.view(directory)
    with opened as store:
        return here(store)


def _restore(directory: Path, server: str | None, token: str | None, name: str, *, as_json: bool) -> None:
    restored = carry_out(
        directory,
        server,
        token,
        lambda store: store.signals.restore(name),
        lambda client: client.restore_signal(name),
    )
    counts = {"sample_count": restored.sample_count, "version_count": restored.version_count}
    if as_json:
        print_json({"signal_name": name, **counts})
    else:
        say((name, "bold"), f" is back, with {_counts(restored)}")


def _empty(directory: Path, server: str | None, token: str | None, *, as_json: bool) -> None:
    def remove(store: "Store") -> tuple[int, int]:
        removed = store.signals.empty_trash()
        store.collect_garbage()
        return len(removed), sum(each.sample_count for each in removed)

    async def ask(client: "Client") -> tuple[int, int]:
        answer = await client.empty_trash()
        return answer.signals, answer.samples

    count, samples = carry_out(directory, server, token, remove, ask)
    if as_json:
        print_json({"signals": count, "samples": samples})
    else:
        say(f"removed for good: {counted(count, 'signal')}, {counted(samples, 'sample')}")


def _show_trash(directory: Path, server: str | None, token: str | None, *, as_json: bool) -> None:
    async def ask(client: "Client") -> "list[DeletedSignal]":
        return (await client.get_trash()).signals

    found = carry_out(directory, server, token, lambda store: store.signals.trash(), ask, changes=False)
    if as_json:
        print_json({"signals": found})
    elif found:
        rows = [
            (each.signal_name, each.deleted_at[:19].replace("T", " "), each.who, each.sample_count, each.version_count)
            for each in found
        ]
        print_table("trash", ["signal", "deleted UTC", "who", "samples", "versions"], rows)
    else:
        say("the trash is empty")


def _cells(signal: "SignalInfo") -> tuple[object, ...]:
    states = {"provisional": signal.provisional, "loaded": signal.is_loaded}
    return (
        signal.signal_name,
        signal.sample_count,
        signal.box_count,
        signal.negative_count,
        signal.active_version,
        signal.f1_score,
        ", ".join(name for name, holds in states.items() if holds),
    )


def _counts(signal: Any) -> str:
    return f"{counted(signal.sample_count, 'sample')} and {counted(signal.version_count, 'version')}"


def _place(directory: Path, server: str | None) -> str:
    return f"--server {server}" if server is not None else str(directory)
