"""The original training loop of rfhydra, as its design note has it: a torchvision ``FasterRCNN`` per signal.

RPN and RoI heads are trained from random weights with Adam at 1e-3 in batches of 4; every image is scaled to 800
pixels, torchvision's default, and its pyramid is computed again in every epoch, in float32; the best epoch is the one
with the highest F1 at a score of 0.5. The pyramid is that of the shipped backbone, with 128 channels instead of the
note's 256, so that the loop has good features and less to compute.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.models.detection import FasterRCNN

from rfhydra.hydra.network import PIXEL_MEAN, PIXEL_STD
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import MatchCounts, ScoredScene, evaluate

THRESHOLD: Final = 0.5
BATCH_SIZE: Final = 4
LEARNING_RATE: Final = 1e-3

Target = dict[str, Tensor]
Item = tuple[Tensor, Target]


class SeedLoop:
    """Trains one signal in epochs (see :class:`rfhydra.training.trainer.Learner`) and detects it."""

    def __init__(self, backbone: TorchBackbone, train: DataLoader[Item], val: DataLoader[Item]) -> None:
        pyramid = deepcopy(backbone.network.pyramid)
        self._model = FasterRCNN(pyramid, num_classes=2, image_mean=[PIXEL_MEAN], image_std=[PIXEL_STD])
        self._model.to(backbone.device, memory_format=torch.channels_last)
        self._train, self._val, self._device = train, val, backbone.device
        trained = [each for each in self._model.parameters() if each.requires_grad]
        self._optimiser = torch.optim.Adam(trained, lr=LEARNING_RATE)

    def train_epoch(self) -> float:
        self._model.train()
        self._model.backbone.eval()  # its batch norms stay frozen, too
        total = 0.0
        for images, targets in self._train:
            loss = torch.stack(list(self._model(self._prepared(images), self._placed(targets)).values())).sum()
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            total += float(loss.detach())
        return total / len(self._train)

    def validate(self) -> tuple[float, MatchCounts]:
        """No loss, as in the note, and the metrics at a score of 0.5."""
        found = [self.detect(images[0], targets[0]["boxes"]) for images, targets in self._val]
        return 0.0, evaluate(found, THRESHOLD)

    @torch.inference_mode()
    def detect(self, image: Tensor, truth: Tensor) -> ScoredScene:
        """Detections in ``image``, uint8 (rows, cols), against the ``truth`` (n, 4) in pixels."""
        self._model.eval()
        (found,) = self._model(self._prepared(image[None]))
        return ScoredScene(found["boxes"].cpu().numpy(), found["scores"].cpu().numpy(), truth.numpy()).at(THRESHOLD)

    def state(self) -> Any:
        return deepcopy(self._model.state_dict())

    def restore(self, state: Any) -> None:
        self._model.load_state_dict(state)

    def _prepared(self, images: Tensor) -> list[Tensor]:
        return [image[None].to(self._device).float() / 255 for image in images]

    def _placed(self, targets: Sequence[Target]) -> list[Target]:
        return [{name: tensor.to(self._device) for name, tensor in target.items()} for target in targets]


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
) -> tuple[DataLoader[Item], DataLoader[Item]]:
    """Loaders of the training samples, shuffled under a fixed seed, and of the validation samples, one at a time.

    They yield the images of a batch, uint8 (n, rows, cols), padded on the right with the grey of the noise floor, and
    the list of their targets.
    """
    grey = workspace.spec.scaling.floor_grey

    def collate(items: list[Item]) -> tuple[Tensor, list[Target]]:
        return _pad([image for image, _ in items], grey), [target for _, target in items]

    generator = torch.Generator().manual_seed(0)
    train_set, val_set = SpectrogramDataset(workspace, train), SpectrogramDataset(workspace, val)
    return (
        DataLoader(train_set, BATCH_SIZE, shuffle=True, collate_fn=collate, generator=generator),
        DataLoader(val_set, 1, collate_fn=collate),
    )


def _pad(images: list[Tensor], grey: int) -> Tensor:
    cols = max(image.shape[1] for image in images)
    return torch.stack([torch.nn.functional.pad(image, (0, cols - image.shape[1]), value=grey) for image in images])
