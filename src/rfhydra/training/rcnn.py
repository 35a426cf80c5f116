"""Training of the seed's head: RPN and RoI heads on the frozen pyramid, which is computed anew in every epoch."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import torch
from torch.utils.data import DataLoader

from rfhydra.config import DEFAULT_LEARNING_RATE
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import HeadInfo
from rfhydra.hydra.rcnn import RcnnHead, RcnnNetwork, golden_crop
from rfhydra.store.samples import Sample
from rfhydra.training.dataset import Item, Target
from rfhydra.training.metrics import MatchCounts, ScoredScene, best_threshold, evaluate
from rfhydra.training.report import Trained, validation_report
from rfhydra.training.trainer import Control, run_epochs

MIN_THRESHOLD: Final = 0.1
MAX_THRESHOLD: Final = 0.95


def train_rcnn_head(
    backbone: Backbone,
    loaders: tuple[DataLoader[Item], DataLoader[Item]],
    val_samples: Sequence[Sample],
    info: HeadInfo,
    epochs: int,
    control: Control,
    *,
    previous: RcnnHead | None = None,
    warm_start: bool = True,
) -> Trained:
    """A head with proposals of its own, trained on images and scored on the second loader's, of ``val_samples``.

    It begins from ``previous``, else from the backbone's own proposal network (``warm_start``), else from noise, as the
    seed's. The threshold is the best one on validation: out-of-fold scores would take minutes per fold.

    Raises:
        Cancelled: ``control`` said so.
    """
    network = RcnnNetwork(backbone.config)
    if previous is not None:
        network.load_state_dict(previous.network.state_dict())
    elif warm_start:
        network.warm_start(backbone)
    train, val = loaders
    learner = RcnnLearner(backbone, network, train, val, check=control.check)
    outcome = run_epochs(learner, epochs, control)
    learner.validate()
    pairs = zip(learner.scenes, val_samples, strict=True)
    scenes = [replace(scene, recording=sample.recording) for scene, sample in pairs]
    threshold = _threshold(scenes)
    metrics = validation_report(scenes, threshold, outcome)
    image, target = train.dataset[0]
    crop = golden_crop(image, target["boxes"][0])
    head = RcnnHead.record(replace(info, threshold=threshold, metrics=metrics), learner.network, crop, backbone)
    reported = {sample.sample_id: _reported(scenes, index) for index, sample in enumerate(val_samples)}
    return Trained(head, outcome, metrics, reported)


def _threshold(scenes: Sequence[ScoredScene]) -> float:
    return min(max(best_threshold(scenes), MIN_THRESHOLD), MAX_THRESHOLD)


def _reported(scenes: Sequence[ScoredScene], index: int) -> ScoredScene:
    """What is reported in one scene when the threshold comes from the others: with its own it would look too good."""
    return scenes[index].at(_threshold([*scenes[:index], *scenes[index + 1 :]]))


class RcnnLearner:
    """Learns one network in epochs with Adam (see :class:`.trainer.Learner`).

    An epoch takes minutes: ``check`` is called before every batch, and what it raises ends the training.
    """

    def __init__(
        self,
        backbone: Backbone,
        network: RcnnNetwork,
        train: DataLoader[Item],
        val: DataLoader[Item],
        learning_rate: float = DEFAULT_LEARNING_RATE,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.network = network.to(backbone.device)
        self._backbone, self._train, self._val, self._check = backbone, train, val, check
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=learning_rate)
        self.scenes: list[ScoredScene] = []  # what the last validation saw

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
        with torch.random.fork_rng(devices=[]):  # the losses draw which anchors count; validation always the same ones
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
