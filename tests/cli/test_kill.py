"""``kill -9`` of a real command at any moment: what it had acknowledged is there, and no change is there in part.

``RFHYDRA_KILLS`` says how often each command is killed. ``-rP`` shows what the kills hit.
"""

import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import SIGNAL, contents, run, wait
from tests.server.forked import ForkedCommand, forked

KILLS: Final = int(os.environ.get("RFHYDRA_KILLS", "3"))
LONGEST_WRITE_SEC: Final = 0.05
"""About as long as a change takes, from its first byte on the disk to the acknowledgement."""


class Killer:
    """Starts commands and kills them: half of them in any moment of their life, half while the disk changes."""

    def __init__(self, workspace: Path, seed: int) -> None:
        self._workspace, self._random = workspace, random.Random(seed)
        self._life_sec = 0.0

    def let_live(self, *arguments: object) -> Any:
        """Run a command to its end, to learn how long that takes."""
        started = time.monotonic()
        with forked(*arguments, "--json") as child:
            stdout, stderr = child.communicate()
        self._life_sec = time.monotonic() - started
        assert child.returncode == 0, stderr
        return json.loads(stdout)

    def kill(self, *arguments: object) -> Any | None:
        """Run a command and kill it; what it said if that was all of it, which is its acknowledgement, else None."""
        with forked(*arguments, "--json") as child:
            if self._random.random() < 0.5:
                wait(child, self._random.uniform(0, self._life_sec))
            else:
                self._wait_for_a_change(child)
                wait(child, self._random.uniform(0, LONGEST_WRITE_SEC))
            child.kill()
            stdout, stderr = child.communicate()
        assert stderr == ""
        try:
            return json.loads(stdout)
        except ValueError:
            return None

    def choice(self, options: list[Any]) -> Any:
        return self._random.choice(options)

    def _wait_for_a_change(self, child: ForkedCommand) -> None:
        before = self._disk()
        while child.poll() is None and self._disk() == before:
            wait(child, 0.001)

    def _disk(self) -> tuple[int, int]:
        """What changes with the first byte: where blobs are begun, and the log of the database."""
        log = self._workspace / "rfhydra.db-wal"
        try:
            logged = log.stat().st_size
        except FileNotFoundError:
            logged = 0
        return (self._workspace / "blobs" / "tmp").stat().st_mtime_ns, logged


@dataclass(frozen=True)
class Survey:
    """What a consistent workspace holds."""

    numbers: list[int]
    live: list[int]
    active: int
    previous: int | None
    held: Any


def survey(path: Path, backbone: Backbone) -> Survey:
    """Open the workspace, as the next command would, and check all that must hold in it."""
    with Workspace.open(path) as workspace:
        db, versions = workspace.db, workspace.versions
        assert db.value("PRAGMA integrity_check") == "ok"
        assert db.rows("PRAGMA foreign_key_check") == []
        assert list((path / "blobs" / "tmp").iterdir()) == []
        rows = db.rows("SELECT version, split_version FROM head_versions ORDER BY version")
        numbers, live = [row["version"] for row in rows], versions.list(SIGNAL)
        assert numbers == list(range(1, len(numbers) + 1))
        for row in rows:
            assert workspace.splits.members(SIGNAL, row["split_version"])[0]
        for head in live:
            VersionManager(workspace).load_head(SIGNAL, head.version, backbone)  # replays its golden vectors
        for sample in workspace.samples.list(SIGNAL):
            assert workspace.samples.image(sample).any()
        active = versions.active(SIGNAL)
        assert active in [head.version for head in live]
        assert active is not None
        told = workspace.audit.list(SIGNAL, limit=10_000)
        assert [entry.detail["version"] for entry in reversed(told) if entry.action == "version.add"] == numbers
        changes = [entry for entry in told if entry.action in ("version.activate", "version.rollback")]
        assert changes[0].detail["to"] == active
        previous = versions.previous(SIGNAL)
    return Survey(numbers, [head.version for head in live], active, previous, contents(path)[0])


def test_train(workspace: Path, backbone: Backbone) -> None:
    killer, outcomes = Killer(workspace, seed=8), Counter[str]()
    acknowledged = [killer.let_live("train", workspace, SIGNAL)["version"]]
    for _ in range(KILLS):
        before = survey(workspace, backbone)
        said = killer.kill("train", workspace, SIGNAL)
        after = survey(workspace, backbone)
        acknowledged += [said["version"]] if said else []
        assert set(acknowledged) <= set(after.numbers)
        if said or after.numbers != before.numbers:
            assert after.numbers == [*before.numbers, len(before.numbers) + 1]
        else:
            assert after == before
        outcomes["acknowledged" if said else "done" if after != before else "nothing"] += 1
    assert run("train", workspace, SIGNAL).status == 0
    print(dict(outcomes))


def test_promote_and_rollback(workspace: Path, backbone: Backbone) -> None:
    killer, outcomes = Killer(workspace, seed=9), Counter[str]()
    killer.let_live("promote", workspace, SIGNAL, 1)
    for _ in range(KILLS):
        before = survey(workspace, backbone)
        others = [("promote", version) for version in before.live if version != before.active]
        back = [("rollback", before.previous)] if before.previous is not None else []
        command, wanted = killer.choice(others + back)
        version = [wanted] if command == "promote" else []
        said = killer.kill(command, workspace, SIGNAL, *version)
        after = survey(workspace, backbone)
        assert after.active in ([wanted] if said else [before.active, wanted])
        if after.active == before.active:
            assert after == before
        outcomes["acknowledged" if said else "done" if after != before else "nothing"] += 1
    assert run("train", workspace, SIGNAL).status == 0
    print(dict(outcomes))
