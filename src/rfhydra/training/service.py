"""TrainingService: from a signal's samples to a new version of its head, promoted if it earned it.

One training at a time. It runs in the calling thread; :meth:`TrainingService.cancel_training` may come from any other.
Nothing is stored before the training has succeeded, and then all of it in one transaction.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import torch

from rfhydra.config import DEFAULT_EPOCHS, check_name
from rfhydra.errors import Busy, Incompatible, InvalidMessage, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead, HeadInfo
from rfhydra.hydra.rcnn import RcnnHead
from rfhydra.hydra.version_manager import Head, VersionManager
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.dataset import create_data_loaders
from rfhydra.training.embedding import Lesson, Material, detect_lessons, train_embedding_head
from rfhydra.training.features import FeatureCache, SampleFeatures
from rfhydra.training.metrics import Scored
from rfhydra.training.rcnn import train_rcnn_head
from rfhydra.training.report import Trained, report
from rfhydra.training.splits import SplitManager, SplitPlan
from rfhydra.training.trainer import Control, TrainingProgress

HeadKind = Literal["embedding", "rcnn"]
MAX_OTHER_SAMPLES: Final = 300

ProgressCallback = Callable[[TrainingProgress], None]
FeatureCallback = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What a training made.

    ``metrics`` hold ``f1_score``, ``precision`` and ``recall`` on the validation split, and more beside them;
    ``previous_metrics`` are the formerly active version's on the same boxes, None where it cannot be run here.
    """

    signal_name: str
    version: int
    sample_count: int
    epochs_trained: int
    early_stopped: bool
    metrics: dict[str, Any]
    training_time_sec: float
    notes: str | None = None
    previous_version: int | None = None
    previous_metrics: dict[str, Any] | None = None
    auto_promoted: bool = False
    promotion_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Request:
    """One training as it was asked for."""

    signal_name: str
    notes: str | None
    kind: HeadKind
    epochs: int
    extend: bool
    control: Control


class TrainingService:
    """Trains heads on a workspace's samples against one frozen backbone."""

    def __init__(
        self, workspace: Workspace, backbone: Backbone, *, seed: int = 0, rcnn_warm_start: bool = True
    ) -> None:
        """
        Args:
            workspace: whose samples and versions.
            backbone: what heads are trained on.
            seed: of everything random in a training.
            rcnn_warm_start: begin ``rcnn`` heads from the body's proposal network; off is the seed's schedule.

        Raises:
            Incompatible: the backbone was pretrained on another value scaling than the workspace's contract has.
        """
        backbone.require_scaling(workspace.spec)
        self.workspace, self.backbone = workspace, backbone
        self.version_manager = VersionManager(workspace)
        self.split_manager = SplitManager(workspace)
        self.features = FeatureCache(workspace, backbone)
        self._seed, self._rcnn_warm_start = seed, rcnn_warm_start
        self._lock = threading.Lock()
        self._cancel: threading.Event | None = None  # of the training that runs

    def train_new_signal(
        self,
        signal_name: str,
        notes: str | None = None,
        callback: ProgressCallback | None = None,
        *,
        kind: HeadKind = "embedding",
        epochs: int = DEFAULT_EPOCHS,
        on_features: FeatureCallback | None = None,
    ) -> TrainingResult:
        """Train a head from scratch on all samples of the signal.

        Args:
            signal_name: the signal.
            notes: kept with the version.
            callback: hears of every epoch, in this thread.
            kind: ``embedding``, or ``rcnn`` where the shared proposals miss the signal.
            epochs: at most so many.
            on_features: hears (samples done, samples in all) while embeddings are computed.

        Raises:
            NotEnoughSamples: fewer than 5 samples; nothing was changed.
            InvalidName: not a legal signal name.
            InvalidMessage: an unknown kind, or less than one epoch.
            Busy: another training runs.
            Cancelled: :meth:`cancel_training` was called; nothing was changed.
        """
        return self._train(signal_name, notes, callback, kind, epochs, on_features, extend=False)

    def extend_signal(
        self,
        signal_name: str,
        notes: str | None = None,
        callback: ProgressCallback | None = None,
        *,
        kind: HeadKind = "embedding",
        epochs: int = DEFAULT_EPOCHS,
        on_features: FeatureCallback | None = None,
    ) -> TrainingResult:
        """Train a better version with the samples added since; validation stays as it was.

        An ``rcnn`` head goes on from the active version. An ``embedding`` head begins at zero, with all samples: its
        loss is convex, so that leads to the same place.

        Takes and raises what :meth:`train_new_signal` does, and beside it:

        Raises:
            NotFound: the signal has no active version to extend.
        """
        return self._train(signal_name, notes, callback, kind, epochs, on_features, extend=True)

    def cancel_training(self) -> bool:
        """Stop the running training within one epoch. Returns whether there was one."""
        cancel = self._cancel
        if cancel is None:
            return False
        cancel.set()
        return True

    def _train(
        self,
        signal_name: str,
        notes: str | None,
        callback: ProgressCallback | None,
        kind: HeadKind,
        epochs: int,
        on_features: FeatureCallback | None,
        *,
        extend: bool,
    ) -> TrainingResult:
        check_name(signal_name)
        if kind not in get_args(HeadKind):
            raise InvalidMessage(f"kind {kind!r} must be one of {', '.join(get_args(HeadKind))}")
        if epochs < 1:
            raise InvalidMessage(f"epochs {epochs} must be at least 1")
        cancel = threading.Event()
        control = Control(
            callback=callback or (lambda progress: None),
            on_features=on_features or (lambda done, total: None),
            cancelled=cancel.is_set,
        )
        request = _Request(
            signal_name=signal_name, notes=notes, kind=kind, epochs=epochs, extend=extend, control=control
        )
        with self._lock:
            if self._cancel is not None:
                raise Busy("a training is running already: wait for it or cancel it")
            self._cancel = cancel
        try:
            with torch.random.fork_rng(devices=[]):
                return self._run(request)
        finally:
            self._cancel = None

    def _run(self, request: _Request) -> TrainingResult:
        name = request.signal_name
        active = self.workspace.versions.active(name)
        if request.extend and active is None:
            raise NotFound(f"signal {name!r} has no active version to extend: train it first")
        split = self.split_manager.plan(name)  # made only with the version: a cancelled training changes nothing
        previous = self._loadable(name, active)
        torch.manual_seed(self._seed)  # not before: loading a head draws random numbers
        if request.kind == "rcnn":
            trained = self._fit_rcnn(request, split, previous if request.extend else None)
        else:
            trained = self._fit_embedding(request, split)
        before = self._rescore(previous, split.val) if previous else None
        return self._store(request, trained, split, active, before)

    def _loadable(self, signal_name: str, active: int | None) -> "Head | None":
        """The active head, or None where there is none, it does not fit this backbone, or it has drifted."""
        if active is None:
            return None
        try:
            return self.version_manager.load_head(signal_name, active, self.backbone)
        except Incompatible:
            return None

    def _info(self, request: _Request, split: SplitPlan) -> HeadInfo:
        return HeadInfo(
            kind=request.kind,
            signal_name=request.signal_name,
            spec_id=self.workspace.spec.spec_id,
            backbone_id=self.backbone.backbone_id,
            split_version=split.version,
            sample_ids=tuple(sample.sample_id for sample in split.train),
            notes=request.notes,
        )

    def _fit_embedding(self, request: _Request, split: SplitPlan) -> Trained:
        name, others = request.signal_name, self._other_samples(request.signal_name, split)
        own_images = {sample.image_digest for sample in split.train}
        features = self._all_features([*split.train, *split.val, *others], request.control)
        train, val = (
            [Lesson.own(sample, features[sample.sample_id]) for sample in part] for part in (split.train, split.val)
        )
        taught = [
            Lesson.other(sample, features[sample.sample_id], name, same_image=sample.image_digest in own_images)
            for sample in others
        ]
        material = Material(train, taught, self.backbone.reference)
        return train_embedding_head(material, val, self._info(request, split), request.epochs, request.control)

    def _other_samples(self, signal_name: str, split: SplitPlan) -> list[Sample]:
        """The newest samples of other signals, but none of what the head is validated on."""
        images = {sample.image_digest for sample in split.val}
        recordings = {each.recording for each in split.val} - {each.recording for each in split.train} - {None}
        others = self.workspace.samples.negative_samples(signal_name)
        unseen = [each for each in others if each.recording not in recordings and each.image_digest not in images]
        return unseen[-MAX_OTHER_SAMPLES:]

    def _all_features(self, samples: list[Sample], control: Control) -> dict[str, SampleFeatures]:
        """Features by sample id."""
        features = {}
        for sample in samples:
            control.check()
            features[sample.sample_id] = self.features.get(sample)
            control.on_features(len(features), len(samples))
        return features

    def _fit_rcnn(self, request: _Request, split: SplitPlan, previous: "Head | None") -> Trained:
        return train_rcnn_head(
            self.backbone,
            create_data_loaders(self.workspace, split.train, split.val, seed=self._seed),
            self._info(request, split),
            request.epochs,
            request.control,
            previous=previous if isinstance(previous, RcnnHead) else None,
            warm_start=self._rcnn_warm_start,
        )

    def _rescore(self, head: Head, samples: list[Sample]) -> dict[str, Any]:
        """Metrics of the active head on the boxes that the candidate was scored on, at its own threshold."""
        if isinstance(head, EmbeddingHead):
            lessons = [Lesson.own(sample, self.features.get(sample)) for sample in samples]
            return report(detect_lessons(head, lessons, head.info.threshold), head.info.threshold)
        scenes = []
        for sample in samples:
            features = self.backbone.features(self.workspace.samples.image(sample))
            found = head.detect(features, head.info.threshold, (self.workspace.spec.rows, sample.cols))
            truth = sample.frame(self.workspace.spec).to_pixels(sample.boxes)
            scenes.append(Scored(found.boxes.numpy(), found.scores.numpy(), truth, sample.recording))
        return report(scenes, head.info.threshold)

    def _store(
        self,
        request: _Request,
        trained: Trained,
        split: SplitPlan,
        active: int | None,
        before: dict[str, Any] | None,
    ) -> TrainingResult:
        """Everything that the training changes, in one transaction."""
        name, versions = request.signal_name, self.version_manager
        with self.workspace.db.transaction():
            request.control.check()
            split_version = self.split_manager.commit(name, split)
            seconds = time.monotonic() - request.control.started
            version = versions.create_version(
                name,
                trained.head,
                metrics=trained.metrics,
                sample_count=split.sample_count,
                split_version=split_version,
                epochs_trained=trained.outcome.epochs_trained,
                early_stopped=trained.outcome.early_stopped,
                training_time_sec=seconds,
                notes=request.notes,
            )
            if active is not None and before is None:
                promote, reason = True, f"version {active} cannot be run here any more"
            else:
                promote, reason = versions.should_auto_promote(name, trained.metrics, before)
            if promote:
                versions.promote_version(name, version, reason)
            versions.cleanup_old_versions(name)
        self.workspace.collect_garbage()
        return TrainingResult(
            signal_name=name,
            version=version,
            sample_count=split.sample_count,
            epochs_trained=trained.outcome.epochs_trained,
            early_stopped=trained.outcome.early_stopped,
            metrics=trained.metrics,
            training_time_sec=seconds,
            notes=request.notes,
            previous_version=active,
            previous_metrics=before,
            auto_promoted=promote,
            promotion_reason=reason,
        )
