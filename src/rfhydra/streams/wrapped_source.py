"""WrappedSource: the base of sources that add something to another one."""

from rfhydra.streams.source import Chunk, Source, Tuning


class WrappedSource:
    """Passes every call on to ``source``; see :class:`Source`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def may_wait(self) -> bool:
        return self._source.may_wait

    def open(self) -> Tuning:
        return self._source.open()

    def read(self, timeout_sec: float) -> Chunk | None:
        return self._source.read(timeout_sec)

    def tune(self, tuning: Tuning) -> Tuning:
        return self._source.tune(tuning)

    def close(self) -> None:
        self._source.close()
