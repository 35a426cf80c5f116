"""Review of detections: those that are right become samples, false alarms become boxes that are not the signal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from rfhydra.config import negated
from rfhydra.errors import Conflict, InvalidMessage
from rfhydra.recordings import Recording
from rfhydra.recordings.recording import Annotation
from rfhydra.recordings.sigmf_write import stated_verdicts, write_verdicts
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import ImportResult, prepare_import

Verdict: TypeAlias = Literal["accepted", "rejected"]
REST: Final = "rest"
"""In place of numbers: all detections that are not named otherwise."""


@dataclass(frozen=True)
class Review:
    """What a review has added.

    Attributes:
        accepted, rejected: number of detections that were decided by it.
        unreviewed: number of detections of the file that are undecided.
        imported: its samples.
    """

    accepted: int
    rejected: int
    unreviewed: int
    imported: ImportResult


def review(workspace: Workspace, found: Recording, verdicts: Mapping[int, Verdict], who: str | None = None) -> Review:
    """Make samples of detections, and keep the verdicts in their file.

    A detection that is accepted becomes a box of its label, one that is rejected a box that is verified not to be that
    (:func:`rfhydra.config.negated`). Detections that were decided before are labels where the new samples show them.

    Args:
        workspace: gets the samples.
        found: detections as SigMF, with the samples that they are in.
        verdicts: by number of the detection, from 1 in the order of the file.

    Raises:
        InvalidMessage: there is no detection of such a number, or none is given.
        Conflict: a detection was decided otherwise before.
        InvalidName: the label of a detection is not a legal name.
        StorageFull: there is no room on the disk.

        In each case nothing was added.
    """
    before = stated_verdicts(found)
    new = _new(found, before, verdicts)
    decided = {number: _labelled(found, number, verdict) for number, verdict in new.items()}
    known = [_labelled(found, number, verdict) for number, verdict in before.items()]
    around = replace(found, annotations=tuple(decided.values()))
    try:
        with workspace.blobs.kept():
            imported = prepare_import(workspace, [around], known=known).add(workspace, who)
    except BaseException:
        workspace.collect_garbage()
        raise
    write_verdicts(found, {**before, **new})
    counts = {kind: sum(verdict == kind for verdict in new.values()) for kind in ("accepted", "rejected")}
    return Review(**counts, unreviewed=len(found.annotations) - len(before) - len(new), imported=imported)


def parse_numbers(text: str | None, field: str, last: int) -> set[int] | None:
    """The numbers in ``1-20,25``; None for :data:`REST`, none for None.

    Raises:
        InvalidMessage: it is neither, or a number is not 1 to ``last``.
    """
    if text is None:
        return set()
    if text == REST:
        return None
    numbers = set[int]()
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
        if not (low.isascii() and low.isdecimal() and (not high or (high.isascii() and high.isdecimal()))):
            raise InvalidMessage(f"{field} {text!r} must be numbers as in 1-20,25, or the word {REST}")
        first, end = int(low), int(high or low)
        if not 1 <= first <= end <= last:
            raise InvalidMessage(
                f"{field} {part.strip()} is not among the {last} detections, which are numbered from 1"
            )
        numbers.update(range(first, end + 1))
    return numbers


def as_verdicts(
    accept: Collection[int] | None, reject: Collection[int] | None, every: Collection[int]
) -> dict[int, Verdict]:
    """Verdicts by number; None stands for all of ``every``, the undecided ones, that the other does not name.

    Raises:
        InvalidMessage: a number is both accepted and rejected, or both are None.
    """
    if accept is None and reject is None:
        raise InvalidMessage(f"--accept {REST} and --reject {REST} exclude each other")
    accepted = set(every) - set(reject or ()) if accept is None else set(accept)
    rejected = set(every) - accepted if reject is None else set(reject)
    if both := sorted(accepted & rejected):
        raise InvalidMessage(f"detection {both[0]} is both accepted and rejected")
    given: dict[int, Verdict] = dict.fromkeys(accepted, "accepted")
    return given | dict.fromkeys(rejected, "rejected")


def _new(found: Recording, before: Mapping[int, Verdict], verdicts: Mapping[int, Verdict]) -> dict[int, Verdict]:
    """The verdicts that were not there before."""
    for number, verdict in verdicts.items():
        if not 1 <= number <= len(found.annotations):
            raise InvalidMessage(f"there is no detection {number} in {found.path.name}")
        if before.get(number, verdict) != verdict:
            raise Conflict(
                f"detection {number} of {found.path.name} was {before[number]} before: remove or relabel its sample,"
                " see rfhydra samples"
            )
    new = {number: verdict for number, verdict in sorted(verdicts.items()) if number not in before}
    if not new:
        raise InvalidMessage(f"no detection of {found.path.name} is newly accepted or rejected")
    return new


def _labelled(found: Recording, number: int, verdict: Verdict) -> Annotation:
    each = found.annotations[number - 1]
    if each.label is None:
        raise InvalidMessage(f"detection {number} of {found.path.name} has no label")
    return each if verdict == "accepted" else replace(each, label=negated(each.label))
