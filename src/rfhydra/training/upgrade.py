"""Upgrade: every active head trained again on another backbone, and the whole set switched at once.

A head that is trained is stored as a version that is not active, with what it was trained on. So an upgrade that was
killed finds it again, and nothing but the switch, which is one transaction, changes what is active.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from rfhydra.errors import Conflict, Damaged, Incompatible, NotEnoughSamples, NotFound, RfhydraError
from rfhydra.hydra.backbone import Backbone
from rfhydra.protocol.types import TrainingRequest
from rfhydra.protocol.upgrade_reports import LeftHead, UpgradedHead, UpgradeReport
from rfhydra.store.upgrades import named
from rfhydra.store.versions import HeadVersion
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.predecessor import MARGIN, Comparison
from rfhydra.training.fitted import Fitted, store_inactive
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control

_RECORD: Final = "upgrade"  # in the metrics of a version: what it succeeds, and the comparison with it


@dataclass(frozen=True, kw_only=True)
class Successor:
    """A head that was trained to succeed version ``former_version``, not stored yet: plain values, so that it can come
    from another process. ``record`` is to be stored with its metrics."""

    fitted: Fitted
    former_version: int
    record: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlannedHead:
    """What an upgrade would do: train the head of a signal again, or reuse version ``reused``; or leave it, and why."""

    signal_name: str
    former_version: int
    sample_count: int
    reused: int | None
    left: str | None


SignalCallback = Callable[[str, int, int], Control]


def _no_progress(signal_name: str, done: int, total: int) -> Control:
    return Control()


class Upgrade:
    """The upgrade of a workspace's active heads to ``backbone``."""

    def __init__(self, workspace: Workspace, backbone: Backbone, former: Backbone | None = None) -> None:
        """
        Args:
            workspace: whose heads.
            backbone: that the heads are to run on.
            former: the backbone of the active heads, to run them on the same boxes; without it the metrics count that
                were stored with them.

        Raises:
            Incompatible: no head to upgrade runs on ``former``, or a backbone does not fit the workspace's contract.
        """
        self._workspace, self._backbone, self._former = workspace, backbone, former
        self._service = TrainingService(workspace, backbone, former=former)
        if former is not None and not any(head.runs_on(former.backbone_id) for head in self._outdated()):
            raise Incompatible(f"no head to upgrade runs on backbone {former.backbone_id}")

    def plan(self) -> list[PlannedHead]:
        """What :meth:`train` would do with each active head that does not run on the backbone."""
        samples = self._workspace.samples.fingerprint()
        return [self._planned(head, samples) for head in self._outdated()]

    def train(self, on_signal: SignalCallback = _no_progress) -> UpgradeReport:
        """Train every active head again that does not run on the backbone, and store it, not active.

        A head that an unfinished upgrade has stored already is reused if it succeeds the same version, and no sample
        has changed since. A head of a kind that is no longer run is succeeded by one that is. A provisional head is
        trained again as one or, where there are enough samples by now, as one that is validated.

        Args:
            on_signal: called before each head with its signal, its number from 0 and how many there are; returns the
                callbacks of its training.

        Raises:
            Cancelled: a ``Control`` of ``on_signal`` was cancelled; the heads that were trained are kept.
            StorageFull: there is no room on the disk; likewise.
        """
        planned = self._outdated()
        heads, left = list[UpgradedHead](), list[LeftHead]()
        for number, head in enumerate(planned):
            found = self.fit(head, on_signal(head.signal_name, number, len(planned)))
            if isinstance(found, LeftHead):
                left.append(found)
            else:
                heads.append(store_successor(self._workspace, found) if isinstance(found, Successor) else found)
        self._workspace.collect_garbage()
        return report_of(self._workspace, self._backbone.backbone_id, heads, left)

    def fit(self, former: HeadVersion, control: Control) -> Successor | UpgradedHead | LeftHead:
        """Train a successor of the active head ``former`` without storing it: a view of the workspace is enough.

        Returns:
            The successor; the stored one of an unfinished upgrade, if it may be reused; or why there can be none.

        Raises:
            Cancelled: ``control.cancelled`` returned true.
        """
        samples = self._workspace.samples.fingerprint()
        try:
            self._require_samples(former)
            return self._reusable(former, samples) or self._trained(former, samples, control)
        except (NotEnoughSamples, NotFound, Damaged) as error:
            return LeftHead(signal_name=former.signal_name, version=former.version, reason=str(error))

    def _outdated(self) -> list[HeadVersion]:
        """The active heads that do not run on the backbone."""
        return outdated(self._workspace, self._backbone.backbone_id)

    def _planned(self, head: HeadVersion, samples: str) -> PlannedHead:
        count, reason = len(self._workspace.samples.list(head.signal_name)), None
        try:
            self._require_samples(head)
        except NotEnoughSamples as error:
            reason = str(error)
        stored = None if reason else self._reusable(head, samples)
        return PlannedHead(
            signal_name=head.signal_name,
            former_version=head.version,
            sample_count=count,
            reused=None if stored is None else stored.version,
            left=reason,
        )

    def _require_samples(self, head: HeadVersion) -> None:
        """Raise :class:`NotEnoughSamples` if there are too few to train ``head`` again."""
        self._service.split_manager.plan(head.signal_name, provisional=head.is_provisional)

    def _reusable(self, former: HeadVersion, samples: str) -> UpgradedHead | None:
        """The head that an unfinished upgrade has stored to succeed ``former``, if it is what would be trained now."""
        split_version = self._workspace.splits.active_version(former.signal_name)
        for head in reversed(self._workspace.versions.list(former.signal_name)):
            record = head.metrics.get(_RECORD)
            if record is None or not head.runs_on(self._backbone.backbone_id):
                continue
            if (record["succeeds"], record["samples"], head.split_version) != (former.version, samples, split_version):
                continue
            is_compared = record["was_run"] or not self._can_run(former)
            if is_compared and self._loads(head):
                return _upgraded(head, is_reused=True)
        return None

    def _trained(self, former: HeadVersion, samples: str, control: Control) -> Successor:
        notes = f"upgrade of version {former.version} to backbone {self._backbone.backbone_id}"
        request = TrainingRequest.model_validate(
            {"signal_name": former.signal_name, "notes": notes, "provisional": former.is_provisional}
        )
        fitted = self._service.fit(request, control)
        comparison = self._compare(fitted, former)
        record = {
            "succeeds": former.version,
            "samples": samples,
            "was_run": self._can_run(former),
            "comparison": asdict(comparison),
        }
        return Successor(fitted=fitted, former_version=former.version, record=record)

    def _compare(self, fitted: Fitted, former: HeadVersion) -> Comparison:
        train, val = self._split_of(former)
        new_train, new_val = set(fitted.split.train), set(fitted.split.val)
        return Comparison.of(
            fitted.metrics,
            former.metrics,
            fitted.evidence,
            same_samples=(train, val) == (new_train, new_val),
            same_validation=val == new_val,
        )

    def _split_of(self, head: HeadVersion) -> tuple[set[str], set[str]]:
        if head.split_version is None:
            return set(), set()
        train, val = self._workspace.splits.members(head.signal_name, head.split_version)
        return set(train), set(val)

    def _can_run(self, head: HeadVersion) -> bool:
        """Whether ``head`` runs on the former backbone, if that is at hand, so that a comparison runs it."""
        return self._former is not None and head.runs_on(self._former.backbone_id)

    def _loads(self, head: HeadVersion) -> bool:
        try:
            self._service.version_manager.load_head(head.signal_name, head.version, self._backbone)
        except RfhydraError:
            return False
        return True


def outdated(workspace: Workspace, backbone_id: str) -> list[HeadVersion]:
    """The active heads that do not run on the backbone, sorted by signal."""
    return [head for head in workspace.versions.active_heads() if not head.runs_on(backbone_id)]


def store_successor(workspace: Workspace, successor: Successor) -> UpgradedHead:
    """Store a trained head as a version that is not active.

    Raises:
        NotFound: a sample of the split was deleted during the training.
        Conflict: another split was made during the training.
        StorageFull: there is no room on the disk; nothing was changed.
    """
    fitted = successor.fitted
    version = store_inactive(workspace, fitted, {_RECORD: successor.record})
    return _upgraded(workspace.versions.get(fitted.signal_name, version), is_reused=False)


def report_of(
    workspace: Workspace, backbone_id: str, heads: Iterable[UpgradedHead], left: Iterable[LeftHead]
) -> UpgradeReport:
    """The report of an upgrade to the backbone, before its switch."""
    heads, left = list(heads), list(left)
    active = {head.signal_name for head in workspace.versions.active_heads()}
    return UpgradeReport(
        backbone_id=backbone_id,
        former_backbone_id=workspace.backbone_id,
        heads=heads,
        left=left,
        current=sorted(active - {each.signal_name for each in heads} - {each.signal_name for each in left}),
    )


def switch(workspace: Workspace, report: UpgradeReport, *, force: bool = False, who: str | None = None) -> None:
    """Make all heads of ``report`` active in one transaction; without any, nothing changes.

    Raises:
        Conflict: a head is worse by more than :data:`.MARGIN` of F1, and ``force`` is false; nothing was changed.
        StorageFull: there is no room on the disk; nothing was changed.
    """
    if not force:
        _require_no_loss(report)
    if report.heads:
        versions = {head.signal_name: head.version for head in report.heads}
        workspace.upgrades.switch(report.backbone_id, versions, who)


def _require_no_loss(report: UpgradeReport) -> None:
    worse = [
        f"{each.signal_name} (F1 {each.f1_before:.3f} → {each.f1_after:.3f})"
        for each in report.heads
        if each.change == "worse"
    ]
    if worse:
        raise Conflict(
            f"nothing was switched: {named(worse)} would lose more than {100 * MARGIN:.0f} points of F1;"
            " label more samples and repeat the upgrade, or switch all the same with --force"
        )


def _upgraded(head: HeadVersion, *, is_reused: bool) -> UpgradedHead:
    """A stored successor, with the comparison that was stored with it."""
    record = head.metrics[_RECORD]
    comparison = Comparison(**record["comparison"])
    return UpgradedHead(
        signal_name=head.signal_name,
        former_version=record["succeeds"],
        version=head.version,
        **vars(comparison),
        change=comparison.change,
        training_time_sec=head.training_time_sec,
        is_reused=is_reused,
    )
