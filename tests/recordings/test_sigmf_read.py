"""SigMF metadata: defaults, offsets, and what is refused."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import InvalidRecording
from rfhydra.recordings import (
    Annotation,
    open_recording,
    write_sigmf_annotations,
)
from tests.recordings.given import RATE_HZ, write_pair


def test_annotations_without_edges_or_count_span_band_and_capture(tmp_path: Path) -> None:
    captures = [{"core:sample_start": 0, "core:frequency": 1e9}, {"core:sample_start": 600, "core:frequency": 2e9}]
    annotations = [{"core:sample_start": 700}, {"core:sample_start": 50, "core:label": "x"}]
    recording = open_recording(write_pair(tmp_path, captures=captures, annotations=annotations))
    assert recording.annotations == (
        Annotation(50, 550, 1e9 - RATE_HZ / 2, 1e9 + RATE_HZ / 2, "x"),
        Annotation(700, 300, 2e9 - RATE_HZ / 2, 2e9 + RATE_HZ / 2),
    )


def test_indices_count_from_the_offset_of_a_split_recording(tmp_path: Path) -> None:
    recording = open_recording(
        write_pair(
            tmp_path,
            changes={"core:offset": 5000},
            captures=[{"core:sample_start": 5000}],
            annotations=[{"core:sample_start": 5100, "core:sample_count": 10}],
        )
    )
    assert recording.captures[0].sample_start == 0
    assert recording.annotations[0].sample_start == 100
    out = write_sigmf_annotations(
        recording, [("x", 0.5, recording.annotations[0].box(RATE_HZ))], tmp_path / "d.sigmf-meta"
    )
    # read as JSON: sigmf-python takes indices that count from an offset for a truncated file
    assert json.loads(out.read_text())["annotations"][0]["core:sample_start"] == 5100
    assert open_recording(out).annotations[0].sample_start == 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("\xff", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "no object 'global'"),
        ('{"global": 1}', "no object 'global'"),
        ('{"global": {}, "captures": {}}', "captures must be a list of objects"),
        ('{"global": {}, "annotations": [1]}', "annotations must be a list of objects"),
    ],
)
def test_invalid_metadata(tmp_path: Path, text: str, message: str) -> None:
    path = write_pair(tmp_path)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidRecording, match=f"^rec.sigmf-meta.*{message}"):
        open_recording(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core:datatype": None}, "core:datatype is missing: give datatype"),
        ({"core:datatype": 8}, "core:datatype must be a string"),
        ({"core:datatype": "cf16_le"}, "'cf16_le' is unknown"),
        ({"core:datatype": "rf32_le"}, "'rf32_le' holds real samples"),
        ({"core:sample_rate": None}, "core:sample_rate is missing: give sample_rate_hz"),
        ({"core:sample_rate": "1e6"}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": True}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": math.nan}, "core:sample_rate must be a finite number, is 'nan'"),
        ({"core:sample_rate": math.inf}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": 10**400}, "core:sample_rate must be a finite number"),
        ({"core:sample_rate": 0}, "core:sample_rate must be above 0"),
        ({"core:sample_rate": -1e6}, "core:sample_rate must be above 0"),
        ({"core:num_channels": 2}, "core:num_channels is 2: split"),
        ({"core:sha512": "abc"}, "core:sha512 must be 128 hex digits"),
        ({"core:dataset": "../rec.sigmf-data"}, "core:dataset must be the name of a file in the same folder"),
        ({"core:trailing_bytes": 2000}, "the data is empty"),
        ({"core:trailing_bytes": 3000}, "the data is empty"),
        ({"core:trailing_bytes": 0.5}, "core:trailing_bytes must be a whole number"),
    ],
)
def test_wrong_global_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecording, match=f"^rec.sigmf-meta: .*{message}"):
        open_recording(write_pair(tmp_path, changes=changes))


@pytest.mark.parametrize(
    ("captures", "message"),
    [
        ([{}], "captures: core:sample_start is missing"),
        ([{"core:sample_start": -1}], "captures: core:sample_start must be a whole number"),
        ([{"core:sample_start": 0}, {"core:sample_start": 1000}], r"captures\[1\]: core:sample_start 1000 is outside"),
        ([{"core:sample_start": 0}] * 2, "two captures have the same core:sample_start 0"),
        ([{"core:sample_start": 0, "core:frequency": math.nan}], r"captures\[0\]: core:frequency must be a finite"),
        ([{"core:sample_start": 0, "core:datetime": 5}], r"captures\[0\]: core:datetime must be a string"),
        ([{"core:sample_start": 0}, {"core:sample_start": 9, "core:header_bytes": 4}], "only supported in the first"),
    ],
)
def test_wrong_capture(tmp_path: Path, captures: list[Any], message: str) -> None:
    with pytest.raises(InvalidRecording, match=f"^rec.sigmf-meta.*{message}"):
        open_recording(write_pair(tmp_path, captures=captures))


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"core:sample_count": 0}, "core:sample_count is 0"),
        ({"core:sample_count": 901}, "samples 100 to 1001 are not all in the data.* truncated"),
        ({"core:sample_start": 1200}, "samples 1200 to 1200 are not all in the data.* truncated"),
        ({"core:freq_lower_edge": 1e6}, "give both core:freq_lower_edge and core:freq_upper_edge"),
        ({"core:freq_lower_edge": 2e6, "core:freq_upper_edge": 1e6}, "core:freq_upper_edge 1000000 must be above"),
        ({"core:freq_lower_edge": 1e6, "core:freq_upper_edge": math.nan}, "core:freq_upper_edge must be a finite"),
        ({"core:label": 7}, "core:label must be a string"),
    ],
)
def test_wrong_annotation(tmp_path: Path, annotation: dict[str, Any], message: str) -> None:
    entry = {"core:sample_start": 100, **annotation}
    with pytest.raises(InvalidRecording, match=rf"^rec.sigmf-meta, annotations\[0\]: .*{message}"):
        open_recording(write_pair(tmp_path, annotations=[entry]))
