"""Logs tracks in batches of five, of which the last one does not end, and acknowledges each, until it is killed."""

import sys
from itertools import count
from pathlib import Path

from rfhydra.store.workspace import Workspace
from tests.live.tracks import event

BATCH = 5

if __name__ == "__main__":
    with Workspace.open(Path(sys.argv[1])) as workspace:
        for first in count(int(sys.argv[2]) + 1, BATCH):
            ids = range(first, first + BATCH)
            workspace.detections.record(
                [event("begin" if each == ids[-1] else "end", each, float(each)) for each in ids]
            )
            print(ids[-1], flush=True)
