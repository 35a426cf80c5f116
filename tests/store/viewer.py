"""Views a workspace until it is told to stop, or killed."""

import sys
from pathlib import Path

from rfhydra.store.workspace import Workspace

if __name__ == "__main__":
    with Workspace.view(Path(sys.argv[1])):
        print("open", flush=True)
        sys.stdin.read()
