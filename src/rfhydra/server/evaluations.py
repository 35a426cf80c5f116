"""Evaluations: versions in detail, and in comparison, with the results on their validation samples."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Cancelled, Conflict, Damaged, Incompatible, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.results import VersionComparison, VersionDetail, VersionVerdict
from rfhydra.protocol.trainings import TrainingComplete, TrainingProgress
from rfhydra.protocol.types import EpochProgress
from rfhydra.store.results import Evaluation, SampleResult
from rfhydra.store.samples import Sample
from rfhydra.store.versions import HeadVersion
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.selection import MAX_VALIDATED_SAMPLES, select
from rfhydra.training.evaluation.grouping import RecordingGroups
from rfhydra.training.evaluation.paired import Contestant, compare
from rfhydra.training.evaluation.validation import detect_validation, validation_result

MAX_EPOCHS_TOLD: Final = 500
_VERDICT: Final = "verdict"
_THRESHOLD: Final = "threshold"


@dataclass(frozen=True, eq=False)
class _Known:
    """A version, its own validation samples that still exist, and what it was trained on."""

    row: HeadVersion
    validation: list[Sample]
    trained_on: list[Sample]


class Evaluations:
    """Results of the versions of a workspace. Used in the thread for evaluations, one call at a time.

    A version is evaluated by at most ``MAX_VALIDATED_SAMPLES`` passes of the backbone, which take turns with those of
    streams and clients.
    """

    def __init__(
        self,
        workspace: Workspace,
        versions: VersionManager,
        detector: HydraDetector,
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """``detector`` says which backbone to use; ``turn`` is entered for each of its passes."""
        self._workspace, self._versions, self._detector, self._turn = workspace, versions, detector, turn
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the running evaluation before its next pass, from any thread."""
        self._stopping.set()

    def detail(self, signal_name: str, version: int, examples: int) -> VersionDetail:
        """A version with its results, which are computed and stored if they are not known.

        Raises:
            NotFound: there is no such version, or it is retired.
            Cancelled: the server stops.
        """
        row = self._workspace.versions.get(signal_name, version)
        missing, evaluation = "", self._workspace.results.get(signal_name, version)
        if evaluation is None:
            try:
                evaluation = self._evaluate(row)
            except (Conflict, Incompatible, NotFound, Damaged) as error:
                missing = str(error)
        threshold, verdict, epochs = row.metrics.get(_THRESHOLD), row.metrics.get(_VERDICT), self._epochs(row)
        validation = None
        if evaluation is not None:
            if threshold is None:
                threshold = self._load(row, self._detector.backbone).head.info.threshold
            samples, spec = self._existing(signal_name), self._workspace.spec
            validation = validation_result(evaluation, threshold, samples, spec, examples)
        return VersionDetail(
            signal_name=signal_name,
            info=row.info(self._workspace.versions.active(signal_name)),
            backbone_id=row.backbone_id,
            threshold=threshold,
            verdict=None if verdict is None else _verdict(verdict, epochs.reason),
            epochs=epochs.epochs,
            validation=validation,
            validation_missing=missing or None,
            has_card=self._workspace.cards.get(signal_name, version) is not None,
        )

    def compare(self, signal_name: str, versions: Sequence[int], first: int, count: int) -> VersionComparison:
        """Two versions on the validation samples that are new to both; ``count`` of the boxes from ``first`` on.

        Raises:
            NotFound: there is no such version, or it is retired.
            Conflict: no validation sample is new to both.
            Incompatible: a version cannot run on the backbone, and its results are not known.
            Cancelled: the server stops.
        """
        a, b = (self._known(self._workspace.versions.get(signal_name, version)) for version in versions)
        samples = _new_to_both(a, b)
        if not samples:
            raise Conflict(
                f"no validation box of {signal_name!r} is new to versions {a.row.version} and {b.row.version}: add"
                " samples from other recordings, and train again"
            )
        contestants = (self._contestant(each, samples) for each in (a, b))
        return compare(signal_name, samples, self._workspace.spec, *contestants, first=first, count=count)

    def _contestant(self, known: _Known, samples: Sequence[Sample]) -> Contestant:
        row = known.row
        stored = self._workspace.results.get(row.signal_name, row.version)
        if stored is None and known.validation:
            stored = self._evaluate(row)
        found = {} if stored is None else {each.sample_id: each for each in stored.samples}
        unknown = [sample for sample in samples if sample.sample_id not in found]
        threshold = row.metrics.get(_THRESHOLD)
        if unknown or threshold is None:
            backbone = self._detector.backbone
            head = self._load(row, backbone)
            threshold = head.head.info.threshold
            found |= {each.sample_id: each for each in self._detect(head, backbone, unknown)}
        return Contestant(row.version, threshold, [found[sample.sample_id] for sample in samples])

    def _evaluate(self, row: HeadVersion) -> Evaluation:
        """Results of a version in its validation samples, now stored.

        Raises:
            Conflict: it has none.
            Incompatible: it cannot run on the backbone.
        """
        if row.is_provisional:
            raise Conflict("nothing validates it: it is provisional")
        samples = self._known(row).validation
        if not samples:
            raise Conflict("its validation samples were deleted, or it was made without any")
        backbone = self._detector.backbone
        results = self._detect(self._load(row, backbone), backbone, samples)
        return self._workspace.results.put(row.signal_name, row.version, results)

    def _load(self, row: HeadVersion, backbone: Backbone) -> LoadedHead:
        return self._versions.load_head(row.signal_name, row.version, backbone)

    def _detect(self, head: LoadedHead, backbone: Backbone, samples: Sequence[Sample]) -> list[SampleResult]:
        return detect_validation(self._workspace, head, backbone, samples, self._turn, self._check)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Cancelled("the server is stopping: try again when it is back")

    def _known(self, row: HeadVersion) -> _Known:
        if row.split_version is None:  # of a provisional version, every sample of that time
            existing = self._workspace.samples.list(row.signal_name)
            return _Known(row, [], [each for each in existing if each.created_at <= row.created_at])
        train, val = self._workspace.splits.members(row.signal_name, row.split_version)
        existing_ids = self._existing(row.signal_name)
        kept_train, kept_val = ([existing_ids[each] for each in ids if each in existing_ids] for ids in (train, val))
        return _Known(row, select(kept_val, MAX_VALIDATED_SAMPLES), kept_train)

    def _existing(self, signal_name: str) -> dict[str, Sample]:
        return {each.sample_id: each for each in self._workspace.samples.list(signal_name)}

    def _epochs(self, row: HeadVersion) -> "_Epochs":
        """What the job of a version has told, as far as it is kept."""
        jobs = self._workspace.jobs
        job_id = jobs.of_version(row.signal_name, row.version)
        events = [] if job_id is None else jobs.events(job_id)
        told = [EpochProgress.model_validate(dict(each)) for each in events if isinstance(each, TrainingProgress)]
        reason = next((each.promotion_reason for each in events if isinstance(each, TrainingComplete)), None)
        step = -(-len(told) // MAX_EPOCHS_TOLD)
        return _Epochs(told[:: -step or -1][::-1] or None, reason)  # with the last


@dataclass(frozen=True)
class _Epochs:
    epochs: list[EpochProgress] | None
    reason: str | None


def _verdict(stored: dict[str, Any], reason: str | None) -> VersionVerdict:
    """``reason`` is that of the job, for versions of an older rfhydra."""
    return VersionVerdict.model_validate({"reason": reason, **stored})


def _new_to_both(a: _Known, b: _Known) -> list[Sample]:
    """The validation samples of either that neither was trained on, nor on another window of their recording."""
    every = {each.sample_id: each for each in (*a.validation, *b.validation)}
    known_samples = (*a.validation, *a.trained_on, *b.validation, *b.trained_on)
    groups = RecordingGroups.of({each.sample_id: each for each in known_samples}.values())
    for known in (a, b):
        own, trained = ({each.sample_id for each in part} for part in (known.validation, known.trained_on))
        foreign = [each for each in every.values() if each.sample_id not in own | trained]
        fitting = own | {each.sample_id for each in groups.unrelated(foreign, known.trained_on)}
        every = {sample_id: each for sample_id, each in every.items() if sample_id in fitting - trained}
    return select(list(every.values()), MAX_VALIDATED_SAMPLES)
