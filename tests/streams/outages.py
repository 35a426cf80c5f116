"""A source whose sender is killed and started again."""

import signal
import subprocess
from collections.abc import Callable
from typing import Final, TypeAlias

from rfhydra.streams.reconnect import ReconnectingSource
from rfhydra.streams.source import Chunk, Source
from tests.streams.given import DEADLINE_SEC

Process: TypeAlias = "subprocess.Popen[bytes]"
_KILLS: Final = 2


def require_reconnection(source: Source, start: Callable[[], Process]) -> None:
    """Kill the sender that ``start`` starts again and again: each time the source is connected again, with a gap."""
    reconnecting = ReconnectingSource(source, first_delay_sec=0.01, max_delay_sec=0.05)
    sender = start()
    try:
        reconnecting.open()
        before = _next_chunk(reconnecting)
        for kills in range(1, _KILLS + 1):
            sender.send_signal(signal.SIGKILL)
            sender.wait()
            while reconnecting.error is None:
                before = reconnecting.read(DEADLINE_SEC) or before
            sender = start()
            after = _next_chunk(reconnecting)
            assert reconnecting.reconnects == kills
            assert after.start_sample >= before.end_sample
        assert reconnecting.lost_samples > 0
    finally:
        reconnecting.close()
        sender.kill()
        sender.wait()


def _next_chunk(source: ReconnectingSource) -> Chunk:
    """Read until there is a chunk, over failed connections."""
    while (chunk := source.read(DEADLINE_SEC)) is None:
        assert source.error is not None, "connected, but silent"
    return chunk
