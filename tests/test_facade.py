"""What ``import rfhydra`` offers, and that it costs nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rfhydra
from rfhydra.errors import Busy, InvalidBox, InvalidMessage, NotFound
from rfhydra.recordings import write_recording
from tests.training import given


def test_the_import_is_lazy_and_lists_what_there_is() -> None:
    code = """
import sys
import rfhydra
assert {"numpy", "torch", "pydantic", "rfhydra.notebook"}.isdisjoint(sys.modules)
assert {"open_workspace", "create_workspace", "open_recording", "__version__"} <= set(dir(rfhydra))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'open_workspaces'"):
        rfhydra.open_workspaces  # noqa: B018


def test_boxes_become_samples_and_samples_a_head(library: Path, tmp_path: Path) -> None:
    path = shutil.copytree(library, tmp_path / "site")
    scene = given.scene(99)
    recording = write_recording(tmp_path / "night", given.heard(scene), given.RATE_HZ, given.CENTER_HZ)
    (box,) = given.boxes_of(scene, given.SIGNAL)
    with rfhydra.open_workspace(path) as workspace:
        with pytest.raises(Busy):
            rfhydra.open_workspace(path)
        with pytest.raises(NotFound, match="no head for the backbone"):
            workspace.detect(recording)
        with pytest.raises(InvalidMessage, match="label is missing"):
            workspace.samples.add(recording, [box])
        with pytest.raises(InvalidBox, match="outside the recording"):
            workspace.samples.add(recording, [(100.0, 101.0, box.freq_low_hz, box.freq_high_hz)], given.SIGNAL)
        before = workspace.samples.counts()[given.SIGNAL]
        added = workspace.samples.add(str(recording), [box.as_tuple()], given.SIGNAL)
        assert (added.boxes, added.total_samples) == (1, {given.SIGNAL: before + 1})
        assert len(workspace.samples) == sum(workspace.samples.counts().values())
        epochs = list[int]()
        training = workspace.train(given.SIGNAL, callback=lambda progress: epochs.append(progress.epoch))
        assert epochs == [each.epoch for each in training.history]
        assert training.plot()._repr_png_().startswith(b"\x89PNG")
        assert training.metrics["f1_score"] == workspace.store.versions.get(given.SIGNAL, 1).metrics["f1_score"]
        (found,) = workspace.detect(rfhydra.open_recording(recording))
        assert (found.signal_name, found.version) == (given.SIGNAL, 1)
        assert found.box.time_start_sec < box.time_end_sec
        assert f"<td>{given.SIGNAL}</td>" in workspace._repr_html_()
        with pytest.raises(NotFound, match="no active head"):
            workspace.detect(recording, ["ghost"])


def test_a_name_cannot_break_a_table() -> None:
    from rfhydra.notebook.table import html_table

    assert html_table(["a"], [("<b>", 0.5, None)[:1]]) == (
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>"
    )
