from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import InvalidBox, InvalidMessage
from rfhydra.labels.label import Band, Label, Missing
from rfhydra.recordings import Annotation, Recording
from tests.labels.given import CENTER_HZ, RATE_HZ, recorded

LOW, HIGH = CENTER_HZ - RATE_HZ / 2, CENTER_HZ + RATE_HZ / 2


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two seconds, a tone 40 kHz above the centre."""
    return recorded(tmp_path_factory.mktemp("take"))


def annotated(recording: Recording, missing: Missing | None = None, **fields: Any) -> Annotation:
    label = Label(where="here", **{"start": 1.0, "length": 0.1, **fields})
    return label.annotation(recording, "x", missing or Missing())


@pytest.mark.parametrize(
    ("band", "edges"),
    [
        (None, (LOW, HIGH)),
        (Band(CENTER_HZ, CENTER_HZ + 1e4), (CENTER_HZ, CENTER_HZ + 1e4)),
        (Band(-2e4, -1e4, "offset"), (CENTER_HZ - 2e4, CENTER_HZ - 1e4)),
        (Band(CENTER_HZ - 1e6, CENTER_HZ), (LOW, CENTER_HZ)),
        (Band(CENTER_HZ, CENTER_HZ), (LOW, HIGH)),
        (Band(35e3, 45e3, "unsigned"), (CENTER_HZ + 35e3, CENTER_HZ + 45e3)),
    ],
)
def test_frequencies(take: Recording, band: Band | None, edges: tuple[float, float]) -> None:
    found = annotated(take, band=band)
    assert (found.sample_start, found.sample_count, found.label) == (250_000, 25_000, "x")
    assert (found.freq_low_hz, found.freq_high_hz) == edges


def test_the_side_of_an_unsigned_band_is_the_one_with_the_emission(tmp_path: Path) -> None:
    below = annotated(recorded(tmp_path, tone_hz=-40e3), band=Band(35e3, 45e3, "unsigned"))
    assert (below.freq_low_hz, below.freq_high_hz) == (CENTER_HZ - 45e3, CENTER_HZ - 35e3)


def test_what_is_missing_is_given(take: Recording) -> None:
    found = annotated(take, Missing(0.2, 1e4), length=None, band=Band(CENTER_HZ, CENTER_HZ))
    assert (found.sample_count, found.freq_low_hz, found.freq_high_hz) == (50_000, CENTER_HZ - 5e3, CENTER_HZ + 5e3)
    with pytest.raises(InvalidMessage, match="here states no length: give --length"):
        annotated(take, length=None)


def test_times_in_samples_and_beyond_the_ends(take: Recording) -> None:
    found = annotated(take, start=499_990.0, length=20.0, in_samples=True)
    assert (found.sample_start, found.sample_count) == (499_990, 10)
    found = annotated(take, start=-0.01, length=0.05)
    assert (found.sample_start, found.sample_count) == (0, 10_000)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"start": 3.0}, "here: 3 to 3.1 s is outside take, which is 2 s long"),
        ({"length": 30.0}, "here: 1 to 31 s is outside take"),
        ({"length": 0.0}, "here: the length must be more than 0 s"),
        ({"band": Band(CENTER_HZ + 1e6, CENTER_HZ + 2e6)}, "434920000 to 435920000 Hz is outside the recorded band"),
        ({"band": Band(18e3, 22e3)}, r"has a sign, as in \+20k"),
    ],
)
def test_what_is_outside(take: Recording, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidBox, match=message):
        annotated(take, **fields)


def test_a_recording_without_a_centre_frequency(tmp_path: Path) -> None:
    with pytest.raises(InvalidBox, match="give --freq"):
        annotated(recorded(tmp_path, center_hz=0.0), band=Band(433.9e6, 433.95e6))
