"""Retries of changes of the workspace that must be made."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from rfhydra.errors import Busy, StorageFull
from rfhydra.server.executor import SerialExecutor

MIN_PAUSE_SEC: Final = 1.0
MAX_PAUSE_SEC: Final = 30.0

_log = logging.getLogger(__name__)
T = TypeVar("T")


async def insist(store: SerialExecutor, call: Callable[[], T]) -> T:
    """The result of ``call`` in ``store``, repeated while the disk is full or the database is locked."""
    pause_sec = MIN_PAUSE_SEC
    while True:
        try:
            return await store.run(call, refusable=False)
        except (StorageFull, Busy) as error:
            _log.warning("trying again in %d s: %s", pause_sec, error)
            await asyncio.sleep(pause_sec)
            pause_sec = min(2 * pause_sec, MAX_PAUSE_SEC)
