"""Fills the disk with a workspace, deletes every sample in it and adds as many again; prints the numbers as JSON."""

import itertools
import json
import sys
from pathlib import Path

from rfhydra.errors import StorageFull
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_sample


def fill(workspace: Workspace, first_seed: int) -> list[str]:
    """Ids of the samples that went in."""
    added = []
    for seed in itertools.count(first_seed):
        try:
            added.append(add_sample(workspace, seed).sample_id)
        except StorageFull:
            return added
    raise AssertionError


def main(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        added = fill(workspace, 1)
    with path.with_name("rest").open("wb", buffering=0) as rest:  # so that not a byte is left
        try:
            while rest.write(bytes(4096)):
                pass
        except OSError:
            pass
        with Workspace.open(path) as workspace:
            for sample_id in added[::2]:
                workspace.samples.delete(sample_id)
            collected = workspace.collect_garbage()
            left = workspace.samples.count(SIGNAL)
            again = len(fill(workspace, 10_000))
    with Workspace.open(path) as workspace:
        stored = workspace.samples.count(SIGNAL)
    print(json.dumps({"added": len(added), "left": left, "collected": collected, "again": again, "stored": stored}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
