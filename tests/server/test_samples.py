import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, npy_b64, peer, physical, running
from tests.training import given

META = {"sample_rate_hz": given.RATE_HZ, "center_freq_hz": given.CENTER_HZ}


def fields(seed: int, **metadata: Any) -> dict[str, Any]:
    """Of `add_training_sample`, apart from the signal."""
    scene = given.scene(seed)
    boxes = [physical(box) for box in given.boxes_of(scene, given.SIGNAL)]
    return {
        "spectrogram_b64": npy_b64(given.image_of(scene, seed)),
        "boxes": boxes,
        "metadata": {**META, **metadata},
    }


def add(client: Peer, signal_name: str, seed: int, **metadata: Any) -> dict[str, Any]:
    return client.ask("add_training_sample", signal_name=signal_name, **fields(seed, **metadata))


def samples_of(client: Peer, signal_name: str, **options: Any) -> list[dict[str, Any]]:
    answer = client.ask("get_training_samples", signal_name=signal_name, **options)
    found: list[dict[str, Any]] = answer["samples"]
    return found


def test_a_sample_is_added_once_and_comes_back_as_it_was(client: Peer) -> None:
    first, second = (add(client, "once", 1, recording="r", start_sample=5, mood={"deep": [1]}) for _ in range(2))
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["sample_id"] == second["sample_id"]
    assert first["total_samples"] == second["total_samples"] == 1
    (sample,) = samples_of(client, "once", include_spectrogram=True)
    assert sample["sample_id"] == first["sample_id"]
    assert sample["metadata"] == {**META, "recording": "r", "start_sample": 5, "mood": {"deep": [1]}}
    assert (sample["recording"], sample["start_sample"], sample["has_iq"]) == ("r", 5, False)
    decoded = np.load(io.BytesIO(base64.b64decode(sample["spectrogram_b64"])))
    np.testing.assert_array_equal(decoded, given.image_of(given.scene(1), 1))
    box = fields(1)["boxes"][0]
    assert {name: sample["boxes"][0][name] for name in box} == pytest.approx(box)


def test_a_png_is_the_same_sample_as_an_npy(client: Peer) -> None:
    buffer = io.BytesIO()
    Image.fromarray(given.image_of(given.scene(1), 1)).save(buffer, "PNG")
    png = {**fields(1), "spectrogram_b64": base64.b64encode(buffer.getvalue()).decode()}
    added = client.ask("add_training_sample", signal_name="png", **png)
    assert add(client, "png", 1)["sample_id"] == added["sample_id"]


def test_pixels_and_physical_units_are_the_same_box(client: Peer) -> None:
    add(client, "units", 1)
    (by_units,) = samples_of(client, "units")
    pixels = {name: by_units["boxes"][0][name] for name in ("x_min", "y_min", "x_max", "y_max")}
    client.ask("add_training_sample", signal_name="pixels", **{**fields(1), "boxes": [pixels]})
    (by_pixels,) = samples_of(client, "pixels")
    assert by_pixels["boxes"][0] == pytest.approx(by_units["boxes"][0], rel=1e-6)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"boxes": []}, "invalid_message"),
        ({"boxes": [{"x_min": 5, "y_min": 5, "x_max": 5, "y_max": 9}]}, "invalid_message"),
        ({"boxes": [{"x_min": -50, "y_min": 5, "x_max": 5, "y_max": 9}]}, "invalid_message"),
        ({"boxes": [{"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}] * 1001}, "too_large"),
        ({"spectrogram_b64": "????"}, "invalid_message"),
        ({"spectrogram_b64": npy_b64(np.zeros((5, 5), np.uint8))}, "incompatible"),
        ({"metadata": {**META, "sample_rate_hz": "fast"}}, "invalid_message"),
        ({"metadata": {**META, "sample_rate_hz": -1}}, "invalid_message"),
        ({"metadata": {**META, "sample_rate_hz": 10**400}}, "invalid_message"),
        ({"metadata": {**META, "start_sample": -1}}, "invalid_message"),
        ({"metadata": {**META, "start_sample": 2**70}}, "invalid_message"),
        ({"metadata": {**META, "recording": ["a"]}}, "invalid_message"),
        ({"metadata": {**META, "spectrogram_params": {"fft_size": 1024}}}, "incompatible"),
        ({"metadata": {**META, "spectrogram_params": 5}}, "invalid_message"),
        ({"metadata": {**META, "text": "x" * 65536}}, "too_large"),
        (
            {"negatives": [{"label": "wrong", "box": {"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}}]},
            "invalid_message",
        ),
        ({"negatives": [{"label": "a/b", "box": {"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}}]}, "invalid_name"),
    ],
)
def test_a_wrong_sample_is_refused_and_leaves_nothing(client: Peer, change: dict[str, Any], code: str) -> None:
    answer = client.ask("add_training_sample", signal_name="wrong", **{**fields(1), **change})
    assert (answer["type"], answer["code"]) == ("error", code)
    assert samples_of(client, "wrong") == []


def test_params_of_the_contract_are_welcome(client: Peer) -> None:
    params = {**given.SPEC.to_dict(), "spec_id": given.SPEC.spec_id, "colour": "green"}
    assert add(client, "params", 1, spectrogram_params=params)["is_new"]


def test_a_signal_has_no_more_samples_than_it_may(client: Peer) -> None:
    for seed in range(12):
        assert add(client, "full", seed)["is_new"]
    answer = add(client, "full", 12)
    assert (answer["code"], "max_samples_per_signal" in answer["message"]) == ("too_large", True)
    assert add(client, "full", 3)["is_new"] is False
    assert client.ask("get_training_samples", signal_name="full")["total_samples"] == 12


def test_pages_hold_every_sample_once(client: Peer) -> None:
    ids = [add(client, "pages", seed)["sample_id"] for seed in range(5)]
    found: list[str] = []
    sizes: list[int] = []
    cursor = None
    while True:
        answer = client.ask("get_training_samples", signal_name="pages", limit=2, cursor=cursor)
        assert answer["total_samples"] == 5
        found += [each["sample_id"] for each in answer["samples"]]
        sizes.append(len(answer["samples"]))
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert found == ids
    assert sizes == [2, 2, 1]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 100, "1.5", "٣"])
def test_a_made_up_cursor_is_refused(client: Peer, cursor: str) -> None:
    assert client.ask("get_training_samples", signal_name="pages", cursor=cursor)["code"] == "invalid_message"


def test_no_page_is_larger_than_an_answer_may_be(client: Peer) -> None:
    ids = [add(client, "large", seed, text="x" * 60_000, more=seed)["sample_id"] for seed in range(12)]
    boxes = [{"x_min": 1 + n / 7, "y_min": 2 + n / 9, "x_max": 5 + n / 3, "y_max": 9 + n / 8} for n in range(400)]
    for sample_id in ids:
        assert (
            client.ask("update_training_sample", sample_id=sample_id, boxes=boxes)["type"] == "training_sample_updated"
        )
    found: list[str] = []
    cursor = None
    while cursor is not None or not found:
        client.send("get_training_samples", signal_name="large", cursor=cursor)
        text = client.socket.recv()
        assert len(text) <= 1 << 20
        answer = json.loads(text)
        found += [each["sample_id"] for each in answer["samples"]]
        cursor = answer["next_cursor"]
    assert found == ids


def test_a_sample_is_updated_and_what_is_absent_stays(client: Peer) -> None:
    sample_id = add(client, "changing", 1, mood="good")["sample_id"]
    box = {"x_min": 10.0, "y_min": 20.0, "x_max": 30.0, "y_max": 40.0}
    answer = client.ask(
        "update_training_sample", sample_id=sample_id, boxes=[box], negatives=[{"label": "noise", "box": box}]
    )
    assert answer["type"] == "training_sample_updated"
    (sample,) = samples_of(client, "changing")
    assert {name: sample["boxes"][0][name] for name in box} == pytest.approx(box, rel=1e-4)
    assert sample["negatives"][0]["label"] == "noise"
    assert sample["metadata"]["mood"] == "good"
    client.ask("update_training_sample", sample_id=sample_id, metadata={}, negatives=[])
    (sample,) = samples_of(client, "changing")
    assert (sample["metadata"], sample["negatives"], len(sample["boxes"])) == ({}, [], 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"boxes": []}, "invalid_message"),
        (
            {"negatives": [{"label": "kept", "box": {"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}}]},
            "invalid_message",
        ),
    ],
)
def test_a_wrong_update_changes_nothing(client: Peer, change: dict[str, Any], code: str) -> None:
    sample_id = add(client, "kept", 1)["sample_id"]
    before = samples_of(client, "kept")
    assert client.ask("update_training_sample", sample_id=sample_id, **change)["code"] == code
    assert samples_of(client, "kept") == before


def test_a_sample_is_deleted(client: Peer) -> None:
    sample_id = add(client, "gone", 1)["sample_id"]
    assert client.ask("delete_training_sample", sample_id=sample_id)["total_samples"] == 0
    assert samples_of(client, "gone") == []
    assert client.ask("delete_training_sample", sample_id=sample_id)["code"] == "not_found"
    assert client.ask("update_training_sample", sample_id=sample_id, metadata={})["code"] == "not_found"


def test_subscribers_hear_how_many_samples_there_are(port: int, client: Peer) -> None:
    with peer(port) as other:
        snapshot = other.ask("subscribe", topics=["samples"])["snapshots"][0]
        assert "heard" not in snapshot["signals"]
        add(client, "heard", 1)
        assert other.receive() == {"type": "samples", "signals": {**snapshot["signals"], "heard": 1}}


def recording(seed: int, tmp_path: Path) -> dict[str, Any]:
    """Of `import_sigmf`: an annotated recording as it would be read from disk."""
    from rfhydra.recordings import write_recording

    scene = given.scene(seed)
    iq, annotations = given.heard(scene, seed), given.annotations_of(scene)
    meta = write_recording(tmp_path / "any", iq, given.RATE_HZ, given.CENTER_HZ, annotations)
    data = meta.with_suffix(".sigmf-data").read_bytes()
    return {"meta": json.loads(meta.read_text()), "data_b64": base64.b64encode(data).decode()}


def test_a_recording_is_imported_and_comes_back_as_one(small: Workspace, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "sigmf", given.SPEC)
    with workspace, running(workspace) as port, peer(port) as client:
        added = client.ask("import_sigmf", signal_name=given.SIGNAL, **recording(1, tmp_path))
        assert added["new_samples"] == {given.SIGNAL: 1}
        (sample,) = samples_of(client, given.SIGNAL, include_spectrogram=True)
        assert sample["has_iq"]
        assert {each["label"] for each in sample["negatives"]} == {given.OTHER}
        exported = client.ask("export_sigmf", signal_name=given.SIGNAL)
        assert (exported["skipped"], exported["next_cursor"]) == (0, None)
        (back,) = exported["recordings"]
        iq = np.frombuffer(base64.b64decode(back["data_b64"]), "<c8")
        image = np.load(io.BytesIO(base64.b64decode(sample["spectrogram_b64"])))
        np.testing.assert_array_equal(spectrogram(iq, given.SPEC).numpy(), image)
        labels = [each["core:label"] for each in back["meta"]["annotations"]]
        assert sorted(labels) == [given.SIGNAL, given.OTHER]
        again = client.ask("import_sigmf", signal_name=given.SIGNAL, meta=back["meta"], data_b64=back["data_b64"])
        assert again["total_samples"] == {given.SIGNAL: 1}


def test_samples_without_iq_are_passed_over_in_an_export(client: Peer) -> None:
    add(client, "bare", 1)
    exported = client.ask("export_sigmf", signal_name="bare")
    assert (exported["recordings"], exported["skipped"]) == ([], 1)


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ({}, "invalid_message"),
        ({"global": 5}, "invalid_message"),
        ({"global": {"core:datatype": "cf32_le", "core:dataset": "../../etc/passwd"}}, "invalid_message"),
        ({"global": {"core:datatype": "rf32_le", "core:sample_rate": 1e6, "core:version": "1.2.0"}}, "invalid_message"),
    ],
)
def test_a_wrong_recording_is_refused_without_a_path(client: Peer, meta: dict[str, Any], code: str) -> None:
    answer = client.ask("import_sigmf", meta=meta, data_b64=base64.b64encode(bytes(80_000)).decode())
    assert answer["code"] == code
    assert "/" not in answer["message"].replace("I/Q", "")


def test_a_refused_sample_leaves_no_image(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "full", given.SPEC)
    with workspace, running(workspace, Settings(limits=Limits(max_samples_per_signal=1))) as port, peer(port) as client:
        add(client, "one", 1)
        assert add(client, "one", 2)["code"] == "too_large"
        assert len(list((workspace.path / "blobs").glob("??/*"))) == 1


def test_too_many_labels_of_an_import_are_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "bounded", given.SPEC)
    fields = recording(1, tmp_path)
    for limit in ("max_import_labels", "max_import_samples"):
        settings = Settings(limits=Limits.model_validate({limit: 1}))
        with running(workspace, settings) as port, peer(port) as client:
            answer = client.ask("import_sigmf", **fields)
            assert (answer["code"], limit in answer["message"]) == ("too_large", True)
            assert workspace.samples.signal_names() == []
    workspace.close()


def test_garbage_is_collected_when_the_server_starts(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "used", given.SPEC) as workspace:
        workspace.blobs.put(b"of a sample that was deleted")
        with running(workspace) as port, peer(port) as client:
            while list((workspace.path / "blobs").glob("??/*")):
                client.ask("get_registry")  # behind the next slice of the collection, in the same queue
