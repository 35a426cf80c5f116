"""The training of the body: endless fresh scenes, a cosine schedule over a budget of minutes, checkpoints, resume.

A run lives in one directory: ``bank.safetensors``, ``checkpoint.pt`` (optimiser and network, this run only), ``log.jsonl``
and at the end ``body.safetensors``. Killed at any instant, it goes on from its last checkpoint.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from torchvision.ops import box_iou

from rfhydra.errors import Conflict, Incompatible
from rfhydra.hydra.backbone import Backbone, Body, BodyConfig, save_body
from rfhydra.pretrain.bank import HELD_OUT, base_waveforms, load_bank, make_bank, save_bank
from rfhydra.pretrain.scenes import SceneMaker, TrainingScene, class_names

BANK_FILE: Final = "bank.safetensors"
CHECKPOINT_FILE: Final = "checkpoint.pt"
LOG_FILE: Final = "log.jsonl"
BODY_FILE: Final = "body.safetensors"
CENTRING_SCENES: Final = 40


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides what a run makes. Stored in the weights' metadata."""

    minutes: float = 60.0
    per_waveform: int = 60
    batch_size: int = 8
    learning_rate: float = 6e-4
    weight_decay: float = 1e-2
    warmup_steps: int = 200
    seed: int = 1
    checkpoint_seconds: float = 120.0
    workers: int = 1


@dataclass(frozen=True)
class PretrainProgress:
    """Reported after each step; ``minutes`` is training time, earlier parts of a resumed run included."""

    step: int
    minutes: float
    total_minutes: float
    losses: dict[str, float]


class SceneStream(IterableDataset[TrainingScene]):
    """Scenes without end, other ones in every worker and after every resume."""

    def __init__(self, bank_path: Path, seed: int, first_step: int) -> None:
        self.bank_path, self.seed, self.first_step = bank_path, seed, first_step

    def __iter__(self) -> Iterator[TrainingScene]:
        torch.set_num_threads(1)
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, self.first_step, worker.id if worker else 0])
        maker = SceneMaker(load_bank(self.bank_path), rng)
        while True:
            yield maker.draw()


class PretrainRun:
    """One run in ``directory``."""

    def __init__(
        self, directory: Path, recipe: Recipe, *, device: str = "cpu", resume: bool = False, initial: Path | None = None
    ) -> None:
        """
        Args:
            directory: where the run lives; made if absent.
            recipe: what to do. A resumed run keeps its own except for ``minutes`` and ``workers``.
            device: ``cpu`` or ``cuda``.
            resume: go on from the checkpoint.
            initial: start from the weights of another body (fine-tuning).

        Raises:
            Conflict: the directory holds a run and ``resume`` is not set.
        """
        self.directory, self.device = directory, torch.device(device)
        directory.mkdir(parents=True, exist_ok=True)
        self._checkpoint = directory / CHECKPOINT_FILE
        if self._checkpoint.exists() and not resume:
            raise Conflict(
                f"{directory.name} already holds a pretraining run: add --resume, or choose another directory"
            )
        self.bank_path = directory / BANK_FILE
        saved = torch.load(self._checkpoint, weights_only=True) if self._checkpoint.exists() else None
        if saved:
            stored = json.loads(saved["recipe"])
            recipe = replace(Recipe(**stored), minutes=recipe.minutes, workers=recipe.workers)
        self.recipe = recipe
        self.step, self.seconds = 0, 0.0
        self._saved = saved
        self._initial = initial

    def prepare(self, progress: Callable[[str], None] = lambda waveform: None) -> None:
        """Make the bank if there is none yet; ``progress`` hears each waveform."""
        if not self.bank_path.exists():
            save_bank(
                make_bank(base_waveforms(), self.recipe.per_waveform, self.recipe.seed, progress=progress),
                self.bank_path,
            )

    def run(self, progress: Callable[[PretrainProgress], None] = lambda report: None) -> Path:
        """Train until the budget of minutes is spent; returns the path of the finished body."""
        torch.manual_seed(self.recipe.seed)
        classes = class_names(load_bank(self.bank_path))
        self.body = Body(BodyConfig(classes=classes)).to(self.device, memory_format=torch.channels_last).train()
        decay = [weight for weight in self.body.parameters() if weight.ndim > 1]
        plain = [weight for weight in self.body.parameters() if weight.ndim <= 1]
        groups = [{"params": decay, "weight_decay": self.recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=self.recipe.learning_rate)
        self._restore()
        last_save, averages = time.monotonic(), dict[str, float]()
        for scenes in self._batches():
            started = time.monotonic()
            for name, value in self._train_step(scenes, classes).items():
                averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
            self.step += 1
            self.seconds += time.monotonic() - started
            progress(PretrainProgress(self.step, self.seconds / 60, self.recipe.minutes, averages))
            finished = self.seconds >= self.recipe.minutes * 60
            if finished or time.monotonic() - last_save > self.recipe.checkpoint_seconds:
                self._save(averages)
                last_save = time.monotonic()
            if finished:
                break
        return self.export()

    def export(self) -> Path:
        """Write the body as it is now, its embeddings centred on fresh scenes."""
        self._centre()
        recipe = {**asdict(self.recipe), "steps": self.step, "trained_minutes": round(self.seconds / 60, 1)}
        recipe |= {"held_out": list(HELD_OUT), "waveforms": base_waveforms()}
        path = self.directory / BODY_FILE
        save_body(self.body, path, recipe)
        return path

    @torch.inference_mode()
    def _centre(self) -> None:
        """Set ``embedding_mean`` to the mean over the strongest regions of fresh scenes."""
        maker = SceneMaker(load_bank(self.bank_path), np.random.default_rng([self.recipe.seed, 0xCE]))
        backbone = Backbone(self.body, "unsaved", self.device)
        sums, count = torch.zeros_like(self.body.embedding_mean), 0
        for _ in range(CENTRING_SCENES):
            image = maker.draw().image
            size = (image.shape[0], image.shape[1])
            features = backbone.features(image)
            regions = backbone.propose(features, size)
            sums += self.body.raw_embeddings(features, regions.boxes, size).sum(0)
            count += len(regions)
        self.body.embedding_mean.copy_(sums / max(count, 1))

    def _batches(self) -> Iterator[list[TrainingScene]]:
        stream = SceneStream(self.bank_path, self.recipe.seed, self.step)
        loader: DataLoader[Any] = DataLoader(
            stream, self.recipe.batch_size, num_workers=self.recipe.workers, collate_fn=list, prefetch_factor=4
        )
        yield from loader

    def _train_step(self, scenes: list[TrainingScene], classes: tuple[str, ...]) -> dict[str, float]:
        rate = self._learning_rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, targets = collate(scenes, classes, self.device)
        half = torch.autocast(self.device.type, dtype=torch.bfloat16)
        with half if self.device.type in ("cpu", "cuda") else nullcontext():
            losses = self.body.losses(images, targets)
        total = torch.stack(list(losses.values())).sum()
        self.optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.body.parameters(), 5.0)
        if torch.isfinite(total):
            self.optimiser.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _learning_rate(self) -> float:
        spent = min(self.seconds / (self.recipe.minutes * 60), 1.0)
        warm = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        return self.recipe.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * spent)))

    def _restore(self) -> None:
        if self._saved:
            self.body.load_state_dict(self._saved["body"])
            self.optimiser.load_state_dict(self._saved["optimiser"])
            self.step, self.seconds = int(self._saved["step"]), float(self._saved["seconds"])
        elif self._initial:
            start = Backbone.load(self._initial).body
            if start.config != self.body.config:
                raise Incompatible("the initial body has another shape or other classes than this run")
            self.body.load_state_dict(start.state_dict())

    def _save(self, averages: dict[str, float]) -> None:
        state = {
            "body": self.body.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "recipe": json.dumps(asdict(self.recipe)),
        }
        temporary = self._checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self._checkpoint)
        row = {"step": self.step, "minutes": round(self.seconds / 60, 2), "lr": self._learning_rate()} | averages
        with (self.directory / LOG_FILE).open("a") as log:
            log.write(json.dumps({name: round(float(value), 6) for name, value in row.items()}) + "\n")


def collate(
    scenes: list[TrainingScene], classes: tuple[str, ...], device: torch.device
) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Images float (n, 1, rows, cols) in 0..1 with a little level jitter, and torchvision targets (labels from 1)."""
    images = torch.from_numpy(np.stack([scene.image for scene in scenes])).to(device).float()[:, None] / 255
    gain = 1 + 0.15 * torch.randn(len(scenes), 1, 1, 1, device=device)
    shift = 0.03 * torch.randn(len(scenes), 1, 1, 1, device=device)
    targets = [
        {
            "boxes": torch.from_numpy(scene.boxes).to(device),
            "labels": torch.tensor([classes.index(label) + 1 for label in scene.labels], device=device),
        }
        for scene in scenes
    ]
    return (images * gain + shift).clamp(0, 1), targets


def proposal_recall(backbone: Backbone, scenes: list[TrainingScene], iou: float = 0.5, limit: int = 100) -> float:
    """Share of the scenes' boxes that one of the ``limit`` strongest regions covers with at least ``iou``."""
    found = total = 0
    for scene in scenes:
        size = (scene.image.shape[0], scene.image.shape[1])
        regions = backbone.propose(backbone.features(scene.image), size, limit)
        overlap = box_iou(torch.from_numpy(scene.boxes), regions.boxes.cpu())
        found += int((overlap.max(1).values >= iou).sum()) if len(regions) else 0
        total += len(scene.boxes)
    return found / max(total, 1)
