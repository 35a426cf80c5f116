"""Samples of a workspace, added from recordings and boxes."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from rfhydra.config import check_name
from rfhydra.errors import InvalidMessage
from rfhydra.notebook.table import html_table
from rfhydra.recordings import Annotation, Recording, open_recording
from rfhydra.spectrum.boxes import Box
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import ImportResult, import_recordings

AnyRecording: TypeAlias = Recording | str | os.PathLike[str]
AnyBox: TypeAlias = Box | tuple[float, float, float, float]


class Samples:
    """The samples of a workspace, by signal."""

    def __init__(self, store: Workspace) -> None:
        self._store = store

    def add(
        self,
        recording: AnyRecording,
        boxes: Iterable[AnyBox] | None = None,
        label: str | None = None,
        *,
        max_samples: int | None = None,
    ) -> ImportResult:
        """Add the windows around labelled boxes of a recording. Rough boxes will do.

        Args:
            recording: an opened one, or the path of one.
            boxes: of the signal ``label``: start and end in seconds of the recording, lower and upper edge
                in Hz. Default are the annotations of the recording.
            label: name of the signal; without ``boxes`` default is every label.
            max_samples: limit per signal, samples that the workspace already has included.

        Raises:
            InvalidMessage: there are boxes, but no label.
            InvalidName: the label is no legal signal name.
            InvalidBox: a box is empty or outside the band or the length of the recording.
            InvalidRecording: there is nothing to add, or the recording cannot be read.
        """
        opened = as_recording(recording)
        if boxes is not None:
            if label is None:
                raise InvalidMessage("label is missing: boxes need the name of their signal")
            check_name(label, "label")
            rate, count = opened.sample_rate_hz, opened.sample_count
            added = [Annotation.of_box(_box(each), label, rate, count) for each in boxes]
            ordered = sorted([*opened.annotations, *added], key=lambda each: each.sample_start)
            opened = replace(opened, annotations=tuple(ordered))
        return import_recordings(self._store, [opened], label, max_samples)

    def counts(self) -> dict[str, int]:
        """The number of samples of each signal."""
        return self._store.samples.counts()

    def __len__(self) -> int:
        return sum(self.counts().values())

    def _repr_html_(self) -> str:
        return html_table(["signal", "samples"], self.counts().items())


def as_recording(recording: AnyRecording) -> Recording:
    """``recording``, opened if it is a path."""
    return recording if isinstance(recording, Recording) else open_recording(recording)


def _box(box: AnyBox) -> Box:
    return box if isinstance(box, Box) else Box(*box)
