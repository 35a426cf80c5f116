"""Live streams on the side of the client: IQ that it pushes, and track events that it reads."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

from rfhydra.client.watch import Subscription
from rfhydra.errors import NotFound
from rfhydra.protocol.frames import SAMPLE_BYTES, StreamIqFrame
from rfhydra.protocol.live import PushedSource, Tracks
from rfhydra.protocol.streams import StreamStatus, TrackEvent
from rfhydra.protocol.types import IqDatatype, Topic

_TRACKS: Final = frozenset[Topic]({"tracks"})


class TrackSubscription(Subscription[TrackEvent]):
    """Track events of one stream, or of all: enter with ``async with``, then read with ``async for``.

    Attributes:
        dropped: number of events that the server dropped, or that the reader was too slow for.
    """

    def __init__(
        self,
        stream_id: str | None,
        enter: Callable[[Subscription[Any]], Awaitable[None]],
        leave: Callable[[Subscription[Any]], Awaitable[None]],
    ) -> None:
        super().__init__(_TRACKS, enter, leave)
        self._stream_id = stream_id

    def take(self, push: object) -> None:
        if isinstance(push, Tracks) and self._stream_id in (None, push.stream_id):
            self.dropped += push.dropped
            for event in push.events:
                self.put(event)


class PushedStream:
    """A stream on the server whose IQ this client pushes; an async context manager, which ends the stream.

    After a lost connection it goes on where it was, if the server still has it, else anew under the same id.

    Attributes:
        source: sample rate, centre frequency and tag of its frames.
        heads: the signals that it detects, None for all that are loaded.
        status: of the stream when it was begun or resumed.
        lost_samples: samples of frames that a lost connection swallowed.
    """

    status: StreamStatus

    def __init__(
        self,
        source: PushedSource,
        heads: list[str] | None,
        max_samples: Callable[[], int],
        begin: Callable[["PushedStream"], Awaitable[StreamStatus]],
        send: Callable[[bytes], Awaitable[bool]],
        leave: Callable[[], object],
    ) -> None:
        self.source, self.heads = source, heads
        self.lost_samples = 0
        self._max_samples, self._begin, self._send, self._leave = max_samples, begin, send, leave
        self._next_sample = 0
        self._error: Exception | None = None

    async def __aenter__(self) -> Self:
        self.take(await self._begin(self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._error is None:
                await self._send(self._frame("cu8", b"").encode())
        finally:
            self._leave()
            self.fail(NotFound("this client has ended the stream"))

    @property
    def stream_id(self) -> str:
        """Id of the stream."""
        return self.status.stream_id

    def take(self, status: StreamStatus) -> None:
        """The stream has begun, or goes on."""
        self.status = status
        if status.samples == 0 and status.lost_samples == 0:
            self._next_sample = 0

    def fail(self, error: Exception) -> None:
        """The server refuses further samples, for example because the stream was stopped."""
        self._error = self._error or error

    async def send(self, iq: bytes, datatype: IqDatatype = "cf32_le") -> None:
        """Send the next samples, interleaved I and Q; waits while the connection does not take them.

        Raises:
            RfhydraError: the server has refused samples before; the stream has ended, or an argument is wrong.
            Unreachable: there was no connection for too long.
        """
        step = self._max_samples() * SAMPLE_BYTES[datatype]
        for begin in range(0, len(iq), step):
            if self._error is not None:
                raise self._error
            frame = self._frame(datatype, iq[begin : begin + step])
            self._next_sample += frame.count
            if not await self._send(frame.encode()):
                self.lost_samples += frame.count

    def skip(self, samples: int) -> None:
        """Tell that ``samples`` were lost before those that come next."""
        self._next_sample += samples

    def _frame(self, datatype: IqDatatype, samples: bytes) -> StreamIqFrame:
        source = self.source
        return StreamIqFrame(
            source.tag, datatype, source.sample_rate_hz, source.center_freq_hz, self._next_sample, samples
        )
