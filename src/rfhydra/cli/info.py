"""``rfhydra info``: what a recording is, and how it was received."""

import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, CenterFrequency, Datatype, SampleRate
from rfhydra.cli.output import counted, print_json, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.errors import RecordingWarning

if TYPE_CHECKING:
    from rfhydra.recordings import Recording


def info(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Recordings, or - for standard input.", show_default=False),
    ],
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    as_json: AsJson = False,
) -> None:
    """Show format, rate, centre, length, captures, annotations, level, clipping and noise floor of recordings."""
    known = {"datatype": datatype, "sample_rate_hz": sample_rate, "center_freq_hz": center_freq}
    with reported(as_json=as_json):
        described = []
        for path in paths:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", RecordingWarning)
                opened = open_recordings([path], **known)
                described += [_describe(each) for each in opened]
            for each in described[-len(opened) :]:
                each["warnings"] = [str(warning.message) for warning in caught]
    if as_json:
        print_json({"recordings": described})
        return
    for each in described:
        _show(each)


def _describe(recording: "Recording") -> dict[str, Any]:
    from rfhydra.recordings.level import Level

    labels = Counter(each.label for each in recording.annotations)
    return {
        "recording": recording.name,
        "format": recording.container,
        "datatype": recording.datatype,
        "sample_rate_hz": recording.sample_rate_hz,
        "duration_sec": recording.duration_sec,
        "samples": recording.sample_count,
        "captures": [
            {"sample_start": each.sample_start, "center_freq_hz": each.center_freq_hz, "datetime": each.datetime}
            for each in recording.captures
        ],
        "annotations": [{"label": label, "count": count} for label, count in labels.most_common()],
        "level": asdict(Level.of(recording)),
    }


def _show(fields: dict[str, Any]) -> None:
    level, captures = fields["level"], fields["captures"]
    share = level["measured_share"]
    centres = [f"{each['center_freq_hz'] / 1e6:.10g} MHz" for each in captures]
    lines = {
        "format": f"{fields['format']}, {fields['datatype']}",
        "rate": f"{fields['sample_rate_hz']:.10g} S/s",
        "centre": centres[0] if len(set(centres)) == 1 else f"{len(set(centres))} frequencies, first {centres[0]}",
        "length": f"{fields['duration_sec']:.6g} s, {counted(fields['samples'], 'sample')}",
        "captures": f"{len(captures)}, first at {captures[0]['datetime'] or 'an unknown time'}",
        "annotations": _labels(fields["annotations"]),
        "level": f"{_db(level['mean_dbfs'])} mean, {_db(level['peak_dbfs'])} peak",
        "clipping": f"{100 * level['clipped_share']:.2g} % of the samples",
        "noise floor": f"{_db(level['noise_dbfs'])} in the whole band",
        **({} if share == 1 else {"measured": f"{100 * share:.2g} % of the samples, evenly spread"}),
    }
    say((fields["recording"], "bold"))
    for name, text in lines.items():
        say(f"  {name:<12}{text}")
    for warning in fields["warnings"]:
        say((f"  {'warning':<12}", "yellow"), warning)


def _labels(annotations: list[dict[str, Any]]) -> str:
    if not annotations:
        return "none"
    total = sum(each["count"] for each in annotations)
    return f"{total}: " + ", ".join(f"{each['count']} {each['label'] or 'without a label'}" for each in annotations)


def _db(value: float | None) -> str:
    return "–" if value is None else f"{value:z.1f} dBFS"
