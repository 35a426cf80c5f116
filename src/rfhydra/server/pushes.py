"""Pushes: the streams whose IQ clients push in binary frames, and the connections that push them."""

import asyncio
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfhydra.errors import Conflict, InvalidMessage, NotFound
from rfhydra.protocol import live
from rfhydra.protocol.frames import StreamIqFrame
from rfhydra.protocol.limits import Limits
from rfhydra.recordings.formats import SampleFormat
from rfhydra.server.net.hub import Session
from rfhydra.streams.pushed import PushedSource
from rfhydra.streams.source import Tuning

MAX_BUFFERED_BYTES: Final = 32 << 20
"""Samples of one pushed stream that were not read yet, at 8 bytes each; the oldest are dropped, and count as lost."""
MAX_STREAM_SEC: Final = 100 * 365 * 86_400
"""Time between the first sample of a stream and that of a frame: no clock needs more."""


@dataclass(eq=False)
class _Push:
    stream_id: str
    source: PushedSource
    owner: Session | None
    tag: int
    lingering: asyncio.TimerHandle | None = None


class Pushes:
    """Each stream has at most one connection that pushes it, under a tag of its own. Used on the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_stream: dict[str, _Push] = {}
        self._by_tag: dict[tuple[Session, int], _Push] = {}

    def begin(self, stream_id: str, form: live.PushedSource, session: Session) -> PushedSource:
        """The source of a new stream, which ``session`` pushes.

        Raises:
            Conflict: the connection pushes another stream with this tag.
        """
        self._require_free(session, form.tag)
        source = PushedSource(session.name, Tuning(form.sample_rate_hz, form.center_freq_hz), MAX_BUFFERED_BYTES)
        push = _Push(stream_id, source, session, form.tag)
        self._by_stream[stream_id] = self._by_tag[session, form.tag] = push
        return source

    def resume(self, stream_id: str, form: live.PushedSource, session: Session) -> None:
        """Let ``session`` go on with a stream; the connection that pushed it so far cannot any more.

        Raises:
            Conflict: nobody pushes the stream, or the connection pushes another one with this tag.
        """
        push = self._by_stream.get(stream_id)
        if push is None:
            raise Conflict(f"stream {stream_id!r} runs already, and is not pushed: give the new one another stream_id")
        if self._by_tag.get((session, form.tag)) is not push:
            self._require_free(session, form.tag)
        self._leave(push)
        push.owner, push.tag = session, form.tag
        self._by_tag[session, form.tag] = push

    def take(self, session: Session, data: bytes) -> None:
        """Append the samples of a binary frame to their stream, or end it if there are none. Returns at once.

        Raises:
            InvalidMessage: not such a frame, or its samples are not finite or not the next ones.
            NotFound: the connection pushes no stream with its tag.
            TooLarge: too many samples.
        """
        frame = StreamIqFrame.decode(data)
        push = self._by_tag.get((session, frame.tag))
        if push is None:
            raise NotFound(f"this connection pushes no stream with tag {frame.tag}: start it, or it has ended")
        self._limits.require("count of the frame", frame.count, "max_push_samples")
        rate, center = frame.sample_rate_hz, frame.center_freq_hz
        if not 1 <= rate <= live.MAX_SAMPLE_RATE_HZ or abs(center) > live.MAX_CENTER_FREQ_HZ:
            raise InvalidMessage("sample_rate_hz or center_freq_hz of the frame is out of the range of start_stream")
        if frame.start_sample > MAX_STREAM_SEC * rate:
            raise InvalidMessage(f"start_sample {frame.start_sample} of the frame is a hundred years after the first")
        if not frame.count:
            push.source.end()
            return
        layout = SampleFormat.of(frame.datatype)
        iq = layout.decode(np.frombuffer(frame.samples, layout.component).reshape(-1, 2))
        push.source.push(iq, frame.start_sample, tuning=Tuning(rate, center))

    def client_gone(self, session: Session) -> None:
        """Let the streams of a connection that has ended wait for another one, and end after ``push_linger_sec``."""
        for push in [push for (owner, _), push in self._by_tag.items() if owner is session]:
            self._leave(push)
            loop = asyncio.get_running_loop()
            push.lingering = loop.call_later(self._limits.push_linger_sec, push.source.end)

    def forget(self, stream_id: str) -> None:
        """The stream has ended."""
        push = self._by_stream.pop(stream_id, None)
        if push is not None:
            self._leave(push)

    def _leave(self, push: _Push) -> None:
        """Separate a stream from its connection."""
        if push.lingering is not None:
            push.lingering.cancel()
            push.lingering = None
        if push.owner is not None:
            del self._by_tag[push.owner, push.tag]
            push.owner = None

    def _require_free(self, session: Session, tag: int) -> None:
        if (session, tag) in self._by_tag:
            raise Conflict(f"this connection pushes {self._by_tag[session, tag].stream_id!r} with tag {tag} already")
