"""Samples of two signals, as material for a head."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import HeadInfo
from rfhydra.protocol.types import EpochProgress, TrainingResult
from rfhydra.store.workspace import Workspace
from rfhydra.training.features import FeatureCache
from rfhydra.training.service import TrainingService
from rfhydra.training.training_set import TrainingExample, TrainingSet
from tests.training import given
from tests.training.given import OTHER, SIGNAL, SPEC


@pytest.fixture(scope="module")
def training_set(library: Path, tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Iterator[TrainingSet]:
    """All samples of the library, five recordings of two windows each."""
    path = tmp_path_factory.mktemp("material") / "site"
    shutil.copytree(library, path)
    with Workspace.open(path) as workspace:
        cache = FeatureCache(workspace, backbone)
        own, others = (
            [replace(each, recording=f"take {index // 2}") for index, each in enumerate(workspace.samples.list(name))]
            for name in (SIGNAL, OTHER)
        )
        yield TrainingSet(
            [TrainingExample.own(each, cache.get(each)) for each in own],
            [TrainingExample.other(each, cache.get(each), SIGNAL, same_image=True) for each in others],
            backbone.background,
        )


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
            spec_id=given.SMALL_SPEC.spec_id,
            image=given.image_of(made, seed, given.SMALL_SPEC),
            boxes=given.boxes_of(made, SIGNAL),
            sample_rate_hz=given.RATE_HZ,
            center_freq_hz=given.CENTER_HZ,
        )
    return TrainingService(small, tiny_backbone)
