"""Root of the commands: each is imported when it runs, and wrong usage and failed output end as other errors do."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar, Final

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from rfhydra.cli import INTERRUPTED
from rfhydra.cli.output import FAILURE, USAGE, as_error, option_names, report
from rfhydra.errors import InvalidMessage, RfhydraError

HELP_OPTIONS: Final = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose errors name its options, and which takes ``--server URL`` in place of its DIR if it has both."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_served = {"directory", "server"} <= {param.name for param in self.params}
        if is_served and any(each.partition("=")[0] == "--server" for each in args):
            args = [".", *args]  # a placeholder for DIR
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        before = option_names.set({param.name: _shown(param) for param in self.params if param.name})
        try:
            return super().invoke(ctx)
        finally:
            option_names.reset(before)


def _shown(param: Any) -> str:
    """How a user writes a parameter: ``--sample-rate``, or ``SIGNAL`` of an argument."""
    names = [name for name in param.opts if name.startswith("--")]
    return str(names[0] if names else param.metavar or param.name)


class Commands(Mapping[str, Any]):
    """Commands by name, from places as ``training:train``; each is imported when it is asked for."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._imported = dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._imported:
            module, _, attribute = self._places[name].partition(":")
            found = getattr(import_module(f"rfhydra.cli.{module}"), attribute)
            if not isinstance(found, typer.Typer):
                single = typer.Typer(add_completion=False, rich_markup_mode="rich")
                single.command(name, cls=Command)(found)
                found = single
            self._imported[name] = typer.main.get_command(found)
            self._imported[name].name = name
        return self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Root(TyperGroup):
    """The ``rfhydra`` command. With ``--json`` wrong usage is a JSON object, else the usage of the command."""

    places: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands(self.places)  # type: ignore[assignment]  # only read

    def main(self, args: Sequence[str] | None = None, *_: Any, **options: Any) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        as_json = "--json" in words
        try:
            status = super().main(words, **{**options, "standalone_mode": False})
            sys.stdout.flush()
        except typer.TyperException as error:
            status = _refuse(error, as_json=as_json)
        except typer.Abort:
            status = INTERRUPTED
        except OSError as error:  # of a command's output: others are reported by the command
            report(as_error(error, "the output"), as_json=as_json)
            status = FAILURE
        _discard_unwritten()
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(status if isinstance(status, int) else 0)


def _refuse(error: typer.TyperException, *, as_json: bool) -> int:
    """Report wrong usage; returns the exit status."""
    if error.exit_code != USAGE:
        report(RfhydraError(error.format_message()), as_json=as_json)
    elif as_json:
        report(InvalidMessage(" ".join(error.format_message().split())), as_json=True)
    else:
        with suppress(OSError):
            error.show()  # type: ignore[attr-defined]  # every error of usage has it
    return error.exit_code


def _discard_unwritten() -> None:
    """Give up what cannot be written: the interpreter would try again, and fail with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                os.dup2(nowhere.fileno(), stream.fileno())


def lazily(places: Mapping[str, str]) -> type[Root]:
    """A :class:`Root` with the commands of ``places``; see :class:`Commands`."""
    return type("LazyRoot", (Root,), {"places": places})
