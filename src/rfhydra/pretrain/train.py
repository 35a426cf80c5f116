"""Pretraining of the backbone: new scenes in every step, a cosine schedule over a budget of minutes, checkpoints.

A run has one directory: ``bank.safetensors`` (burst library), ``checkpoint.pt`` (optimiser and network),
``log.jsonl`` and at the end ``body.safetensors`` (backbone). Each is written atomically: a run that is killed resumes
from its last checkpoint. One process at a time may use the directory.
"""

import io
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from rfhydra.errors import Conflict, Incompatible, InvalidMessage
from rfhydra.files import make_directory, write_file
from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.hydra.backbone_file import load_backbone, save_backbone
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.pretrain.burst_library import (
    HELD_OUT,
    base_waveforms,
    load_burst_library,
    make_burst_library,
    save_burst_library,
)
from rfhydra.pretrain.contrastive import emitter_contrastive_loss
from rfhydra.pretrain.scenes import SceneMaker, TrainingScene, class_names
from rfhydra.synth import Burst

BURST_LIBRARY_FILE: Final = "bank.safetensors"
CHECKPOINT_FILE: Final = "checkpoint.pt"
LOG_FILE: Final = "log.jsonl"
BACKBONE_FILE: Final = "body.safetensors"
SCRATCH: Final = ".rfhydra-scratch"
MAX_GRADIENT_NORM: Final = 5.0
PREFETCHED_BATCHES: Final = 4
CLASS_WEIGHTS: Final = ("roi_heads.box_predictor.scores.weight", "roi_heads.box_predictor.scores.bias")
CONTRASTIVE_WEIGHT: Final = 0.3
STRONG_PROPOSALS: Final = 20
WEAK_PROPOSALS: Final = 15


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a run. Stored in the backbone's metadata.

    ``minutes`` count training steps only, not the wait for scenes or for the disk. ``workers`` is the number of scene
    processes; 0 makes scenes between the steps.

    Raises:
        InvalidMessage: a field is out of range.
    """

    minutes: float = 60.0
    per_waveform: int = 60
    batch_size: int = 8
    learning_rate: float = 6e-4
    weight_decay: float = 1e-2
    warmup_steps: int = 200
    seed: int = 1
    checkpoint_seconds: float = 120.0
    workers: int = 1
    reference_scenes: int = 300

    def __post_init__(self) -> None:
        for field in ("minutes", "per_waveform", "batch_size", "learning_rate", "warmup_steps", "reference_scenes"):
            if not 0 < getattr(self, field) < math.inf:
                raise InvalidMessage(f"{field} {getattr(self, field)} must be a positive number")
        for field in ("weight_decay", "seed", "checkpoint_seconds", "workers"):
            if not 0 <= getattr(self, field) < math.inf:
                raise InvalidMessage(f"{field} {getattr(self, field)} must be zero or a positive number")


@dataclass(frozen=True)
class PretrainProgress:
    """Progress after a step; ``minutes`` is training time, earlier parts of a resumed run included."""

    step: int
    minutes: float
    losses: dict[str, float]


class SceneStream(IterableDataset[TrainingScene]):
    """Endless pairs of scenes; each worker and each resumed run draws others."""

    def __init__(self, library: list[Burst], seed: int, first_step: int) -> None:
        self.library, self.seed, self.first_step = library, seed, first_step

    def __iter__(self) -> Iterator[TrainingScene]:
        worker = get_worker_info()
        maker = SceneMaker(
            self.library, np.random.default_rng([self.seed, self.first_step, worker.id if worker else 0])
        )
        while True:
            yield from maker.pair()


class PretrainRun:
    """One run in ``directory``: :meth:`prepare`, then :meth:`run`, once."""

    def __init__(
        self, directory: Path, recipe: Recipe, *, device: str = "cpu", resume: bool = False, initial: Path | None = None
    ) -> None:
        """
        Args:
            directory: of the run; made if absent.
            recipe: the settings. A resumed run keeps its own except for ``minutes`` and ``workers``.
            device: ``cpu`` or ``cuda``.
            resume: continue from the checkpoint, if there is one.
            initial: a backbone file of the same shape with initial weights; its classes may differ. Not used by a
                resumed run.

        Raises:
            InvalidMessage: the device is unknown or absent.
            Conflict: the directory holds a run and ``resume`` is not set.
            StorageFull: the disk is full.
        """
        self.directory, self.device = directory, _torch_device(device)
        self._scratch = directory / SCRATCH
        make_directory(self._scratch)
        for leftover in self._scratch.iterdir():
            leftover.unlink()
        self._initial, self._saved = initial, self._last_checkpoint()
        self.recipe, self.step, self.seconds = recipe, 0, 0.0
        if self._saved:
            if not resume:
                raise Conflict(
                    f"{directory.name} already holds a pretraining run: add --resume, or choose another directory"
                )
            stored = Recipe(**json.loads(self._saved["recipe"]))
            self.recipe = replace(stored, minutes=recipe.minutes, workers=recipe.workers)
            self.step, self.seconds = int(self._saved["step"]), float(self._saved["seconds"])

    def prepare(self, progress: Callable[[str], None] = lambda waveform: None) -> None:
        """Make the burst library if there is none; ``progress`` is called with each waveform.

        Raises:
            MissingExtra: TorchSig is not installed.
            StorageFull: the disk is full.
        """
        path = self.directory / BURST_LIBRARY_FILE
        if not path.exists():
            library = make_burst_library(
                base_waveforms(), self.recipe.per_waveform, self.recipe.seed, progress=progress
            )
            save_burst_library(library, path, self._scratch)

    def run(self, progress: Callable[[PretrainProgress], None] = lambda report: None) -> Path:
        """Train until the budget of minutes is spent. Returns the path of the backbone.

        Raises:
            NotFound: there is no burst library, or no initial backbone.
            Incompatible: the burst library is damaged, the initial backbone has another shape, or the checkpoint is of
                a run with other classes.
            StorageFull: the disk is full; the last checkpoint is unchanged.
        """
        library = load_burst_library(self.directory / BURST_LIBRARY_FILE)
        self._build(class_names(library))
        last_save, averages = time.monotonic(), dict[str, float]()
        batches = self._batches(library)
        while not self._finished:
            scenes = next(batches)
            started = time.monotonic()
            for name, value in self._train_step(scenes).items():
                averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
            self.step += 1
            self.seconds += time.monotonic() - started
            progress(PretrainProgress(self.step, self.seconds / 60, dict(averages)))
            if self._finished or time.monotonic() - last_save > self.recipe.checkpoint_seconds:
                self._save(averages)
                last_save = time.monotonic()
        return self._export(library)

    @property
    def _finished(self) -> bool:
        return self.seconds >= self.recipe.minutes * 60

    def _last_checkpoint(self) -> dict[str, Any] | None:
        path = self.directory / CHECKPOINT_FILE
        return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None

    def _build(self, classes: tuple[str, ...]) -> None:
        """Make network and optimiser, with the weights of the checkpoint or the initial backbone if there is one."""
        torch.manual_seed(self.recipe.seed + self.step)
        self.network = (
            BackboneNetwork(NetworkConfig(classes=classes))
            .to(self.device)
            .to(memory_format=torch.channels_last)
            .train()
        )
        decay = [weight for weight in self.network.parameters() if weight.ndim > 1]
        plain = [weight for weight in self.network.parameters() if weight.ndim <= 1]
        groups = [{"params": decay, "weight_decay": self.recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=self.recipe.learning_rate)
        if self._saved:
            if self._saved["body"][CLASS_WEIGHTS[0]].shape != self.network.state_dict()[CLASS_WEIGHTS[0]].shape:
                raise Incompatible("the checkpoint is of a run with other classes: start a new run, with --initial")
            self.network.load_state_dict(self._saved["body"])
            self.optimiser.load_state_dict(self._saved["optimiser"])
            self._saved = None
        elif self._initial:
            self._initialise(load_backbone(self._initial).network)

    def _initialise(self, start: BackboneNetwork) -> None:
        """Copy the weights of ``start``; if its classes differ, class scores other than background stay random."""
        if replace(start.config, classes=self.network.config.classes) != self.network.config:
            raise Incompatible("the initial backbone has another shape than this run")
        state = start.state_dict()
        if start.config.classes != self.network.config.classes:
            own = self.network.state_dict()
            for name in CLASS_WEIGHTS:
                own[name][0] = state[name][0]  # background
                state[name] = own[name]
        self.network.load_state_dict(state)

    def _export(self, library: list[Burst]) -> Path:
        """Write the backbone with its background set. The network cannot be trained after this."""
        background = self._make_background_set(library)
        recipe = {**asdict(self.recipe), "steps": self.step, "trained_minutes": round(self.seconds / 60, 1)}
        recipe |= {"held_out": list(HELD_OUT), "waveforms": sorted({burst.kind for burst in library})}
        path = self.directory / BACKBONE_FILE
        save_backbone(self.network, path, recipe, self._scratch, background)
        return path

    @torch.inference_mode()
    def _make_background_set(self, library: list[Burst]) -> BackgroundSet:
        """Centre the embeddings on their mean over new scenes, and sample the background set from these scenes.

        Keeps the strongest proposals of each scene, mostly emissions, and some others, mostly parts of emissions.
        """
        rng = np.random.default_rng([self.recipe.seed, 0xCE])
        maker, backbone = SceneMaker(library, rng), TorchBackbone(self.network, "unsaved", self.device)
        boxes, raw, scenes, sums, count, emissions = [], [], [], torch.zeros_like(self.network.embedding_mean), 0, 0
        for number in range(self.recipe.reference_scenes):
            scene = maker.draw()
            seen = backbone.see(scene.image)
            proposals = seen.propose()
            embeddings = self.network.raw_embeddings(seen.features, [proposals.boxes.to(self.device)], seen.size)
            sums += embeddings.sum(0)
            count, emissions = count + len(proposals), emissions + len(scene.boxes)
            weak = STRONG_PROPOSALS + rng.permutation(max(len(proposals) - STRONG_PROPOSALS, 0))[:WEAK_PROPOSALS]
            kept = torch.from_numpy(np.concatenate([np.arange(min(STRONG_PROPOSALS, len(proposals))), weak]))
            boxes.append(proposals.boxes[kept])
            raw.append(embeddings[kept.to(self.device)])
            scenes.append(torch.full((len(kept),), number))
        self.network.embedding_mean.copy_(sums / max(count, 1))
        embeddings = self.network.normalised(torch.cat(raw)).cpu()
        return BackgroundSet(torch.cat(boxes), embeddings, torch.cat(scenes), torch.tensor([emissions]))

    def _batches(self, library: list[Burst]) -> Iterator[list[TrainingScene]]:
        workers = self.recipe.workers
        loader: DataLoader[Any] = DataLoader(
            SceneStream(library, self.recipe.seed, self.step),
            self.recipe.batch_size,
            num_workers=workers,
            collate_fn=list,
            prefetch_factor=PREFETCHED_BATCHES if workers else None,
        )
        yield from loader

    def _train_step(self, scenes: list[TrainingScene]) -> dict[str, float]:
        """One step. Returns the losses, or none if a gradient is not finite and the step is skipped."""
        rate = self._learning_rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, targets = collate(scenes, self.network.config.classes, self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            features = self.network.features(images)
            losses = self.network.losses(images, features, targets)
        size = (images.shape[2], images.shape[3])
        losses["loss_contrast"] = CONTRASTIVE_WEIGHT * emitter_contrastive_loss(self.network, features, targets, size)
        self.optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
        if not torch.isfinite(norm):
            return {}
        self.optimiser.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _learning_rate(self) -> float:
        spent = min(self.seconds / (self.recipe.minutes * 60), 1.0)
        warm = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        return self.recipe.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * spent)))

    def _save(self, averages: dict[str, float]) -> None:
        state = {
            "body": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "recipe": json.dumps(asdict(self.recipe)),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_file(self.directory / CHECKPOINT_FILE, buffer.getvalue(), self._scratch)
        row = {"step": self.step, "minutes": round(self.seconds / 60, 2), "lr": self._learning_rate()} | averages
        line = json.dumps({name: round(value, 6) for name, value in row.items()}) + "\n"
        log = self.directory / LOG_FILE
        write_file(log, (log.read_bytes() if log.exists() else b"") + line.encode(), self._scratch)


def _torch_device(device: str) -> torch.device:
    if device not in ("cpu", "cuda"):
        raise InvalidMessage(f"device {device!r} must be cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InvalidMessage("device cuda: this machine has no GPU that torch can use, take cpu")
    return torch.device(device)


def collate(
    scenes: list[TrainingScene], classes: tuple[str, ...], device: torch.device
) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Images, float (n, 1, rows, cols) in 0..1 with level jitter, and torchvision targets (labels from 1) with
    ``emitters``."""
    images = torch.from_numpy(np.stack([scene.image for scene in scenes])).to(device).float()[:, None] / 255
    gain = 1 + 0.15 * torch.randn(len(scenes), 1, 1, 1, device=device)
    shift = 0.03 * torch.randn(len(scenes), 1, 1, 1, device=device)
    targets = [
        {
            "boxes": torch.from_numpy(scene.boxes).to(device),
            "labels": torch.tensor([classes.index(label) + 1 for label in scene.labels], device=device),
            "emitters": torch.from_numpy(scene.emitters).to(device),
        }
        for scene in scenes
    ]
    return (images * gain + shift).clamp(0, 1), targets
