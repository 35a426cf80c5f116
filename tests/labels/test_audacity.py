import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage
from rfhydra.labels.audacity import parse_label_track
from rfhydra.labels.label import Band, Label
from tests.labels import given

BANDS = st.tuples(given.seconds(), given.seconds()).map(lambda edges: Band(min(edges), max(edges), "unsigned"))
LABELS = st.builds(
    Label,
    where=st.just(""),
    start=given.seconds(),
    length=st.none() | given.seconds(1e-6),
    band=st.none() | BANDS,
    text=st.none() | given.TEXTS,
)


@for_all(st.lists(LABELS, max_size=20))
def test_what_is_written_is_read(labels: list[Label]) -> None:
    read = list(parse_label_track(given.write_label_track(labels), "t.txt"))
    assert [(each.start, each.band, each.text) for each in read] == [
        (each.start, each.band, each.text) for each in labels
    ]
    assert [each.length for each in read] == pytest.approx([each.length for each in labels], abs=1e-5)


def test_a_label_says_its_line_and_keeps_the_tabs_of_its_text() -> None:
    text = "\n0,5\t0,75\tremote\tkeyfob\r\n\\\t10000,0\t20000,0\n1.000000\t1.000000\n\\\t-1.000000\t-1.000000\n"
    assert list(parse_label_track(text, "t.txt")) == [
        Label(where="t.txt, line 2", start=0.5, length=0.25, band=Band(1e4, 2e4, "unsigned"), text="remote\tkeyfob"),
        Label(where="t.txt, line 4", start=1.0, length=None),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.1\n", "t.txt, line 1: a label is start, end and text"),
        ("0.1\t0.2\tx\n0.3\tsoon\ty\n", "t.txt, line 2: end 'soon' is not a number"),
        ("nan\t0.2\tx\n", "t.txt, line 1: start 'nan' is not a number"),
        ("0.3\t0.2\tx\n", "t.txt, line 1: end 0.2 is before start 0.3"),
        ("\\\t1\t2\n", "t.txt, line 1: frequencies follow no label"),
        ("0.1\t0.2\tx\n\\\t1\t2\n\\\t1\t2\n", "t.txt, line 3: frequencies follow no label"),
        ("0.1\t0.2\tx\n\\\t1\n", "t.txt, line 2: frequencies are a backslash"),
        ("0.1\t0.2\tx\n\\\t2\t1\n", "t.txt, line 2: high frequency 1 is below low frequency 2"),
    ],
)
def test_damage_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidMessage, match=message):
        list(parse_label_track(text, "t.txt"))
