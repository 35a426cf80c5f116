import csv
import io
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage
from rfhydra.labels.csv_table import COLUMNS, parse_csv
from rfhydra.labels.label import Band, Label
from tests.labels import given

HEADER: Final = ["start_s", "length_s", "low_hz", "high_hz", "label", "file"]
HERTZ = st.integers(-(10**9), 10**10).map(float)
BANDS = st.tuples(HERTZ, HERTZ).map(lambda edges: Band(min(edges), max(edges)))
LABELS = st.builds(
    Label,
    where=st.just(""),
    start=given.seconds(),
    length=st.none() | given.seconds(1e-6),
    band=st.none() | BANDS,
    text=st.none() | given.TEXTS,
    file=st.none() | given.TEXTS,
)


def write_csv(labels: list[Label], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(HEADER)
    for each in labels:
        low, high = (each.band.low_hz, each.band.high_hz) if each.band else (None, None)
        writer.writerow([each.start, each.length, low, high, each.text, each.file])
    return text.getvalue()


def only(text: str) -> Label:
    (label,) = parse_csv(text, "b.csv")
    return replace(label, where="")


@for_all(st.lists(LABELS, max_size=20), st.sampled_from(",;\t"))
def test_what_is_written_is_read(labels: list[Label], delimiter: str) -> None:
    read = parse_csv(write_csv(labels, delimiter), "b.csv")
    assert [replace(each, where="") for each in read] == labels


@pytest.mark.parametrize(
    "start", ["start", "Begin Time (s)", "time_start_sec", "START [s]", "t0", "onset_s", "Start,s"]
)
def test_the_names_of_a_column_are_read_without_case_and_punctuation(start: str) -> None:
    assert only(f'"{start}","Delta Time (s)"\n1.5,0.25\n') == Label(where="", start=1.5, length=0.25)


def test_every_name_is_that_of_one_column() -> None:
    names = [name for each in COLUMNS.values() for name in each.split()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("start,end\n30ms,1.2s\n", Label(where="", start=0.03, length=1.17)),
        ("start_ms,len_us\n30,500\n", Label(where="", start=0.03, length=5e-4)),
        ("start,length\n@1.5s,\n", Label(where="", start=1.5, length=None)),
        ("\ufeffstart;length\n1,5;0,25\n", Label(where="", start=1.5, length=0.25)),
        ("# by hand\nstart,length\n\n1,2\n# end\n", Label(where="", start=1.0, length=2.0)),
        (
            "core:sample_start,core:sample_count,core:freq_lower_edge,core:freq_upper_edge,core:label\n8,4,-5,5,x\n",
            Label(where="", start=8.0, length=4.0, in_samples=True, band=Band(-5.0, 5.0), text="x"),
        ),
        ("start_sample,end_sample\n8,12\n", Label(where="", start=8.0, length=4.0, in_samples=True)),
        (
            "start,length,centre_MHz,bw\n1,1,433.92,50k\n",
            Label(where="", start=1.0, length=1.0, band=Band(433.895e6, 433.945e6)),
        ),
        (
            "start,length,freq,bandwidth\n1,1,-20k,10k\n",
            Label(where="", start=1.0, length=1.0, band=Band(-25e3, -15e3, "offset")),
        ),
        (
            "start,length,offset_khz\n1,1,20\n",
            Label(where="", start=1.0, length=1.0, band=Band(20e3, 20e3, "offset")),
        ),
        (
            "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tBegin File\n"
            "1\tSpectrogram 1\t1\t0.5\t0.75\t1000.0\t3000.0\ta.wav\n",
            Label(where="", start=0.5, length=0.25, band=Band(1e3, 3e3), file="a.wav"),
        ),
    ],
)
def test_tables_of_other_programs(text: str, label: Label) -> None:
    read = only(text)
    assert read.length == pytest.approx(label.length)
    assert replace(read, length=label.length) == label


def test_an_empty_table_has_no_box() -> None:
    assert list(parse_csv("", "b.csv")) == list(parse_csv("start,length\n", "b.csv")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.2,0.03\n", "b.csv, line 1: the header has no column 'start': '1.2, 0.03'"),
        ("start,length\n1,2\nsoon,2\n", "b.csv, line 3: start 'soon' is not a duration"),
        ("start,length\n,2\n", "b.csv, line 2: start is missing"),
        ("start,length\n1,2kHz\n", "b.csv, line 2: length '2kHz' has the unknown unit 'kHz'"),
        ("start_hz,length\n1,2\n", "b.csv, line 2: start_hz cannot be in Hz"),
        ("start,length,low,high\n1,2,433M,\n", "b.csv, line 2: give both frequency edges"),
        ("start,length,low,high\n1,2,434M,433M\n", "b.csv, line 2: high frequency 433000000 Hz is below low"),
        ("start,length,freq\n1,2,433m\n", "b.csv, line 2: freq '433m' has the unknown unit"),
        ("start,length,bw\n1,2,50k\n", "b.csv, line 2: a bandwidth needs a centre frequency"),
        ("start_sample,length\n1,2\n", "b.csv, line 2: length and start must both be in samples"),
        ("start,sample_count\n1,2\n", "b.csv, line 2: a count of samples needs a start in samples"),
        ("sample_start,count\n1.5,2\n", "b.csv, line 2: sample_start '1.5' is not a whole number of samples"),
        ('start,length\n1,"2\n', "b.csv, line 2 is not CSV: unexpected end of data"),
    ],
)
def test_damage_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidMessage, match=message):
        list(parse_csv(text, "b.csv"))
