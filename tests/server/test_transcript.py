"""A client that knows the fixed contract alone holds its recorded conversation with a live server again."""

import json
from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from rfhydra.store.workspace import Workspace
from tests.server.fuzz_images import base64_of, png
from tests.server.server_process import serving
from tests.server.transcript import Line, Matcher, filled, read_transcript
from tests.training.given import SMALL_SPEC

TRANSCRIPTS: Final = sorted((Path(__file__).parent / "transcripts").glob("*.jsonl"))
ANSWER_SEC: Final = 300.0


def spectrogram_b64(number: int) -> str:
    """Scene ``number``: noise, which suffices for a server to talk about."""
    shape = (SMALL_SPEC.rows, SMALL_SPEC.cols)
    return base64_of(png(np.random.default_rng(number).integers(0, 256, shape, np.uint8)))


class Reader:
    """Messages of a connection, with a look ahead."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ahead: deque[dict[str, Any]] = deque()

    def peek(self) -> dict[str, Any]:
        if not self._ahead:
            self._ahead.append(json.loads(self._socket.recv(timeout=ANSWER_SEC)))
        return self._ahead[0]

    def take(self) -> dict[str, Any]:
        self.peek()
        return self._ahead.popleft()


def expect(line: Line, reader: Reader, matcher: Matcher) -> None:
    """The messages of one line, compared field by field."""
    count = 0
    while count < line.most and (count < line.least or reader.peek()["type"] == line.body["type"]):
        problem = matcher.difference(line.body, reader.take())
        assert problem is None, f"line {line.number}: {problem}"
        count += 1


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_conversation_goes_as_it_did(transcript: Path, body_file: Path, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "site", SMALL_SPEC).close()
    with serving(tmp_path / "site", "--backbone", body_file) as server, connect(server.url) as socket:
        reader, matcher = Reader(socket), Matcher()
        for line in read_transcript(transcript):
            if line.sent:
                socket.send(json.dumps(filled(line.body, spectrogram_b64)))
            else:
                expect(line, reader, matcher)


@pytest.mark.parametrize(
    ("expected", "found", "problem"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"a": 1, "b": 2}, "has ['b'] beside"),
        ({"a": 1, "b": 2}, {"a": 1}, "lacks ['b']"),
        ({"a": 1}, {"a": 1.0}, "message.a is 1.0, not 1"),
        ({"a": True}, {"a": 1}, "message.a is 1, not True"),
        ({"a": 1, "…": "more"}, {"a": 1, "b": 2}, None),
        ({"a": 1, "…": "more"}, {"b": 2}, "lacks ['a']"),
        ([1, 2], [1], "has 1 entries, not 2"),
        ("<int 1..5>", 5, None),
        ("<int 1..5>", 6, "is 6"),
        ("<int>", 1.5, "is 1.5"),
        ("<int>", True, "is True"),
        ("<number 0..1>", 0.5, None),
        ("<number ..1>", 1.5, "is 1.5"),
        ("<int | null>", None, None),
        ("<text>", "", "is ''"),
        ("<hex 4>", "12ab", None),
        ("<hex 4>", "12a", "is '12a'"),
        ("<utc>", "2026-11-24T12:00:00.5Z", None),
        ("<utc>", "2026-11-24T12:00:00.5", "is '2026"),
        (["$x", "$x"], ["a", "a"], None),
        (["$x", "$x"], ["a", "b"], "$x was 'a'"),
    ],
)
def test_patterns(expected: Any, found: Any, problem: str | None) -> None:
    difference = Matcher().difference(expected, found)
    assert difference is None if problem is None else difference is not None and problem in difference
