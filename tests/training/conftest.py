"""A training set made of samples of two signals."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import HeadInfo
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.types import EpochProgress, TrainingResult
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.features import FeatureCache
from rfhydra.training.data.training_set import TrainingExample, TrainingSet
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import OTHER, SIGNAL, SPEC


@pytest.fixture(scope="module")
def training_set(library: Path, tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Iterator[TrainingSet]:
    """Five recordings of two images each: four labelled for the signal, one for the other signal."""
    path = tmp_path_factory.mktemp("training-set") / "site"
    shutil.copytree(library, path)
    with Workspace.open(path) as workspace:
        cache = FeatureCache(workspace, backbone)
        own, others = workspace.samples.list(SIGNAL)[:8], workspace.samples.list(OTHER)[8:]
        examples = [
            TrainingExample.of(SIGNAL, [(replace(each, recording=f"take {index // 2}"), cache.get(each))])
            for index, each in enumerate([*own, *others])
        ]
        yield TrainingSet(examples[:8], examples[8:], backbone.background)


@pytest.fixture
def info(backbone: Backbone) -> HeadInfo:
    return HeadInfo(kind="embedding", signal_name=SIGNAL, spec_id=SPEC.spec_id, backbone_id=backbone.backbone_id)


@pytest.fixture
def trained(service: TrainingService) -> tuple[TrainingResult, list[EpochProgress]]:
    heard: list[EpochProgress] = []
    return service.train_new_signal(SIGNAL, "first", heard.append), heard


@pytest.fixture
def small_service(small: Workspace, tiny_backbone: Backbone) -> TrainingService:
    """Six samples of six widths, and a backbone that is quick."""
    for seed in range(6):
        made = given.scene(seed, samples=given.SMALL_SPEC.window_samples - seed * given.SMALL_SPEC.hop)
        small.samples.add(
            signal_name=SIGNAL,
            window=given.window_of(made, seed, given.SMALL_SPEC),
            boxes=given.boxes_of(made, SIGNAL),
        )
    return TrainingService(small, tiny_backbone)


@pytest.fixture(scope="session")
def new_backbone() -> TorchBackbone:
    """Another backbone of random weights, to upgrade to."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return TorchBackbone(BackboneNetwork(NetworkConfig(classes=("a",), channels=16, embedding=32)), "new")
