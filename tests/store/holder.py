"""Owns a workspace until its stdin ends."""

import sys
from pathlib import Path

from rfhydra.store.workspace import Workspace

if __name__ == "__main__":
    with Workspace.open(Path(sys.argv[1])):
        print("open", flush=True)
        sys.stdin.read()
