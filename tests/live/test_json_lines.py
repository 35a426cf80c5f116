"""JSON lines, also into a pipe that nobody reads any more."""

import io
import os

import pytest

from rfhydra.live.json_lines import JsonLines
from rfhydra.protocol.streams import TrackEvent
from tests.live.tracks import event


def test_one_line_for_each_event() -> None:
    stream = io.StringIO()
    output = JsonLines(stream)
    events = [event(track_id=number, signal_name="ä\n") for number in range(1, 300)]
    for each in events:
        output.write(each)
    output.close()
    assert [TrackEvent.model_validate_json(line) for line in stream.getvalue().splitlines()] == events


def test_a_pipe_that_was_closed_is_an_error_of_the_next_event() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    output = JsonLines(stream)
    output.write(event())
    assert output.flush(30)
    with pytest.raises(BrokenPipeError):
        output.write(event())
    output.close()
    assert output.failed == 1
    with pytest.raises(BrokenPipeError):
        stream.close()
