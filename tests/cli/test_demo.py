import os
import re
from pathlib import Path

from rfhydra.cli.demo import BOXES, SIGNAL
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import png_size, process, run


def test_the_demo_goes_through_the_whole_loop(tmp_path: Path) -> None:
    with process("demo", "--no-browser", env={**os.environ, "TMPDIR": str(tmp_path)}) as child:
        stdout, stderr = child.communicate()
    assert child.returncode == 0, stderr
    assert "Traceback" not in stderr
    (directory,) = tmp_path.glob("rfhydra-demo-*")
    f1_score = re.search(r"^ *F1 +precision .*\n.*\n *([01]\.\d{3}) ", stdout, re.MULTILINE)
    assert f1_score is not None
    assert float(f1_score[1]) > 0
    assert f"truth (dashed) and detections: {directory / 'detections.png'}\n" in stdout
    assert f"the {BOXES} boxes: {directory / 'boxes.png'}\n" in stdout
    assert min(png_size(directory / "boxes.png")) > 300
    last = stdout.splitlines()[-4:]
    assert last[0] == "next: your own recording"
    assert [each.split()[1] for each in last[1:]] == ["label", "train", "detect"]
    width, height = png_size(directory / "detections.png")
    assert width > 1000
    assert height > 1000
    assert min(png_size(directory / "training-curve.png")) > 300
    with Workspace.open(directory / "workspace") as workspace:
        assert workspace.samples.count(SIGNAL) == BOXES
        assert workspace.versions.active(SIGNAL) == 1


def test_a_demo_keeps_its_hands_off_what_is_there(tmp_path: Path) -> None:
    assert run("init", tmp_path / "workspace").status == 0
    outcome = run("demo", "--no-browser", "--out", tmp_path)
    assert outcome.status == 1
    assert outcome.stderr == "error (conflict) workspace is a workspace already: open it, or choose another directory\n"
    assert [path.name for path in tmp_path.iterdir()] == ["workspace"]
