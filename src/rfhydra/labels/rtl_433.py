"""Output of rtl_433 for a recorded file: JSON lines, key-value output, and the packages of its analyser (``-A``).

Of a file it states times as positions in it, ``@1.234567s``; this is the start of a package. Only the analyser states
the length; an event at the time of a package takes the package's length. Frequencies of events (``-M level``) are in
MHz, those of the analyser are offsets. Lines of other content are passed over.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from rfhydra.errors import InvalidMessage
from rfhydra.labels.label import Band, Label

_NUMBER: Final = r"([-+]?\d{1,12}(?:\.\d+)?)"
_PACKAGE: Final = re.compile(r"Detected (?:OOK|FSK) package\s+(?:@\s+)?(\S.*?)\s*$")
_WIDTH: Final = re.compile(r"Total count:.*?\b(\d{1,12}(?:\.\d+)?) ms\b", re.ASCII)
_OFFSETS: Final = re.compile(rf"Frequency offsets \[F1, F2\]:.*\({_NUMBER} kHz, {_NUMBER} kHz\)", re.ASCII)
_KEY_VALUE: Final = re.compile(r"^\s*time\s+:\s+(\S+(?: \S+)?)\s*$")
_MODEL: Final = re.compile(r"^\s*model\s+:\s+(.*?)(?:\s{2,}|\s*$)")
_POSITION: Final = re.compile(r"@(\d{1,12}(?:\.\d+)?)s?", re.ASCII)
_MAX_MEGAHERTZ: Final = 1e9
_TONE_MARGIN: Final = 0.5  # of the distance of two tones, beyond each: Carson's rule at a modulation index of 1


@dataclass
class _Package:
    """What the lines so far say of one start time."""

    where: str
    length: float | None = None
    band: Band | None = None
    models: dict[str, str | None] = field(default_factory=dict)
    """The recording of each model, where it is stated."""


def parse_rtl_433(text: str, name: str) -> Iterator[Label]:
    """The packages and events in the output of rtl_433, in the order of their first lines.

    A package that several models decoded is a label for each. Packages that the analyser skipped, of a single pulse,
    are left out.

    Args:
        text: standard output, standard error or both.
        name: of the file, for messages.

    Raises:
        InvalidMessage: a line of JSON is damaged, or a time is one of the day and not a position in the file; the
            message names file, line and field.
    """
    packages: dict[float, _Package] = {}
    current: _Package | None = None
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{name}, line {number}"
        if line.lstrip().startswith("{"):
            _add_event(packages, _fields(line, where), where)
        elif match := (_PACKAGE.search(line) or _KEY_VALUE.match(line)):
            current = _package(packages, match[1], where)
        elif current is None:
            continue
        elif match := _WIDTH.search(line):
            current.length = float(match[1]) / 1e3
        elif match := _OFFSETS.search(line):
            current.band = _tones(float(match[1]) * 1e3, float(match[2]) * 1e3 or None, "offset")
        elif match := _MODEL.match(line):
            current.models.setdefault(match[1], None)
    for start, package in packages.items():
        label = Label(where=package.where, start=start, length=package.length, band=package.band)
        if package.models:
            yield from (replace(label, text=model, file=file) for model, file in package.models.items())
        elif package.length is not None:
            yield label


def _package(packages: dict[float, _Package], time: str, where: str) -> _Package:
    """The package at ``time``, a new one if it is the first mention."""
    match = _POSITION.fullmatch(time)
    if match is None:
        raise InvalidMessage(
            f"{where}: time {time!r} is not a position in the file, such as @1.25s: run rtl_433 -r on the recording,"
            " without -M time options"
        )
    return packages.setdefault(float(match[1]), _Package(where))


def _fields(line: str, where: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"{where} is not valid JSON: {error}") from None
    return fields if isinstance(fields, dict) else {}


def _add_event(packages: dict[float, _Package], event: dict[str, Any], where: str) -> None:
    """Add an event; statistics and messages of rtl_433 itself have no model and are passed over."""
    if "model" not in event:
        return
    package = _package(packages, str(event.get("time", "")), where)
    tag = event.get("tag")  # -K FILE: the name of the recording
    package.models[str(event["model"])] = tag if isinstance(tag, str) and "." in tag else None
    low = _megahertz(event, "freq1" if "freq1" in event else "freq", where)
    if low is not None:
        package.band = _tones(low, _megahertz(event, "freq2", where), "absolute")


def _megahertz(event: dict[str, Any], key: str, where: str) -> float | None:
    value = event.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MAX_MEGAHERTZ:
        raise InvalidMessage(f"{where}: {key} {str(value)[:40]!r} is not a frequency in MHz")
    return value * 1e6


def _tones(first_hz: float, second_hz: float | None, reference: Literal["absolute", "offset"]) -> Band:
    """The band of two tones, or about one."""
    low, high = sorted((first_hz, first_hz if second_hz is None else second_hz))
    margin = _TONE_MARGIN * (high - low)
    return Band(low - margin, high + margin, reference)
