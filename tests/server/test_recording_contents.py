"""Views and labels of recordings on a live server."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.protocol.limits import Limits
from rfhydra.recordings import open_recording, write_recording
from rfhydra.recordings.overview import Extent, overviews
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.labelling import label_recordings
from tests.server.json_peer import Peer, peer, physical, running
from tests.server.uploads import pair, scene_files, upload
from tests.spectrum.test_snap import TRUTHS, drawn, with_burst
from tests.training import given
from tests.training.given import CENTER_HZ, OTHER, RATE_HZ, SIGNAL, SMALL_SPEC

SEED = 1
BURST = TRUTHS[0]
LIMITS = Limits(max_import_samples=50, max_page=100)
pytestmark = pytest.mark.usefixtures("binary_frames")


@pytest.fixture
def port(small: Workspace, body_file: Path) -> Iterator[int]:
    with running(small, Settings(backbone_path=body_file, limits=LIMITS)) as number:
        yield number


@pytest.fixture
def scene_id(client: Peer, tmp_path: Path) -> str:
    """The id of a scene that the server holds, without annotations."""
    return str(upload(client, scene_files(tmp_path, SEED))["recording_id"])


def boxes(name: str = SIGNAL) -> list[dict[str, float]]:
    return [physical(box) for box in given.boxes_of(given.scene(SEED), name)]


def image_of(view: dict[str, Any]) -> NDArray[np.uint8]:
    pixels = np.frombuffer(base64.b64decode(view["image_b64"]), np.uint8)
    return pixels.reshape(view["rows"], view["cols"])


def annotations(client: Peer, recording_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.ask("get_recording_annotations", recording_id=recording_id, limit=1, **cursor)
        found += page["annotations"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def state_of(workspace: Workspace) -> list[Any]:
    """All samples with their labels."""
    return [sample for name in workspace.samples.signal_names() for sample in workspace.samples.list(name)]


def test_one_connection_waits_for_few_views_at_one_time(small: Workspace, body_file: Path, tmp_path: Path) -> None:
    limits = Limits(max_commands_waiting=1, max_views_queued=100)
    with running(small, Settings(backbone_path=body_file, limits=limits)) as port, peer(port) as client:
        client.ask("hello", binary=True)
        fields = {"recording_id": upload(client, scene_files(tmp_path, SEED))["recording_id"], "columns": 2048}
        for number in range(20):
            client.send("get_recording_view", id=number, **fields)
        answers = [client.receive() for _ in range(20)]
        assert sorted(each["id"] for each in answers) == list(range(20))
        assert {each["type"] for each in answers} == {"recording_view", "error"}
        refusals = {each["message"] for each in answers if each["type"] == "error"}
        assert refusals == {"this connection has 1 commands unanswered (max_commands_waiting): wait for an answer"}
        assert client.ask("get_recording_view", **fields)["type"] == "recording_view"


def test_a_view_is_the_overview_of_the_recording(client: Peer, scene_id: str, tmp_path: Path) -> None:
    view = client.ask("get_recording_view", recording_id=scene_id, columns=300, rows=100, min_db=-90, max_db=-10)
    recording = open_recording(tmp_path / "night")
    (shown,) = overviews(recording, Extent.of(recording), max_cols=300, max_rows=100)
    wanted = np.rint(255 * np.clip((shown.level_db + 90) / 80, 0, 1)).astype(np.uint8)
    assert np.array_equal(image_of(view), wanted)
    assert (view["time_start_sec"], view["time_end_sec"]) == (0.0, shown.end_sec)
    assert (view["freq_low_hz"], view["freq_high_hz"]) == (shown.freq_low_hz, shown.freq_high_hz)
    assert view["rows"] <= 100
    assert view["cols"] <= 300
    assert (view["min_db"], view["max_db"], view["floor_db"]) == (-90, -10, shown.floor_db)


def test_a_part_is_shown_where_it_is_and_its_levels_fit_it(client: Peer, scene_id: str) -> None:
    (box,) = boxes()
    view = client.ask("get_recording_view", recording_id=scene_id, **box)
    assert view["time_start_sec"] == pytest.approx(box["time_start_sec"], abs=2e-6)
    assert view["time_end_sec"] >= box["time_end_sec"] - 2e-6
    assert view["freq_low_hz"] <= box["freq_low_hz"] < box["freq_high_hz"] <= view["freq_high_hz"]


def test_a_burst_is_where_the_axes_say(client: Peer, tmp_path: Path) -> None:
    recording_id = upload(client, pair(tmp_path, with_burst(BURST, 30)))["recording_id"]
    view = client.ask("get_recording_view", recording_id=recording_id, columns=256, rows=256)
    pixels = image_of(view)
    rows = np.linspace(view["freq_high_hz"], view["freq_low_hz"], len(pixels), endpoint=False)
    cols = np.linspace(view["time_start_sec"], view["time_end_sec"], pixels.shape[1], endpoint=False)
    in_band = (rows > BURST.freq_low_hz + 1e4) & (rows < BURST.freq_high_hz - 1e4)
    in_time = (cols > BURST.time_start_sec + 1e-3) & (cols < BURST.time_end_sec - 1e-3)
    assert pixels[np.ix_(in_band, in_time)].mean() > 150
    assert pixels[np.ix_(~in_band, ~in_time)].mean() < 50
    assert view["min_db"] == view["floor_db"] < view["max_db"]


def test_every_sample_of_a_long_recording_counts(client: Peer, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    iq = (1e-3 * (rng.standard_normal(2_000_000) + 1j * rng.standard_normal(2_000_000))).astype(np.complex64)
    iq[1_234_567 : 1_234_567 + 64] += 1  # 64 samples of two million
    recording_id = upload(client, pair(tmp_path, iq))["recording_id"]
    view = client.ask("get_recording_view", recording_id=recording_id, columns=100, rows=50)
    column = int(np.argmax(image_of(view).max(axis=0)))
    width = (view["time_end_sec"] - view["time_start_sec"]) / view["cols"]
    assert column == int(1.234567 / width)


def test_one_of_several_tunings_is_shown(client: Peer, tmp_path: Path) -> None:
    meta = write_recording(tmp_path / "night", np.full(30_000, 0.5, np.complex64), RATE_HZ, CENTER_HZ)
    fields = json.loads(meta.read_text())
    fields["captures"].append({"core:sample_start": 10_000, "core:frequency": CENTER_HZ + 5e6})
    files = {meta.name: json.dumps(fields).encode(), "night.sigmf-data": meta.with_suffix(".sigmf-data").read_bytes()}
    info = upload(client, files)
    assert (info["captures"], info["center_freqs_hz"]) == (2, [CENTER_HZ, CENTER_HZ + 5e6])
    ask = {"recording_id": info["recording_id"], "columns": 90, "rows": 30}
    assert client.ask("get_recording_view", **ask)["center_freq_hz"] == CENTER_HZ + 5e6
    first = client.ask("get_recording_view", center_freq_hz=CENTER_HZ, **ask)
    assert image_of(first)[:, : first["cols"] // 4].any()
    assert not image_of(first)[:, first["cols"] // 2 :].any()  # tuned elsewhere
    assert client.ask("get_recording_view", center_freq_hz=1.0, **ask)["code"] == "invalid_message"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"columns": 4097}, "columns"),
        ({"columns": 4096, "rows": 4096}, "2097152"),
        ({"fft_size": 1000}, "power of two"),
        ({"min_db": -10, "max_db": -10}, "1 dB"),
        ({"time_start_sec": 100}, "lasts"),
        ({"time_start_sec": 0.02, "time_end_sec": 0.01}, "nothing"),
        ({"freq_low_hz": 1e9}, "band"),
    ],
)
def test_a_wrong_view_is_named(client: Peer, scene_id: str, fields: dict[str, Any], wanted: str) -> None:
    answer = client.ask("get_recording_view", recording_id=scene_id, **fields)
    assert (answer["type"], answer["code"]) == ("error", "invalid_message")
    assert wanted in answer["message"]


def test_a_recording_that_is_not_held_is_not_found(client: Peer) -> None:
    box = {"time_start_sec": 0, "time_end_sec": 1, "freq_low_hz": 0, "freq_high_hz": 1}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("get_recording_view", {}),
        ("snap_boxes", {"boxes": [box]}),
        ("get_recording_annotations", {}),
        ("export_recording_sigmf", {}),
        ("label_recording", {"annotations": [{"signal_name": "a", "box": box}]}),
        ("get_candidates", {"time_start_sec": 0, "time_end_sec": 1}),
        ("suggest_contract", {}),
        ("close_recording", {}),
    ]
    for command, fields in asked:
        answer = client.ask(command, recording_id="../rfhydra.db", **fields)
        assert (command, answer["code"]) == (command, "not_found")


def test_boxes_are_labelled_as_the_command_line_does(
    client: Peer, scene_id: str, small: Workspace, tmp_path: Path
) -> None:
    wanted = [{"signal_name": SIGNAL, "box": box} for box in boxes()]
    wanted += [{"signal_name": OTHER, "box": box} for box in boxes(OTHER)]
    answer = client.ask("label_recording", recording_id=scene_id, annotations=wanted)
    with Workspace.create(tmp_path / "here", SMALL_SPEC) as here:
        made = given.scene(SEED)
        write_recording(
            tmp_path / "labelled",
            given.heard(made, SEED),
            RATE_HZ,
            CENTER_HZ,
            given.annotations_of(made),
            datatype="ci16_le",
        )
        result = label_recordings(here, [open_recording(tmp_path / "labelled")])
        assert [each.sample_id for each in state_of(small)] == [each.sample_id for each in state_of(here)]
        assert [each.labels for each in state_of(small)] == [each.labels for each in state_of(here)]
    assert {each["signal_name"]: each["new_samples"] for each in answer["signals"]} == result.new_samples
    assert all(each["sample_count"] == each["new_samples"] > 0 for each in answer["signals"])
    assert sum(each["box_count"] for each in answer["signals"]) == result.boxes
    assert any("longer than a window" in each for each in answer["warnings"])


def test_the_same_boxes_again_change_nothing(client: Peer, scene_id: str, small: Workspace) -> None:
    wanted = [{"signal_name": SIGNAL, "box": box} for box in boxes()]
    client.ask("label_recording", recording_id=scene_id, annotations=wanted)
    before = given.everything(small)
    (again,) = client.ask("label_recording", recording_id=scene_id, annotations=wanted)["signals"]
    assert again["new_samples"] == 0
    assert given.everything(small) == before


def test_a_rejected_detection_is_a_verified_negative(client: Peer, scene_id: str, small: Workspace) -> None:
    (box,) = boxes()
    client.ask("label_recording", recording_id=scene_id, annotations=[{"signal_name": SIGNAL, "box": box}])
    (other,) = boxes(OTHER)
    rejected = [{"signal_name": SIGNAL, "box": other, "negative": True}]
    (told,) = client.ask("label_recording", recording_id=scene_id, annotations=rejected)["signals"]
    assert told["signal_name"] == SIGNAL
    assert told["negative_count"] > 0
    labels = {label for sample in state_of(small) for label, _ in sample.labels.labels}
    assert labels == {SIGNAL, f"!{SIGNAL}"}
    found = annotations(client, scene_id)
    assert {each["label"] for each in found} == {SIGNAL, f"!{SIGNAL}"}


def test_all_boxes_are_labelled_or_none(client: Peer, scene_id: str, small: Workspace) -> None:
    (box,) = boxes()
    outside = {**box, "time_start_sec": 50.0, "time_end_sec": 51.0}
    out_of_band = {**box, "freq_low_hz": CENTER_HZ + RATE_HZ, "freq_high_hz": CENTER_HZ + 2 * RATE_HZ}
    for wrong in (outside, out_of_band):
        wanted = [{"signal_name": SIGNAL, "box": box}, {"signal_name": SIGNAL, "box": wrong}]
        answer = client.ask("label_recording", recording_id=scene_id, annotations=wanted)
        assert answer["code"] == "invalid_message"
        assert "annotations.1" in answer["message"]
        assert state_of(small) == []
    many = [{"signal_name": f"s{number}", "box": box} for number in range(60)]
    assert "max_import_samples" in client.ask("label_recording", recording_id=scene_id, annotations=many)["message"]
    assert state_of(small) == []


def test_another_sample_rate_is_refused_unless_it_is_meant(client: Peer, scene_id: str, tmp_path: Path) -> None:
    (box,) = boxes()
    boxed = {**box, "freq_low_hz": CENTER_HZ - 5e4, "freq_high_hz": CENTER_HZ + 5e4}
    wanted = [{"signal_name": SIGNAL, "box": boxed}]
    client.ask("label_recording", recording_id=scene_id, annotations=wanted)
    raw = np.zeros(200_000, np.uint8).tobytes()
    slow = upload(client, {"slow.cu8": raw}, sample_rate_hz=RATE_HZ / 2, center_freq_hz=CENTER_HZ)["recording_id"]
    for each in (wanted, [{**wanted[0], "negative": True}]):
        refused = client.ask("label_recording", recording_id=slow, annotations=each)
        assert (refused["code"], "any_rate" in refused["message"]) == ("conflict", True)
    taken = client.ask("label_recording", recording_id=slow, annotations=wanted, any_rate=True)
    assert taken["signals"][0]["new_samples"] > 0


def test_labels_come_back_whole_and_as_sigmf(client: Peer, scene_id: str, small: Workspace, tmp_path: Path) -> None:
    (box,) = boxes()  # longer than a window
    client.ask("label_recording", recording_id=scene_id, annotations=[{"signal_name": SIGNAL, "box": box}])
    (found,) = annotations(client, scene_id)
    assert (found["label"], found["origin"]) == (SIGNAL, "sample")
    assert {edge: found[edge] for edge in box} == pytest.approx(box, abs=1e-5)
    assert found["sample_ids"] == sorted(each.sample_id for each in state_of(small))
    exported = client.ask("export_recording_sigmf", recording_id=scene_id)
    assert exported["file_name"] == "night.labels.sigmf-meta"
    out = tmp_path / exported["file_name"]
    out.write_text(json.dumps(exported["meta"]))
    (annotation,) = open_recording(out, strict=True, verify=True).annotations
    assert annotation.label == SIGNAL
    assert annotation.box(RATE_HZ).time_end_sec == pytest.approx(box["time_end_sec"], abs=1e-5)


def test_annotations_of_the_file_are_told_and_not_taken(client: Peer, small: Workspace, tmp_path: Path) -> None:
    recording_id = upload(client, scene_files(tmp_path, SEED, annotated=True))["recording_id"]
    found = annotations(client, recording_id)
    assert {(each["label"], each["origin"]) for each in found} == {(SIGNAL, "file"), (OTHER, "file")}
    assert [each["time_start_sec"] for each in found] == sorted(each["time_start_sec"] for each in found)
    assert state_of(small) == []


def test_a_rough_box_is_snapped_to_its_energy(client: Peer, tmp_path: Path) -> None:
    recording_id = upload(client, pair(tmp_path, with_burst(BURST, 20)))["recording_id"]
    rough = physical(drawn(BURST, 0.25))
    (found,) = client.ask("snap_boxes", recording_id=recording_id, boxes=[rough])["boxes"]
    assert found["time_start_sec"] == pytest.approx(BURST.time_start_sec, abs=5e-4)
    assert found["time_end_sec"] == pytest.approx(BURST.time_end_sec, abs=5e-4)
    assert found["freq_low_hz"] == pytest.approx(BURST.freq_low_hz, abs=5e3)
    assert found["freq_high_hz"] == pytest.approx(BURST.freq_high_hz, abs=5e3)
    elsewhere = {**rough, "time_start_sec": 50.0, "time_end_sec": 51.0}
    assert client.ask("snap_boxes", recording_id=recording_id, boxes=[elsewhere])["boxes"] == [elsewhere]
