"""Nobody but the owner reads a workspace, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.store.workspace import Workspace
from tests.store.small_data import SPEC, add_sample, add_version, iq


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(path: Path) -> dict[str, int]:
    entries = [path, *path.rglob("*")]
    return {str(entry.relative_to(path)): stat.S_IMODE(entry.stat().st_mode) for entry in entries}


def private(path: Path) -> dict[str, int]:
    entries = [path, *path.rglob("*")]
    return {str(entry.relative_to(path)): 0o700 if entry.is_dir() else 0o600 for entry in entries}


@pytest.mark.usefixtures("umask")
def test_a_new_workspace_is_private(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        add_sample(workspace, 0, iq=iq(0))
        add_version(workspace)
        found = modes(path)
        assert found == private(path)
        assert {"rfhydra.db", "rfhydra.db-wal", "rfhydra.db-shm", "rfhydra.lock", "rfhydra.toml"} <= found.keys()


def test_an_old_workspace_becomes_private_when_its_owner_opens_it(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        add_sample(workspace, 0)
    (path / "cache").mkdir()
    (path / "cache" / "features.safetensors").touch()
    (path / "logs" / "server.log").touch()
    for entry in path.rglob("*"):
        if entry.parts[-2] != "blobs" and len(entry.parts[-1]) != 62:
            entry.chmod(0o755 if entry.is_dir() else 0o644)
    path.chmod(0o755)
    with Workspace.open(path):
        assert modes(path) == private(path)
