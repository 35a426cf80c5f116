"""The thread between a source and its buffer."""

from pathlib import Path

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.streams.buffer import SampleBuffer
from rfhydra.streams.reader import SourceReader
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.streams.source import Chunk, EndOfStream
from tests.streams.given import DEADLINE_SEC, ScriptedSource, chunk, numbered


def read_all(buffer: SampleBuffer) -> list[Chunk]:
    found: list[Chunk] = []
    try:
        while True:
            found += [each] if (each := buffer.read(64, DEADLINE_SEC)) else []
    except EndOfStream:
        return found


def test_a_recording_is_never_dropped(tmp_path: Path) -> None:
    path = tmp_path / "numbers.cf32"
    numbered(0, 50_000).tofile(path)
    buffer = SampleBuffer(1000 * 8)
    reader = SourceReader(RecordingSource(path, sample_rate_hz=1e6), buffer)
    reader.start()
    found = np.concatenate([each.iq for each in read_all(buffer)])
    reader.close()
    assert np.array_equal(found, numbered(0, 50_000))
    assert buffer.dropped_samples == 0


def test_a_live_source_is_not_held_up() -> None:
    source = ScriptedSource([], [chunk(start, 100) for start in range(0, 1000, 100)], may_wait=False)
    buffer = SampleBuffer(250 * 8)
    reader = SourceReader(source, buffer)
    reader.start()
    assert source.closed.wait(DEADLINE_SEC), "it was read to its end without a reader of the buffer"
    found = read_all(buffer)
    reader.close()
    assert (found[0].start_sample, found[-1].end_sample, buffer.dropped_samples) == (750, 1000, 750)


@pytest.mark.parametrize("where", ["open", "read"])
def test_the_error_of_the_source_ends_the_buffer(where: str) -> None:
    error = InvalidMessage("no such rate")
    source = ScriptedSource([error] if where == "open" else [], [error], may_wait=False)
    buffer = SampleBuffer(8)
    reader = SourceReader(source, buffer)
    reader.start()
    with pytest.raises(InvalidMessage, match="no such rate"):
        buffer.read(1, DEADLINE_SEC)
    reader.close()


def test_a_file_that_is_missing_ends_the_buffer(tmp_path: Path) -> None:
    buffer = SampleBuffer(8)
    reader = SourceReader(RecordingSource(tmp_path / "none"), buffer)
    reader.start()
    with pytest.raises(NotFound):
        buffer.read(1, DEADLINE_SEC)
    reader.close()


def test_it_can_be_closed_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / "numbers.cf32"
    numbered(0, 5000).tofile(path)
    never_started = SourceReader(RecordingSource(path, sample_rate_hz=1e6), SampleBuffer(8))
    never_started.close()
    waiting_for_room = SourceReader(RecordingSource(path, sample_rate_hz=1e6), SampleBuffer(8))
    waiting_for_room.start()
    waiting_for_room.close()
    waiting_for_its_time = SourceReader(RecordingSource(path, sample_rate_hz=0.01, paced=True), SampleBuffer(8))
    waiting_for_its_time.start()
    waiting_for_its_time.close()
