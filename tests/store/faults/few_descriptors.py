"""Makes every change with no file descriptor left, with one, and so on until it succeeds; prints the outcomes as JSON.

After each failure the same workspace must be as it was, and the change must succeed once there are descriptors.
"""

import json
import os
import resource
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rfhydra.errors import Busy
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.store.workspace import Workspace
from tests.store.faults.changes import CHANGES, STOCKED, Change
from tests.store.faults.inspection import Rows, inspect, rows
from tests.training.given import SIGNAL

LIMIT: Final = 64
DONE: Final = "done"
_PLENTY: Final = 32


def _opened(site: Path, inputs: Path) -> Workspace:
    return Workspace.open(site)


def _path(site: Path, inputs: Path) -> Path:
    return site


def _read_head(workspace: Workspace) -> None:
    workspace.versions.artifact(workspace.versions.get(SIGNAL, 1))


def _read_image(workspace: Workspace) -> None:
    workspace.samples.image(workspace.samples.list(SIGNAL)[0])


def _keep(workspace: Workspace) -> None:
    with workspace.blobs.kept():
        pass


READS: Final = {
    "read a head": Change(_opened, _read_head, is_visible=False),
    "read an image": Change(_opened, _read_image, is_visible=False),
    "keep blobs": Change(_opened, _keep, is_visible=False),
    "list blobs": Change(_opened, lambda workspace: workspace.blobs.prefixes(), is_visible=False),
    "view": Change(_path, Workspace.view, is_visible=False),
}


@contextmanager
def few_descriptors(free: int | None) -> Iterator[None]:
    """All descriptors are in use in the block but for ``free``; None leaves them as they are."""
    if free is None:
        yield
        return
    used, former = [], resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, former[1]))
    try:
        while True:
            used.append(os.dup(0))
    except OSError:
        pass
    for descriptor in used[:free]:
        os.close(descriptor)
    try:
        yield
    finally:
        for descriptor in used[free:]:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, former)


def _attempt(change: Change, prepared: Any, free: int) -> str:
    """The outcome: :data:`DONE`, or the error."""
    try:
        with few_descriptors(free):
            committed = change.commit(prepared)
    except Busy as error:
        return str(error)
    except Exception as error:
        return f"unexpected: {error!r}"
    _close(committed)
    return DONE


def _close(prepared: object) -> None:
    for each in prepared if isinstance(prepared, tuple) else (prepared,):
        if isinstance(each, Workspace):
            each.close()


def _state(prepared: object) -> Rows | None:
    first = prepared[0] if isinstance(prepared, tuple) else prepared
    return rows(first) if isinstance(first, Workspace) else None


def outcomes(change: Change, inputs: Path, directory: Path, backbone: Backbone) -> list[str]:
    """Of each number of free descriptors, from 0 until it succeeds."""
    found: list[str] = []
    expected: Rows | None = None
    for free in [_PLENTY, *range(_PLENTY)]:
        site = directory / "sites" / "mission"
        if change is not CHANGES["create"]:
            site.parent.mkdir(parents=True)
        change.base(inputs / STOCKED, site)
        prepared = change.prepare(site, inputs)
        before = _state(prepared)
        outcome = _attempt(change, prepared, free)
        if outcome != DONE:
            assert _state(prepared) == before
            _close(change.commit(prepared))
        _close(prepared)
        state = inspect(site, backbone)
        shutil.rmtree(directory)
        if free == _PLENTY:
            assert outcome == DONE, outcome
            expected = state
        else:
            assert state == expected
            found.append(outcome)
            if outcome == DONE:
                break
    return found


def main(inputs: Path, body: Path, directory: Path) -> None:
    backbone = load_backbone(body)
    changes = CHANGES | READS
    print(json.dumps({name: outcomes(each, inputs, directory, backbone) for name, each in changes.items()}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
