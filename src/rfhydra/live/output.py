"""Output: the interface of everything that is told of tracks."""

from typing import Protocol

from rfhydra.protocol.streams import TrackEvent


class Output(Protocol):
    """Receives the events of a stream, in their order. Never blocks for long: what is slow has a bounded queue of its
    own, drops the oldest events when it is full, and counts them."""

    def write(self, event: TrackEvent) -> None:
        """Take one event."""

    def close(self) -> None:
        """Write what is queued, as far as that is possible within seconds."""
