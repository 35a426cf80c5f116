"""Recordings as live sources."""

import threading
from pathlib import Path

import numpy as np
import pytest

from rfhydra.errors import Conflict, InvalidMessage, NotFound
from rfhydra.recordings import open_recording
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.streams.source import Chunk, EndOfStream, Tuning
from tests.recordings.given import CENTER_HZ, RATE_HZ, ramp, write_pair
from tests.streams.given import DEADLINE_SEC, joined, read_chunk, read_chunks

CAPTURES = [
    {"core:sample_start": 0, "core:frequency": 1e6, "core:datetime": "2026-01-02T03:04:05Z"},
    {"core:sample_start": 600, "core:frequency": 2e6, "core:datetime": "2026-01-02T03:05:05.5Z"},
]
UTC_SEC = 1767323045.0


def all_chunks(source: RecordingSource) -> list[Chunk]:
    source.open()
    found = []
    try:
        while True:
            found.append(read_chunk(source))
    except EndOfStream:
        return found


def test_a_recording_comes_whole_and_ends(tmp_path: Path) -> None:
    data = np.arange(2000, dtype=np.uint8).tobytes()
    path = write_pair(tmp_path, data=data)
    source = RecordingSource(path)
    assert source.may_wait
    assert source.open() == Tuning(RATE_HZ, CENTER_HZ)
    assert np.array_equal(joined(all_chunks(source)), open_recording(path).read(0, 1000))
    with pytest.raises(EndOfStream):
        source.read(0.0)


def test_captures_are_tunings_with_their_times(tmp_path: Path) -> None:
    first, second = all_chunks(RecordingSource(write_pair(tmp_path, captures=CAPTURES)))
    assert (first.start_sample, first.tuning.center_freq_hz, first.start_utc_sec) == (0, 1e6, UTC_SEC)
    assert (second.start_sample, second.tuning.center_freq_hz, second.start_utc_sec) == (600, 2e6, UTC_SEC + 60.5)


def test_a_time_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    captures = [{"core:sample_start": 0, "core:datetime": "yesterday"}]
    [only] = all_chunks(RecordingSource(write_pair(tmp_path, captures=captures)))
    assert only.start_utc_sec is None


def test_a_loop_counts_on(tmp_path: Path) -> None:
    data = np.arange(2000, dtype=np.uint8).tobytes()
    path = write_pair(tmp_path, data=data, captures=CAPTURES)
    source = RecordingSource(path, loop=True)
    source.open()
    chunks = read_chunks(source, 3000)
    whole = open_recording(path).read(0, 1000)
    assert np.array_equal(joined(chunks), np.tile(whole, 3))
    assert [each.start_sample for each in chunks] == [0, 600, 1000, 1600, 2000, 2600]
    assert chunks[2].start_utc_sec == UTC_SEC + 1000 / RATE_HZ


def test_a_paced_recording_is_not_early(tmp_path: Path) -> None:
    path = tmp_path / "slow.cf32"
    ramp(1000).tofile(path)
    source = RecordingSource(path, sample_rate_hz=0.001, paced=True)
    source.open()
    assert source.read(0.0) is None


def test_a_paced_recording_comes_whole(tmp_path: Path) -> None:
    source = RecordingSource(write_pair(tmp_path), paced=True)
    assert len(joined(all_chunks(source))) == 1000


def test_closing_ends_a_read_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "slow.cf32"
    ramp(1000).tofile(path)
    source = RecordingSource(path, sample_rate_hz=0.001, paced=True)
    source.open()
    closer = threading.Thread(target=source.close)
    closer.start()
    with pytest.raises(EndOfStream):
        source.read(DEADLINE_SEC)
    closer.join()


def test_opened_again_it_goes_on(tmp_path: Path) -> None:
    source = RecordingSource(write_pair(tmp_path, captures=CAPTURES))
    source.open()
    read_chunk(source)
    source.close()
    assert source.open().center_freq_hz == 2e6
    assert read_chunk(source).start_sample == 600


def test_it_cannot_be_tuned(tmp_path: Path) -> None:
    source = RecordingSource(write_pair(tmp_path))
    assert source.tune(Tuning(RATE_HZ, CENTER_HZ)) == Tuning(RATE_HZ, CENTER_HZ)
    with pytest.raises(InvalidMessage, match="center_freq_hz cannot be changed"):
        source.tune(Tuning(RATE_HZ, 1e6))


def test_errors_of_the_file_are_permanent(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        RecordingSource(tmp_path / "none").open()
    with pytest.raises(Conflict, match="sample_rate_hz"):
        RecordingSource(write_pair(tmp_path), sample_rate_hz=5.0).open()
