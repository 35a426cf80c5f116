import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from tests.store.faults.calls import build, compiler
from tests.store.faults.changes import CHANGES, make_inputs
from tests.store.faults.courses import Course, run_course
from tests.store.faults.victim import Victim


@dataclass(frozen=True)
class Bench:
    """All that a test of faults needs."""

    victim: Victim
    backbone: Backbone
    courses: dict[str, Course]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that is preloaded."""
    if compiler() is None:
        pytest.skip("there is no C compiler, which the library that is preloaded needs: install gcc and libc6-dev")
    return build(tmp_path_factory.mktemp("shim") / "shim.so")


@pytest.fixture(scope="session")
def inputs(shared_site: Path, body_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the changes need."""
    return make_inputs(shared_site, body_file, tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="session")
def bench(shim: Path, inputs: Path, body_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory, backbone = tmp_path_factory.mktemp("faults"), load_backbone(body_file)
    with Victim(shim) as victim:
        courses = {change: run_course(change, directory / change, inputs, victim, backbone) for change in CHANGES}
        yield Bench(victim, backbone, courses)
    shutil.rmtree(directory)
