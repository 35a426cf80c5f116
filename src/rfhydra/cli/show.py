"""``rfhydra show``: a waterfall of any recording, with numbered proposals."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import (
    AsJson,
    BackboneFile,
    CenterFrequency,
    Datatype,
    SampleRate,
    hertz,
    seconds,
)
from rfhydra.cli.output import output_file, print_json, print_table, progress_bar, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.recordings import Recording
    from rfhydra.recordings.overview import Extent, Overview, Pooling
    from rfhydra.spectrum.boxes import Box


def show(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, or - for standard input.")],
    start: Annotated[
        float, typer.Option("--from", metavar="TIME", help="Start there, as 1.2s.", parser=seconds, show_default=False)
    ] = 0.0,
    length: Annotated[
        float | None, typer.Option("--for", metavar="TIME", help="Show so much, as 30ms.", parser=seconds)
    ] = None,
    low: Annotated[
        float | None, typer.Option(metavar="HZ", help="Show only above this, as 433.9M.", parser=hertz)
    ] = None,
    high: Annotated[float | None, typer.Option(metavar="HZ", help="Show only below this.", parser=hertz)] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="OUT", help="The picture; default NAME.png in this folder.")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Number the boxes that the backbone proposes. Needs the engine.")
    ] = False,
    fft_size: Annotated[
        int | None, typer.Option(metavar="N", help="Samples of a spectrum, a power of two; default fits the picture.")
    ] = None,
    pool: Annotated[str, typer.Option(metavar="max|mean", help="What a pixel of several spectra shows.")] = "max",
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a recording as a waterfall, with its annotations. All of it is shown unless a part is asked for."""
    with reported(as_json=as_json):
        from rfhydra.plots import Mark, draw_overviews
        from rfhydra.recordings.overview import Extent

        opened = open_recordings([path], datatype=datatype, sample_rate_hz=sample_rate, center_freq_hz=center_freq)
        if len(opened) != 1:
            raise InvalidMessage(f"{path.name} has {len(opened)} recordings: give one of them")
        (recording,) = opened
        extent = Extent.of(recording, start, length, low, high)
        picture = output_file(Path(f"{recording.name}.png") if png is None else png)
        panels = _overviews(recording, extent, fft_size, _pooling(pool))
        boxes = _proposals(recording, extent, backbone) if propose else []
        truth = [
            Mark(each.label or "", each.box(recording.sample_rate_hz), truth=True) for each in recording.annotations
        ]
        numbered = [Mark("", box, number=number) for number, box in enumerate(boxes, start=1)]
        draw_overviews(recording, panels, [*truth, *numbered], picture)
    if as_json:
        print_json({"picture": str(picture), "boxes": [_fields(*each) for each in enumerate(boxes, start=1)]})
        return
    if propose:
        _show_boxes(recording, boxes)
    say(f"picture: {picture}")


def _pooling(name: str) -> "Pooling":
    if name == "max":
        return "max"
    if name == "mean":
        return "mean"
    raise InvalidMessage(f"--pool {name!r} must be max or mean")


def _overviews(recording: "Recording", extent: "Extent", fft_size: int | None, pooling: "Pooling") -> "list[Overview]":
    from rfhydra.recordings.overview import overviews

    with progress_bar() as bar:
        rate = recording.sample_rate_hz
        task = bar.add_task("reading, s", total=round((extent.end - extent.start) / rate), note=recording.name)
        return overviews(
            recording,
            extent,
            fft_size=fft_size,
            pooling=pooling,
            progress=lambda done: bar.update(task, completed=round(done / rate)),
        )


def _proposals(recording: "Recording", extent: "Extent", backbone: Path | None) -> "list[Box]":
    """The numbered boxes in the time of ``extent``: its frequencies change no number."""
    from rfhydra.detection.proposals import PROPOSAL_SPEC, propose_boxes
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.torch_backbone import best_device

    rate = recording.sample_rate_hz
    with progress_bar() as bar:
        task = bar.add_task("proposing, s", total=round((extent.end - extent.start) / rate), note=recording.name)
        return propose_boxes(
            recording,
            PROPOSAL_SPEC,
            load_backbone(backbone, best_device()),
            extent.start / rate,
            extent.end / rate,
            progress=lambda done: bar.update(task, completed=round((done - extent.start) / rate)),
        )


def _fields(number: int, box: "Box") -> dict[str, float]:
    return {"number": number, **vars(box)}


def _show_boxes(recording: "Recording", boxes: "list[Box]") -> None:
    if not boxes:
        say((recording.name, "bold"), ": nothing is proposed")
        return
    rows = [(number, *_cells(box)) for number, box in enumerate(boxes, start=1)]
    print_table(f"proposed in {recording.name}", ["", "start s", "length ms", "centre MHz", "width kHz"], rows)


def _cells(box: "Box") -> tuple[str, ...]:
    return (
        f"{box.time_start_sec:.4f}",
        f"{1e3 * (box.time_end_sec - box.time_start_sec):.2f}",
        f"{(box.freq_low_hz + box.freq_high_hz) / 2e6:.4f}",
        f"{(box.freq_high_hz - box.freq_low_hz) / 1e3:.1f}",
    )
