"""Fills a workspace under a limit on the size of files until nothing goes in, then without the limit adds once more.

Prints the id of every sample that went in and, last, what was refused.
"""

import itertools
import json
import resource
import sys
from pathlib import Path

from rfhydra.errors import StorageFull
from rfhydra.store.workspace import Workspace
from tests.store.small_data import add_sample, add_version

LIMIT_BYTES = 512 * 1024


def fill(workspace: Workspace) -> list[str]:
    refused = []
    try:
        add_version(workspace, artifact=bytes(2 * LIMIT_BYTES))
    except StorageFull as error:
        refused.append(f"artifact: {error}")
    try:
        for seed in itertools.count(1):
            print(add_sample(workspace, seed, metadata={"note": "x" * 60_000}).sample_id)
    except StorageFull as error:
        refused.append(f"row: {error}")
    return refused


if __name__ == "__main__":
    with Workspace.open(Path(sys.argv[1])) as workspace:
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, unlimited[1]))
        refused = fill(workspace)
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        print(add_sample(workspace, 0).sample_id)
        print(json.dumps(refused))
