import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, process


def test_on_a_full_disk_nothing_is_half_written(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    with process("small_disk", path) as child:
        *acknowledged, refused = child.communicate()[0].splitlines()

    assert len(acknowledged) > 2
    assert [refusal.split(":")[0] for refusal in json.loads(refused)] == ["artifact", "row"]
    assert refused.count("the disk is full") == 2
    assert list((path / "blobs" / "tmp").iterdir()) == []
    with Workspace.open(path) as workspace:
        assert [sample.sample_id for sample in workspace.samples.list(SIGNAL)] == acknowledged
        assert workspace.versions.signals() == []
        assert len(workspace.audit.list()) == len(acknowledged)
        assert workspace.collect_garbage() == 1  # the image of the sample whose row did not fit


def on_small_disk(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in a mount namespace where ``directory`` is a disk of 8 MiB."""
    script = 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"'
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = ["unshare", "-rm", "sh", "-c", script, str(directory), *command]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True)


def has_small_disks(directory: Path) -> bool:
    return shutil.which("unshare") is not None and on_small_disk(directory, "true").returncode == 0


def test_a_full_disk_can_be_emptied_from_inside(tmp_path: Path) -> None:
    if not has_small_disks(tmp_path):
        pytest.skip("this user may not mount a disk of its own")
    done = on_small_disk(tmp_path, sys.executable, "-m", "tests.store.full_disk", str(tmp_path / "mission"))
    assert done.returncode == 0, done.stderr
    count = json.loads(done.stdout)
    deleted = (count["added"] + 1) // 2
    assert count["added"] > 20
    assert count["left"] == count["added"] - deleted
    assert count["collected"] >= deleted
    assert count["again"] > 0
    assert count["stored"] == count["left"] + count["again"]
