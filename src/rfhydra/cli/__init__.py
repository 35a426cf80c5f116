"""The command line. Commands import the engine when they run, so that ``--help`` is quick and works without it."""

import gc
import json
import signal
import sys
from typing import Final

__all__ = ["main"]
INTERRUPTED: Final = 130
"""Exit status after Ctrl+C, as of a shell."""
_GC_THRESHOLD: Final = 10_000
"""New objects before garbage is collected. By Python's own threshold of 700 an import of torch, whose objects stay,
collects hundreds of times: a quarter of its CPU time."""


def main() -> None:
    """Entry point of the ``rfhydra`` command. Imports here, so that Ctrl+C ends it in one line from the beginning."""
    gc.set_threshold(_GC_THRESHOLD)
    try:
        try:
            from rfhydra.cli.app import app

            app()
        finally:
            gc.freeze()  # the interpreter's last collection would look through all that was imported
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending: only what has happened decides the status
    except KeyboardInterrupt:
        error = {"type": "error", "code": "cancelled", "message": "interrupted"}
        line = json.dumps(error) if "--json" in sys.argv else "error (cancelled) interrupted"
        sys.stderr.write(f"{line}\n")
        sys.exit(INTERRUPTED)
