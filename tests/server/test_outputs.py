"""Outputs of a server's streams, and the unknown emissions that it collects."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.live.output_options import OutputOptions
from rfhydra.protocol.limits import Limits
from rfhydra.recordings import open_recording
from rfhydra.server.service import Settings
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.window import Window
from rfhydra.store.arrays import decode_array
from rfhydra.store.unknowns import Exemplar
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.server.stream_scenes import ended, events_of, record
from tests.store.test_unknowns import SEEN, cluster
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SMALL_SPEC

STREAMS = ("roof", "cellar")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("air") / "night")


@pytest.fixture
def workspace(site: Path) -> Iterator[Workspace]:
    with Workspace.open(site) as opened:
        yield opened


def streamed(port: int) -> dict[tuple[str, int], dict[str, Any]]:
    """Run all streams to their end; returns the tracks that ended, by stream and number."""
    with peer(port) as client:
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("subscribe", topics=["tracks", "streams"])
        events = list[dict[str, Any]]()
        for name in STREAMS:
            client.send("start_stream", source={"name": name})
            status, heard = ended(client, name)
            assert status["state"] == "ended", status
            events += events_of(heard, name)
    return {
        (each["stream_id"], each["track_id"]): each
        for each in events
        if each["event"] == "end" and each["merged_into"] is None
    }


def test_every_output_is_told_of_every_stream(
    workspace: Workspace, body_file: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    outputs = OutputOptions.parse(
        log=True,
        command=f"cat > {hook}/$RFHYDRA_EVENT-$RFHYDRA_STREAM_ID-$RFHYDRA_TRACK_ID",
        shell=True,
        record=tmp_path / "iq",
        pre="50ms",
        post="50ms",
        quota="1G",
        sigmf=tmp_path / "tracks.sigmf-meta",
        json_lines=True,
    )
    settings = Settings(backbone_path=body_file, sources=dict.fromkeys(STREAMS, str(recording)), outputs=outputs)
    with running(workspace, settings) as port:
        tracks = streamed(port)
    assert {stream_id for stream_id, _ in tracks} == {*STREAMS}
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(each["stream_id"], each["track_id"]) for each in printed if each["event"] == "end"} >= tracks.keys()
    run = {path.name for path in hook.iterdir()}
    assert run >= {f"end-{stream_id}-{number}" for stream_id, number in tracks}
    assert workspace.detections.count() == len(tracks)
    for stream_id in STREAMS:
        (path,) = tmp_path.glob(f"tracks-{stream_id}-*.sigmf-meta")
        annotated = {each["rfhydra:track_id"] for each in json.loads(path.read_text())["annotations"]}
        assert annotated == {number for name, number in tracks if name == stream_id}
    recordings = [open_recording(path, verify=True) for path in (tmp_path / "iq").glob("*.sigmf-meta")]
    assert sum(len(each.annotations) for each in recordings) == len(tracks)


def test_a_server_whose_standard_output_nobody_reads_goes_on(
    workspace: Workspace, body_file: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), os.fdopen(writer, "w") as broken:
        monkeypatch.setattr("sys.stdout", broken)
        outputs = OutputOptions.parse(log=True, json_lines=True)
        settings = Settings(backbone_path=body_file, sources=dict.fromkeys(STREAMS, str(recording)), outputs=outputs)
        with running(workspace, settings) as port:
            tracks = streamed(port)
        monkeypatch.undo()
    assert workspace.detections.count() == len(tracks) > 0


def test_what_no_head_claims_is_collected(workspace: Workspace, recording: Path) -> None:
    """The shipped backbone, since the small one proposes nothing; without a head everything is unknown."""
    settings = Settings(sources={"roof": str(recording)}, outputs=OutputOptions.parse(log=True, novel=True))
    with running(workspace, settings) as port, peer(port) as client:
        client.ask("subscribe", topics=["streams"])
        client.send("start_stream", source={"name": "roof"})
        ended(client, "roof")
        while not (answer := client.ask("get_unknown", include_example=True))["clusters"]:
            pass  # they are stored two seconds later, though no window comes any more
        assert answer["collecting"]
        assert {each["example"]["stream_id"] for each in answer["clusters"]} == {"roof"}


@pytest.fixture
def client(workspace: Workspace, body_file: Path) -> Iterator[Peer]:
    """Of a server that has three clusters, of two, five and no windows."""
    random = np.random.default_rng(0)
    made = {number: cluster(number, emissions=number + 1) for number in range(3)}
    frame = Frame(SMALL_SPEC, RATE_HZ, CENTER_HZ, SMALL_SPEC.cols)
    images = [random.integers(0, 256, (SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8) for _ in range(7)]
    (box,) = frame.to_boxes([(10, 20, 30, 40)])
    kept = [(int(at >= 2), Exemplar(Window(image, frame, at), [box], "roof", SEEN)) for at, image in enumerate(images)]
    workspace.unknowns.save(made, exemplars=kept)
    settings = Settings(backbone_path=body_file, limits=Limits(max_samples_per_signal=4, max_page=2))
    with running(workspace, settings) as port, peer(port) as connected:
        yield connected


def test_unknown_emissions_are_told_page_by_page(client: Peer) -> None:
    answer = client.ask("get_unknown", include_example=True)
    assert (answer["type"], answer["collecting"], answer["next_cursor"]) == ("unknown", False, None)
    assert [(each["cluster_id"], each["emissions"], each["windows"]) for each in answer["clusters"]] == [
        (1, 1, 2),
        (2, 2, 5),
        (3, 3, 0),
    ]
    example = answer["clusters"][1]["example"]
    image = decode_array(base64.b64decode(example["spectrogram_b64"]))
    assert image.shape == (example["rows"], example["cols"]) == (SMALL_SPEC.rows, SMALL_SPEC.cols)
    (box,) = example["boxes"]
    assert [round(box[edge]) for edge in ("x_min", "y_min", "x_max", "y_max")] == [10, 20, 30, 40]
    assert "example" not in answer["clusters"][2]
    first = client.ask("get_unknown", limit=100)  # max_page
    assert [each["cluster_id"] for each in first["clusters"]] == [1, 2]
    assert "example" not in first["clusters"][0]
    last = client.ask("get_unknown", cursor=first["next_cursor"])
    assert ([each["cluster_id"] for each in last["clusters"]], last["next_cursor"]) == ([3], None)
    assert [each["cluster_id"] for each in client.ask("get_unknown", least=2)["clusters"]] == [2, 3]
    assert client.ask("get_unknown", cursor="first")["code"] == "invalid_message"


def test_a_cluster_becomes_samples_of_a_signal(client: Peer, workspace: Workspace) -> None:
    assert client.ask("label_unknown", id=5, cluster_id=1, signal_name="doorbell") == {
        "type": "unknown_labelled",
        "id": 5,
        "cluster_id": 1,
        "signal_name": "doorbell",
        "new_samples": 2,
        "total_samples": 2,
    }
    assert client.ask("get_training_samples", signal_name="doorbell")["total_samples"] == 2
    labelled = client.ask("get_unknown")["clusters"][0]
    assert (labelled["signal_name"], labelled["windows"]) == ("doorbell", 0)
    assert next(each for each in workspace.audit.list() if each.action == "unknown.label").who is not None


@pytest.mark.parametrize(
    ("cluster_id", "name", "code"),
    [(3, "bell", "not_found"), (99, "bell", "not_found"), (1, "../bell", "invalid_name"), (2, "bell", "too_large")],
)
def test_what_cannot_be_labelled_is_refused_and_left(
    client: Peer, workspace: Workspace, cluster_id: int, name: str, code: str
) -> None:
    before = client.ask("get_unknown")
    answer = client.ask("label_unknown", cluster_id=cluster_id, signal_name=name)
    assert answer["code"] == code
    assert code != "too_large" or "max_samples_per_signal" in answer["message"]
    assert client.ask("get_unknown") == before
    assert workspace.samples.count("bell") == 0


def test_a_cluster_is_labelled_once(client: Peer) -> None:
    client.ask("label_unknown", cluster_id=1, signal_name="doorbell")
    again = client.ask("label_unknown", cluster_id=1, signal_name="bell")
    assert (again["code"], "doorbell" in again["message"]) == ("conflict", True)
