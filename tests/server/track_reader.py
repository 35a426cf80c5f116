"""A client in a process of its own, to be killed: prints the pushes of ``tracks`` and ``streams``, one a line.

python -m tests.server.track_reader URL
"""

import asyncio
import math
import sys

from rfhydra.client import Client
from rfhydra.protocol.live import Streams, Tracks


async def read(url: str) -> None:
    async with Client(url, reconnect_timeout_sec=math.inf) as client, client.subscribe("tracks", "streams") as pushes:
        async for push in pushes:
            assert isinstance(push, Tracks | Streams)
            print(push.model_dump_json(), flush=True)


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1]))
