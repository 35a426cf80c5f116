"""File names by which receivers tell rate, centre frequency and time of a recording."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rfhydra.quantities import parse_hertz

_DATED: Final = re.compile(
    r"(?P<program>gqrx|SDRSharp|SDRuno|HDSDR)_(?P<date>\d{8})_(?P<time>\d{6})(?P<zone>Z?)_(?P<rest>.+)", re.IGNORECASE
)
"""``gqrx_20190417_193420_433920000_1800000_fc``, ``SDRSharp_20160101_231914Z_433920kHz_IQ``, SDRuno and HDSDR alike."""
_GQRX: Final = re.compile(r"(\d+)_(\d+)_fc")
_FREQUENCY: Final = re.compile(r"(?:^|_)(\d+(?:\.\d+)?(?:[kM]?Hz))(?=_|$)", re.IGNORECASE)
"""``433920kHz``; SDR# also ``12-30-00_433920000Hz``, SDR++ ``baseband_433920000Hz_…``."""
_RTL_433: Final = re.compile(r"(?:^|_)(\d+(?:\.\d+)?[MG])(?:Hz)?_(\d+(?:\.\d+)?[kM])(?:Hz|sps)?(?=_|$)", re.IGNORECASE)
"""``g001_433.92M_250k``."""


@dataclass(frozen=True)
class NameFields:
    """What the name of a file tells; None where it does not."""

    datatype: str | None = None
    sample_rate_hz: float | None = None
    center_freq_hz: float | None = None
    start_time: str | None = None

    @classmethod
    def of(cls, stem: str) -> "NameFields":
        """The fields in ``stem``, a name without its extension; none in a name of another convention."""
        if dated := _DATED.fullmatch(stem):
            is_gqrx = dated["program"].lower() == "gqrx"
            start_time = _time(dated["date"] + dated["time"]) if is_gqrx or dated["zone"] else None
            if is_gqrx and (numbers := _GQRX.fullmatch(dated["rest"])):
                return cls("cf32_le", float(numbers[2]), float(numbers[1]), start_time)
            return cls(center_freq_hz=_frequency(dated["rest"]), start_time=start_time)
        if pair := _RTL_433.search(stem):
            frequency, rate = (text[:-1] + {"m": "M", "g": "G"}.get(text[-1], text[-1]) for text in pair.groups())
            return cls(None, parse_hertz(rate, "rate"), parse_hertz(frequency, "frequency"))
        return cls(center_freq_hz=_frequency(stem))


def _frequency(text: str) -> float | None:
    found = _FREQUENCY.search(text)
    if found is None:
        return None
    unit = {"k": "k", "m": "M"}.get(found[1][-3].lower(), "")
    return parse_hertz(re.sub(r"[kM]?Hz$", "", found[1], flags=re.IGNORECASE) + unit, "frequency")


def _time(digits: str) -> str | None:
    """UTC time as in SigMF, of 14 digits; None where they are no time."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None
