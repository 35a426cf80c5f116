import json
from pathlib import Path

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
