"""A client in a process of its own, to be killed: prints the pushes of ``tracks`` and ``streams``, one a line.

python -m tests.server.track_reader URL
"""

import asyncio
import math
import sys
from contextlib import suppress
from typing import Final

from rfhydra.client import Client
from rfhydra.errors import Unreachable
from rfhydra.protocol.live import Streams, Tracks

RETRY_SEC: Final = 0.1


async def read_always(url: str) -> None:
    """Read from a server that may not be there yet: a client does not wait for its first connection."""
    while True:
        with suppress(Unreachable):
            await read(url)
        await asyncio.sleep(RETRY_SEC)


async def read(url: str) -> None:
    async with Client(url, reconnect_timeout_sec=math.inf) as client, client.subscribe("tracks", "streams") as pushes:
        async for push in pushes:
            assert isinstance(push, Tracks | Streams)
            print(push.model_dump_json(), flush=True)


if __name__ == "__main__":
    asyncio.run(read_always(sys.argv[1]))
