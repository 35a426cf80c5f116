import logging
import signal

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rfhydra.server.run import run_server
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import WAIT_SEC


@pytest.mark.parametrize("size", [(4 << 20) + 1, 1 << 25])
def test_who_sends_too_much_learns_why_the_connection_ends(port: int, size: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/ws") as socket:
        socket.send(bytes(size))
        with pytest.raises(ConnectionClosed) as raised:
            socket.recv(timeout=WAIT_SEC)
    assert raised.value.rcvd is not None
    assert raised.value.rcvd.code == 1009


def test_a_server_leaves_the_log_as_it_found_it(small: Workspace) -> None:
    filters = [[*handler.filters] for handler in logging.getLogger().handlers]
    run_server(small, "127.0.0.1", 0, Settings(), lambda port: signal.raise_signal(signal.SIGTERM))
    assert [handler.filters for handler in logging.getLogger().handlers] == filters
