"""The client and a real server, which may die."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from rfhydra.client import Client
from rfhydra.errors import Conflict, NotEnoughSamples, NotFound
from rfhydra.protocol.fields import NegativeBox, PixelBox
from rfhydra.protocol.frames import WaterfallFrame
from rfhydra.protocol.live import NamedSource
from rfhydra.protocol.messages import Detections
from rfhydra.protocol.versions import Registry
from rfhydra.store.arrays import encode_array
from tests.server.server_process import VERSIONS, serving
from tests.training.given import OTHER, RATE_HZ, SIGNAL, SMALL_SPEC

IMAGE = encode_array(np.random.default_rng(99).integers(0, 256, (SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8))
IQ = np.random.default_rng(98).standard_normal(2 * SMALL_SPEC.window_samples).astype(np.float32).tobytes()
BOX = PixelBox(x_min=10, y_min=10, x_max=40, y_max=30)
PATIENCE_SEC = 600.0


async def keep_samples(client: Client) -> None:
    added = await client.add_training_sample("lora", IMAGE, [BOX], {"sample_rate_hz": RATE_HZ})
    assert (added.is_new, added.total_samples) == (True, 1)
    negative = NegativeBox(label=SIGNAL, box=BOX)
    await client.update_training_sample(added.sample_id, negatives=[negative], metadata={"place": "roof"})
    page = await client.get_training_samples("lora", limit=5, include_spectrogram=True)
    assert [(each.sample_id, each.metadata, each.negatives[0].label) for each in page.samples] == [
        (added.sample_id, {"place": "roof"}, SIGNAL)
    ]
    assert (await client.export_sigmf("lora")).skipped == 1  # it has no IQ
    with pytest.raises(NotEnoughSamples):
        await (await client.train_signal("lora")).result()
    assert (await client.delete_training_sample(added.sample_id)).total_samples == 0


async def keep_versions(client: Client) -> None:
    history = await client.get_version_history(SIGNAL)
    assert [each.version for each in history.versions] == list(range(1, VERSIONS + 1))
    assert (await client.promote_version(SIGNAL, 2)).version == 2
    assert (await client.get_registry()).signals[SIGNAL].active_version == 2
    assert (await client.rollback_signal(SIGNAL)).active_version == 1
    with pytest.raises(Conflict):
        await client.rollback_signal(SIGNAL)


async def detect(client: Client) -> None:
    with pytest.raises(NotFound):
        await client.detect(spectrogram=IMAGE, signal_names=[SIGNAL])
    assert (await client.load_heads([SIGNAL])).heads == [SIGNAL]
    sent = await client.detect(spectrogram=IMAGE, sample_rate_hz=RATE_HZ, center_freq_hz=433e6, threshold=0.0)
    assert sent.heads == {SIGNAL: 1}
    heard = await client.detect(iq=IQ, sample_rate_hz=RATE_HZ, center_freq_hz=433e6)
    framed = await client.detect_frame(IQ, sample_rate_hz=RATE_HZ, center_freq_hz=433e6)
    assert heard.detections == framed.detections
    assert (await client.unload_heads()).heads == (await client.get_loaded_heads()).heads == []


async def look_around(client: Client) -> None:
    assert client.server.spectrogram == (await client.hello()).spectrogram
    assert (await client.list_sources()).sources == []
    assert await client.get_streams() == []
    with pytest.raises(NotFound):
        await client.start_stream(NamedSource(name="roof"))
    with pytest.raises(NotFound):
        await client.stop_stream("none")
    with pytest.raises(NotFound):
        await client.cancel_training()


def test_everything_that_a_client_can_ask(site: Path, body_file: Path) -> None:
    async def scenario(url: str) -> None:
        async with Client(url, binary=True) as client:
            for part in (look_around, keep_samples, keep_versions, detect):
                await part(client)

    with serving(site, "--backbone", body_file) as server:
        asyncio.run(scenario(server.url))


def test_what_others_do_is_pushed(site: Path, body_file: Path) -> None:
    async def scenario(url: str) -> None:
        async with Client(url, binary=True) as watcher, Client(url) as operator:
            await operator.load_heads([SIGNAL])
            async with watcher.subscribe("registry", "waterfall") as changes, watcher.detections() as found:
                assert isinstance(await anext(changes), Registry)
                await operator.promote_version(SIGNAL, 3)
                changed = await anext(changes)
                assert isinstance(changed, Registry)
                assert changed.signals[SIGNAL].active_version == 3
                answer = await operator.detect(iq=IQ, sample_rate_hz=RATE_HZ, center_freq_hz=433e6)
                pushed = await anext(found)
                assert isinstance(pushed, Detections)
                assert pushed.detections == answer.detections
                waterfall = await anext(changes)
                assert isinstance(waterfall, WaterfallFrame)
                assert (waterfall.rows, waterfall.cols) == (SMALL_SPEC.rows, SMALL_SPEC.cols)

    with serving(site, "--backbone", body_file) as server:
        asyncio.run(scenario(server.url))


def test_a_training_is_followed_across_the_death_of_its_server(site: Path, body_file: Path) -> None:
    async def scenario() -> None:
        with serving(site, "--backbone", body_file) as first:
            async with Client(first.url, reconnect_timeout_sec=PATIENCE_SEC, answer_sec=PATIENCE_SEC) as client:
                run = await client.train_signal(OTHER, epochs=3)
                first.kill()
                with serving(site, "--backbone", body_file, port=first.port):
                    epochs = [each.epoch async for each in run]
                    result = await run.result()
                    job = (await client.get_job(run.job_id)).job
        assert (result.signal_name, result.version, job.version) == (OTHER, 1, 1)
        assert epochs[-1] == result.epochs_trained
        assert job.state == "completed"

    asyncio.run(scenario())
