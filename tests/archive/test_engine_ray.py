"""The Ray engine gives what one process gives, also when processes are killed under it.

Ray is used in a process of its own: it leaves threads, and a handler of crashes, in one that was connected.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from rfhydra.archive.plan import ScanPlan
from tests.archive.engine_checks import CHECKS, WORKERS

STORE_BYTES: Final = 80 << 20


@pytest.fixture(scope="module")
def connected() -> Iterator[ProcessPoolExecutor]:
    """A process that is connected to a Ray cluster on this machine."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_connect) as pool:
        yield pool
        pool.submit(_disconnect).result()


def _connect() -> None:
    import ray

    ray.init(
        address="local",
        num_cpus=WORKERS,
        object_store_memory=STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )


def _disconnect() -> None:
    import ray

    ray.shutdown()


def _with_ray(check: Callable[..., None], *arguments: object) -> None:
    from rfhydra.archive.engine_ray import RayEngine

    check(RayEngine(), *arguments)


@pytest.mark.parametrize("check", CHECKS)
def test_the_engine(
    check: Callable[..., None], connected: ProcessPoolExecutor, plan: ScanPlan, folder: Path, tmp_path: Path
) -> None:
    connected.submit(_with_ray, check, plan, folder, tmp_path / "out").result()
