"""StdinSource: raw samples from standard input."""

import os

from rfhydra.errors import InvalidMessage
from rfhydra.recordings.formats import SampleFormat
from rfhydra.streams.receiver import Receiver
from rfhydra.streams.sample_reader import SampleReader
from rfhydra.streams.source import Chunk, EndOfStream, Tuning, chunk_samples, keep_tuning
from rfhydra.streams.waiter import Waiter


class StdinSource(Receiver):
    """Raw samples from a pipe or a redirected file. What is left of a last sample that is not whole is ignored.

    The writer waits when samples are not taken, so that none are lost, unless it is ``live``: a receiver that loses
    samples itself when it has to wait, and does not say so.
    """

    def __init__(self, tuning: Tuning, datatype: str, *, live: bool = False, descriptor: int = 0) -> None:
        """Args:
        tuning: what the samples were received with.
        datatype: as in SigMF.
        live: whether to keep up with the writer and to drop, and count, what the pipeline has no time for.
        descriptor: file descriptor to read in place of standard input. It is not closed.

        Raises:
            InvalidRecording: no such datatype.
        """
        super().__init__("stdin")
        self.may_wait = not live
        self._tuning = tuning
        self._format = SampleFormat.of(datatype)
        self._descriptor = descriptor
        self._reader: SampleReader | None = None

    def tune(self, tuning: Tuning) -> Tuning:
        return keep_tuning(self._tuning, tuning, "the program that writes to stdin")

    def _connect(self, waiter: Waiter) -> Tuning:
        if os.isatty(self._descriptor):
            raise InvalidMessage("stdin is a terminal: pipe the samples of a receiver into this command")
        if self._reader is None:  # it may hold a part of a sample
            self._reader = SampleReader(self._descriptor, self._format, chunk_samples(self._tuning.sample_rate_hz))
        return self._tuning

    def _receive(self, waiter: Waiter, deadline: float) -> Chunk | None:
        assert self._reader is not None
        iq = self._reader.read(waiter, deadline)
        if iq is not None:
            return self._chunk(iq, self._tuning)
        if self._reader.ended:
            raise EndOfStream
        return None

    def _disconnect(self) -> None:
        """Leave the pipe as it is."""
