"""Commands in processes forked from one that has their modules already: see :mod:`tests.server.fork_server`."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeAlias

_MAX_STATUS_BYTES: Final = 16


class ForkedCommand:
    """A command in a process of its own, used as a :class:`subprocess.Popen` is.

    Attributes:
        pid: its process id.
        stdout: what it writes; None where that goes elsewhere.
        stderr: likewise.
        returncode: its exit status as far as it is known; the negative number of the signal that killed it.
    """

    def __init__(self, pid: int, ended: int, stdout: IO[str] | None, stderr: IO[str] | None) -> None:
        """``ended`` is a descriptor of the pipe that its status comes from."""
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, then it is gone.

        Raises:
            subprocess.TimeoutExpired: it runs after so many seconds.
        """
        if self.returncode is None:
            if timeout is not None and not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("rfhydra", timeout)
            self.returncode = int(os.read(self._ended, _MAX_STATUS_BYTES))
            os.close(self._ended)
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Wait for its end; what it wrote, empty where that went elsewhere."""
        with ThreadPoolExecutor(2) as pool:
            output, errors = pool.map(
                lambda stream: "" if stream is None else stream.read(), (self.stdout, self.stderr)
            )
        self.wait()
        return output, errors

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


Child: TypeAlias = "subprocess.Popen[str] | ForkedCommand"


def forked(
    *arguments: object, stdout: IO[Any] | int | None = subprocess.PIPE, stderr: IO[Any] | int | None = subprocess.PIPE
) -> ForkedCommand:
    """The command ``rfhydra`` with these arguments; None for an output shares that of this process."""
    orders, (output, output_end), (errors, errors_end) = _fork_server(), _output(stdout, 1), _output(stderr, 2)
    ended, end = os.pipe()
    command = {"arguments": [*map(str, arguments)], "directory": str(Path.cwd()), "environment": dict(os.environ)}
    try:
        socket.send_fds(orders, [json.dumps(command).encode()], [output_end, errors_end, end])
        pid = int(orders.recv(_MAX_STATUS_BYTES))
    finally:
        os.close(end)
        for stream, each in ((output, output_end), (errors, errors_end)):
            if stream is not None:
                os.close(each)
    return ForkedCommand(pid, ended, output, errors)


def _output(given: IO[Any] | int | None, default: int) -> tuple[IO[str] | None, int]:
    """The stream to read an output from, if there is one, and the descriptor to write it to."""
    if given == subprocess.PIPE:
        readable, writable = os.pipe()
        return os.fdopen(readable), writable
    if given is None:
        return None, default
    return None, given if isinstance(given, int) else given.fileno()


@cache
def _fork_server() -> socket.socket:
    """The socket of a fork server that ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.fork_server", str(theirs.fileno())],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL,
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours
