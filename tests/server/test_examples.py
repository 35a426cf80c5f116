"""The examples of the protocol documents, sent to a live server in their order: each gets the documented answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.archive_examples import ARCHIVE, ARCHIVED
from rfhydra.protocol.commands import COMMANDS
from rfhydra.protocol.example_values import JOB_ID, RECORDING_ID, SIGNAL, UPLOAD_TAG
from rfhydra.protocol.examples import COMMAND_EXAMPLES, FRAME_EXAMPLES, TOKEN
from rfhydra.protocol.frames import WaterfallFrame, read_waterfall
from rfhydra.protocol.messages import MESSAGES, read_message
from rfhydra.protocol.schema import answer_name, asyncapi_document
from rfhydra.server.net.security import Gate
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.protocol.test_schema import validate
from tests.server.json_peer import WAIT_SEC, Peer, peer, running
from tests.server.server_process import small_backbone
from tests.training.given import SMALL_SPEC, add_noise

REFUSED: Final = {"tune_stream": "invalid_message", "cancel_upgrade": "not_found", "label_unknown": "not_found"}
"""Codes of tuning a stream that a client pushes, of a cancel after the end, and of a cluster that was not collected."""
ENDS: Final = ("training_complete", "training_failed")
SCAN_ENDS: Final = ("scan_complete", "scan_failed")
UPGRADE_ENDS: Final = ("upgrade_complete", "upgrade_failed")


class Exchange:
    """A connection that sends the examples, and what it got."""

    def __init__(self, client: Peer) -> None:
        self._client = client
        self.job_id, self.recording_id = JOB_ID, RECORDING_ID
        self.codes: dict[str, str] = {}
        self.refusals = list[str]()
        self.frames: list[bytes] = []
        self.seen: set[str] = set()

    def send(self, name: str) -> dict[str, Any]:
        """The answer to the example of a command; pushes that come before it are checked, too."""
        (example,) = asyncapi_document()["components"]["messages"][f"command_{name}"]["examples"]
        text = json.dumps(example["payload"]).replace(JOB_ID, self.job_id).replace(RECORDING_ID, self.recording_id)
        fields = json.loads(text)
        self._client.socket.send(json.dumps(fields))
        wanted = {answer_name(COMMANDS[name]), "error"}
        while (message := self.receive())["type"] not in wanted or message.get("id") != fields.get("id"):
            pass
        if message["type"] == "error":
            self.codes[name] = message["code"]
            self.refusals.append(message["message"])
        return message

    def receive(self) -> dict[str, Any]:
        """The next text message, which must fit its schema; frames that come before it are kept."""
        while isinstance(data := self._client.socket.recv(WAIT_SEC), bytes):
            self.frames.append(data)
        fields: dict[str, Any] = json.loads(data)
        validate(fields, MESSAGES[fields["type"]].__name__)
        message = read_message(data)
        assert message is not None
        self.seen.add(message.type)
        return fields


@pytest.fixture
def port(tmp_path: Path, body_file: Path) -> Iterator[int]:
    """A server with a token and two versions of a head, the first of them active, which is not upgraded yet."""
    with Workspace.create(tmp_path / "site", SMALL_SPEC) as workspace:
        add_noise(workspace, range(8), SIGNAL)
        service = TrainingService(workspace, load_backbone(body_file))
        for _ in range(2):
            service.train_new_signal(SIGNAL, epochs=2)
        service.version_manager.promote_version(SIGNAL, 1)
        new_file = small_backbone(tmp_path / "new.safetensors", seed=1)
        archived = tmp_path / ARCHIVE / ARCHIVED
        archived.parent.mkdir(parents=True)
        archived.write_bytes(np.random.default_rng(1).integers(90, 166, 50_000, np.uint8).tobytes())
        settings = Settings(
            gate=Gate(token=TOKEN),
            backbone_path=new_file,
            former_path=body_file,
            archives={ARCHIVE: tmp_path / ARCHIVE},
        )
        with running(workspace, settings) as number:
            yield number


def test_every_example_gets_the_answer_that_the_document_promises(port: int) -> None:
    with peer(port) as client:
        exchange = Exchange(client)
        for name in COMMAND_EXAMPLES:
            answer = exchange.send(name)
            match name:
                case "add_training_sample":
                    assert answer["sample_id"] == COMMAND_EXAMPLES["relabel_sample"].model_dump()["sample_id"]
                case "relabel_sample":
                    prefix = COMMAND_EXAMPLES["delete_training_sample"].model_dump()["sample_id"]
                    assert answer["sample_id"].startswith(prefix)
                case "detect":
                    client.socket.send(FRAME_EXAMPLES["iq_frame"].encode())
                    while exchange.receive().get("id") != 11:
                        pass
                case "start_stream":
                    client.socket.send(FRAME_EXAMPLES["stream_iq_frame"].encode())
                    while exchange.send("get_streams")["streams"][0]["state"] != "running":
                        pass
                case "train_signal":
                    while exchange.receive()["type"] not in ENDS:
                        pass
                case "start_upgrade":
                    while (end := exchange.receive())["type"] not in UPGRADE_ENDS:
                        pass
                    if end["type"] == "upgrade_failed":  # heads of noise are better on either backbone, by chance
                        assert "--force" in end["error"]
                        client.send("start_upgrade", force=True)
                        while exchange.receive()["type"] not in UPGRADE_ENDS:
                            pass
                case "cancel_scan":
                    while exchange.receive()["type"] not in SCAN_ENDS:
                        pass
                    exchange.send("start_scan")
                    while exchange.receive()["type"] not in SCAN_ENDS:
                        pass
                case "extend_signal":
                    exchange.job_id = answer["job_id"]
                case "open_recording":
                    exchange.recording_id = answer["upload_id"]
                    client.socket.send(FRAME_EXAMPLES["upload_frame"].encode())
                    while (told := exchange.receive()).get("id") != UPLOAD_TAG:
                        pass
                    assert told["recording"]["samples"] == 64
        assert exchange.codes == REFUSED, exchange.refusals
        assert {"training_progress", "training_complete", "upgrade_progress", "upgrade_complete"} <= exchange.seen
        assert {"scan_failed", "scan_complete"} <= exchange.seen
        waterfall, *_ = map(read_waterfall, exchange.frames)
        assert isinstance(waterfall, WaterfallFrame)
        assert (waterfall.rows, waterfall.cols) == (SMALL_SPEC.rows, 1)
