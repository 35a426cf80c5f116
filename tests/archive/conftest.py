"""An archive of small recordings, and the plan of a scan of it."""

from pathlib import Path
from typing import Final

import pytest

from rfhydra.archive.plan import ScanPlan
from tests.archive.given import plan_of, record

RECORDINGS: Final = 12


@pytest.fixture
def plan(site: Path, body_file: Path) -> ScanPlan:
    return plan_of(site, body_file)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive")
    for seed in range(RECORDINGS):
        record(path / f"r{seed}", seed)
    return path
