"""What is delivered beside the wheel: the image, the systemd unit, the citation."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import rfhydra
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import running

ROOT: Final = Path(__file__).parents[1]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
UNIT: Final = ROOT / "packaging" / "rfhydra.service"
MAX_EXPOSURE: Final = 20
"""Of the unit, in tenths of systemd's scale from 0 (sandboxed) to 10."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def health_check(port: int) -> int:
    """The exit status of the image's health check for a server on ``port`` of this machine."""
    found = re.search(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    python, *arguments = json.loads(found[1])
    assert python == "python"
    command = [sys.executable, *(argument.replace("8765", str(port)) for argument in arguments)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_health_check_of_the_image_tells_whether_a_server_lives(small: Workspace) -> None:
    with running(small, Settings()) as port:
        assert health_check(port) == 0
    assert health_check(port) == 1


def test_image_has_the_python_of_the_constraints() -> None:
    pinned = re.search(r"CPython (\d+\.\d+)", (ROOT / "constraints.txt").read_text())
    assert pinned is not None
    assert re.findall(r"^ARG PYTHON_IMAGE=\S*python:([\d.]+)-", DOCKERFILE, re.MULTILINE) == [pinned[1]]


def test_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert users
    assert "0" not in users[-1]


@needs_systemd
def test_unit_is_valid(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text(), flags=re.MULTILINE))
    checked = systemd_analyze("verify", unit)
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_systemd
def test_unit_is_sandboxed() -> None:
    checked = systemd_analyze("security", "--offline=yes", f"--threshold={MAX_EXPOSURE}", UNIT)
    assert checked.returncode == 0, checked.stdout


def test_citation_is_at_this_version() -> None:
    assert f"\nversion: {rfhydra.__version__}\n" in (ROOT / "CITATION.cff").read_text()
