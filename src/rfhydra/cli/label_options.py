"""Options for boxes that are not in the metadata of a recording, and the recordings with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import hertz, seconds
from rfhydra.cli.output import note
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.labels.label import Label
    from rfhydra.labels.source import LabelSource
    from rfhydra.recordings import Annotation, Recording

_SHOWN = 3

CsvFiles = Annotated[list[Path] | None, typer.Option("--csv", metavar="FILE", help="Boxes of a CSV table. Repeatable.")]
AudacityFiles = Annotated[
    list[Path] | None, typer.Option("--audacity", metavar="FILE", help="Boxes of an Audacity label track. Repeatable.")
]
Rtl433Files = Annotated[
    list[Path] | None,
    typer.Option("--rtl-433", metavar="FILE", help="Boxes of the output of rtl_433 -A or -F json. Repeatable."),
]
Length = Annotated[
    float | None,
    typer.Option("--length", metavar="TIME", help="Length of boxes that state none, such as 30ms.", parser=seconds),
]
Bandwidth = Annotated[
    float | None,
    typer.Option(
        "--bandwidth", metavar="HZ", help="Bandwidth of boxes that state only a centre, such as 50k.", parser=hertz
    ),
]
AnyRate = Annotated[
    bool, typer.Option("--any-rate", help="Import also recordings of another sample rate than the signal has.")
]


@dataclass(frozen=True)
class LabelOptions:
    """The options as they were given."""

    csv: Sequence[Path] | None = None
    audacity: Sequence[Path] | None = None
    rtl_433: Sequence[Path] | None = None
    length_sec: float | None = None
    bandwidth_hz: float | None = None

    def sources(self) -> list["LabelSource"]:
        """The files, read.

        Raises:
            InvalidMessage, TooLarge, OSError: as :meth:`LabelSource.read`.
        """
        from rfhydra.labels.source import LabelSource

        by_format = {"csv": self.csv, "audacity": self.audacity, "rtl_433": self.rtl_433}
        return [LabelSource.read(path, name) for name, paths in by_format.items() for path in paths or ()]

    def annotate(
        self, recordings: Sequence["Recording"], sources: Sequence["LabelSource"], name_of: Callable[["Label"], str]
    ) -> list["Recording"]:
        """The recordings with the labels of ``sources`` beside their own annotations; names other files in a note.

        Raises:
            InvalidMessage: no label belongs to one of the recordings, or as :func:`rfhydra.labels.source.assign`.
            InvalidBox: as :meth:`rfhydra.labels.label.Label.annotation`.
        """
        from rfhydra.labels.label import Missing
        from rfhydra.labels.source import assign, place, with_annotations

        missing = Missing(self.length_sec, self.bandwidth_hz)
        assigned = assign(sources, recordings)
        others = ", ".join(assigned.others[:_SHOWN]) + (" …" if len(assigned.others) > _SHOWN else "")
        if assigned.others and not any(labels for _, labels in assigned.recordings):
            raise InvalidMessage(f"no box is of {recordings[0].path.name}: they are of {others}")
        if assigned.others:
            note(f"boxes of {len(assigned.others)} other recordings are left out: {others}")
        return [
            with_annotations(recording, [*recording.annotations, *place(labels, recording, name_of, missing)])
            for recording, labels in assigned.recordings
        ]


def boxes_named(recording: "Recording", name: str) -> list["Annotation"]:
    """The annotations of ``recording`` that are called ``name``."""
    return [each for each in recording.annotations if each.label == name]
