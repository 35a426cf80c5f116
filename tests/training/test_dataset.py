import numpy as np
import torch

from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.heads.rcnn import SpectrogramDataset, create_data_loaders
from tests.training import given


def narrow(workspace: Workspace, cols: int) -> Sample:
    made = given.scene(cols, samples=cols * given.SMALL_SPEC.hop)
    return workspace.samples.add(
        signal_name=given.SIGNAL,
        spec_id=given.SMALL_SPEC.spec_id,
        image=given.image_of(made, cols, given.SMALL_SPEC),
        boxes=given.boxes_of(made, given.SIGNAL),
        sample_rate_hz=given.RATE_HZ,
        center_freq_hz=given.CENTER_HZ,
    )[0]


def test_an_item_is_the_image_and_its_boxes_in_pixels(small: Workspace) -> None:
    sample = narrow(small, 100)
    dataset = SpectrogramDataset(small, [sample])
    image, target = dataset[0]
    assert len(dataset) == 1
    assert np.array_equal(image.numpy(), small.samples.image(sample))
    expected = given.frame(100, given.SMALL_SPEC).to_pixels(sample.boxes)
    assert np.array_equal(target["boxes"].numpy(), expected)
    assert target["labels"].tolist() == [1]


def test_batches_are_padded_with_the_noise_floor(small: Workspace) -> None:
    samples = [narrow(small, cols) for cols in (80, 100, 128)]
    train, val = create_data_loaders(small, samples, samples[:2], batch_size=3)
    ((images, targets),) = list(train)
    assert images.shape == (3, 128, 128)
    assert images.dtype == torch.uint8
    assert len(targets) == 3
    (padded,) = [image for image in images if (image[:, 80:] == given.SMALL_SPEC.scaling.floor_grey).all()]
    assert np.array_equal(padded[:, :80].numpy(), small.samples.image(samples[0]))
    assert [image.shape[2] for image, _ in val] == [80, 100]


def test_the_order_follows_the_seed(small: Workspace) -> None:
    samples = [narrow(small, cols) for cols in range(60, 70)]

    def order(seed: int) -> list[int]:
        train, _ = create_data_loaders(small, samples, [], batch_size=1, seed=seed)
        return [image.shape[2] for image, _ in train]

    assert sorted(order(0)) == list(range(60, 70))
    assert order(0) == order(0) != order(1)
