"""SourceReader: the thread that moves the samples of a source into a buffer."""

import threading
from typing import Final

from rfhydra.streams.buffer import SampleBuffer
from rfhydra.streams.source import EndOfStream, Source

_READ_TIMEOUT_SEC: Final = 0.5


class SourceReader:
    """Opens ``source`` and writes what it yields to ``buffer`` until either ends, in a thread of its own.

    The buffer ends as the source did: with :class:`EndOfStream`, or with the error that ended it. Samples of a source
    that may not wait are never held up by a slow reader of the buffer, which drops the oldest.
    """

    def __init__(self, source: Source, buffer: SampleBuffer) -> None:
        self._source = source
        self._buffer = buffer
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source {source.name}", daemon=True)

    def start(self) -> None:
        """Begin to read. Once only."""
        self._thread.start()

    def close(self) -> None:
        """Close the source and the buffer, and wait until the thread has ended."""
        self._closing.set()
        self._source.close()
        self._buffer.close()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            if not self._closing.is_set():
                self._source.open()
            while not self._closing.is_set():
                chunk = self._source.read(_READ_TIMEOUT_SEC)
                if chunk is not None:
                    self._buffer.write(chunk, wait=self._source.may_wait)
        except EndOfStream:
            self._buffer.end()
        except Exception as error:  # whatever it is, the pipeline has to know
            self._buffer.end(error)
        finally:
            self._source.close()
            self._buffer.end()
