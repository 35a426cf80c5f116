"""Signals as a whole over the API: listed, renamed, deleted and restored; and single samples."""

import asyncio
import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.cli.signals import carry_out
from rfhydra.client import Client
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import run
from tests.server.json_peer import Peer, peer, running
from tests.training import given
from tests.training.given import OTHER, SIGNAL

NEW = "gate"


@pytest.fixture
def served(trained: Path, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A server of one's own, with heads of two signals, the first of them loaded."""
    path = tmp_path / "site"
    shutil.copytree(trained, path)
    with Workspace.open(path) as workspace, running(workspace, Settings()) as number:
        yield path, number


@pytest.fixture
def own(served: tuple[Path, int]) -> Iterator[Peer]:
    with peer(served[1]) as connected:
        yield connected


def names(client: Peer) -> list[str]:
    return [each["signal_name"] for each in client.ask("get_signals")["signals"]]


def refused(client: Peer, command: str, **fields: Any) -> str:
    code: str = client.ask(command, **fields)["code"]
    return code


def test_signals_are_renamed_deleted_and_restored_while_they_are_loaded(own: Peer) -> None:
    own.ask("load_heads", signal_names=[SIGNAL])
    window = {
        "spectrogram_b64": npy(given.image_of(given.scene(1), 1)),
        "sample_rate_hz": given.RATE_HZ,
        "center_freq_hz": given.CENTER_HZ,
    }
    before = own.ask("detect", **window)
    assert own.ask("rename_signal", signal_name=SIGNAL, new_name=NEW)["former_name"] == SIGNAL
    after = own.ask("detect", **window)
    assert after["heads"] == {NEW: 2}
    assert after["detections"] == [{**each, "signal_name": NEW} for each in before["detections"]]
    assert len(after["detections"]) > 0
    found = {each["signal_name"]: each for each in own.ask("get_signals")["signals"]}
    assert (found[NEW]["is_loaded"], found[OTHER]["is_loaded"]) == (True, False)
    assert [*own.ask("get_registry")["signals"]] == [NEW, OTHER]
    assert own.ask("get_version_history", signal_name=NEW)["active_version"] == 2
    deleted = own.ask("delete_signal", signal_name=NEW)
    assert (deleted["sample_count"], deleted["version_count"]) == (10, 2)
    assert own.ask("get_loaded_heads")["heads"] == []
    assert names(own) == [OTHER]
    (entry,) = own.ask("get_trash")["signals"]
    assert (entry["signal_name"], entry["sample_count"]) == (NEW, 10)
    assert own.ask("restore_signal", signal_name=NEW)["sample_count"] == 10
    own.ask("load_heads", signal_names=[NEW])
    assert own.ask("detect", **window)["detections"] == after["detections"]
    own.ask("delete_signal", signal_name=NEW)
    assert own.ask("empty_trash") | {"id": 0} == {"type": "trash_emptied", "signals": 1, "samples": 10, "id": 0}
    assert own.ask("get_trash")["signals"] == []


def test_subscribers_hear_of_a_rename(served: tuple[Path, int], own: Peer) -> None:
    with peer(served[1]) as listener:
        listener.ask("subscribe", topics=["registry", "samples"])
        own.ask("rename_signal", signal_name=SIGNAL, new_name=NEW)
        pushed = {message["type"]: message for message in (listener.receive(), listener.receive())}
    assert [*pushed["registry"]["signals"]] == [*pushed["samples"]["signals"]] == [NEW, OTHER]


def test_what_cannot_be_renamed_or_deleted_is_refused(own: Peer) -> None:
    assert refused(own, "rename_signal", signal_name=SIGNAL, new_name=OTHER) == "conflict"
    assert refused(own, "rename_signal", signal_name="unheard-of", new_name=NEW) == "not_found"
    assert refused(own, "rename_signal", signal_name=SIGNAL, new_name="a b") == "invalid_name"
    assert refused(own, "delete_signal", signal_name="unheard-of") == "not_found"
    assert refused(own, "restore_signal", signal_name=SIGNAL) == "not_found"
    own.ask("load_heads", signal_names=[SIGNAL])
    source = {"kind": "push", "sample_rate_hz": given.RATE_HZ, "center_freq_hz": given.CENTER_HZ, "tag": 1}
    own.ask("start_stream", source=source, stream_id="field")
    for command, fields in (("rename_signal", {"new_name": NEW}), ("delete_signal", {})):
        answer = own.ask(command, signal_name=SIGNAL, **fields)
        assert (answer["code"], "stream 'field'" in answer["message"]) == ("conflict", True)
    assert own.ask("rename_signal", signal_name=OTHER, new_name=NEW)["type"] == "signal_renamed"  # not loaded
    own.ask("stop_stream", stream_id="field")
    assert names(own) == [SIGNAL, NEW]


def test_one_sample_is_shown_relabelled_and_deleted_by_the_first_digits_of_its_id(own: Peer) -> None:
    (first, *_) = own.ask("get_training_samples", signal_name=SIGNAL, include_spectrogram=True, limit=1)["samples"]
    shown = own.ask("get_training_sample", sample_id=first["sample_id"][:12], include_spectrogram=True)
    assert (shown["signal_name"], shown["sample"]) == (SIGNAL, first)
    assert "spectrogram_b64" not in own.ask("get_training_sample", sample_id=first["sample_id"])["sample"]
    moved = own.ask("relabel_sample", sample_id=first["sample_id"][:12], signal_name="third")
    assert (moved["former_sample_id"], moved["former_signal_name"]) == (first["sample_id"], SIGNAL)
    assert moved["total_samples"] == 1
    (sample,) = own.ask("get_training_samples", signal_name="third")["samples"]
    assert sample["boxes"] == first["boxes"]
    deleted = own.ask("delete_training_sample", sample_id=moved["sample_id"][:12])
    assert (deleted["sample_id"], deleted["total_samples"]) == (moved["sample_id"], 0)
    assert refused(own, "get_training_sample", sample_id=moved["sample_id"]) == "not_found"
    assert refused(own, "relabel_sample", sample_id="abc", signal_name="third") == "invalid_message"


def test_a_false_alarm_is_a_sample_without_a_box(own: Peer) -> None:
    rejected = {"label": f"!{SIGNAL}", "box": {"x_min": 5, "y_min": 5, "x_max": 25, "y_max": 15}}
    fields = {"signal_name": SIGNAL, "spectrogram_b64": npy(given.image_of(given.scene(77), 77))}
    added = own.ask("add_training_sample", **fields, boxes=[], negatives=[rejected])
    assert added["is_new"]
    sample = own.ask("get_training_sample", sample_id=added["sample_id"])["sample"]
    assert (sample["boxes"], [each["label"] for each in sample["negatives"]]) == ([], [f"!{SIGNAL}"])
    wrong = {**rejected, "label": f"!{OTHER}"}
    assert refused(own, "add_training_sample", **fields, boxes=[], negatives=[wrong]) == "invalid_message"


def test_the_client_has_a_method_for_each(served: tuple[Path, int]) -> None:
    async def main() -> None:
        async with Client(f"ws://127.0.0.1:{served[1]}") as client:
            (sample, *_) = (await client.get_training_samples(SIGNAL, limit=1)).samples
            assert (await client.get_training_sample(sample.sample_id)).sample == sample
            moved = await client.relabel_sample(sample.sample_id, "third")
            assert moved.signal_name == "third"
            assert (await client.rename_signal("third", NEW)).signal_name == NEW
            assert (await client.delete_signal(NEW)).sample_count == 1
            assert [each.signal_name for each in (await client.get_trash()).signals] == [NEW]
            assert (await client.restore_signal(NEW)).sample_count == 1
            assert NEW in [each.signal_name for each in (await client.get_signals()).signals]
            assert (await client.empty_trash()).signals == 0

    asyncio.run(main())


def test_the_commands_work_on_a_server_as_in_a_directory(served: tuple[Path, int], tmp_path: Path) -> None:
    path, number = served
    server = f"ws://127.0.0.1:{number}"
    for arguments in (("samples",), ("samples", SIGNAL), ("signals",), ("trash",)):
        word, *rest = arguments
        here, there = run(word, path, *rest, "--json"), run(word, "--server", server, *rest, "--json")
        assert (there.status, there.stdout) == (0, here.stdout)
    assert run("samples", "--server", server, SIGNAL, "--png", tmp_path / "sheet.png").status == 0
    assert (tmp_path / "sheet.png").stat().st_size > 0
    sample_id = carry_out(path, None, None, lambda store: store.samples.list(SIGNAL)[0].sample_id, never, changes=False)
    assert run("samples", "relabel", "--server", server, sample_id[:12], "--to", "third").status == 0
    assert run("rename", "--server", server, "third", NEW).status == 0
    assert run("delete", "--server", server, NEW).status == 0
    assert f"'{NEW}' is not in the trash" not in run("trash", "--server", server, "--restore", NEW).stderr
    assert run("samples", "rm", "--server", server, sample_id[:12]).status == 1  # it has another id now
    assert NEW in run("signals", path).stdout


async def never(client: Client) -> Any:
    raise AssertionError


def npy(image: Any) -> str:
    buffer = io.BytesIO()
    np.save(buffer, image)
    return base64.b64encode(buffer.getvalue()).decode()
