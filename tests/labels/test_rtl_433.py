import json
from typing import Final

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage
from rfhydra.labels.label import Band, Label
from rfhydra.labels.rtl_433 import parse_rtl_433
from tests.labels import given

ANALYSED: Final = """rtl_433 version 23.11 inputs file rtl_tcp RTL-SDR
[Input] Test mode active. Reading samples from file: g001_433.92M_250k.cu8
Detected OOK package\t@0.220228s
{"time" : "@0.220228s", "model" : "Nexus-TH", "id" : 42, "mod" : "ASK", "freq" : 433.938}
Analyzing pulses...
Total count:  185,  width: 37.12 ms\t\t( 9280 S)
Pulse width distribution:
 [ 0] count:  114,  width: 3608 us [3604;3624]\t( 902 S)
Frequency offsets [F1, F2]:    4718,      0\t(+18.0 kHz, +0.0 kHz)
Detected FSK package\t@0.500000s
Analyzing pulses...
Total count:   56,  width: 12.00 ms\t\t( 3000 S)
Frequency offsets [F1, F2]:    5242,  -5242\t(+20.0 kHz, -20.0 kHz)
Detected OOK package\t@0.600000s
Analyzing pulses...
Detected only a single pulse.
"""


def packages(text: str) -> list[Label]:
    return list(parse_rtl_433(text, "log"))


def test_packages_of_the_analyser_have_a_length_and_events_their_model() -> None:
    nexus, fsk = packages(ANALYSED)
    assert nexus == Label(
        where="log, line 3", start=0.220228, length=0.03712, band=Band(18e3, 18e3, "offset"), text="Nexus-TH"
    )
    assert fsk == Label(where="log, line 10", start=0.5, length=0.012, band=Band(-40e3, 40e3, "offset"))


def test_older_releases_and_spaces_for_tabs() -> None:
    text = (
        "Detected OOK package\t@ @0.100000s\nTotal count:   56,  width: 30909\t\t(123.6 ms)\n"
        "[rtl_433] Detected OOK package    @1.500000s\n[rtl_433] Total count:  250,  width: 386.18 ms   (96544 S)\n"
    )
    assert [each.start for each in packages(text)] == [0.1, 1.5]
    assert [each.length for each in packages(text)] == pytest.approx([0.1236, 0.38618])


def test_key_values_without_a_length() -> None:
    text = "time      : @0.25s\nmodel     : Waveman-Switch      id        : D\nchannel   : 4\n"
    assert packages(text) == [Label(where="log, line 1", start=0.25, length=None, text="Waveman-Switch")]


def test_one_label_for_each_model_and_none_for_repeats_and_statistics() -> None:
    event = {"time": "@0.250000s", "model": "A", "tag": "g001_433.92M_250k.cu8", "freq1": 868.3, "freq2": 868.4}
    lines = [event, event, {**event, "model": "B"}, {"time": "@1.000000s", "enabled": 3, "frames": {}}]
    found = packages("\n".join(map(json.dumps, lines)))
    assert [(each.text, each.file) for each in found] == [("A", event["tag"]), ("B", event["tag"])]
    assert found[0].band is not None
    assert found[0].band.low_hz == pytest.approx(868.25e6)
    assert found[0].band.high_hz == pytest.approx(868.45e6)


@for_all(st.dictionaries(given.seconds(), st.tuples(given.TEXTS, st.integers(0, 10**7).map(lambda hertz: hertz / 1e6))))
def test_events_that_are_written_are_read(events: dict[float, tuple[str, float]]) -> None:
    text = "\n".join(
        json.dumps({"time": f"@{start:.6f}s", "model": model, "freq": freq}) for start, (model, freq) in events.items()
    )
    read = packages(text)
    assert [(each.start, each.text) for each in read] == [(start, model) for start, (model, _) in events.items()]
    assert [each.band.low_hz for each in read if each.band] == pytest.approx([mhz * 1e6 for _, mhz in events.values()])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"time" : "@0.1s", "model" : ', "log, line 2 is not valid JSON"),
        (
            '{"time" : "2026-01-01 12:00:00", "model" : "A"}',
            "log, line 2: time '2026-01-01 12:00:00' is not a position",
        ),
        ('{"model" : "A"}', "log, line 2: time '' is not a position"),
        ('{"time" : "@0.1s", "model" : "A", "freq" : "high"}', "log, line 2: freq 'high' is not a frequency in MHz"),
        ("Detected OOK package\t2021-06-26 17:43:33", "log, line 2: time '2021-06-26 17:43:33' is not a position"),
    ],
)
def test_damage_is_named(line: str, message: str) -> None:
    with pytest.raises(InvalidMessage, match=message):
        packages(f"rtl_433 version 23.11\n{line}\n")
