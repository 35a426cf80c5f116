"""PendingConnections: connections that are not authorised yet, a bounded number of them."""

import asyncio
from collections import Counter


class PendingConnections:
    """TCP connections that speak HTTP, are in their handshake, or have not sent the token.

    One more than ``max_connections`` aborts the oldest one of the address that has the most, so that a client which
    says nothing keeps nobody out, and one address not the others.

    Attributes:
        dropped: number of connections that were aborted for a newer one.
    """

    def __init__(self, max_connections: int) -> None:
        self.dropped = 0
        self._max_connections = max_connections
        self._hosts: dict[asyncio.Transport, str | None] = {}  # oldest first

    def __len__(self) -> int:
        return len(self._hosts)

    def add(self, transport: asyncio.Transport, host: str | None) -> None:
        """Add a new connection."""
        if len(self._hosts) >= self._max_connections:
            ((busiest, _),) = Counter(self._hosts.values()).most_common(1)
            oldest = next(each for each, address in self._hosts.items() if address == busiest)
            del self._hosts[oldest]
            self.dropped += 1
            oldest.abort()
        self._hosts[transport] = host

    def discard(self, transport: asyncio.Transport) -> None:
        """Remove a connection that was authorised or is gone."""
        self._hosts.pop(transport, None)
