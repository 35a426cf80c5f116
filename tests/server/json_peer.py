"""A live server on loopback, and a client that speaks bare JSON."""

import base64
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from rfhydra.server.run import listen, make_server
from rfhydra.server.service import Settings
from rfhydra.spectrum.boxes import Box
from rfhydra.store.arrays import encode_array
from rfhydra.store.workspace import Workspace

WAIT_SEC: Final = 600.0
"""How long anything may take before a test gives up; no test depends on how fast it is."""
MAX_MESSAGE: Final = 1 << 26


@contextmanager
def running(workspace: Workspace, settings: Settings | None = None, port: int = 0) -> Iterator[int]:
    """Serve ``workspace`` from a thread; gives the port, and stops as a signal would have it. Port 0 is any."""
    server, ready = make_server(workspace, settings or Settings()), threading.Event()
    server.on_ready = ready.set
    with closing(listen("127.0.0.1", port)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert ready.wait(WAIT_SEC)
            yield port
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def training_paused(server: int | str = "self") -> Iterator[None]:
    """Stop the training process of a server, by default of one in this process, while the block runs."""
    (pid,) = (int(child) for child in children(server) if b"rfhydra.server.jobs.worker" in _command_line(child))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def children(process: int | str) -> list[str]:
    """Process ids of the children of a process."""
    found = list[str]()
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            found += path.read_text().split()
    return found


def _command_line(pid: str) -> bytes:
    return Path("/proc", pid, "cmdline").read_bytes()


class Peer:
    """One connection that speaks JSON, as a client of the fixed contract would."""

    def __init__(self, socket: ClientConnection, wait_sec: float = WAIT_SEC) -> None:
        self.socket, self._wait_sec = socket, wait_sec

    def send(self, command: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"command": command, **fields}))

    def try_send(self, command: str, **fields: Any) -> None:
        """The same, where the server may have closed by now."""
        with suppress(ConnectionClosed):
            self.send(command, **fields)

    def receive(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.socket.recv(self._wait_sec))
        return message

    def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        """Send a command and return the next message, which answers it where nothing is pushed."""
        self.send(command, **fields)
        return self.receive()

    def answer(self, command: str, **fields: Any) -> dict[str, Any]:
        """Send a command and return its answer, without the pushes before it."""
        self.send(command, id="asked", **fields)
        while (message := self.receive()).get("id") != "asked":
            pass
        return message

    def until(self, *types: str) -> list[dict[str, Any]]:
        """Messages up to the first of one of these types."""
        heard = [self.receive()]
        while heard[-1]["type"] not in types:
            heard.append(self.receive())
        return heard

    def close_code(self) -> int | None:
        """Read on until the server closes, and say with which code."""
        while True:
            try:
                self.socket.recv(self._wait_sec)
            except ConnectionClosed as closed:
                return None if closed.rcvd is None else closed.rcvd.code


@contextmanager
def peer(port: int, path: str = "/ws", wait_sec: float = WAIT_SEC, **options: Any) -> Iterator[Peer]:
    url = f"ws://127.0.0.1:{port}{path}"
    # no pings of its own: on a busy machine they would decide a test
    with connect(url, max_size=MAX_MESSAGE, open_timeout=wait_sec, ping_interval=None, **options) as socket:
        yield Peer(socket, wait_sec)


def http_get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=WAIT_SEC) as response:
        body: bytes = response.read()
    return body.decode()


def npy_b64(image: NDArray[Any]) -> str:
    return base64.b64encode(encode_array(image)).decode()


def iq_b64(iq: NDArray[np.complex64]) -> str:
    return base64.b64encode(iq.astype("<c8").tobytes()).decode()


def physical(box: Box) -> dict[str, float]:
    return dict(vars(box))
