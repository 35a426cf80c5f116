"""SpectrogramDataset: a signal's samples as images with boxes, for the kind of head that trains on pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rfhydra.config import DEFAULT_BATCH_SIZE
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace

Target = dict[str, Tensor]
Item = tuple[Tensor, Target]


class SpectrogramDataset(Dataset[Item]):
    """Each item is an image, uint8 (rows, cols), and its target.

    A target holds ``boxes``, float32 (n, 4) in pixels, and ``labels``, int64 (n,), all 1.
    """

    def __init__(self, workspace: Workspace, samples: Sequence[Sample]) -> None:
        self.samples = list(samples)
        self._workspace = workspace

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Item:
        sample = self.samples[index]
        boxes = torch.from_numpy(sample.frame(self._workspace.spec).to_pixels(sample.boxes))
        image = torch.from_numpy(self._workspace.samples.image(sample))
        return image, {"boxes": boxes, "labels": torch.ones(len(boxes), dtype=torch.int64)}


def create_data_loaders(
    workspace: Workspace,
    train: Sequence[Sample],
    val: Sequence[Sample],
    batch_size: int = DEFAULT_BATCH_SIZE,
    seed: int = 0,
) -> tuple[DataLoader[Item], DataLoader[Item]]:
    """Loaders of the training samples, shuffled under ``seed``, and of the validation samples, one at a time.

    They yield the images of a batch, uint8 (n, rows, cols), padded on the right with the grey of the noise floor, and
    the list of their targets.
    """
    grey = workspace.spec.scaling.floor_grey

    def collate(items: list[Item]) -> tuple[Tensor, list[Target]]:
        return _pad([image for image, _ in items], grey), [target for _, target in items]

    generator = torch.Generator().manual_seed(seed)
    train_set, val_set = SpectrogramDataset(workspace, train), SpectrogramDataset(workspace, val)
    return (
        DataLoader(train_set, batch_size, shuffle=True, collate_fn=collate, generator=generator),
        DataLoader(val_set, 1, collate_fn=collate),
    )


def _pad(images: list[Tensor], grey: int) -> Tensor:
    cols = max(image.shape[1] for image in images)
    return torch.stack([torch.nn.functional.pad(image, (0, cols - image.shape[1]), value=grey) for image in images])
