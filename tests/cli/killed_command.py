"""A command that kills itself before its n-th change of the file system: ``python -m tests.cli.killed_command N ...``.

With N = 0 it lives, and ends with the number of changes on standard error. Events of the interpreter are counted, so
nothing of the command is replaced, and the kill is a real one.
"""

import os
import signal
import sys
from typing import Any

_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "sqlite3.connect", "fcntl.flock")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_DIRECTORY  # a directory is opened to be synced


class Changes:
    """Counts changes; at number ``last`` the process dies."""

    def __init__(self, last: int) -> None:
        self.last, self.seen, self.counting = last, 0, True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_write = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
        if not self.counting or not (is_write or event in _CHANGES):
            return
        self.seen += 1
        if self.seen == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from rfhydra.cli.app import app

    changes = Changes(int(sys.argv[1]))
    sys.addaudithook(changes)
    try:
        app(sys.argv[2:])
    finally:
        changes.counting = False
        sys.stderr.write(f"{changes.seen}\n")
