"""VrtSequence: how many samples of a VITA 49 stream were lost before a packet."""

from typing import Final

from rfhydra.streams.vrt_packet import VrtPacket

_COUNTS: Final = 16
_MAX_LATE: Final = 3
"""Packets that one may come behind its turn. So a loss of 13 to 15 packets cannot be told without time stamps."""
_PICOSECONDS: Final = 10**12
_MAX_JUMP: Final = 60 * _PICOSECONDS
"""More than this is no loss: the sender's clock was set."""


class VrtSequence:
    """The place of the last packet of one stream. Time stamps decide; without them, the count of packets modulo 16."""

    def __init__(self) -> None:
        self._next_count: int | None = None
        self._next_time: int | None = None
        self._last_samples = 0

    def lost_before(self, packet: VrtPacket, sample_rate_hz: float) -> int | None:
        """Samples that are missing before ``packet``, negative if it comes too late; None if nothing tells how many."""
        if self._next_count is None:
            return 0
        time = packet.time_picoseconds(sample_rate_hz)
        if time is None or self._next_time is None:
            missing = (packet.count - self._next_count) % _COUNTS
            return (missing if missing < _COUNTS - _MAX_LATE else missing - _COUNTS) * self._last_samples
        if abs(time - self._next_time) > _MAX_JUMP:
            return None
        gap = round((time - self._next_time) * sample_rate_hz / _PICOSECONDS)
        return 0 if 2 * abs(gap) < self._last_samples else gap

    def advance(self, packet: VrtPacket, sample_count: int, sample_rate_hz: float) -> None:
        """Take ``packet``, which holds ``sample_count`` samples, as the last one."""
        time = packet.time_picoseconds(sample_rate_hz)
        self._next_count = (packet.count + 1) % _COUNTS
        self._next_time = None if time is None else time + round(sample_count * _PICOSECONDS / sample_rate_hz)
        self._last_samples = sample_count
