"""ConnectionBounds: what all connections of a server share, and must not exceed together."""

from dataclasses import dataclass, field

from rfhydra.protocol.limits import Limits
from rfhydra.server.net.budget import ReceiveBudget
from rfhydra.server.net.pending import PendingConnections
from rfhydra.server.net.reading import ReadShare


@dataclass(frozen=True)
class ConnectionBounds:
    """Shared bounds of the connections of one server.

    Attributes:
        max_message_bytes: of one message of an authorised connection.
        handshake_sec: time for a handshake, or for a whole HTTP connection.
        budget: bytes of messages.
        pending: connections that are not authorised yet.
        reads: bytes read in one turn of the event loop.
    """

    max_message_bytes: int
    handshake_sec: float
    budget: ReceiveBudget
    pending: PendingConnections
    reads: ReadShare = field(default_factory=ReadShare)

    @classmethod
    def of(cls, limits: Limits, handshake_sec: float) -> "ConnectionBounds":
        """The bounds that ``limits`` set."""
        return cls(
            limits.max_message_bytes,
            handshake_sec,
            ReceiveBudget(limits.max_received_bytes),
            PendingConnections(limits.max_pending_connections),
        )
