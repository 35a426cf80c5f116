"""Nothing that a client sends kills the server, goes without an answer, tells a client a path, or harms the workspace.

``RFHYDRA_FUZZ_MESSAGES`` says how many messages are sent, at least. ``-rP`` shows what came back, ``-s`` while it does.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from rfhydra.errors import RfhydraError
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.commands import read_command
from rfhydra.protocol.frames import frame_tag, read_waterfall
from rfhydra.protocol.messages import Error, Message, Result, TrainingSampleAdded, read_message
from rfhydra.protocol.parsing import read_envelope, read_json
from tests.server.fuzz_inputs import JOB_ID, SAMPLE_ID, SOURCE, Piece, pieces
from tests.server.fuzz_recordings import ARCHIVE
from tests.server.inventory import take_inventory
from tests.server.server_process import Server, serving
from tests.server.stream_scenes import record

MESSAGES: Final = int(os.environ.get("RFHYDRA_FUZZ_MESSAGES", "400"))
BATCH: Final = 25
REPORT_EVERY: Final = 2500
LIMITS: Final = ("max_message_bytes=262144", "max_samples_per_signal=30", "max_jobs_queued=4", "max_epochs=5")
ANSWER_SEC: Final = 300.0
CLEAN: Final = frozenset({1000, 1001, 1003, 1007, 1008, 1009, 1013})
"""Codes of a closing that the server meant; 1011 is one that it did not, and without a code the connection broke."""
PROBE: Final = "the last question"


class Account:
    """What was sent and what came back, of all connections."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.sent = 0
        self.came: Counter[str] = Counter()
        self.closed: Counter[int] = Counter()
        self.ids = {SAMPLE_ID: SAMPLE_ID, JOB_ID: JOB_ID}
        self._secrets = secrets

    def take(self, data: str | bytes) -> Message | None:
        """One message, which must be one of the protocol's and hold nothing that is nobody's business."""
        if isinstance(data, bytes):
            assert read_waterfall(data) is not None
            self.came["waterfall"] += 1
            return None
        for secret in self._secrets:
            assert secret not in data
        message = read_message(data)
        assert message is not None
        assert not (isinstance(message, Error) and message.code == "internal"), message
        self.came[message.code if isinstance(message, Error) else message.type] += 1
        match message:
            case TrainingSampleAdded(sample_id=number):
                self.ids[SAMPLE_ID] = number
            case Result(job_id=str(number)):
                self.ids[JOB_ID] = number
        return message

    def report(self) -> None:
        print(f"{self.sent} messages; closed with {dict(self.closed)}; {dict(self.came.most_common())}", flush=True)


class Due:
    """What must still come on a connection."""

    def __init__(self) -> None:
        self._answers: Counter[str | int] = Counter()
        self._refusals = 0

    def add(self, data: str | bytes) -> None:
        """Whatever has an id is answered under it, and what makes no sense is refused in any case."""
        number, makes_sense = (frame_tag(data), False) if isinstance(data, bytes) else _understood(data)
        if number is not None:
            self._answers[number] += 1
        elif not makes_sense:
            self._refusals += 1

    def settle(self, message: Message | None) -> None:
        if message is None:
            return
        if message.id is not None:
            self._answers[message.id] -= 1
        elif isinstance(message, Error):
            self._refusals -= 1

    def __str__(self) -> str:
        return f"{self._refusals} refusals and the answers to {+self._answers} are still due"

    @property
    def settled(self) -> bool:
        return self._refusals <= 0 and all(count <= 0 for count in self._answers.values())


def _understood(text: str) -> tuple[str | int | None, bool]:
    """The id of a message, and whether it is a command at all."""
    try:
        fields = read_json(text)
    except RfhydraError:
        return None, False
    try:
        read_command(fields)
    except RfhydraError:
        return read_envelope(fields).id, False
    return read_envelope(fields).id, True


def converse(socket: ClientConnection, batch: list[Piece], account: Account) -> None:
    """Send everything, then a question; wait until all is answered."""
    due = Due()
    for data in [*(piece.data for piece in batch), f'{{"command": "get_loaded_heads", "id": "{PROBE}"}}']:
        if isinstance(data, str):
            for placeholder, number in account.ids.items():
                data = data.replace(placeholder, number)
        due.add(data)
        socket.send(data)
        account.sent += 1
    try:
        while not due.settled:
            due.settle(account.take(socket.recv(timeout=ANSWER_SEC)))
    except TimeoutError:
        pytest.fail(f"no answer came: {due}")


def test_nothing_that_is_sent_does_harm(site: Path, body_file: Path, tmp_path: Path) -> None:
    account = Account((str(site), str(Path.home()), "Traceback", 'File "', "site-packages", "rfhydra.db"))
    options = [part for limit in LIMITS for part in ("--limit", limit)]
    (tmp_path / ARCHIVE).mkdir()
    options += ["--source", f"{SOURCE}={record(tmp_path / ARCHIVE / 'night')}?pace=1&loop=1"]
    options += ["--archive", f"{ARCHIVE}={tmp_path / ARCHIVE}"]

    def attack(server: Server, batch: list[Piece]) -> None:
        try:
            with connect(server.url, max_size=None) as socket:
                converse(socket, batch, account)
        except ConnectionClosed as error:
            if error.rcvd is None or error.rcvd.code not in CLEAN:
                pytest.fail(f"the connection broke: {error}")
            account.closed[error.rcvd.code] += 1
        assert server.alive

    with serving(site, "--backbone", body_file, *options) as server:

        @settings(
            max_examples=-(-MESSAGES // BATCH),
            phases=[Phase.generate],  # a server has a past: an example alone need not fail again
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(st.lists(pieces, min_size=BATCH, max_size=BATCH))
        def attack_again(batch: list[Piece]) -> None:
            attack(server, batch)
            if account.sent % REPORT_EVERY < BATCH:
                account.report()

        while account.sent < MESSAGES:  # where the server closes a connection, the rest of a batch is not sent
            attack_again()
        memory = server.resident_bytes
        assert server.stop() == 0
    inventory = take_inventory(site, load_backbone(body_file))
    account.report()
    print(
        f"{memory / 2**20:.0f} MiB in the end;",
        {name: len(found) for name, found in inventory.samples.items()},
        inventory.versions,
        len(inventory.jobs),
    )
