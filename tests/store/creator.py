"""Makes one workspace after the other in a directory, until it is killed."""

import itertools
import sys
from pathlib import Path

from rfhydra.store.workspace import Workspace
from tests.store.small_data import SPEC

if __name__ == "__main__":
    for number in itertools.count(int(sys.argv[2])):
        Workspace.create(Path(sys.argv[1]) / str(number), SPEC).close()
        print(number + 1, flush=True)
