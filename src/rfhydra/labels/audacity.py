"""Label tracks of Audacity: ``start TAB end TAB text``, and a second line ``\\ TAB low TAB high`` for its frequencies.

Times are seconds. The second line is written for a spectral selection; an edge that is not set is negative there, and
then the label has the whole band. A point label, whose end is its start, has no length. Older releases write numbers
as the language of the system does, with a decimal comma.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from rfhydra.errors import InvalidMessage
from rfhydra.labels.label import Band, Label

_FREQUENCIES: Final = "\\"


def parse_label_track(text: str, name: str) -> Iterator[Label]:
    """The labels of a track.

    Args:
        text: contents of the exported file.
        name: of the file, for messages.

    Raises:
        InvalidMessage: a line is neither a label nor its frequencies; the message names file, line and field.
    """
    label: Label | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        fields = line.split("\t")
        if fields[0].strip() != _FREQUENCIES:
            if label is not None:
                yield label
            label = _label(fields, where)
        elif label is None or label.band is not None:
            raise InvalidMessage(f"{where}: frequencies follow no label")
        else:
            label = replace(label, band=_band(fields, where))
    if label is not None:
        yield label


def _label(fields: list[str], where: str) -> Label:
    if len(fields) < 2:
        raise InvalidMessage(f"{where}: a label is start, end and text, with tabs between them")
    start, end = _number(fields[0], f"{where}: start"), _number(fields[1], f"{where}: end")
    if end < start:
        raise InvalidMessage(f"{where}: end {end:g} is before start {start:g}")
    text = "\t".join(fields[2:]).strip()
    return Label(where=where, start=start, length=end - start if end > start else None, text=text or None)


def _band(fields: list[str], where: str) -> Band | None:
    if len(fields) < 3:
        raise InvalidMessage(f"{where}: frequencies are a backslash, low and high, with tabs between them")
    low, high = _number(fields[1], f"{where}: low frequency"), _number(fields[2], f"{where}: high frequency")
    if low < 0 or high < 0:
        return None
    if high < low:
        raise InvalidMessage(f"{where}: high frequency {high:g} is below low frequency {low:g}")
    return Band(low, high, "unsigned")


def _number(text: str, field: str) -> float:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidMessage(f"{field} {text.strip()!r} is not a number")
    return number
