"""kill -9 at any moment: no change that was acknowledged is lost, and no other is visible in part."""

import random
from pathlib import Path

from rfhydra.errors import NotFound
from rfhydra.store.workspace import Workspace
from tests.store.change_script import state, steps_taken, take_step
from tests.store.small_data import SPEC, process

KILLS = 10


def last_acknowledgement(module: str, *arguments: object, lines: int) -> int:
    """Run a module that acknowledges each change with a line, kill it after so many lines, return the last number."""
    with process(module, *arguments) as child:
        assert child.stdout is not None
        read = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        return int([*read, *child.stdout][-1])


def test_no_acknowledged_change_is_lost(path: Path, tmp_path: Path) -> None:
    instants = random.Random(5)
    Workspace.create(path, SPEC).close()
    with Workspace.create(tmp_path / "reference", SPEC) as reference:
        for _ in range(KILLS):
            acknowledged = last_acknowledgement("change_script", path, lines=instants.randint(1, 25))
            with Workspace.open(path) as survivor:
                taken = steps_taken(survivor)
                assert taken in (acknowledged, acknowledged + 1)
                for number in range(steps_taken(reference), taken):
                    take_step(reference, number)
                assert state(survivor) == state(reference)


def test_a_killed_creation_leaves_a_workspace_or_none(tmp_path: Path) -> None:
    instants = random.Random(6)
    made = 0
    for _ in range(KILLS):
        acknowledged = last_acknowledgement("creator", tmp_path, made, lines=instants.randint(1, 5))
        for number in range(made, acknowledged):
            Workspace.open(tmp_path / str(number)).close()
        try:
            workspace = Workspace.open(tmp_path / str(acknowledged))
        except NotFound:
            workspace = Workspace.create(tmp_path / str(acknowledged), SPEC)
        workspace.close()
        made = acknowledged + 1
