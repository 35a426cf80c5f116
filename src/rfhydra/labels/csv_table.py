"""CSV tables of boxes, a box in each row, whose columns are recognised by their names.

Names are read without regard to case and punctuation: ``time_start_sec``, ``Begin Time (s)`` and ``start`` are one
column. A unit at the end of a name holds for plain numbers in its column; a unit of a value, as in ``30ms``, for that
value. Fields are separated by commas, semicolons or tabs, whichever the header has most of.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rfhydra.errors import InvalidMessage
from rfhydra.labels.label import Band, Label
from rfhydra.quantities import parse_hertz, parse_seconds

COLUMNS: Final[Mapping[str, str]] = {
    "start": "start begin begintime onset starttime timestart time t0 from",
    "end": "end endtime stop stoptime timeend timestop t1 to until",
    "length": "length len duration dur timelength deltatime",
    "count": "count samplecount",
    "centre": "centre center frequency freq centrefrequency centerfrequency centrefreq centerfreq freqcenter",
    "offset": "offset frequencyoffset freqoffset",
    "bandwidth": "bandwidth bw",
    "low": "low lowfrequency lowfreq freqlow freqloweredge loweredge minfreq freqmin fmin",
    "high": "high highfrequency highfreq freqhigh frequpperedge upperedge maxfreq freqmax fmax",
    "label": "label signal signalname name class annotation text model",
    "file": "file filename recording path beginfile",
}
"""The names of each column, without units."""
_NAMES: Final = {name: column for column, names in COLUMNS.items() for name in names.split()}
_SECONDS: Final = {"s": "s", "sec": "s", "secs": "s", "seconds": "s", "ms": "ms", "us": "us", "µs": "us", "ns": "ns"}
_HERTZ: Final = {"hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz"}
_SAMPLES: Final = "samples"
_UNITS: Final = {**_SECONDS, **_HERTZ, "sample": _SAMPLES, "samples": _SAMPLES}
_FREQUENCIES: Final = frozenset({"centre", "offset", "bandwidth", "low", "high"})
_DECIMAL_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")


@dataclass(frozen=True)
class _Column:
    """Where a column is, and the unit of its plain numbers."""

    index: int
    title: str
    unit: str


def parse_csv(text: str, name: str) -> Iterator[Label]:
    """The boxes of a table, in the order of its rows; empty rows and lines that begin with ``#`` are passed over.

    A box needs a start, and an end or a length unless that is given elsewhere; frequencies are two edges, or a centre
    with or without a bandwidth, or missing for the whole band. Other columns are ignored.

    Args:
        text: contents of the file, its header first.
        name: of the file, for messages.

    Raises:
        InvalidMessage: there is no column for the start, or a value cannot be read; the message names file, line and
            column.
    """
    lines = ["" if line.lstrip().startswith("#") else line for line in io.StringIO(text.removeprefix("\ufeff"))]
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    columns: dict[str, _Column] | None = None
    try:
        for row in reader:
            where = f"{name}, line {reader.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = _columns(row, where)
            else:
                yield _Row(row, columns, where, has_decimal_comma=delimiter != ",").label()
    except csv.Error as error:
        raise InvalidMessage(f"{name}, line {reader.line_num} is not CSV: {error}") from None


def _columns(header: list[str], where: str) -> dict[str, _Column]:
    columns = dict[str, _Column]()
    for index, title in enumerate(header):
        words = [word for word in re.split(r"[^0-9a-zµ]+", title.lower().replace("\u03bc", "µ")) if word]
        unit = _UNITS[words.pop()] if words and words[-1] in _UNITS and len(words) > 1 else ""
        if words[:1] == ["core"]:  # the namespace of SigMF
            del words[0]
        if words[:1] == ["sample"]:
            unit, words = _SAMPLES, words if words[1:] == ["count"] else words[1:]
        column = _NAMES.get("".join(words))
        if column is not None:
            columns.setdefault(column, _Column(index, _printable(title.strip()), unit))
    if "start" not in columns:
        raise InvalidMessage(f"{where}: the header has no column 'start': {', '.join(header)[:80]!r}")
    return columns


def _printable(title: str) -> str:
    return title if title.isprintable() else repr(title)


@dataclass(frozen=True)
class _Row:
    cells: list[str]
    columns: Mapping[str, _Column]
    where: str
    has_decimal_comma: bool

    def label(self) -> Label:
        start, end, length = self._time("start"), self._time("end"), self._time("length")
        in_samples = self.columns["start"].unit == _SAMPLES
        if start is None:
            raise InvalidMessage(f"{self.where}: {self.columns['start'].title} is missing")
        count = self._time("count")
        if count is not None:
            if not in_samples:
                raise InvalidMessage(f"{self.where}: a count of samples needs a start in samples")
            length = count
        for column in ("end", "length"):
            if self._text(column) and (self.columns[column].unit == _SAMPLES) != in_samples:
                raise InvalidMessage(f"{self.where}: {self.columns[column].title} and start must both be in samples")
        if length is None and end is not None:
            length = end - start
        return Label(
            where=self.where,
            start=start,
            length=length,
            in_samples=in_samples,
            band=self._band(),
            text=self._text("label") or None,
            file=self._text("file") or None,
        )

    def _band(self) -> Band | None:
        low, high, bandwidth = self._hertz("low"), self._hertz("high"), self._hertz("bandwidth")
        if (low is None) != (high is None):
            raise InvalidMessage(f"{self.where}: give both frequency edges, or neither")
        if low is not None and high is not None:
            if high < low:
                raise InvalidMessage(f"{self.where}: high frequency {high:.12g} Hz is below low {low:.12g} Hz")
            return Band(low, high)
        if (offset := self._hertz("offset")) is not None:
            half = (bandwidth or 0.0) / 2
            return Band(offset - half, offset + half, "offset")
        if self._text("centre"):
            return Band.about(self._quantity("centre"), bandwidth or 0.0, self._field("centre"))
        if bandwidth is not None:
            raise InvalidMessage(f"{self.where}: a bandwidth needs a centre frequency")
        return None

    def _time(self, column: str) -> float | None:
        """Seconds, or samples if the column is in samples."""
        if not self._text(column):
            return None
        if column == "count" or self.columns[column].unit == _SAMPLES:
            return self._samples(column)
        return parse_seconds(self._quantity(column).removeprefix("@"), self._field(column))

    def _samples(self, column: str) -> float:
        text = self._text(column)
        if not re.fullmatch(r"[0-9]{1,18}(\.0*)?", text):
            raise InvalidMessage(f"{self._field(column)} {text!r} is not a whole number of samples")
        return float(text)

    def _hertz(self, column: str) -> float | None:
        return parse_hertz(self._quantity(column), self._field(column)) if self._text(column) else None

    def _quantity(self, column: str) -> str:
        """The value with its unit, that of the column if it has none of its own."""
        text = self._text(column)
        if self.has_decimal_comma:
            text = _DECIMAL_COMMA.sub(".", text)
        unit = self.columns[column].unit
        allowed = _HERTZ if column in _FREQUENCIES else _SECONDS
        if unit and unit not in allowed.values():
            raise InvalidMessage(f"{self._field(column)} cannot be in {unit}")
        return f"{text}{unit}" if text[-1].isdigit() or text.endswith(".") else text

    def _text(self, column: str) -> str:
        """The cell, stripped; empty where the table or the row has none."""
        place = self.columns.get(column)
        return "" if place is None or place.index >= len(self.cells) else self.cells[place.index].strip()

    def _field(self, column: str) -> str:
        return f"{self.where}: {self.columns[column].title}"
