"""Async, typed client of the service; needs neither torch nor numpy.

::

    async with Client("ws://127.0.0.1:8765") as client:
        run = await client.train_signal("garage-remote")
        async for progress in run:
            print(progress.epoch, progress.f1_score)
        print((await run.result()).promotion_reason)
"""

from rfhydra.client.client import Client
from rfhydra.client.streams import PushedStream, TrackSubscription
from rfhydra.client.watch import Feed, Push, Subscription, TrainingRun, UpgradeRun

__all__ = [
    "Client",
    "Feed",
    "Push",
    "PushedStream",
    "Subscription",
    "TrackSubscription",
    "TrainingRun",
    "UpgradeRun",
]
