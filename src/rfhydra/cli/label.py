"""``rfhydra label``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import (
    AsJson,
    BackboneFile,
    CenterFrequency,
    Datatype,
    SampleRate,
    ServerUrl,
    Token,
    Workspace,
    seconds,
)
from rfhydra.cli.import_ import import_boxes, show_import
from rfhydra.cli.label_options import (
    AnyRate,
    AudacityFiles,
    Bandwidth,
    CsvFiles,
    LabelOptions,
    Length,
    Rtl433Files,
    boxes_named,
)
from rfhydra.cli.output import counted, output_file, print_json, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.cli.root import Command
from rfhydra.config import check_name
from rfhydra.errors import Conflict, InvalidMessage

if TYPE_CHECKING:
    from rfhydra.labels.label import Label
    from rfhydra.labels.source import LabelSource
    from rfhydra.recordings import Recording

_SIGMF_SUFFIX = ".sigmf-meta"
_SIGMF_DATA = ".sigmf-data"
_ANY = "*"
_NUMBERS = re.compile(r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?")
_MAX_NUMBER = 1000
"""Boxes that are proposed in a recording."""


class LabelCommand(Command):
    """A command whose ``--sigmf`` may be followed by the name of a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        following = [*args[1:], ""]
        pairs = zip(args, following, strict=True)
        alone = [each == "--sigmf" and not after.endswith(_SIGMF_SUFFIX) for each, after in pairs]
        return super().parse_args(
            ctx, ["--sigmf=" if is_alone else each for each, is_alone in zip(args, alone, strict=True)]
        )


labels = typer.Typer(add_completion=False, rich_markup_mode="rich")


@labels.command("label", cls=LabelCommand)
def label(
    directory: Workspace,
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", help="A SigMF, wav or raw recording.", show_default=False)
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the signal.", show_default=False)],
    box: Annotated[
        list[str] | None,
        typer.Option(
            metavar="START,LEN,CENTRE,BANDWIDTH",
            help="A box, such as 1.2s,30ms,433.92M,50k; START,LEN alone has the whole band. Repeatable.",
        ),
    ] = None,
    pick: Annotated[
        str | None,
        typer.Option(metavar="N,N-N", help="Boxes by their numbers in rfhydra show --propose, such as 3,5,7-9."),
    ] = None,
    from_sec: Annotated[
        float, typer.Option("--from", metavar="TIME", help="Start of the part that was shown.", parser=seconds)
    ] = 0.0,
    for_sec: Annotated[
        float | None, typer.Option("--for", metavar="TIME", help="Length of the part that was shown.", parser=seconds)
    ] = None,
    csv: CsvFiles = None,
    audacity: AudacityFiles = None,
    rtl_433: Rtl433Files = None,
    source_label: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What a file calls the boxes of NAME, * for all; default NAME or nothing."),
    ] = None,
    length: Length = None,
    bandwidth: Bandwidth = None,
    sigmf: Annotated[
        str | None,
        typer.Option(metavar="[OUT]", help="Write SigMF annotations, beside the recording, instead of samples."),
    ] = None,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    any_rate: AnyRate = False,
    backbone: BackboneFile = None,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Label boxes of a signal in a recording, and import them as samples. Rough boxes will do."""
    with reported(as_json=as_json):
        check_name(name, "NAME")
        options = LabelOptions(csv, audacity, rtl_433, length, bandwidth)
        sources = [*_boxes(box), *options.sources()]
        (opened,) = open_recordings(
            [recording], datatype=datatype, sample_rate_hz=sample_rate, center_freq_hz=center_freq
        )
        if pick is not None:
            sources.append(_picked(opened, _numbers(pick), from_sec, for_sec, backbone))
        if not sources:
            raise InvalidMessage("there is no box: give --box, --pick, --csv, --audacity or --rtl-433")
        (labelled,) = options.annotate([opened], sources, lambda each: _name(each, name, source_label))
        _require_boxes(labelled, name)
        if sigmf is None:
            imported = import_boxes([labelled], directory, server, token, name, any_rate=any_rate, merged=True)
        else:
            out, labelled = _write(opened, labelled, Path(sigmf) if sigmf else None)
    if sigmf is None:
        show_import(imported, directory, server, as_json=as_json)
    elif as_json:
        print_json({"annotations_file": str(out), "boxes": len(boxes_named(labelled, name))})
    else:
        say(f"{counted(len(boxes_named(labelled, name)), 'box')} of {name} in {out}")
        say(f"next: rfhydra import {directory} {out}")


def _boxes(texts: list[str] | None) -> list["LabelSource"]:
    from rfhydra.labels.box_text import parse_box
    from rfhydra.labels.source import LabelSource

    return [LabelSource(tuple(parse_box(text, "--box") for text in texts))] if texts else []


def _numbers(text: str) -> list[int]:
    """Numbers from 1 as in ``3,5,7-9``, sorted, each once.

    Raises:
        InvalidMessage: a part is neither a number nor a range.
    """
    numbers = set[int]()
    for part in text.split(","):
        match = _NUMBERS.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= _MAX_NUMBER:
            raise InvalidMessage(f"--pick {part.strip()!r} is not a number from 1 to {_MAX_NUMBER}, or a range as 7-9")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def _picked(
    recording: "Recording", numbers: list[int], from_sec: float, for_sec: float | None, backbone: Path | None
) -> "LabelSource":
    """The boxes that ``rfhydra show --propose`` gives these numbers."""
    from rfhydra.detection.proposals import PROPOSAL_SPEC, propose_boxes
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device
    from rfhydra.labels.label import Band, Label
    from rfhydra.labels.source import LabelSource

    end_sec = None if for_sec is None else from_sec + for_sec
    boxes = propose_boxes(recording, PROPOSAL_SPEC, load_backbone(backbone, best_device()), from_sec, end_sec)
    if numbers[-1] > len(boxes):
        raise InvalidMessage(f"--pick {numbers[-1]}: {len(boxes)} boxes are proposed, see rfhydra show --propose")
    picked = [(f"--pick {number}", boxes[number - 1]) for number in numbers]
    return LabelSource(
        tuple(
            Label(
                where=where,
                start=box.time_start_sec,
                length=box.time_end_sec - box.time_start_sec,
                band=Band(box.freq_low_hz, box.freq_high_hz),
            )
            for where, box in picked
        )
    )


def _name(each: "Label", name: str, source_label: str | None) -> str:
    """What a label is called: ``name``, or as its source calls it where that is another signal."""
    is_own = each.text in (None, name) if source_label is None else source_label in (_ANY, each.text)
    return name if is_own or each.text is None else each.text


def _require_boxes(labelled: "Recording", name: str) -> None:
    """Raise :class:`InvalidMessage` if no annotation is called ``name``."""
    if not boxes_named(labelled, name):
        others = sorted({each.label for each in labelled.annotations if each.label})
        raise InvalidMessage(
            f"no box is called {name!r}, they are {', '.join(others[:5])}: say with --source-label which of them it is"
        )


def _write(recording: "Recording", labelled: "Recording", out: Path | None) -> tuple[Path, "Recording"]:
    """Write the annotations of ``labelled``, and those of an older file of labels for the same samples.

    Returns:
        The file, and the recording as it is annotated there.
    """
    from rfhydra.labels.source import with_annotations
    from rfhydra.recordings import open_recording, write_sigmf_labels

    if not recording.is_mapped:
        raise InvalidMessage(
            f"{recording.path.name} is not mapped from a file: save its samples as one to annotate them"
        )
    if out is None:
        is_conforming = recording.data_path.suffix == _SIGMF_DATA
        out = recording.path.with_name(f"{recording.name}{'.labels' if is_conforming else ''}{_SIGMF_SUFFIX}")
    elif output_file(out).parent.resolve() != recording.data_path.parent.resolve():
        raise InvalidMessage(f"--sigmf {out} must be in the folder of {recording.data_path.name}, as SigMF demands")
    if out.exists():
        older = open_recording(out)
        if older.data_path.resolve() != recording.data_path.resolve():
            raise Conflict(f"{out.name} describes {older.data_path.name}: give --sigmf another name")
        labelled = with_annotations(labelled, [*older.annotations, *labelled.annotations])
    return write_sigmf_labels(recording, labelled.annotations, out, generator="rfhydra label"), labelled
