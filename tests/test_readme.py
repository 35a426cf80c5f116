"""The README's Python examples run: those of the service against a live server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from rfhydra.config import DEFAULT_URL
from rfhydra.recordings import write_recording
from tests.server.server_process import serving
from tests.training import given
from tests.training.given import SIGNAL

README: Final = (Path(__file__).parents[1] / "README.md").read_text()
LIBRARY, *BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
NAME: Final = "garage-remote"
"""The signal of the README's examples."""


def test_the_library_trains_and_detects(library: Path, tmp_path: Path) -> None:
    shutil.copytree(library, tmp_path / "mission")
    write_recording(tmp_path / "night", given.heard(given.scene(99)), given.RATE_HZ, given.CENTER_HZ)
    code = LIBRARY.replace(NAME, SIGNAL)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "f1_score" in done.stdout
    assert f"Detection(signal_name='{SIGNAL}'" in done.stdout


def test_there_is_an_example_with_and_one_without_the_client() -> None:
    assert ["rfhydra.client" in block for block in BLOCKS] == [False, True]


@pytest.mark.parametrize("block", BLOCKS, ids=["websockets", "client"])
def test_the_examples_run(block: str, site: Path, body_file: Path) -> None:
    assert NAME in block
    with serving(site, "--backbone", body_file) as server:
        code = block.replace(DEFAULT_URL, server.url).replace(NAME, SIGNAL)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "f1_score" in done.stdout
        assert SIGNAL in done.stdout
