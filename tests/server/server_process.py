"""Real servers in processes of their own, a small body that is quick, and a workspace to serve."""

import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

import torch

from rfhydra.hydra.backbone_file import load_backbone, save_backbone
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.cli.command_runner import process
from tests.server.forked import Child, forked
from tests.training.given import OTHER, SIGNAL, SMALL_SPEC, add_noise

VERSIONS: Final = 4
"""Of the head of ``SIGNAL`` in a workspace that :func:`stock` made; the first is active."""
_PEAK: Final = re.compile(r"VmHWM:\s+(\d+) kB")
_URL: Final = re.compile(r"ws://\S+")


def small_backbone(path: Path, seed: int = 0) -> Path:
    """Write a body of random weights to ``path``: quick, and it finds something everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        save_backbone(BackboneNetwork(NetworkConfig(classes=("a",), channels=16, embedding=32)), path, {})
    return path


def stock(path: Path, body: Path) -> Path:
    """Make a workspace with samples of two signals and :data:`VERSIONS` versions of the first one's head."""
    with Workspace.create(path, SMALL_SPEC) as workspace:
        add_noise(workspace, range(8), SIGNAL)
        add_noise(workspace, range(8, 14), OTHER)
        service = TrainingService(workspace, load_backbone(body))
        for _ in range(VERSIONS):
            service.train_new_signal(SIGNAL, epochs=2)
        service.version_manager.promote_version(SIGNAL, 1)  # on noise it finds nothing, so it is not promoted
    return path


class Server:
    """``rfhydra serve`` in a process of its own.

    Attributes:
        url: where it listens.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        assert child.stdout is not None
        self.url = url_in(child.stdout.readline())

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    @property
    def resident_bytes(self) -> int:
        """Memory that the process occupies."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def peak_bytes(self) -> int:
        """The most of it since the start or the last :meth:`reset_peak`."""
        found = _PEAK.search(Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def reset_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def kill(self) -> None:
        """As ``kill -9`` does; gone when it returns."""
        self._child.kill()
        self._child.wait()

    def stop(self) -> int:
        """As Ctrl+C does; the exit status."""
        self._child.send_signal(signal.SIGINT)
        return self._child.wait()


@contextmanager
def serving(
    workspace: Path, *options: object, port: int = 0, stderr: IO[Any] | None = None, before: Sequence[str] = ()
) -> Iterator[Server]:
    """A server of ``workspace`` on loopback, on any free port unless one is given.

    ``before`` is a command, with its arguments, that executes it; None for ``stderr`` shares that of this process.
    """
    command = ("serve", workspace, "--port", port, *options)
    started: Child = process(*command, before=before, stderr=stderr) if before else forked(*command, stderr=stderr)
    with started as child:
        try:
            yield Server(child)
        finally:
            child.kill()


def url_in(line: str) -> str:
    """The address that a server says it listens on."""
    found = _URL.search(line)
    assert found is not None, line
    return found[0]
