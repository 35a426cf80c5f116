"""Every attack, small: bounds of memory hold and nobody else is disconnected. Delays are for the runner to measure."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.abuse.attack import Attack
from tests.abuse.catalogue import ATTACKS
from tests.abuse.measure import Bench

SECONDS = 1.0


def _can_mount() -> bool:
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.slow
def test_attacks_are_bounded_and_nobody_else_is_disconnected(
    shared_site: Path, body_file: Path, tmp_path: Path
) -> None:
    chosen: list[Attack] = [each for each in ATTACKS if each.disk_bytes is None or _can_mount()]
    outcomes = list(Bench(tmp_path, shared_site, body_file, SECONDS).outcomes(chosen))
    assert {each.attack: found for each in outcomes if (found := each.problems(delays=False))} == {}
