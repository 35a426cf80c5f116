"""Fixtures that several suites share: a real backbone, a tiny one, and workspaces to train in."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.features import FeatureCache
from rfhydra.training.evaluation import detectability, trials
from rfhydra.training.service import TrainingService
from tests.server.server_process import small_backbone, stock
from tests.training import given

TRAINING_SCENES = range(10)

# A script's background jobs ignore interrupts, and so would every command that is interrupted in a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Commands compare their answers with those of this process, and a measurement of runtimes at each start takes seconds.
os.environ["RFHYDRA_RUNTIME"] = "torch"

# Tests run beside one another, and each of them with a thread for every core would take many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

# What is imported stays, and need not be looked through again at every collection.
gc.freeze()

# How long an example takes says more about the machine than about the code.
settings.register_profile("rfhydra", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("rfhydra"), max_examples=1000)
settings.load_profile("rfhydra")


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Free what the tests of a module left in cycles, here: a server has a backbone, and libraries that free their
    objects in whichever thread the collector happens to run have crashed."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def backbone() -> TorchBackbone:
    """The backbone that ships."""
    return load_backbone()


@pytest.fixture(scope="session")
def tiny_backbone() -> TorchBackbone:
    """A backbone of random weights that is quick."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TorchBackbone(BackboneNetwork(NetworkConfig(classes=("a",), channels=16, embedding=32)), "tiny")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Path:
    """A closed workspace with ten scenes labelled for two signals, and their features. To be copied."""
    path = tmp_path_factory.mktemp("library") / "site"
    with Workspace.create(path, given.SPEC) as workspace:
        cache = FeatureCache(workspace, backbone)
        for seed in TRAINING_SCENES:
            for name in (given.SIGNAL, given.OTHER):
                cache.get(given.add_sample(workspace, seed, name))
    return path


@pytest.fixture
def stocked(library: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of one's own with what :func:`library` holds."""
    path = tmp_path / "stocked"
    shutil.copytree(library, path)
    with Workspace.open(path) as workspace:
        yield workspace


@pytest.fixture
def service(stocked: Workspace, backbone: Backbone) -> TrainingService:
    return TrainingService(stocked, backbone)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace under a contract of 128 by 128 pixels."""
    with Workspace.create(tmp_path / "small", given.SMALL_SPEC) as workspace:
        yield workspace


@pytest.fixture
def few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards of two bursts, each tried once at each SNR: a sixth of the passes of the backbone."""
    monkeypatch.setattr(detectability, "MAX_BURSTS", 2)
    monkeypatch.setattr(trials, "TRIALS_PER_SNR", 2)


@pytest.fixture(scope="session")
def body_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a backbone of random weights, for servers."""
    return small_backbone(tmp_path_factory.mktemp("body") / "small.safetensors")


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory, body_file: Path) -> Path:
    """A closed workspace with samples and versions made on ``body_file``. To be copied."""
    return stock(tmp_path_factory.mktemp("shared") / "site-b", body_file)


@pytest.fixture
def site(shared_site: Path, tmp_path: Path) -> Path:
    """A workspace of one's own with what :func:`shared_site` holds, to be served."""
    return Path(shutil.copytree(shared_site, tmp_path / "site-b"))
