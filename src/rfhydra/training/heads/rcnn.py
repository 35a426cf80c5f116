"""Training of an ``rcnn`` head: RPN and RoI heads on the frozen feature pyramid, computed anew in every epoch."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rfhydra.config import DEFAULT_BATCH_SIZE, DEFAULT_LEARNING_RATE
from rfhydra.hydra.head import HeadInfo
from rfhydra.hydra.rcnn import RcnnHead, RcnnNetwork, golden_crop
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.splits import SplitPlan
from rfhydra.training.evaluation.metrics import MatchCounts, ScoredScene, best_threshold, evaluate
from rfhydra.training.evaluation.validation import result_of
from rfhydra.training.heads.trained import Trained, validation_report
from rfhydra.training.trainer import Control, run_epochs

MIN_THRESHOLD: Final = 0.1
MAX_THRESHOLD: Final = 0.95

Target = dict[str, Tensor]
Item = tuple[Tensor, Target]


def train_rcnn_head(
    workspace: Workspace,
    backbone: TorchBackbone,
    split: SplitPlan,
    info: HeadInfo,
    epochs: int,
    control: Control,
    *,
    previous: RcnnHead | None = None,
    warm_start: bool = True,
    seed: int = 0,
) -> Trained:
    """Train a head with proposals of its own.

    It starts from ``previous``, else from the backbone's own proposal network (``warm_start``), else from random
    weights. The threshold is the best one on validation: out-of-fold scores would take minutes per fold.
    Training samples without a box of the signal are left out.

    Raises:
        Cancelled: ``control`` is cancelled.
    """
    network = RcnnNetwork(backbone.network.config)
    if previous is not None:
        network.load_state_dict(previous.network.state_dict())
    elif warm_start:
        network.warm_start(backbone)
    labelled = [sample for sample in split.train if sample.boxes]
    train, val = create_data_loaders(workspace, labelled, split.val, seed=seed)
    learner = RcnnLearner(backbone, network, train, val, check=control.check)
    outcome = run_epochs(learner, epochs, control)
    control.on_stage("calibrating")
    learner.validate()
    pairs = zip(learner.scenes, split.val, strict=True)
    scenes = [replace(scene, recording=sample.recording) for scene, sample in pairs]
    threshold = _threshold(scenes)
    metrics = validation_report(scenes, threshold, outcome)
    image, target = train.dataset[0]
    crop = golden_crop(image, target["boxes"][0])
    head = RcnnHead.record(replace(info, threshold=threshold, metrics=metrics), learner.network, crop, backbone)
    reported = {sample.sample_id: _reported(scenes, index) for index, sample in enumerate(split.val)}
    validation = tuple(result_of(sample, scene) for sample, scene in zip(split.val, scenes, strict=True))
    return Trained(head, outcome, metrics, reported, validation)


def _threshold(scenes: Sequence[ScoredScene]) -> float:
    return min(max(best_threshold(scenes), MIN_THRESHOLD), MAX_THRESHOLD)


def _reported(scenes: Sequence[ScoredScene], index: int) -> ScoredScene:
    """Detections in one scene at a threshold from the other scenes: one from its own would be biased."""
    return scenes[index].at(_threshold([*scenes[:index], *scenes[index + 1 :]]))


class RcnnLearner:
    """Trains one network in epochs with Adam (see :class:`.trainer.Learner`).

    An epoch takes minutes: ``check`` is called before every batch and may raise to end the training.
    """

    def __init__(
        self,
        backbone: TorchBackbone,
        network: RcnnNetwork,
        train: DataLoader[Item],
        val: DataLoader[Item],
        learning_rate: float = DEFAULT_LEARNING_RATE,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.network = network.to(backbone.device)
        self._backbone, self._train, self._val, self._check = backbone, train, val, check
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=learning_rate)
        self.scenes: list[ScoredScene] = []  # of the last validation

    def train_epoch(self) -> float:
        total = 0.0
        for images, targets in self._train:
            self._check()
            losses = self.network.losses(self._backbone.features(images), images, self._placed(targets))
            loss = torch.stack(list(losses.values())).sum()
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            total += float(loss.detach())
        return total / len(self._train)

    @torch.no_grad()
    def validate(self) -> tuple[float, MatchCounts]:
        scenes, total = [], 0.0
        with torch.random.fork_rng(devices=[]):  # the losses sample anchors: the same ones in every validation
            torch.manual_seed(0)
            for images, targets in self._val:
                self._check()
                features = self._backbone.features(images)
                losses = self.network.losses(features, images, self._placed(targets))
                total += float(torch.stack(list(losses.values())).sum())
                scenes.append(self._detect(features, images, targets[0]))
        self.scenes = scenes
        return total / len(self._val), evaluate(scenes, 0.5)

    def state(self) -> dict[str, Any]:
        return deepcopy(self.network.state_dict())

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state)

    def _detect(self, features: dict[str, torch.Tensor], images: torch.Tensor, target: Target) -> ScoredScene:
        found = self.network.detect(features, (images.shape[1], images.shape[2]))
        return ScoredScene(found.boxes.numpy(), found.scores.numpy(), target["boxes"].numpy())

    def _placed(self, targets: list[Target]) -> list[Target]:
        return [{name: tensor.to(self._backbone.device) for name, tensor in target.items()} for target in targets]


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
