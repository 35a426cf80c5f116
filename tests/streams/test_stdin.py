"""Raw samples from a pipe."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage, InvalidRecording
from rfhydra.streams.source import EndOfStream, Tuning
from rfhydra.streams.stdin_source import StdinSource
from tests.streams.given import DEADLINE_SEC, TUNING, joined, numbered, read_chunk, read_chunks

COUNT_SAMPLES = """
from rfhydra.streams.address import open_source
from rfhydra.streams.source import EndOfStream
source = open_source("stdin:?rate=250k&datatype=cf32_le&freq=433.92M")
tuning, total = source.open(), 0
try:
    while True:
        chunk = source.read(30.0)
        assert chunk.start_sample == total and chunk.iq[0].real == total
        total = chunk.end_sample
except EndOfStream:
    print(tuning.sample_rate_hz, tuning.center_freq_hz, total)
"""


@pytest.mark.parametrize("redirected", [False, True], ids=["pipe", "file"])
def test_a_process_reads_its_stdin(redirected: bool, tmp_path: Path) -> None:
    data = numbered(0, 100_000).tobytes() + b"123"
    path = tmp_path / "samples"
    path.write_bytes(data)
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", COUNT_SAMPLES],
            stdin=file if redirected else None,
            input=None if redirected else data,
            capture_output=True,
            timeout=DEADLINE_SEC,
            check=True,
        )
    assert done.stdout == b"250000.0 433920000.0 100000\n"


def test_samples_that_are_cut_in_two() -> None:
    reading, writing = os.pipe()
    source = StdinSource(TUNING, "cf32_le", descriptor=reading)
    source.open()
    data = numbered(0, 20).tobytes()
    os.write(writing, data[:83])
    first = source.read(0.0)
    assert first is not None
    assert len(first.iq) == 10
    os.write(writing, data[83:])
    os.close(writing)
    chunks = [first, read_chunk(source)]
    with pytest.raises(EndOfStream):
        source.read(0.0)
    source.close()
    os.close(reading)
    assert np.array_equal(joined(chunks), numbered(0, 20))


def test_samples_that_are_no_numbers_count_as_lost() -> None:
    reading, writing = os.pipe()
    source = StdinSource(TUNING, "cf32_le", descriptor=reading)
    source.open()
    os.write(writing, np.full(10, np.nan, dtype=np.complex64).tobytes())
    assert source.read(0.0) is None
    os.write(writing, numbered(10, 5).tobytes())
    assert read_chunks_now(source) == (10, 15)
    source.close()
    os.close(reading)
    os.close(writing)


def read_chunks_now(source: StdinSource) -> tuple[int, int]:
    found = source.read(0.0)
    assert found is not None
    return found.start_sample, found.end_sample


def test_closing_ends_a_read_that_waits() -> None:
    reading, writing = os.pipe()
    source = StdinSource(TUNING, "cu8", descriptor=reading)
    source.open()
    closer = threading.Thread(target=source.close)
    closer.start()
    with pytest.raises(EndOfStream):
        source.read(DEADLINE_SEC)
    closer.join()
    os.close(reading)
    os.close(writing)


def test_a_terminal_has_no_samples() -> None:
    terminal, other = os.openpty()
    with pytest.raises(InvalidMessage, match="stdin is a terminal"):
        StdinSource(TUNING, "cu8", descriptor=terminal).open()
    os.close(terminal)
    os.close(other)


def test_it_cannot_be_tuned_and_needs_a_datatype() -> None:
    source = StdinSource(TUNING, "cu8")
    assert source.tune(TUNING) == TUNING
    with pytest.raises(InvalidMessage, match="sample_rate_hz cannot be changed"):
        source.tune(Tuning(1.0, 2.0))
    with pytest.raises(InvalidRecording, match="datatype 'cu9'"):
        StdinSource(TUNING, "cu9")


def test_chunks_are_bounded() -> None:
    reading, writing = os.pipe()
    source = StdinSource(Tuning(100_000.0, 0.0), "cu8", descriptor=reading)
    source.open()
    writer = threading.Thread(target=lambda: os.write(writing, bytes(200_000)))
    writer.start()
    assert max(len(each.iq) for each in read_chunks(source, 100_000)) == 2000
    writer.join()
    source.close()
    os.close(reading)
    os.close(writing)
