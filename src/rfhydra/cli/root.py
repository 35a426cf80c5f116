"""Root of the commands: wrong usage and failed output end as other errors do, in one line with a code."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from rfhydra.cli import INTERRUPTED
from rfhydra.cli.output import FAILURE, USAGE, as_error, report
from rfhydra.errors import InvalidMessage, RfhydraError


class Root(TyperGroup):
    """The ``rfhydra`` command. With ``--json`` wrong usage is a JSON object, else the usage of the command."""

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
