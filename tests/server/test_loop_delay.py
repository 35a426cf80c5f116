import asyncio
import time

from rfhydra.server.loop_delay import PERIOD_SEC, observe_loop_delay
from tests.server.json_peer import http_get


def test_a_call_that_blocks_the_loop_is_measured() -> None:
    async def main() -> list[float]:
        delays: list[float] = []
        measured = asyncio.Event()

        def observe(delay_sec: float) -> None:
            delays.append(delay_sec)
            measured.set()

        task = asyncio.create_task(observe_loop_delay(observe))
        for _ in range(2):
            measured.clear()
            await measured.wait()
        time.sleep(5 * PERIOD_SEC)
        measured.clear()
        await measured.wait()
        task.cancel()
        return delays

    delays = asyncio.run(main())
    assert min(delays) >= 0
    assert delays[-1] >= 4 * PERIOD_SEC


def test_the_delay_is_a_metric(port: int) -> None:
    assert "rfhydra_loop_delay_seconds_bucket" in http_get(port, "/metrics")
