"""A server of trainings, to be killed: starts a long one and prints the id of its process, then whatever is told."""

import asyncio
import itertools
import sys
from pathlib import Path

from rfhydra.store.workspace import Workspace
from tests.server.watched_jobs import LONG, watched


async def main(path: Path, body: Path) -> None:
    with Workspace.open(path) as workspace:
        async with watched(workspace, body) as here:
            if not await here.store.run(workspace.jobs.unfinished):
                await here.train(request_id="r-1", **LONG)
            await here.more(0)
            print(here.pid, flush=True)
            for number in itertools.count():
                await here.more(number)
                print(here.events[number].encode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
