import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rfhydra.errors import InvalidMessage
from rfhydra.labels.box_text import parse_box
from rfhydra.labels.label import Band
from tests.labels import given


@for_all(given.seconds(), given.seconds(1e-6), st.integers(0, 10**10), st.integers(1, 10**8))
def test_what_is_written_is_read(start: float, length: float, center: int, bandwidth: int) -> None:
    box = parse_box(f"{start:f}s, {length * 1e3:f}ms,{center}Hz,{bandwidth / 1e3}k", "--box")
    assert box.start == pytest.approx(start)
    assert box.length == pytest.approx(length, abs=1e-9)
    assert box.band is not None
    assert box.band.low_hz == pytest.approx(center - bandwidth / 2)
    assert box.band.high_hz == pytest.approx(center + bandwidth / 2)


def test_the_sign_makes_an_offset() -> None:
    assert parse_box("1,30ms,+20k,4k", "--box").band == Band(18e3, 22e3, "offset")
    assert parse_box("1,30ms,-20k,4k", "--box").band == Band(-22e3, -18e3, "offset")
    assert parse_box("1,30ms", "--box").band is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.2s", "--box '1.2s' has 1 parts: give START,LEN or START,LEN,CENTRE,BANDWIDTH"),
        ("1.2s,30ms,433.92M", "has 3 parts"),
        ("soon,30ms", "--box 'soon,30ms': START 'soon' is not a duration"),
        ("1,", "--box '1,': LEN '' is not a duration"),
        ("1,1,433.92m,50k", "CENTRE '433.92m' has the unknown unit 'm'"),
        ("1,1,433.92M,wide", "BANDWIDTH 'wide' is not a frequency"),
    ],
)
def test_damage_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidMessage, match=message):
        parse_box(text, "--box")
