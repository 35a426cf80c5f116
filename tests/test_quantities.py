"""Quantities as people write them."""

import math
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage
from rfhydra.quantities import format_quantity, parse_bytes, parse_decibels, parse_hertz, parse_seconds


@pytest.mark.parametrize(
    ("text", "hertz"),
    [
        ("250k", 250e3),
        ("250K", 250e3),
        ("2.4M", 2.4e6),
        ("433.92M", 433_920_000.0),
        ("433.92MHz", 433_920_000.0),
        (" 20 MS/s ", 20e6),
        ("1.5G", 1.5e9),
        ("1e6", 1e6),
        ("48000", 48000.0),
        ("5Hz", 5.0),
        ("-50k", -50e3),
        (".5k", 500.0),
    ],
)
def test_hertz(text: str, hertz: float) -> None:
    assert parse_hertz(text, "rate") == hertz


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1.2s", 1.2), ("30ms", 0.03), ("15us", 15e-6), ("15µs", 15e-6), ("2h", 7200.0), ("5min", 300.0), ("3", 3.0)],
)
def test_seconds(text: str, seconds: float) -> None:
    assert parse_seconds(text, "for") == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("2G", 2 * 10**9), ("500MB", 5 * 10**8), ("1.5 TB", 15 * 10**11), ("100", 100), ("1k", 1000)]
)
def test_bytes(text: str, size: int) -> None:
    assert parse_bytes(text, "quota") == size


@pytest.mark.parametrize(("text", "decibels"), [("20", 20.0), ("-3.5dB", -3.5), ("+7 db", 7.0)])
def test_decibels(text: str, decibels: float) -> None:
    assert parse_decibels(text, "gain") == decibels


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_hertz, "fast", "rate 'fast' is not a frequency"),
        (parse_hertz, "", "rate '' is not a frequency"),
        (parse_hertz, "1e999", "rate '1e999' is not a frequency"),
        (parse_hertz, "1e300G", "rate '1e300G' is not a frequency"),
        (parse_hertz, "nan", "rate 'nan' is not a frequency"),
        (parse_bytes, "2GiB", "rate '2GiB' has the unknown unit 'GiB'"),
        (parse_bytes, "0.5", "rate '0.5' must be at least 1 byte"),
        (parse_hertz, "433.92m", "rate '433.92m' has the unknown unit 'm': use k, M or G"),
        (parse_hertz, "1.2.3M", "rate '1.2.3M' is not a frequency"),
        (parse_seconds, "3 weeks", "rate '3 weeks' has the unknown unit 'weeks': use ns, us"),
        (parse_decibels, "3 dBm", "rate '3 dBm' has the unknown unit 'dBm'"),
    ],
)
def test_errors_name_the_field(parse: Callable[[str, str], float], text: str, message: str) -> None:
    with pytest.raises(InvalidMessage, match=re.escape(message)):
        parse(text, "rate")


@cases(st.text() | st.from_regex(r"[+-]?[0-9]{1,3}(\.[0-9]+)?(e[+-]?[0-9]{1,9})?[kMG]?", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_hertz, parse_seconds, parse_decibels, parse_bytes):
        with suppress(InvalidMessage):
            assert math.isfinite(parse(text, "x"))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0317, "s", "31.7 ms"),
        (9200.0, "Hz", "9.2 kHz"),
        (999.9, "Hz", "1 kHz"),
        (0.0, "s", "0 s"),
        (2e-12, "s", "0.002 ns"),
        (3e12, "Hz", "3e+03 GHz"),
        (50.0, "Hz", "50 Hz"),
    ],
)
def test_a_quantity_has_three_digits_and_a_prefix(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text
