import shutil
from pathlib import Path

import pytest

from tests.cli.command_runner import CONTRACT, SIGNAL, record, run

SUPPORT = 8


@pytest.fixture(scope="session")
def support(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Recordings to learn from, a beacon in each."""
    directory = tmp_path_factory.mktemp("support")
    return [record(directory / f"support-{seed}", seed) for seed in range(SUPPORT)]


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of three windows to search, with six beacons."""
    return record(tmp_path_factory.mktemp("fresh") / "fresh", 100, windows=3, packets=6)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, support: list[Path]) -> Path:
    """A workspace with two versions of a head, made by the commands themselves. To be read, or copied."""
    directory = tmp_path_factory.mktemp("trained") / "site-a"
    for arguments in (
        ("init", directory, *CONTRACT),
        ("import", directory, *support),
        ("train", directory, SIGNAL, "--notes", "the first"),
        ("train", directory, SIGNAL),
        ("promote", directory, SIGNAL, 2),  # two windows are too few to tell
    ):
        assert run(*arguments).status == 0
    return directory


@pytest.fixture
def workspace(tmp_path: Path, trained: Path) -> Path:
    """A copy of the trained workspace, to change."""
    return Path(shutil.copytree(trained, tmp_path / "site-a"))
