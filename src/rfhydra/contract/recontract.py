"""Recontract: all samples and heads of a workspace made anew under another contract, in a new workspace."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rfhydra.config import MIN_SAMPLES_FOR_TRAINING, negated
from rfhydra.contract.iq_source import IqSource
from rfhydra.contract.report import CarriedSamples, LeftSamples, RecontractedHead, RecontractReport
from rfhydra.contract.stretch import Stretch, stretches
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.errors import Conflict, Damaged, Incompatible, InvalidRecording, NotEnoughSamples, NotFound, TooLarge
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.types import TrainingRequest
from rfhydra.protocol.upgrade_reports import LeftHead
from rfhydra.recordings import Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Sample
from rfhydra.store.versions import HeadVersion
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import label_windows, recording_samples
from rfhydra.training.evaluation.metrics import ScoredScene
from rfhydra.training.evaluation.predecessor import Comparison
from rfhydra.training.evaluation.promotion import Evidence
from rfhydra.training.evaluation.recordings import as_scene
from rfhydra.training.fitted import Fitted, store_inactive
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control

SignalCallback = Callable[[str, int, int], Control]
_TOO_SMALL: Final = "no window of the new contract shows enough of a box in it"


def recontract(
    workspace: Workspace,
    path: Path,
    spec: SpectrogramSpec,
    backbone: Backbone,
    recordings: Sequence[Recording] = (),
    on_signal: SignalCallback = lambda signal_name, done, total: Control(),
) -> RecontractReport:
    """Make a workspace at ``path`` with the samples and heads of ``workspace`` under contract ``spec``, and close it.

    ``workspace`` is not changed. Each head is trained on the samples that are made of those that its predecessor was
    trained on, and compared with it on the IQ of the validation samples.

    Args:
        workspace: owned.
        path: a new or empty directory.
        spec: the new contract.
        backbone: of the heads.
        recordings: with the IQ of samples that were stored without.
        on_signal: called before each head with its signal, its number from 0 and how many there are; returns the
            callbacks of its training.

    Raises:
        Conflict: the workspace has that contract, or ``path`` holds something.
        Incompatible: the backbone does not fit the contract.
        NotFound: no sample can be carried.
        StorageFull: there is no room on the disk.
        Cancelled: a ``Control`` of ``on_signal`` was cancelled.
    """
    if spec == workspace.spec:
        raise Conflict(f"workspace {workspace.path.name} has contract {spec.spec_id} already")
    backbone.require_scaling(spec)
    source = IqSource(workspace, recordings)
    with workspace.successor(path, spec) as successor:
        move = _Move(workspace, successor, source, backbone)
        move.carry()
        heads, left_heads = list[RecontractedHead](), list[LeftHead]()
        active = workspace.versions.active_heads()
        for number, head in enumerate(active):
            found = move.train(head, on_signal(head.signal_name, number, len(active)))
            if isinstance(found, LeftHead):
                left_heads.append(found)
            else:
                heads.append(found)
        detail = {"from": workspace.spec.spec_id, "to": spec.spec_id, "heads": len(heads)}
        with successor.db.transaction():
            successor.audit.record("workspace.recontract", None, detail)
        return RecontractReport(
            former=workspace.spec,
            spec=spec,
            samples=move.samples(),
            left_samples=move.left,
            heads=heads,
            left_heads=left_heads,
            last_change=workspace.last_change,
        )


class _Move:
    """Samples and heads of ``former`` on their way to ``latter``."""

    def __init__(self, former: Workspace, latter: Workspace, source: IqSource, backbone: Backbone) -> None:
        self._former, self._latter, self._source, self._backbone = former, latter, source, backbone
        self._service = TrainingService(latter, backbone)
        self._carried = dict[str, set[str]]()  # ids of the former samples by signal
        self._parts = dict[str, dict[str, bool]]()  # by signal: ids of the new ones, and whether they validate
        self._obstacles = dict[str, str | None]()  # why a former sample is not carried, by its id
        self.left = list[LeftSamples]()

    def carry(self) -> None:
        """Make the new samples of all that have IQ.

        Raises:
            NotFound: there are samples, and not one of them can be carried.
        """
        names = self._former.samples.signal_names()
        every = [sample for name in names for sample in self._former.samples.list(name)]
        self._obstacles = {each.sample_id: self._source.obstacle(each) for each in every}
        validating = {name: self._validation(name) for name in names}
        readable = [each for each in every if self._obstacles[each.sample_id] is None]
        for stretch in stretches(readable, self._former.spec, self._source.read):
            with self._latter.blobs.kept():
                self._latter.samples.add_all(self._samples(stretch, validating))
        for name in names:
            self._report_left(name, [each for each in every if each.signal_name == name])
        self._latter.collect_garbage()
        if every and not any(self._carried.values()):
            raise NotFound(f"no sample can be carried: {self.left[0].reason}")

    def samples(self) -> list[CarriedSamples]:
        before, after = self._former.samples.counts(), self._latter.samples.counts()
        return [
            CarriedSamples(
                signal_name=name, before=count, carried=len(self._carried.get(name, ())), after=after.get(name, 0)
            )
            for name, count in before.items()
        ]

    def train(self, former: HeadVersion, control: Control) -> RecontractedHead | LeftHead:
        """Train the successor of an active head, and make it active."""
        name = former.signal_name
        try:
            self._split(name)
            fitted = self._service.fit(_request(former, self._former.spec, self._latter.spec), control)
        except (NotEnoughSamples, NotFound, Damaged) as error:
            return LeftHead(signal_name=name, version=former.version, reason=str(error))
        version = store_inactive(self._latter, fitted, {})
        self._latter.versions.activate(name, version, f"contract {self._latter.spec.spec_id}")
        comparison = self._compare(former, fitted)
        return RecontractedHead(
            signal_name=name,
            former_version=former.version,
            version=version,
            f1_before=comparison.f1_before,
            f1_after=comparison.f1_after,
            boxes=comparison.boxes,
            basis=comparison.basis,
            change=comparison.change,
            training_time_sec=fitted.training_time_sec,
        )

    def _validation(self, signal_name: str) -> set[str]:
        """Ids of the samples that validate the active head of a signal."""
        active = self._former.versions.active(signal_name)
        split = None if active is None else self._former.versions.get(signal_name, active).split_version
        return set() if split is None else set(self._former.splits.members(signal_name, split)[1])

    def _samples(self, stretch: Stretch, validating: dict[str, set[str]]) -> list[Sample]:
        """The new samples of a stretch, whose images and IQ are stored."""
        made, names = list[Sample](), {_label(each) for each in stretch.samples}
        try:
            windows = label_windows(stretch.recording, names, self._latter.spec)
            found = list(recording_samples(self._latter, stretch.recording, windows))
        except (InvalidRecording, TooLarge) as error:  # shorter than a column, or too many boxes for a sample
            self._obstacles |= {each.sample_id: str(error) for each in stretch.samples}
            return made
        for sample in found:
            name, count = sample.signal_name, sample.cols * self._latter.spec.hop
            sources = stretch.covering(name, sample.start_sample or 0, count)
            if not sources:
                continue
            made.append(_placed(sample, stretch, sources[0]))
            validates = all(each.sample_id in validating[name] for each in sources)
            parts = self._parts.setdefault(name, {})
            parts[sample.sample_id] = parts.get(sample.sample_id, True) and validates
            self._carried.setdefault(name, set()).update(each.sample_id for each in sources)
        return made

    def _report_left(self, signal_name: str, samples: Iterable[Sample]) -> None:
        by_reason = dict[str, list[Sample]]()
        for each in samples:
            if each.sample_id not in self._carried.get(signal_name, ()):
                by_reason.setdefault(self._obstacles[each.sample_id] or _TOO_SMALL, []).append(each)
        for reason, left in by_reason.items():
            names = {str(each.metadata.get("recording_name") or each.recording or "") for each in left}
            self.left.append(
                LeftSamples(
                    signal_name=signal_name,
                    sample_ids=[each.sample_id for each in left],
                    recordings=sorted(names - {""}),
                    reason=reason,
                )
            )

    def _split(self, signal_name: str) -> None:
        """Make the split of the former head that of the new samples, where both of its parts are there."""
        parts = self._parts.get(signal_name, {})
        val = [sample_id for sample_id, validates in parts.items() if validates]
        train = [sample_id for sample_id, validates in parts.items() if not validates]
        if train and val and len(parts) >= MIN_SAMPLES_FOR_TRAINING:
            self._latter.splits.create(signal_name, train, val)

    def _compare(self, former: HeadVersion, fitted: Fitted) -> Comparison:
        """Both heads on the IQ of the samples that validate both, else their stored results."""
        name, evidence = former.signal_name, None
        wanted = self._validation(name) & self._carried[name]
        val = [each for each in self._former.samples.list(name) if each.sample_id in wanted]
        if val and not fitted.split.is_new and not former.is_provisional:
            try:
                evidence = self._evidence(name, val)
            except Incompatible:  # the former head does not run on this backbone
                evidence = None
        return Comparison.of(fitted.metrics, former.metrics, evidence, same_samples=False, same_validation=False)

    def _evidence(self, signal_name: str, samples: Sequence[Sample]) -> Evidence:
        former, latter = (self._detector(each, signal_name) for each in (self._former, self._latter))
        before, after = list[ScoredScene](), list[ScoredScene]()
        for stretch in stretches(samples, self._former.spec, self._source.read):
            recording = stretch.recording
            before.append(as_scene(recording, signal_name, _detect(recording, former)))
            after.append(as_scene(recording, signal_name, _detect(recording, latter)))
        return Evidence.of(before, after)

    def _detector(self, workspace: Workspace, signal_name: str) -> HydraDetector:
        detector = HydraDetector(workspace.spec, self._backbone)
        detector.load_heads(VersionManager(workspace).load_heads([signal_name], self._backbone))
        return detector


def _request(former: HeadVersion, old: SpectrogramSpec, new: SpectrogramSpec) -> TrainingRequest:
    return TrainingRequest.model_validate(
        {
            "signal_name": former.signal_name,
            "notes": f"version {former.version} of contract {old.spec_id} under contract {new.spec_id}",
            "provisional": former.is_provisional,
        }
    )


def _label(sample: Sample) -> str:
    """The label of the boxes that make it a sample."""
    return sample.signal_name if sample.boxes else negated(sample.signal_name)


def _placed(sample: Sample, stretch: Stretch, source: Sample) -> Sample:
    """``sample``, which was made of a stretch, with the origin of the sample that the stretch was made of."""
    start = None if stretch.start_sample is None else stretch.start_sample + (sample.start_sample or 0)
    return replace(
        sample,
        recording=source.recording,
        start_sample=start,
        sample_rate_hz=source.sample_rate_hz,
        center_freq_hz=source.center_freq_hz,
        metadata=source.metadata,
    )


def _detect(recording: Recording, detector: HydraDetector) -> list[Detection]:
    """Detections at the threshold of each head; none in a recording that is shorter than a column."""
    try:
        return detect_recording(recording, detector)
    except InvalidRecording:
        return []
