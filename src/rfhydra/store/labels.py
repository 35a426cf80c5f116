"""LabelSet: the labelled boxes of an image, stored once however many samples the image has."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from rfhydra.spectrum.boxes import Box
from rfhydra.store.blobs import digest_of


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Labelled boxes, sorted, without duplicates; immutable, and equal if their ``digest`` is."""

    labels: tuple[tuple[str, Box], ...]

    @classmethod
    def of(cls, labels: Iterable[tuple[str, Box]]) -> Self:
        return cls(tuple(sorted(set(labels))))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of :attr:`text`."""
        return cls(tuple((label, Box(*edges)) for label, edges in json.loads(text)))

    def __len__(self) -> int:
        return len(self.labels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelSet) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def text(self) -> str:
        """The labels as JSON, ``[[label, [time_start_sec, time_end_sec, freq_low_hz, freq_high_hz]], …]``."""
        return json.dumps([(label, box.as_tuple()) for label, box in self.labels], separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of ``text``."""
        return digest_of(self.text.encode())

    def boxes(self, label: str) -> tuple[Box, ...]:
        """The boxes with this label, sorted."""
        return self._by_label.get(label, ())

    def others(self, label: str) -> tuple[tuple[str, Box], ...]:
        """The labelled boxes with another label, sorted."""
        return tuple(each for each in self.labels if each[0] != label)

    def renamed(self, rename: Callable[[str, Box], str]) -> "LabelSet":
        """The same boxes with the labels that ``rename`` gives to each label and box."""
        return LabelSet.of((rename(label, box), box) for label, box in self.labels)

    @cached_property
    def _by_label(self) -> dict[str, tuple[Box, ...]]:
        grouped: dict[str, list[Box]] = {}
        for label, box in self.labels:
            grouped.setdefault(label, []).append(box)
        return {label: tuple(boxes) for label, boxes in grouped.items()}
