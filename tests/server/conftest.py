"""Live servers that several tests share."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.hydra.backbone_file import save_backbone
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.server.json_peer import Peer, peer, running
from tests.server.watched_jobs import Run, Scenario, watched
from tests.training import given


@pytest.fixture(scope="session")
def body(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: TorchBackbone) -> Path:
    """The file of a body that is quick and knows nothing."""
    path = tmp_path_factory.mktemp("body") / "tiny.safetensors"
    save_backbone(tiny_backbone.network, path, {})
    return path


@pytest.fixture(scope="session")
def trained(library: Path, backbone: TorchBackbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed workspace with samples, two versions of one signal's head and one of another's. To be copied."""
    path = tmp_path_factory.mktemp("trained") / "site"
    shutil.copytree(library, path)
    with Workspace.open(path) as workspace:
        service = TrainingService(workspace, backbone)
        for name in (given.SIGNAL, given.SIGNAL, given.OTHER):
            service.train_new_signal(name, "made for tests", epochs=3)
        service.version_manager.promote_version(given.SIGNAL, 2)
    return path


@pytest.fixture(scope="module")
def port(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that the tests of a module share, each with a connection of its own."""
    path = tmp_path_factory.mktemp("live") / "site"
    shutil.copytree(trained, path)
    limits = Limits(max_samples_per_signal=12, max_message_bytes=4 << 20, max_notes_length=100, max_epochs=100)
    with Workspace.open(path) as workspace, running(workspace, Settings(limits=limits)) as number:
        yield number


@pytest.fixture
def client(port: int) -> Iterator[Peer]:
    with peer(port) as connected:
        yield connected


@pytest.fixture
def binary_frames(client: Peer) -> None:
    """Lets ``client`` send and get binary frames."""
    client.ask("hello", binary=True)


@pytest.fixture
def training_site(small: Workspace) -> Workspace:
    """A workspace with six samples of one signal, six of another, and four of a third, which are too few."""
    for name, seeds in ((given.SIGNAL, range(6)), (given.OTHER, range(10, 16)), ("rare", range(20, 24))):
        given.add_noise(small, seeds, name)
    return small


@pytest.fixture
def run(training_site: Workspace, body: Path) -> Run:
    """Runs a scenario on the trainings of ``training_site``."""

    def call(scenario: Scenario) -> None:
        async def main() -> None:
            async with watched(training_site, body) as here:
                await scenario(here)

        asyncio.run(main())

    return call
