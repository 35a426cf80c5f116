from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.store.workspace import Workspace
from tests.store.small_data import SPEC


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site-a"


@pytest.fixture
def workspace(path: Path) -> Iterator[Workspace]:
    with Workspace.create(path, SPEC) as workspace:
        yield workspace
