"""TrainingService: from a signal's samples to a new version of its head, promoted if it earned it.

One training at a time. It runs in the calling thread; :meth:`TrainingService.cancel_training` may come from any other.
Nothing is stored before the training has succeeded, and then all of it in one transaction: :meth:`TrainingService.fit`
only reads, so it may run in a process of its own, and :func:`.fitted.store` is what changes the workspace.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack

from rfhydra.errors import Busy, Incompatible, NotEnoughSamples, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead, HeadInfo
from rfhydra.hydra.registry import Artifact, VersionManager
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.types import EpochProgress, TrainingOptions, TrainingRequest, TrainingResult
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.comparison import detect_samples, unseen_samples
from rfhydra.training.data.features import FeatureCache
from rfhydra.training.data.splits import SplitManager, SplitPlan
from rfhydra.training.data.training_set import TrainingSet
from rfhydra.training.evaluation.grouping import RecordingGroups
from rfhydra.training.evaluation.metrics import report
from rfhydra.training.evaluation.promotion import Evidence
from rfhydra.training.fitted import Fitted, store
from rfhydra.training.heads.embedding import train_embedding_head
from rfhydra.training.heads.provisional import train_provisional_head
from rfhydra.training.heads.trained import Trained
from rfhydra.training.trainer import Control, Stage

ProgressCallback = Callable[[EpochProgress], None]
FeatureCallback = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Active:
    """The active head of a signal, and the features of samples on its backbone."""

    head: EmbeddingHead
    features: FeatureCache


class TrainingService:
    """Trains heads on a workspace's samples against one frozen backbone."""

    def __init__(
        self,
        workspace: Workspace,
        backbone: Backbone,
        *,
        former: Backbone | None = None,
    ) -> None:
        """
        Args:
            workspace: whose samples and versions.
            backbone: what heads are trained on.
            former: the backbone of active heads that were trained on another, to compare new heads with them.

        Raises:
            Incompatible: a backbone was pretrained on another value scaling than the workspace's contract has.
        """
        backbones = [backbone] if former is None else [backbone, former]
        for each in backbones:
            each.require_scaling(workspace.spec)
        self.workspace, self.backbone = workspace, backbone
        self.version_manager = VersionManager(workspace)
        self.split_manager = SplitManager(workspace)
        self._caches = [FeatureCache(workspace, each) for each in backbones]
        self.features = self._caches[0]
        self._lock = threading.Lock()
        self._cancel: threading.Event | None = None  # of the training that runs

    def train_new_signal(
        self,
        signal_name: str,
        notes: str | None = None,
        callback: ProgressCallback | None = None,
        *,
        on_features: FeatureCallback | None = None,
        **options: Unpack[TrainingOptions],
    ) -> TrainingResult:
        """Train a head from scratch on all samples of the signal.

        Args:
            signal_name: the signal.
            notes: stored with the version.
            callback: called with every epoch, in this thread.
            on_features: called with (samples done, samples in all) while embeddings are computed.
            options: ``epochs`` and ``provisional`` as in :class:`TrainingRequest`.

        Raises:
            InvalidName: not a legal signal name.
            InvalidMessage: less than one epoch.
            and what :meth:`train` raises.
        """
        fields = {"signal_name": signal_name, "notes": notes, **options}
        return self.train(parse(TrainingRequest, fields), callback, on_features)

    def extend_signal(
        self,
        signal_name: str,
        notes: str | None = None,
        callback: ProgressCallback | None = None,
        *,
        on_features: FeatureCallback | None = None,
        **options: Unpack[TrainingOptions],
    ) -> TrainingResult:
        """Train a better version with the samples added since; validation stays as it was.

        It starts at zero, with all samples: its loss is convex, so the result is the same. Arguments and errors are
        those of :meth:`train_new_signal`.
        """
        fields = {"signal_name": signal_name, "notes": notes, "extend": True, **options}
        return self.train(parse(TrainingRequest, fields), callback, on_features)

    def train(
        self,
        request: TrainingRequest,
        callback: ProgressCallback | None = None,
        on_features: FeatureCallback | None = None,
        on_stage: Callable[[Stage], None] = lambda stage: None,
    ) -> TrainingResult:
        """Train what ``request`` asks for and store the result; the callbacks are as in :class:`Control`.

        Raises:
            NotEnoughSamples: fewer than 5 samples, or, where ``request`` allows a provisional head, none; nothing was
                changed.
            NotFound: there is no active version to extend.
            Busy: another training is running.
            Cancelled: :meth:`cancel_training` was called; nothing was changed.
        """
        cancel = threading.Event()
        control = Control(
            callback=callback or (lambda progress: None),
            on_features=on_features or (lambda done, total: None),
            on_stage=on_stage,
            cancelled=cancel.is_set,
        )
        with self._lock:
            if self._cancel is not None:
                raise Busy("a training is running: wait for it or cancel it")
            self._cancel = cancel
        try:
            fitted = self.fit(request, control)
            with self.workspace.db.transaction():
                control.check()
                result = store(self.workspace, fitted)
            self.workspace.collect_garbage()
            return result
        finally:
            self._cancel = None

    def cancel_training(self) -> bool:
        """Stop the running training within one epoch; returns whether one was running."""
        cancel = self._cancel
        if cancel is None:
            return False
        cancel.set()
        return True

    def fit(self, request: TrainingRequest, control: Control | None = None) -> Fitted:
        """Train what ``request`` asks for without storing it: a view of the workspace is enough.

        Raises:
            NotEnoughSamples: as :meth:`train`.
            NotFound: there is no active version to extend.
            Cancelled: ``control.cancelled`` returned true.
        """
        control, name = control or Control(), request.signal_name
        active = self.workspace.versions.active(name)
        if request.extend and active is None:
            raise NotFound(f"signal {name!r} has no active version to extend: train it first")
        split = self._plan(request)  # made only with the version: a cancelled training changes nothing
        previous = self._loadable(name, active)
        unseen = []
        if previous is not None and active is not None:
            unseen = unseen_samples(self.workspace, previous.head, active, split)
        trained = self._fit_head(request, control, split, unseen)
        before = None
        if previous is not None and not split.is_provisional:
            before = self._compare(previous, trained, split, unseen, control)
        return Fitted(
            signal_name=name,
            artifact=Artifact.of(trained.head),
            metrics=trained.metrics,
            split=split.draft,
            epochs_trained=trained.outcome.epochs_trained,
            early_stopped=trained.outcome.early_stopped,
            previous_version=active,
            previous_metrics=before[0] if before else None,
            evidence=before[1] if before else None,
            training_time_sec=time.monotonic() - control.started,
            notes=request.notes,
            validation=trained.validation,
        )

    def _plan(self, request: TrainingRequest) -> SplitPlan:
        """The split of the training; that of a provisional head if it has to be."""
        try:
            return self.split_manager.plan(request.signal_name, provisional=request.provisional)
        except NotEnoughSamples as error:
            if request.provisional:
                raise
            raise NotEnoughSamples(f"{error}; label more, or ask for a provisional head (provisional)") from None

    def _loadable(self, signal_name: str, active: int | None) -> _Active | None:
        """The active head, or None where there is none, it fits no backbone here, or it has drifted."""
        if active is None:
            return None
        for features in self._caches:
            try:
                return _Active(self.version_manager.load_head(signal_name, active, features.backbone).head, features)
            except Incompatible:
                continue
        return None

    def _info(self, request: TrainingRequest, split: SplitPlan) -> HeadInfo:
        return HeadInfo(
            kind=EmbeddingHead.kind,
            signal_name=request.signal_name,
            spec_id=self.workspace.spec.spec_id,
            backbone_id=self.backbone.backbone_id,
            split_version=split.version,
            sample_ids=tuple(sample.sample_id for sample in split.used.train),
            notes=request.notes,
            provisional=split.is_provisional,
        )

    def _fit_head(self, request: TrainingRequest, control: Control, split: SplitPlan, unseen: list[Sample]) -> Trained:
        control.on_stage("looking")
        training_set = TrainingSet.of(request.signal_name, self.workspace, split, self.features, control)
        if split.is_provisional:
            return train_provisional_head(training_set, self._info(request, split), request.epochs, control)
        compared = {sample.sample_id for sample in unseen}
        return train_embedding_head(training_set, self._info(request, split), request.epochs, control, compared)

    def _compare(
        self, active: _Active, trained: Trained, split: SplitPlan, unseen: list[Sample], control: Control
    ) -> tuple[dict[str, Any] | None, Evidence | None]:
        """Report of the ``active`` head on the validation split, and evidence from all boxes new to both heads.

        A provisional head was trained before there was a validation split, maybe on a part of it: there is no report.
        """
        val = split.used.val
        if active.head.info.provisional:
            every = [*split.train, *split.val]
            known = [sample for sample in every if sample.sample_id in active.head.info.sample_ids]
            val = list(RecordingGroups.of(every).unrelated(val, known))
        compared = [*val, *(sample for sample in unseen if sample.sample_id in trained.scenes)]
        if not compared:
            return None, None
        control.on_stage("comparing")
        scenes = detect_samples(active.head, compared, active.features, control)
        new_boxes = sum(len(scene.truth) for scene in scenes[len(val) :])
        evidence = Evidence.of(scenes, [trained.scenes[sample.sample_id] for sample in compared], new_boxes)
        is_validated = not active.head.info.provisional
        return report(scenes[: len(val)], active.head.info.threshold) if is_validated else None, evidence
