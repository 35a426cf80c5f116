"""``rfhydra suggest``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, CenterFrequency, Datatype, Recordings, SampleRate
from rfhydra.cli.output import note, print_json, print_table, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.quantities import format_quantity

if TYPE_CHECKING:
    from rfhydra.contract.choice import ContractChoice
    from rfhydra.hydra.backbone import Backbone
    from rfhydra.recordings import Recording

Label = Annotated[
    str | None, typer.Option("--signal", metavar="NAME", help="Choose by the boxes of this label; default is all.")
]


def suggest(
    recordings: Recordings,
    signal: Label = None,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Suggest a contract for the emissions in recordings: by their annotations, or by what is found there."""
    with reported(as_json=as_json):
        opened = open_recordings(recordings, datatype=datatype, sample_rate_hz=sample_rate, center_freq_hz=center_freq)
        choice, source = chosen(opened, signal, backbone)
        speed = _speed(choice, backbone)
        from rfhydra.contract.advice import contract_options
    if as_json:
        print_json({**as_fields(choice, source), "times_real_time": speed})
        return
    show_choice(choice, source, speed)
    say(f"next: rfhydra init DIR {contract_options(choice.spec)}")


def chosen(
    recordings: Sequence["Recording"], signal: str | None, backbone: Path | None
) -> tuple["ContractChoice", str]:
    """The contract for ``recordings``, and by what it was chosen: ``annotations`` or ``proposals``."""
    from rfhydra.contract.advice import Advice

    def load() -> "Backbone":
        from rfhydra.hydra.backbone_file import load_backbone
        from rfhydra.hydra.torch_backbone import best_device

        return load_backbone(backbone, best_device())

    advice = Advice.of(recordings, load, signal)
    return advice.choice, advice.source


def show_choice(choice: "ContractChoice", source: str, speed: float | None = None) -> None:
    """Print a contract with what it does to the signals and what it costs."""
    spec = choice.spec
    rows = [
        (
            span.extent.label or "–",
            span.extent.boxes,
            format_quantity(span.extent.duration_sec, "s"),
            format_quantity(span.extent.bandwidth_hz, "Hz"),
            f"{span.cols:.1f}",
            f"{span.rows:.1f}",
        )
        for span in choice.spans
    ]
    print_table(f"by {source}", ["signal", "boxes", "typical", "", "columns", "rows"], rows)
    say((f"FFT {spec.fft_size}, hop {spec.hop}, {spec.rows} rows, windows of {spec.cols} columns", "bold"))
    col, row = format_quantity(choice.seconds_per_col, "s"), format_quantity(choice.hz_per_row, "Hz")
    say(f"  a column is {col}, a row {row}")
    window, pixels = format_quantity(choice.window_sec, "s"), format_quantity(choice.pixels_per_sec, "pixels")
    say(f"  a window is {window}, a second of signal {pixels}")
    if speed is not None:
        say(f"  this machine passes {speed:.2g} s of signal per second, empty parts included")
    for remark in choice.remarks:
        note(remark)


def as_fields(choice: "ContractChoice", source: str) -> dict[str, Any]:
    """The same for ``--json``."""
    spans = [
        {
            "signal": span.extent.label,
            "boxes": span.extent.boxes,
            "duration_sec": span.extent.duration_sec,
            "bandwidth_hz": span.extent.bandwidth_hz,
            "longest_sec": span.extent.longest_sec,
            "cols": span.cols,
            "rows": span.rows,
        }
        for span in choice.spans
    ]
    return {
        "source": source,
        "contract": choice.spec.to_dict(),
        "sample_rate_hz": choice.sample_rate_hz,
        "signals": spans,
        "sec_per_col": choice.seconds_per_col,
        "hz_per_row": choice.hz_per_row,
        "window_sec": choice.window_sec,
        "pixels_per_sec": choice.pixels_per_sec,
        "remarks": [*choice.remarks],
    }


def _speed(choice: "ContractChoice", backbone: Path | None) -> float | None:
    """Seconds of signal per second of computing, None where the engine is not installed."""
    try:
        from rfhydra.contract.speed import times_real_time
        from rfhydra.hydra.backbone_file import load_backbone
        from rfhydra.hydra.torch_backbone import best_device
    except ModuleNotFoundError:
        return None
    return times_real_time(choice, load_backbone(backbone, best_device()))
