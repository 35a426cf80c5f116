import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from rfhydra.server.run import listen
from rfhydra.store.workspace import Workspace as Store
from tests.cli.command_runner import run
from tests.server.forked import ForkedCommand, forked

WAIT_SEC = 600


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[ForkedCommand, str]]:
    """A server in a process of its own, and its address."""
    with forked("serve", *arguments, "--port", "0", "--json", stderr=None) as server:
        assert server.stdout is not None
        try:
            yield server, json.loads(server.stdout.readline())["url"]
        finally:
            server.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_workspace_is_served_until_a_signal_comes(small: Store, stop: signal.Signals) -> None:
    small.close()
    with serving(small.path, "--limit", "max_page=7") as (server, url), connect(url) as socket:
        socket.send('{"command": "hello"}')
        assert json.loads(socket.recv(WAIT_SEC))["limits"]["max_page"] == 7
        server.send_signal(stop)
        assert json.loads(socket.recv(WAIT_SEC))["type"] == "server_shutdown"
        assert server.wait(WAIT_SEC) == 0
    with Store.open(small.path):  # it let go of the workspace
        pass


def test_after_a_kill_the_workspace_is_there(small: Store) -> None:
    small.close()
    for _ in range(2):
        with serving(small.path) as (server, url), connect(url) as socket:
            socket.send('{"command": "get_registry"}')
            assert json.loads(socket.recv(WAIT_SEC))["signals"] == {}
            server.kill()


@pytest.mark.parametrize(
    ("arguments", "status", "wanted"),
    [
        (("--host", "0.0.0.0"), 2, "--token"),
        (("--host", "no such host"), 2, "unknown"),
        (("--token", ""), 2, "empty"),
        (("--limit", "max_fun=1"), 2, "max_fun"),
        (("--limit", "max_page=0"), 2, "max_page"),
    ],
)
def test_a_wrong_call_says_what_to_do(small: Store, arguments: tuple[str, ...], status: int, wanted: str) -> None:
    small.close()
    done = run("serve", small.path, *arguments)
    assert done.status == status
    assert wanted in done.stderr


def test_a_workspace_in_use_is_not_served(small: Store) -> None:
    done = run("serve", small.path)
    assert (done.status, "in use" in done.stderr) == (1, True)


def test_a_port_in_use_is_named(small: Store) -> None:
    small.close()
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = run("serve", small.path, "--port", str(port))
    assert (done.status, str(port) in done.stderr) == (1, True)
