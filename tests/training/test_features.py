from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window
from rfhydra.store.labels import LabelSet
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.features import (
    JITTERS,
    MIN_LEVEL_DB,
    MIN_LOWERING_DB,
    FeatureCache,
    SampleFeatures,
    faintest_db,
    jitter,
)
from tests.training import given


@pytest.fixture
def cache(small: Workspace, tiny_backbone: TorchBackbone) -> FeatureCache:
    return FeatureCache(small, tiny_backbone)


@pytest.fixture
def sample(small: Workspace) -> Sample:
    made = given.scene(0, samples=given.SMALL_SPEC.window_samples)
    return small.samples.add(
        signal_name=given.SIGNAL,
        window=Window(given.image_of(made, spec=given.SMALL_SPEC)[:, :100], given.frame(100, given.SMALL_SPEC)),
        boxes=[Box(0.001, 0.003, given.CENTER_HZ, given.CENTER_HZ + 5e4)],
        negatives=[("pager", Box(0.002, 0.004, given.CENTER_HZ - 2e5, given.CENTER_HZ - 1e5))],
    )[0]


def tensors(features: SampleFeatures) -> Iterator[tuple[str, torch.Tensor]]:
    return ((name, value) for name, value in vars(features).items() if isinstance(value, torch.Tensor))


def same(first: SampleFeatures, second: SampleFeatures) -> bool:
    sizes = [(features.size, features.proposed) for features in (first, second)]
    return sizes[0] == sizes[1] and all(torch.equal(value, getattr(second, name)) for name, value in tensors(first))


def entries(workspace: Workspace) -> list[Path]:
    return sorted((workspace.path / "cache").iterdir())


def test_features_have_the_shapes_that_are_promised(cache: FeatureCache, sample: Sample) -> None:
    features = cache.get(sample)
    count, dim = len(features.proposals), 32
    assert features.size == (128, 100)
    assert features.embeddings.shape == (count, dim)
    assert features.positives.shape == (1, 4)
    assert features.jittered.shape == (1 + JITTERS, 4)
    assert torch.equal(features.jittered[:1], features.positives)
    assert features.jittered_embeddings.shape == (1 + JITTERS, dim)
    assert features.negatives.shape == (1, 4)
    assert features.negative_embeddings.shape == (1, dim)
    norms = features.embeddings.norm(dim=1)
    assert torch.allclose(norms, torch.ones(count), atol=1e-4)


def test_what_is_cached_is_not_computed_again(cache: FeatureCache, sample: Sample, small: Workspace) -> None:
    assert not cache.has(sample)
    cold = cache.get(sample)
    assert cache.has(sample)
    (entry,) = entries(small)
    written = entry.stat().st_mtime_ns
    assert same(cache.get(sample), cold)
    assert entries(small) == [entry]
    assert entry.stat().st_mtime_ns == written
    cache.clear()
    assert not cache.has(sample)
    assert same(cache.get(sample), cold)


def test_boxes_and_backbone_are_part_of_the_key(
    cache: FeatureCache, sample: Sample, small: Workspace, tiny_backbone: TorchBackbone
) -> None:
    cache.get(sample)
    own = [(sample.signal_name, each) for each in sample.boxes]
    moved = [(label, each.shifted(1e-4)) for label, each in own]
    assert not cache.has(replace(sample, labels=LabelSet.of([*moved, *sample.negatives])))
    assert not cache.has(replace(sample, labels=LabelSet.of(own)))
    assert not FeatureCache(small, TorchBackbone(tiny_backbone.network, "another backbone")).has(sample)
    assert cache.has(replace(sample, metadata={"noted": True}))


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_torn_entry_is_computed_again(cache: FeatureCache, sample: Sample, small: Workspace, kept: int) -> None:
    cold = cache.get(sample)
    (entry,) = entries(small)
    whole = entry.read_bytes()
    entry.write_bytes(whole[:kept])
    assert same(cache.get(sample), cold)
    assert entry.read_bytes() == whole


@pytest.mark.parametrize("sector", [0, 1, -1])
def test_an_entry_with_a_lost_sector_is_computed_again(
    cache: FeatureCache, sample: Sample, small: Workspace, sector: int
) -> None:
    """As a power failure leaves it: as long as it was, with zeros where nothing had been written yet."""
    cold = cache.get(sample)
    (entry,) = entries(small)
    whole = entry.read_bytes()
    start = range(0, len(whole), 512)[sector]
    entry.write_bytes(whole[:start] + bytes(len(whole[start : start + 512])) + whole[start + 512 :])
    assert same(cache.get(sample), cold)
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_kept_costs_only_time(cache: FeatureCache, sample: Sample, small: Workspace) -> None:
    (small.path / "cache").write_text("in the way")
    assert same(cache.get(sample), cache.get(sample))
    assert not cache.has(sample)


def test_jitter_is_small_repeatable_and_inside() -> None:
    boxes = torch.tensor([[10.0, 10, 50, 30], [0, 0, 128, 128]])
    jittered = jitter(boxes, (128, 128), seed=3).reshape(2, 1 + JITTERS, 4)
    assert torch.equal(jittered[:, 0], boxes)
    assert torch.equal(jittered.reshape(-1, 4), jitter(boxes, (128, 128), seed=3))
    assert not torch.equal(jittered.reshape(-1, 4), jitter(boxes, (128, 128), seed=4))
    assert ((jittered >= 0) & (jittered <= 128)).all()
    sides = np.array([40.0, 20.0, 40.0, 20.0])
    assert (np.abs((jittered[0] - boxes[0]).numpy()) < 0.6 * sides).all()


def test_the_oldest_entries_of_a_full_cache_go(small: Workspace, tiny_backbone: TorchBackbone) -> None:
    samples = given.add_noise(small, range(12))
    FeatureCache(small, tiny_backbone).get(samples[0])
    (entry,) = entries(small)
    limit = 8 * entry.stat().st_size
    cache = FeatureCache(small, tiny_backbone, limit)
    left_by_a_kill = small.path / "cache" / "tmp-half-written"
    left_by_a_kill.touch()
    for sample in samples:
        cache.get(sample)
        assert sum(path.stat().st_size for path in entries(small)) <= limit
    kept = [cache.has(sample) for sample in samples]
    assert kept == sorted(kept)
    assert kept[-6:] == [True] * 6
    assert not left_by_a_kill.exists()


def test_two_processes_may_write_one_cache(small: Workspace, tiny_backbone: TorchBackbone) -> None:
    caches = [FeatureCache(small, tiny_backbone) for _ in range(4)]
    samples = given.add_noise(small, range(3))
    with ThreadPoolExecutor(len(caches)) as pool:
        found = list(pool.map(lambda cache: [cache.get(sample) for sample in samples], caches))
    assert len(entries(small)) == len(samples)
    for others in found[1:]:
        assert all(same(one, other) for one, other in zip(found[0], others, strict=True))


def test_a_quieter_view_is_another_entry_with_the_same_boxes(
    small: Workspace, cache: FeatureCache, sample: Sample
) -> None:
    made = given.scene(0, samples=given.SMALL_SPEC.window_samples)
    window = given.window_of(made, spec=given.SMALL_SPEC)
    loud = small.samples.add(
        signal_name="loud",
        window=window,
        boxes=given.boxes_of(made, given.SIGNAL),
    )[0]
    heard, view = cache.get(loud), cache.get_snr_augmented(loud)
    assert view is not None
    assert torch.equal(view.positives, heard.positives)
    assert not torch.equal(view.jittered_embeddings, heard.jittered_embeddings)
    again = cache.get_snr_augmented(loud)
    assert again is not None
    assert same(view, again)
    assert len(entries(small)) == 2


def test_what_is_faint_has_no_quieter_view(small: Workspace, cache: FeatureCache, sample: Sample) -> None:
    boxes = torch.from_numpy(sample.frame(small.spec).to_pixels(sample.boxes))
    assert faintest_db(small.samples.image(sample), boxes, small.spec) < MIN_LEVEL_DB + MIN_LOWERING_DB
    assert cache.get_snr_augmented(sample) is None
