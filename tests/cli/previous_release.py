"""The workspace in ``workspaces/schema-5.tar.xz``: commit 63fdc42 made it with this module; without its feature cache.

python -m tests.cli.previous_release DIR     # run it in a checkout of the release whose format is to be kept
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.server.server_process import small_backbone

SPEC: Final = SpectrogramSpec(fft_size=128, hop=64, rows=128, cols=128)
SIGNALS: Final = ("beacon", "pager")
SAMPLES: Final = 6
VERSIONS: Final = 2
"""Of each signal; the last is active and loaded."""


def make(path: Path) -> None:
    """Create the workspace at ``path``."""
    with TemporaryDirectory() as scratch, Workspace.create(path, SPEC) as workspace:
        for number, name in enumerate(SIGNALS):
            for seed in range(SAMPLES):
                add_rectangle(workspace, name, 10 + 10 * number, 100 * number + seed)
        service = TrainingService(workspace, load_backbone(small_backbone(Path(scratch) / "small.safetensors")))
        for name in SIGNALS:
            for _ in range(VERSIONS):
                version = service.train_new_signal(name, "of the previous release", epochs=2).version
                service.version_manager.promote_version(name, version)
        workspace.loaded.load(dict.fromkeys(SIGNALS, VERSIONS))


def add_rectangle(workspace: Workspace, name: str, height: int, seed: int) -> None:
    """Add a sample with one bright rectangle on a floor of two levels, which compresses well."""
    rng, frame = np.random.default_rng(seed), Frame(SPEC, 1e6, 433e6, SPEC.cols)
    image = (8 * rng.integers(0, 2, (SPEC.rows, SPEC.cols)) + 24).astype(np.uint8)
    x, y = rng.integers(10, 70, 2).tolist()
    image[y : y + height, x : x + 40] = 200
    boxes = frame.to_boxes(np.array([[x, y, x + 40, y + height]], np.float32))
    workspace.samples.add(signal_name=name, window=Window(image, frame), boxes=boxes, recording=f"{name}-{seed}")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
