"""Selection: which samples of a signal count in a training when it has more than one can use (docs/decisions/0026)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rfhydra.store.samples import Sample
from rfhydra.training.evaluation.grouping import RecordingGroups

MAX_TRAINED_SAMPLES: Final = 800
MAX_VALIDATED_SAMPLES: Final = 200
MAX_OTHER_SAMPLES: Final = 300
MAX_BOXES: Final = 20_000
"""Labelled boxes of all signals in each of these selections, unless its first sample alone has more."""


def select(samples: Sequence[Sample], most: int) -> list[Sample]:
    """At most ``most`` of ``samples``, which are oldest first, with at most :data:`MAX_BOXES` boxes, in their order.

    The newest sample of each recording comes first, then the second newest of each, and so on; within a round, newer
    ones come first. So every recording has its share, and corrections, which are new, are never left out for old
    samples of the same recording.
    """
    groups, seen = RecordingGroups.of(samples), Counter[str]()
    ranked = list[tuple[int, int]]()
    for age, sample in enumerate(reversed(samples)):
        group = groups.key_of(sample)
        ranked.append((seen[group], age))
        seen[group] += 1
    in_order = [len(samples) - 1 - age for _, age in sorted(ranked)]
    return [samples[index] for index in sorted(in_order[: _room(in_order, samples, most)])]


def newest(samples: Iterable[Sample], most: int = MAX_OTHER_SAMPLES) -> list[Sample]:
    """The first of ``samples``, which are newest first, within the same limits, oldest first. Reads no more of them."""
    kept, boxes = list[Sample](), 0
    for sample in samples:
        boxes += box_count(sample)
        if kept and boxes > MAX_BOXES:
            break
        kept.append(sample)
        if len(kept) == most:
            break
    return kept[::-1]


def box_count(sample: Sample) -> int:
    """The labelled boxes of ``sample``, those of other signals included."""
    return len(sample.boxes) + len(sample.negatives)


def _room(order: Sequence[int], samples: Sequence[Sample], most: int) -> int:
    """How many of ``samples``, taken in ``order``, the limits allow; at least one."""
    boxes = 0
    for number, index in enumerate(order[:most]):
        boxes += box_count(samples[index])
        if number and boxes > MAX_BOXES:
            return number
    return most
