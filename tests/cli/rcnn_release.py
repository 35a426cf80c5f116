"""The workspace in ``workspaces/rcnn-heads.tar.xz``: commit 33890e8 made it with this module; without feature cache.

python -m tests.cli.rcnn_release DIR     # run it in a checkout of the last release that trains heads of kind rcnn
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.types import TrainingRequest
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.cli.previous_release import SAMPLES, SPEC, add_rectangle
from tests.server.server_process import small_backbone

EMBEDDING: Final = "beacon"
RCNN: Final = "pager"
QUEUED: Final = "remote"
ACTIVE: Final = {EMBEDDING: 1, RCNN: 2, QUEUED: 1}
"""All of them are loaded. Version 1 of :data:`RCNN` is an ``embedding`` head, the other versions but that of
:data:`EMBEDDING` are ``rcnn`` heads; for :data:`QUEUED` the training of another one waits."""


def make(path: Path) -> None:
    """Create the workspace at ``path``."""
    with TemporaryDirectory() as scratch, Workspace.create(path, SPEC) as workspace:
        for number, name in enumerate((EMBEDDING, RCNN, QUEUED)):
            for seed in range(SAMPLES):
                add_rectangle(workspace, name, 10 + 10 * number, 100 * number + seed)
        service = TrainingService(workspace, load_backbone(small_backbone(Path(scratch) / "small.safetensors")))
        for name, kind in ((EMBEDDING, "embedding"), (RCNN, "embedding"), (RCNN, "rcnn"), (QUEUED, "rcnn")):
            version = service.train(_request(name, kind)).version
            service.version_manager.promote_version(name, version)
        workspace.loaded.load(ACTIVE)
        job = workspace.jobs.add(_request(QUEUED, "rcnn"), request_id="waits", max_queued=1)
        assert job.state == "queued"


def _request(name: str, kind: str) -> TrainingRequest:
    return TrainingRequest.model_validate({"signal_name": name, "kind": kind, "epochs": 2})


if __name__ == "__main__":
    make(Path(sys.argv[1]))
