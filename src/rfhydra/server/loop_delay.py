"""Delay of the event loop: how late it runs what is due."""

import asyncio
from collections.abc import Callable
from typing import Final

PERIOD_SEC: Final = 0.05
"""Time between two measurements. A call that blocks the loop is measured up to that much shorter than it is."""


async def observe_loop_delay(observe: Callable[[float], object]) -> None:
    """Call ``observe`` with the delay of the running loop in seconds every :data:`PERIOD_SEC`, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PERIOD_SEC
        await asyncio.sleep(PERIOD_SEC)
        observe(max(0.0, loop.time() - due))  # a timer may fire one tick of the clock early
