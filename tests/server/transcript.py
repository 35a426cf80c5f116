"""A recorded conversation with a server, to be held again: what the client sends and what it must get, field by field.

One JSON object a line. ``{"send": …}`` goes out as it stands, but that ``"$spectrogram:3"`` becomes scene 3 as base64.
``{"receive": …}`` is the next message: the same fields, no more and no fewer, and the same values. With ``"times":
[low, high]`` it is so many messages of that type in a row. A value that differs between two runs is a pattern:

- ``<int 1..50>``, ``<number 0..1>``: a number in that range, either end open if left out;
- ``<text>``, ``<bool>``, ``<null>``, ``<hex 64>`` (so many digits), ``<utc>`` (ISO 8601 with a ``Z``);
- ``<int | null>``: either;
- ``"…": "more"`` in an object: any further fields;
- ``$name``: anything at its first place, and the same in every later one.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

Json = Any

_MORE: Final = "…"
_PATTERN: Final = re.compile(r"<([^<>]+)>")
_NUMBER: Final = re.compile(r"(int|number)(?: (-?[\d.]*?)\.\.(-?[\d.]*))?")
_HEX: Final = re.compile(r"hex (\d+)")


@dataclass(frozen=True)
class Line:
    """One line: ``body`` is sent or expected, ``least`` to ``most`` times in a row."""

    number: int
    sent: bool
    body: dict[str, Json]
    least: int = 1
    most: int = 1


def read_transcript(path: Path) -> Iterator[Line]:
    for number, text in enumerate(path.read_text().splitlines(), start=1):
        entry = json.loads(text)
        least, most = entry.get("times", (1, 1))
        yield Line(number, "send" in entry, entry.get("send") or entry["receive"], least, most)


def filled(body: Json, spectrogram_b64: Callable[[int], str]) -> Json:
    """``body`` with every scene that it names."""
    if isinstance(body, dict):
        return {key: filled(value, spectrogram_b64) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, spectrogram_b64) for value in body]
    if isinstance(body, str) and body.startswith("$spectrogram:"):
        return spectrogram_b64(int(body.partition(":")[2]))
    return body


class Matcher:
    """Compares messages with what is expected of them, and keeps what the names stand for."""

    def __init__(self) -> None:
        self._named: dict[str, Json] = {}

    def difference(self, expected: Json, found: Json, where: str = "message") -> str | None:
        """What is wrong with ``found``, or None."""
        if isinstance(expected, dict) and isinstance(found, dict):
            wanted = {key: value for key, value in expected.items() if key != _MORE}
            missing, beside = wanted.keys() - found.keys(), found.keys() - wanted.keys()
            if missing or (beside and _MORE not in expected):
                return f"{where} lacks {sorted(missing)} and has {sorted(beside)} beside what it should"
            pairs = [(f"{where}.{key}", value, found[key]) for key, value in wanted.items()]
        elif isinstance(expected, list) and isinstance(found, list):
            if len(expected) != len(found):
                return f"{where} has {len(found)} entries, not {len(expected)}"
            pairs = [(f"{where}[{index}]", *both) for index, both in enumerate(zip(expected, found, strict=True))]
        elif isinstance(expected, str) and expected.startswith("$"):
            pairs = []
            if self._named.setdefault(expected, found) != found:
                return f"{where} is {found!r}, but {expected} was {self._named[expected]!r}"
        elif isinstance(expected, str) and (pattern := _PATTERN.fullmatch(expected)):
            fits = any(_fits(kind.strip(), found) for kind in pattern[1].split("|"))
            return None if fits else f"{where} is {found!r}, not {expected}"
        else:
            same = type(expected) is type(found) and expected == found
            return None if same else f"{where} is {found!r}, not {expected!r}"
        return next(filter(None, (self.difference(value, other, place) for place, value, other in pairs)), None)


def _fits(kind: str, found: Json) -> bool:
    if number := _NUMBER.fullmatch(kind):
        types = int if number[1] == "int" else (int, float)
        low, high = number[2], number[3]
        return (
            isinstance(found, types)
            and not isinstance(found, bool)
            and (not low or found >= float(low))
            and (not high or found <= float(high))
        )
    if digits := _HEX.fullmatch(kind):
        return isinstance(found, str) and re.fullmatch(rf"[0-9a-f]{{{digits[1]}}}", found) is not None
    match kind:
        case "text":
            return isinstance(found, str) and found != ""
        case "bool":
            return isinstance(found, bool)
        case "null":
            return found is None
        case "utc":
            return (
                isinstance(found, str) and found.endswith("Z") and datetime.fromisoformat(found).utcoffset() is not None
            )
    raise ValueError(f"there is no pattern {kind!r}")
