"""A process without file descriptors: what needs one is refused with ``busy``, changes nothing, and works later."""

import json
import os
import subprocess
import sys
from pathlib import Path

from rfhydra.files import NO_DESCRIPTORS_MESSAGE
from tests.store.faults.changes import CHANGES
from tests.store.faults.few_descriptors import DONE, READS


def test_without_descriptors_nothing_is_changed_in_part(inputs: Path, body_file: Path, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "tests.store.faults.few_descriptors", inputs, body_file, tmp_path / "work"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([*map(str, arguments)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes: dict[str, list[str]] = json.loads(done.stdout)
    assert outcomes.keys() == CHANGES.keys() | READS.keys()
    refusals = {refusal for each in outcomes.values() for refusal in each[:-1]}
    assert refusals == {NO_DESCRIPTORS_MESSAGE}
    assert {each[-1] for each in outcomes.values()} == {DONE}
    without_any = {name for name, each in outcomes.items() if len(each) == 1}
    rows_only = {"update", "delete", "queue", "promote", "roll back", "retire", "load", "close", "stream", "log"}
    rows_only |= {"relabel", "rename", "delete a signal", "empty the trash"}
    rows_only |= {"save a mission", "load a mission", "threshold", "notes", "evaluate"}
    assert without_any <= rows_only
