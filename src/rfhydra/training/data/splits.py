"""SplitManager: which samples of a signal train its head and which validate it.

Validation is chosen once, by recording, and is kept when a signal is extended.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from rfhydra.config import MIN_SAMPLES_FOR_TRAINING, VALIDATION_FRACTION, check_name
from rfhydra.errors import Conflict, NotEnoughSamples
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.selection import MAX_TRAINED_SAMPLES, MAX_VALIDATED_SAMPLES, select
from rfhydra.training.evaluation.grouping import RecordingGroups

MAX_VALIDATION_FRACTION: Final = 0.4
MAX_VALIDATION_OF_TWO: Final = 0.5  # recordings, of about one size


@dataclass(frozen=True)
class SplitDraft:
    """The ids of a :class:`SplitPlan`: all that is needed to make it."""

    version: int | None
    is_new: bool
    train: tuple[str, ...]
    val: tuple[str, ...]

    @property
    def sample_count(self) -> int:
        return len(self.train) + len(self.val)


@dataclass(frozen=True)
class SplitPlan:
    """Training and validation samples of the active split, or of the one that would follow it (``is_new``).

    The plan of a provisional head has no ``version`` and no validation: there is nothing to keep fixed.
    """

    version: int | None
    is_new: bool
    train: list[Sample]
    val: list[Sample]

    @property
    def draft(self) -> SplitDraft:
        train, val = (tuple(sample.sample_id for sample in part) for part in (self.train, self.val))
        return SplitDraft(self.version, self.is_new, train, val)

    @property
    def is_provisional(self) -> bool:
        """Whether there are too few samples for a validation split."""
        return self.version is None

    @cached_property
    def used(self) -> "SplitPlan":
        """The split with those samples only that count in a training; see :func:`.selection.select`."""
        train, val = select(self.train, MAX_TRAINED_SAMPLES), select(self.val, MAX_VALIDATED_SAMPLES)
        return replace(self, train=train, val=val)

    def trainable(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Those of ``samples``, of any signal, that are no near-copies of validation samples."""
        groups = RecordingGroups.of([*self.train, *self.val])
        return groups.unrelated(samples, self.val, unless=self.train)


class SplitManager:
    """Splits of a workspace's signals into training and validation samples."""

    def __init__(self, workspace: Workspace) -> None:
        self._samples, self._splits = workspace.samples, workspace.splits

    def plan(self, signal_name: str, *, provisional: bool = False) -> SplitPlan:
        """The split that the next training uses, without making it.

        The first one puts about a fifth of the samples into validation. Later ones add the new samples to training,
        except near-copies of validation samples. Where ``provisional`` allows fewer than 5 samples, a head is trained
        on all of them. Samples without a box of the signal are for training only, and do not count towards the 5.

        Raises:
            InvalidName: not a legal signal name.
            NotEnoughSamples: fewer than 5 samples, or, with ``provisional``, none.
        """
        samples = self._samples.list(check_name(signal_name))
        labelled = [sample for sample in samples if sample.boxes]
        if len(labelled) < MIN_SAMPLES_FOR_TRAINING:
            if provisional and labelled:
                return SplitPlan(None, False, samples, [])
            raise NotEnoughSamples(
                f"Not enough samples (minimum {MIN_SAMPLES_FOR_TRAINING} required): {signal_name} has {len(labelled)}"
            )
        version = self._splits.active_version(signal_name) or 0
        train, val = self.members(signal_name, version) if version else ([], [])
        if not any(sample.boxes for sample in val):  # the first split, or there is nothing left to keep fixed
            chosen = choose_validation(labelled)
            train = [sample for sample in labelled if sample.sample_id not in chosen]
            first = SplitPlan(version + 1, True, train, [each for each in labelled if each.sample_id in chosen])
            used = {each.sample_id for each in (*train, *first.trainable(each for each in samples if not each.boxes))}
            return replace(first, train=[sample for sample in samples if sample.sample_id in used])
        active, known = SplitPlan(version, False, train, val), {sample.sample_id for sample in (*train, *val)}
        new = list(active.trainable(sample for sample in samples if sample.sample_id not in known))
        if not new and len(known) == sum(map(len, self._splits.members(signal_name, version))):
            return active
        return SplitPlan(version + 1, True, train + new, val)

    def commit(self, signal_name: str, draft: SplitDraft) -> int | None:
        """Make ``draft`` the active split. Returns its version, None for that of a provisional head.

        Raises:
            NotFound: a sample has been deleted meanwhile.
            Conflict: another split was made meanwhile.
        """
        if not draft.is_new:
            return draft.version
        version = self._splits.create(signal_name, draft.train, draft.val)
        if version != draft.version:
            raise Conflict(f"the split of {signal_name} was changed during the training: train again")
        return version

    def members(self, signal_name: str, version: int) -> tuple[list[Sample], list[Sample]]:
        """Training and validation samples of a split; deleted ones are left out."""
        by_id = {sample.sample_id: sample for sample in self._samples.list(signal_name)}
        train, val = self._splits.members(signal_name, version)
        return [by_id[each] for each in train if each in by_id], [by_id[each] for each in val if each in by_id]


def choose_validation(samples: Sequence[Sample]) -> set[str]:
    """Ids of about a fifth of ``samples``, of which there are at least 3, in whole recordings. Deterministic."""
    recordings = RecordingGroups.of(samples)
    groups: dict[str, list[Sample]] = {}
    for each in samples:
        groups.setdefault(recordings.key_of(each), []).append(each)
    wanted = max(1, round(VALIDATION_FRACTION * len(samples)))
    chosen: list[Sample] = []
    for limit in (MAX_VALIDATION_FRACTION, MAX_VALIDATION_OF_TWO):
        for name in sorted(groups, key=lambda name: hashlib.sha256(name.encode()).hexdigest()):
            if len(chosen) < wanted and len(chosen) + len(groups[name]) <= limit * len(samples):
                chosen += groups[name]
        if chosen:
            break
    return {sample.sample_id for sample in chosen}
