"""Quantities as people write them: ``250k``, ``433.92M``, ``30ms``, ``20dB``."""

import math
import re
from decimal import Decimal
from typing import Final

from rfhydra.errors import InvalidMessage

_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s.]*)", re.ASCII)
_MAX_NUMBER: Final = 1e100
_HERTZ: Final = {"": Decimal(1), "k": Decimal("1e3"), "K": Decimal("1e3"), "M": Decimal("1e6"), "G": Decimal("1e9")}
"""There is no milli, so that ``433.92m`` is an error and not a third of a hertz."""
_HERTZ_UNIT: Final = re.compile(r"(Hz|hz|HZ|S/s|Sps|sps)$")
_PREFIXES: Final = {-3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}
_BYTES: Final = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
_SECONDS: Final = {
    "": Decimal(1),
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}


def parse_hertz(text: str, field: str) -> float:
    """A frequency or sample rate in Hz: ``250k``, ``2.4 MS/s``, ``433.92MHz``, ``1e6``.

    Raises:
        InvalidMessage: it is none; the message names ``field``.
    """
    number, suffix = _split(text, field, "a frequency, such as 250k, 2.4M or 433.92M")
    prefix = _HERTZ_UNIT.sub("", suffix)
    if prefix not in _HERTZ:
        raise InvalidMessage(f"{field} {text!r} has the unknown unit {suffix!r}: use k, M or G, with or without Hz")
    return float(number * _HERTZ[prefix])


def parse_seconds(text: str, field: str) -> float:
    """A duration in seconds: ``1.2s``, ``30ms``, ``15us``, ``5min``, ``2h``, ``1d``; without a unit, seconds.

    Raises:
        InvalidMessage: it is none; the message names ``field``.
    """
    number, unit = _split(text, field, "a duration, such as 1.2s, 30ms or 2h")
    if unit not in _SECONDS:
        raise InvalidMessage(f"{field} {text!r} has the unknown unit {unit!r}: use {', '.join(filter(None, _SECONDS))}")
    return float(number * _SECONDS[unit])


def parse_bytes(text: str, field: str) -> int:
    """A size in bytes: ``2G``, ``500MB``, ``1.5 TB``; prefixes are powers of 1000.

    Raises:
        InvalidMessage: it is none, or less than a byte; the message names ``field``.
    """
    number, suffix = _split(text, field, "a size, such as 500M or 2G")
    prefix = suffix.removesuffix("B")
    if prefix not in _BYTES:
        raise InvalidMessage(f"{field} {text!r} has the unknown unit {suffix!r}: use k, M, G or T, with or without B")
    if (size := int(number.scaleb(_BYTES[prefix]))) < 1:
        raise InvalidMessage(f"{field} {text!r} must be at least 1 byte")
    return size


def parse_decibels(text: str, field: str) -> float:
    """A level or gain in dB: ``20``, ``-3.5dB``.

    Raises:
        InvalidMessage: it is none; the message names ``field``.
    """
    number, unit = _split(text, field, "a number of dB, such as 20 or -3.5")
    if unit.lower() not in ("", "db"):
        raise InvalidMessage(f"{field} {text!r} has the unknown unit {unit!r}: use dB or none")
    return float(number)


def _split(text: str, field: str, expected: str) -> tuple[Decimal, str]:
    """Number and unit. The number is small enough to stay finite in any unit."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or not abs(float(match[1])) <= _MAX_NUMBER:
        raise InvalidMessage(f"{field} {text!r} is not {expected}")
    return Decimal(match[1]), match[2]


def format_quantity(value: float, unit: str) -> str:
    """``value`` with three digits and a prefix: ``31.7 ms``, ``9.2 kHz``."""
    exponent = 0 if value == 0 else min(max(math.floor(math.log10(abs(value)) / 3), -3), 3)
    if f"{abs(value) / 1000**exponent:.3g}" == "1e+03" and exponent < 3:  # rounding reaches the next prefix
        exponent += 1
    return f"{value / 1000**exponent:.3g} {_PREFIXES[exponent]}{unit}"
