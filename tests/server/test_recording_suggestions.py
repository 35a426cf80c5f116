"""Candidates and contracts for recordings on a live server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rfhydra.contract.advice import Advice
from rfhydra.contract.choice import choose_contract
from rfhydra.detection.tracker import intersection_over_union
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.recording_suggestions import UNSURE
from rfhydra.recordings import open_recording
from rfhydra.server.service import Settings
from rfhydra.spectrum.boxes import Box
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, physical, running
from tests.server.uploads import scene_files, upload
from tests.training import given
from tests.training.given import SIGNAL, SMALL_SPEC

SEED = 77
pytestmark = pytest.mark.usefixtures("binary_frames")


@pytest.fixture
def port(site: Path, body_file: Path) -> Iterator[int]:
    with Workspace.open(site) as opened, running(opened, Settings(backbone_path=body_file)) as number:
        yield number


@pytest.fixture
def held(client: Peer, tmp_path: Path) -> str:
    """A scene that the server holds."""
    return str(upload(client, scene_files(tmp_path, SEED))["recording_id"])


def box_of(fields: dict[str, Any]) -> Box:
    return Box(*(fields[name] for name in ("time_start_sec", "time_end_sec", "freq_low_hz", "freq_high_hz")))


def iou(first: Box, second: Box) -> float:
    return intersection_over_union(first, second, -10.0, 10.0)


def group(candidate: dict[str, Any]) -> int:
    if candidate["threshold"] is None:
        return 1
    return 0 if abs(candidate["score"] - candidate["threshold"]) <= UNSURE else 2


def candidates(client: Peer, recording_id: str, **fields: Any) -> dict[str, Any]:
    return client.ask(
        "get_candidates", recording_id=recording_id, **{"time_start_sec": 0, "time_end_sec": 10, **fields}
    )


def test_without_heads_all_is_proposed_and_with_one_the_most_useful_comes_first(client: Peer, held: str) -> None:
    proposed = candidates(client, held)["candidates"]
    assert {each["signal_name"] for each in proposed} == {None}
    assert [each["score"] for each in proposed] == sorted((each["score"] for each in proposed), reverse=True)
    client.ask("load_heads", signal_names=[SIGNAL])
    found = candidates(client, held)
    claimed = [each for each in found["candidates"] if each["signal_name"] == SIGNAL]
    assert claimed
    assert {each["version"] for each in claimed} == {1}
    groups = [group(each) for each in found["candidates"]]
    assert groups == sorted(groups)
    for unclaimed in (each for each in found["candidates"] if each["signal_name"] is None):
        assert all(iou(box_of(unclaimed), box_of(each)) <= 0.5 for each in claimed)
    assert found == candidates(client, held)
    assert found["found"] >= len(found["candidates"])
    least = candidates(client, held, max_candidates=1)
    assert (least["candidates"], least["found"]) == (found["candidates"][:1], found["found"])


def test_candidates_are_those_of_the_part(client: Peer, held: str) -> None:
    every = candidates(client, held, max_candidates=500)["candidates"]
    middles = sorted((each["time_start_sec"] + each["time_end_sec"]) / 2 for each in every)
    cut = middles[len(every) // 2]
    for part in ({"time_end_sec": cut}, {"time_start_sec": cut}):
        found = candidates(client, held, max_candidates=500, **part)["candidates"]
        inside = [(each["time_start_sec"] + each["time_end_sec"]) / 2 < cut for each in found]
        assert set(inside) == {"time_end_sec" in part}
    low = min(each["freq_high_hz"] for each in every)
    above = candidates(client, held, freq_low_hz=low, max_candidates=500)["candidates"]
    assert above == [each for each in every if each["freq_high_hz"] > low]


def test_what_is_wrong_with_a_part_is_told(client: Peer, held: str) -> None:
    assert candidates(client, held, time_start_sec=20, time_end_sec=30)["code"] == "invalid_message"
    assert candidates(client, held, signal_names=["nothing"])["code"] == "not_found"
    assert candidates(client, held, min_objectness=2)["code"] == "invalid_message"


def test_a_part_of_too_many_windows_is_too_large(client: Peer, tmp_path: Path) -> None:
    bytes_of_many = 2 * SMALL_SPEC.window_samples * 40
    files = {"long_433M_1M.cu8": b"\x7f\x80" * (bytes_of_many // 2)}
    recording_id = upload(client, files)["recording_id"]
    answer = candidates(client, recording_id, time_end_sec=100)
    assert (answer["code"], "max_candidate_windows" in answer["message"]) == ("too_large", True)
    client.ask("close_recording", recording_id=recording_id)


def test_the_contract_is_that_of_the_boxes(client: Peer, held: str, tmp_path: Path) -> None:
    truth = given.boxes_of(given.scene(SEED), SIGNAL)
    told = client.ask("suggest_contract", recording_id=held, boxes=[physical(box) for box in truth])
    scene_files(tmp_path, SEED)
    advice = Advice.by_boxes(open_recording(tmp_path / "night"), truth)
    spec = advice.choice.spec
    assert told["source"] == "boxes"
    assert told["suggested"]["contract"] == {**spec.to_dict(), "spec_id": spec.spec_id}
    assert told["present"]["contract"] == {**SMALL_SPEC.to_dict(), "spec_id": SMALL_SPEC.spec_id}
    assert told["differs"] is (spec != SMALL_SPEC)
    assert told["command_line"] == (
        f"rfhydra recontract site-b --fft-size {spec.fft_size} --hop {spec.hop} --rows {spec.rows} --cols {spec.cols}"
    )
    assert told["present"]["signals"][0]["cols"] == advice.present(SMALL_SPEC).spans[0].cols
    assert advice.choice == choose_contract(given.RATE_HZ, [advice.choice.spans[0].extent])


def test_without_boxes_it_is_that_of_the_labels_or_the_proposals(
    client: Peer, held: str, tmp_path: Path, body_file: Path
) -> None:
    told = client.ask("suggest_contract", recording_id=held)
    assert (told["type"], told.get("code")) in [("error", "not_found"), ("contract_suggestion", None)]
    labelled = upload(client, scene_files(tmp_path, SEED, annotated=True))["recording_id"]
    told = client.ask("suggest_contract", recording_id=labelled)
    assert told["source"] == "annotations"
    advice = Advice.of([open_recording(tmp_path / "night")], lambda: load_backbone(body_file))
    assert told["suggested"]["contract"]["spec_id"] == advice.choice.spec.spec_id
    assert {each["signal_name"] for each in told["suggested"]["signals"]} == set(given.KINDS)
