"""Clients that do not read: what they cost others, and what becomes of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import http_get, peer, running
from tests.training.given import SIGNAL


def metric(port: int, name: str) -> float:
    lines = http_get(port, "/metrics").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


@pytest.fixture
def workspace(library: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(library, tmp_path / "site")
    with Workspace.open(tmp_path / "site") as opened:
        yield opened


def test_a_client_that_takes_no_answers_is_closed_and_the_others_are_served(workspace: Workspace) -> None:
    settings = Settings(limits=Limits(max_outbox_messages=8, max_outbox_bytes=1 << 20))
    with running(workspace, settings) as port, peer(port) as slow, peer(port) as other:
        while metric(port, "rfhydra_slow_clients_total") == 0:
            slow.try_send("get_training_samples", signal_name=SIGNAL, include_spectrogram=True)
        while metric(port, "rfhydra_clients") > 1:
            assert other.ask("get_loaded_heads")["type"] == "loaded_heads"
        assert slow.close_code() in (1013, None)  # None: it was cut off before it came to the close frame
