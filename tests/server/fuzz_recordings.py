"""Inputs of the fuzzer for the commands on recordings, those that a server holds and those of its archives."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.training.given import CENTER_HZ, RATE_HZ

RECORDING_ID: Final = "7d0a4c9e51b23f68"
ARCHIVE: Final = "attic"
ARCHIVED: Final = "night.sigmf-meta"
_BOX: Final = {"time_start_sec": 0.0, "time_end_sec": 1e-3, "freq_low_hz": CENTER_HZ - 1e4, "freq_high_hz": CENTER_HZ}

SOUND_RECORDINGS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "annotations": st.just([{"signal_name": "beacon", "box": _BOX}]),
    "any_rate": st.booleans(),
    "archive": st.just(ARCHIVE),
    "box": st.just(_BOX),
    "columns": st.integers(1, 64),
    "datatype": st.sampled_from(("cu8", "cf32_le")),
    "duration_sec": st.floats(1e-3, 0.1),
    "files": st.just([{"name": "night_433.92M_250k.cu8", "size_bytes": 128}]),
    "from_sec": st.just(0.0),
    "freq_high_hz": st.just(CENTER_HZ + 1e5),
    "freq_low_hz": st.just(CENTER_HZ - 1e5),
    "max_candidates": st.integers(1, 20),
    "min_objectness": st.floats(0, 1),
    "pooling": st.sampled_from(("max", "mean")),
    "recording": st.just(ARCHIVED),
    "recording_id": st.just(RECORDING_ID),
    "restart": st.booleans(),
    "rows": st.integers(1, 64),
    "tag": st.integers(0, 3),
    "time_end_sec": st.just(0.1),
    "time_start_sec": st.just(0.0),
    "to_sec": st.just(0.1),
    "upload_id": st.just(RECORDING_ID),
}
"""What is as it should be, by field."""


def wild_recordings(
    names: st.SearchStrategy[Any], counts: st.SearchStrategy[Any], junk: st.SearchStrategy[Any]
) -> dict[str, st.SearchStrategy[Any]]:
    """What may stand in the same fields as well."""
    numbers = st.floats() | st.sampled_from((0.0, RATE_HZ, -1.0))
    box = st.fixed_dictionaries(dict.fromkeys(_BOX, numbers))
    annotation = st.fixed_dictionaries({"signal_name": names, "box": box}, optional={"negative": st.booleans()})
    file = st.fixed_dictionaries({"name": st.text(max_size=300) | names, "size_bytes": counts | junk})
    wild: dict[str, st.SearchStrategy[Any]] = {
        "annotations": st.lists(annotation, max_size=3) | annotation.map(lambda each: 1200 * [each]),
        "any_rate": st.booleans(),
        "archive": names,
        "box": box | junk,
        "recording": names | st.sampled_from((ARCHIVED, "../../rfhydra.db", "/etc/passwd")),
        "restart": st.booleans() | junk,
        "datatype": st.sampled_from(("cu8", "ri16_be", "x")) | st.text(max_size=40),
        "files": st.lists(file, max_size=5),
        "pooling": st.sampled_from(("max", "least")),
    }
    wild |= dict.fromkeys(("columns", "rows", "max_candidates", "tag"), counts)
    wild |= dict.fromkeys(("recording_id", "upload_id"), names)
    edges = (
        "duration_sec",
        "time_start_sec",
        "time_end_sec",
        "freq_low_hz",
        "freq_high_hz",
        "min_objectness",
        "from_sec",
        "to_sec",
    )
    return wild | dict.fromkeys(edges, numbers)
