"""Example: the one box that a search looks for the like of, with its embedding."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.detection.windows import read_window
from rfhydra.errors import InvalidBox, InvalidMessage
from rfhydra.hydra.backbone import Backbone
from rfhydra.quantities import parse_hertz, parse_seconds
from rfhydra.recordings import Annotation, Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.training.data.importer import label_windows

_LABEL: Final = "example"
_BOX_PARTS: Final = 4


@dataclass(frozen=True, eq=False)
class Example:
    """A box in a recording, in seconds from its start, and its embedding, float32 (d,), centred and of unit length."""

    recording_id: str
    box: Box
    embedding: NDArray[np.float32]

    @classmethod
    def of(cls, recording: Recording, box: Box, spec: SpectrogramSpec, backbone: Backbone) -> "Example":
        """The example that ``box`` is, as ``backbone`` sees it; of a box that is longer than a window, its beginning.

        Raises:
            InvalidBox: the box is outside the recording in time or frequency.
            InvalidRecording: the recording is shorter than a column, or cannot be read.
            Incompatible: the backbone was pretrained on another value scaling than ``spec`` has.
        """
        backbone.require_scaling(spec)
        annotation = Annotation.of_box(box, _LABEL, recording.sample_rate_hz, recording.sample_count)
        alone = replace(recording, annotations=(annotation,))
        for start, count, _ in label_windows(alone, [_LABEL], spec):
            window = read_window(recording, start, count, spec)
            visible = window.frame.clip(annotation.box(recording.sample_rate_hz, start))
            if visible is not None:
                pixels = torch.from_numpy(window.frame.to_pixels([visible]))
                (embedding,) = backbone.see(window.image).embed(pixels).numpy()
                return cls(recording.recording_id, box, embedding)
        raise InvalidBox(
            f"the box at {box.freq_low_hz:.9g} to {box.freq_high_hz:.9g} Hz is outside the band of {recording.name}"
        )


def annotated_box(recording: Recording, number: int) -> tuple[Box, str | None]:
    """Box and label of annotation ``number`` of ``recording``, counted from 1 in the order of their samples.

    Raises:
        InvalidMessage: there is no such annotation.
    """
    count = len(recording.annotations)
    if not 1 <= number <= count:
        raise InvalidMessage(f"{recording.name} has {count} annotations: there is no #{number}; give --box instead")
    annotation = recording.annotations[number - 1]
    return annotation.box(recording.sample_rate_hz), annotation.label


def box_from_text(text: str) -> Box:
    """The box ``START,LEN,CENTRE,BANDWIDTH``, two durations and two frequencies: ``1.2s,30ms,433.92M,50k``.

    Raises:
        InvalidMessage: not four quantities.
        InvalidBox: the box is empty.
    """
    parts = text.split(",")
    if len(parts) != _BOX_PARTS:
        raise InvalidMessage(f"--box {text[:80]} must be START,LEN,CENTRE,BANDWIDTH, such as 1.2s,30ms,433.92M,50k")
    start, length = (parse_seconds(part, "--box") for part in parts[:2])
    centre, bandwidth = (parse_hertz(part, "--box") for part in parts[2:])
    return Box(start, start + length, centre - bandwidth / 2, centre + bandwidth / 2)


def like_from_text(text: str) -> tuple[Path, int | None]:
    """Path and number of ``FILE#3``; the number is None where the text has none."""
    path, mark, number = text.rpartition("#")
    if mark and number.isdecimal():
        return Path(path), int(number)
    return Path(text), None
