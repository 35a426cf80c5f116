"""SigMF annotations of a stream."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sigmf

from rfhydra.errors import Conflict, InvalidMessage
from rfhydra.live import annotations as annotations_module
from rfhydra.live.annotations import SigmfAnnotations
from rfhydra.recordings.sigmf_extension import ANNOTATION_FIELDS, extended
from tests.live.tracks import CENTER_HZ, MEASURED, SIGNAL, event, utc
from tests.live.windows import RATE_HZ, window


def read(path: Path) -> Any:
    """The file, which must be valid SigMF."""
    found = sigmf.fromfile(str(path), skip_checksum=True)
    found.validate()
    return found


@pytest.mark.filterwarnings("ignore")  # SigMF's reader looks for data that metadata-only files do not have
def test_ended_tracks_are_annotated(tmp_path: Path) -> None:
    path = tmp_path / "roof.sigmf-meta"
    output = SigmfAnnotations(path, "rtl_tcp://roof")
    output.on_window(window(0))
    measured: dict[str, Any] = {"measured": MEASURED, "duty_cycle": 0.1, "repetition_sec": 30.0}
    for each in (event("begin", 1), event("end", 1, **measured), event("end", 2, merged_into=1), event("begin", 3)):
        output.write(each)
    output.close()
    found = read(path)
    assert found.get_global_field("core:metadata_only") is True
    assert found.get_global_field("core:sample_rate") == RATE_HZ
    (capture,) = found.get_captures()
    assert datetime.fromisoformat(capture["core:datetime"]) == datetime.fromisoformat(utc(0)).astimezone(UTC)
    (annotation,) = found.get_annotations()
    assert (annotation["core:sample_start"], annotation["core:sample_count"]) == (RATE_HZ, round(0.032 * RATE_HZ))
    assert (annotation["core:label"], annotation["core:freq_lower_edge"]) == (SIGNAL, CENTER_HZ - 25e3)
    names = {key for key in annotation if key.startswith("rfhydra:")}
    assert names == {f"rfhydra:{name}" for name in ANNOTATION_FIELDS if name != "verdict"}  # nobody has reviewed it


def test_the_file_is_whole_while_the_stream_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "roof.sigmf-meta"
    output = SigmfAnnotations(path, "roof")
    output.on_window(window(0))
    output.write(event("end", 1))
    assert output.flush(30)
    assert path.exists()
    output.write(event("end", 2, 2.0))  # written ten seconds later, or at the end
    output.close()
    assert path.read_text().count("core:label") == 2


def test_a_change_of_the_tuning_is_a_capture_and_one_of_the_rate_a_file(tmp_path: Path) -> None:
    path = tmp_path / "roof.sigmf-meta"
    output = SigmfAnnotations(path, "roof")
    output.on_window(window(0))
    output.on_window(window(64_000, center_hz=868e6))
    output.on_window(window(200_000, center_hz=868e6, rate_hz=50_000))
    for number, start_sec in ((1, 1.0), (2, 3.0), (3, 4.5)):
        output.write(event("end", number, start_sec))
    output.close()
    assert path.read_text().count("core:frequency") == 2
    second = (tmp_path / "roof-2.sigmf-meta").read_text()
    assert '"core:sample_start": 225000' in second  # 0.5 s after the change at 4 s


def test_a_file_has_a_bounded_number_of_annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations_module, "MAX_ANNOTATIONS", 40)
    output = SigmfAnnotations(tmp_path / "roof.sigmf-meta", "roof")
    output.on_window(window(0))
    for number in range(1, 101):
        output.write(event("end", number, number))
    output.close()
    counts = [path.read_text().count("core:label") for path in sorted(tmp_path.iterdir(), key=lambda each: each.name)]
    assert sorted(counts) == [20, 40, 40]


def test_the_metadata_of_a_recording_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "roof.sigmf-data").touch()
    with pytest.raises(Conflict, match="recording"):
        SigmfAnnotations(tmp_path / "roof.sigmf-meta", "roof")
    with pytest.raises(InvalidMessage, match="must end in"):
        SigmfAnnotations(tmp_path / "roof.json", "roof")


def test_the_extension_has_no_other_fields() -> None:
    with pytest.raises(KeyError, match="colour"):
        extended({"colour": "red"})


def test_the_extension_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text()
    for name, meaning in ANNOTATION_FIELDS.items():
        assert f"| `rfhydra:{name}` | {meaning} |" in page
