"""The live pipeline: the same tracks as in a file, gaps, drops, heads that change, and ends."""

import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.detection.detection import Detection
from rfhydra.detection.gate import SPUR_WINDOWS
from rfhydra.detection.recording import detect_recording
from rfhydra.detection.sequence import LOOK_AHEAD
from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.hydra.backbone import MAX_PARALLEL
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.live import pipeline as pipeline_module
from rfhydra.live.pipeline import LivePipeline
from rfhydra.live.stage import MAX_WAITING
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import open_recording
from rfhydra.spectrum.boxes import Box
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.streams.source import Chunk
from tests.live.stream import (
    SPEC,
    TUNING,
    WINDOW,
    Events,
    chunks_of,
    detector_of,
    heads,
    received,
    source_of,
)
from tests.streams.given import DEADLINE_SEC, ScriptedSource

IQ = received(4.3)
Tracked = tuple[str, int, float, Box]


def detections(found: list[Detection]) -> list[Tracked]:
    return sorted((each.signal_name, each.version, each.score, each.box) for each in found)


def tracked(events: list[TrackEvent]) -> list[Tracked]:
    return sorted(
        (
            each.signal_name,
            each.version,
            each.score,
            Box(each.time_start_sec, each.time_end_sec, each.freq_low_hz, each.freq_high_hz),
        )
        for each in events
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "scene.cf32"
    IQ.tofile(path)
    return path


@pytest.mark.parametrize("parallel", [1, 3])
def test_tracks_are_those_of_the_recording(
    recording: Path, tiny_backbone: TorchBackbone, monkeypatch: pytest.MonkeyPatch, parallel: int
) -> None:
    monkeypatch.setattr(tiny_backbone, "parallel", parallel)
    detector, events = detector_of(tiny_backbone, names=("lora", "wifi")), Events()
    known: dict[str, Any] = {
        "datatype": "cf32_le",
        "sample_rate_hz": TUNING.sample_rate_hz,
        "center_freq_hz": TUNING.center_freq_hz,
    }
    in_file = detect_recording(open_recording(recording, **known), detector)
    pipeline = LivePipeline(RecordingSource(recording, **known), detector, outputs=[events])
    pipeline.run()
    assert len({each.signal_name for each in in_file}) == 2
    assert tracked(events.ends) == detections(in_file)
    status = pipeline.status()
    assert (status.state, status.samples, status.dropped_samples, status.error) == ("ended", len(IQ), 0, None)
    assert (status.windows, status.tracks) == (6, len({each.track_id for each in events.all}))
    assert status.heads == {"lora": 1, "wifi": 1}
    assert status.real_time_factor is not None


@settings(max_examples=15)
@given(st.lists(st.integers(500, 2 * WINDOW), min_size=1, max_size=4))
def test_tracks_do_not_depend_on_the_chunks(tiny_backbone: TorchBackbone, sizes: list[int]) -> None:
    detector = detector_of(tiny_backbone)
    found = []
    for given_sizes in (sizes, [len(IQ)]):
        events = Events()
        LivePipeline(source_of(chunks_of(IQ, given_sizes)), detector, outputs=[events]).run()
        found.append([each.model_dump(exclude={"start_time", "end_time"}) for each in events.all])
    assert found[0] == found[1]
    assert found[0]


def test_every_track_begins_once_and_ends_once(tiny_backbone: TorchBackbone) -> None:
    events = Events()
    LivePipeline(source_of(chunks_of(IQ, [5000])), detector_of(tiny_backbone), outputs=[events]).run()
    for track_id in {each.track_id for each in events.all}:
        kinds = [each.event for each in events.all if each.track_id == track_id]
        assert kinds == ["begin", *["update"] * (len(kinds) - 2), "end"]
    last = [each for each in events.all if each.event == "end" and each.merged_into is None]
    assert all(each.measured is not None for each in last)
    assert last[-1].duty_cycle is not None


def test_no_track_spans_a_gap_and_lost_samples_are_counted(tiny_backbone: TorchBackbone) -> None:
    cut, lost = 2 * WINDOW + 100, 3 * WINDOW
    chunks = [*chunks_of(IQ[:cut], [3000]), *chunks_of(IQ[cut:], [3000], start=cut + lost)]
    events, rate = Events(), TUNING.sample_rate_hz
    pipeline = LivePipeline(source_of(chunks), detector_of(tiny_backbone), outputs=[events])
    pipeline.run()
    assert events.ends
    for each in events.ends:
        assert each.time_end_sec <= cut / rate or each.time_start_sec >= (cut + lost) / rate
    assert (pipeline.status().lost_samples, pipeline.status().samples) == (lost, len(IQ))


def test_what_is_too_slow_drops_the_oldest_says_so_and_recovers(
    tiny_backbone: TorchBackbone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first window is not done before the source has ended: what then is left is the end of the stream."""
    monkeypatch.setattr(pipeline_module, "MIN_BUFFERED_SAMPLES", 1)
    source = ScriptedSource([], [*chunks_of(np.tile(IQ, 4), [4096])], may_wait=False)
    windows: list[LiveWindow] = []

    def slow(window: LiveWindow) -> None:
        windows.append(window)
        assert source.closed.wait(DEADLINE_SEC)

    pipeline = LivePipeline(source, detector_of(tiny_backbone), on_window=slow)
    with caplog.at_level(logging.WARNING):
        pipeline.run()
    status, total = pipeline.status(), 4 * len(IQ)
    covered = np.zeros(total, bool)
    for each in windows:
        start = each.window.start_sample or 0
        covered[start : start + each.window.frame.cols * SPEC.hop] = True
    assert status.dropped_samples > 0
    assert status.samples == total
    assert status.samples - status.dropped_samples - covered.sum() < 2 * SPEC.hop  # tails shorter than a column
    assert covered[-(pipeline_module.BUFFERED_WINDOWS * WINDOW) : -SPEC.hop].all()
    assert [record.message for record in caplog.records if "too slow" in record.message]


def test_heads_change_between_windows_only(tiny_backbone: TorchBackbone) -> None:
    detector, windows = detector_of(tiny_backbone, version=1), list[LiveWindow]()

    def swap(window: LiveWindow) -> None:
        windows.append(window)
        detector.load_heads(heads(len(windows) + 1))

    LivePipeline(source_of(chunks_of(IQ, [4000])), detector, on_window=swap).run()
    assert len(windows) == 6
    for number, each in enumerate(windows, start=1):
        version = each.detections.versions["lora"]
        assert number - 2 <= version <= number  # one window may be detected in, and one wait, while one is told of
        assert {found.version for found in each.detections.detections} <= {version}


def test_the_gate_is_no_further_ahead_than_it_may_be() -> None:
    """One window is told of, some wait for that, some are detected in, some wait for that, and one is looked at."""
    assert MAX_PARALLEL + 2 * MAX_WAITING + 2 <= LOOK_AHEAD < SPUR_WINDOWS


def test_only_the_heads_of_the_stream_detect(tiny_backbone: TorchBackbone) -> None:
    detector, events = detector_of(tiny_backbone, names=("lora", "wifi")), Events()
    pipeline = LivePipeline(source_of(chunks_of(IQ, [4000])), detector, outputs=[events], heads=["wifi"])
    pipeline.run()
    assert {each.signal_name for each in events.all} == {"wifi"}
    assert pipeline.status().heads == {"wifi": 1}


def test_in_noise_the_backbone_does_not_run(tiny_backbone: TorchBackbone) -> None:
    noise = np.random.default_rng(0).standard_normal((3 * WINDOW, 2), np.float32).view(np.complex64)[:, 0]
    events, windows = Events(), list[LiveWindow]()
    pipeline = LivePipeline(
        source_of(chunks_of(noise, [4000])), detector_of(tiny_backbone), outputs=[events], on_window=windows.append
    )
    pipeline.run()
    status = pipeline.status()
    assert events.all == []
    assert status.windows == status.empty_windows == len(windows)
    assert all(each.detections.seen is None for each in windows)


def test_a_stream_is_stopped_from_another_thread_and_its_tracks_end(tiny_backbone: TorchBackbone) -> None:
    source = ScriptedSource([], [*chunks_of(IQ, [4000]), None], may_wait=True)
    events, detected = Events(), threading.Event()
    pipeline = LivePipeline(
        source, detector_of(tiny_backbone), outputs=[events], on_window=lambda window: detected.set()
    )
    running = threading.Thread(target=pipeline.run)
    running.start()
    assert detected.wait(DEADLINE_SEC)
    pipeline.stop()
    running.join(DEADLINE_SEC)
    assert not running.is_alive()
    assert pipeline.status().state == "ended"
    assert {each.track_id for each in events.all if each.event == "begin"} == {
        each.track_id for each in events.all if each.event == "end"
    }
    assert source.closed.is_set()


def test_a_stream_that_is_stopped_before_it_runs_ends_at_once(tiny_backbone: TorchBackbone) -> None:
    pipeline = LivePipeline(source_of(chunks_of(IQ, [4000])), detector_of(tiny_backbone))
    pipeline.stop()
    pipeline.run()
    assert (pipeline.status().state, pipeline.status().windows) == ("ended", 0)


def test_a_source_that_cannot_be_opened_fails_the_stream(tiny_backbone: TorchBackbone) -> None:
    source = ScriptedSource([InvalidMessage("rate 7 is not possible")], [], may_wait=False)
    pipeline = LivePipeline(source, detector_of(tiny_backbone))
    with pytest.raises(InvalidMessage, match="rate 7"):
        pipeline.run()
    assert (pipeline.status().state, pipeline.status().error) == ("failed", "rate 7 is not possible")


def test_a_lost_source_is_connected_again(tiny_backbone: TorchBackbone) -> None:
    cut = 2 * WINDOW
    after = chunks_of(IQ[cut:], [4000], start=cut + WINDOW)
    reads: list[Chunk | Exception | None] = [*chunks_of(IQ[:cut], [4000]), Unreachable("gone"), *after]
    pipeline = LivePipeline(ScriptedSource([], reads, may_wait=True), detector_of(tiny_backbone))
    pipeline.run()
    status = pipeline.status()
    assert (status.state, status.reconnects, status.lost_samples) == ("ended", 1, WINDOW)


def test_chunks_are_shown_as_they_come_with_a_time(tiny_backbone: TorchBackbone) -> None:
    timeless = [Chunk(each.iq, each.start_sample, each.tuning) for each in chunks_of(IQ, [4000])]
    seen: list[Chunk] = []
    LivePipeline(source_of(timeless), detector_of(tiny_backbone), on_chunk=seen.append).run()
    assert [each.start_sample for each in seen] == [each.start_sample for each in timeless]
    starts = [each.start_utc_sec or 0.0 for each in seen]
    rate = TUNING.sample_rate_hz
    assert np.allclose(np.diff(starts), np.diff([each.start_sample for each in seen]) / rate, atol=1e-6)


@pytest.mark.parametrize("step", ["backbone", "output", "hook"])
def test_an_error_of_any_step_ends_the_stream_and_what_had_begun(tiny_backbone: TorchBackbone, step: str) -> None:
    events, passes = Events(), list[str]()

    def fail_at_third(own: str) -> None:
        passes.append(own)
        if own == step and passes.count(own) == 3:
            raise KeyError(own)

    class Failing(TorchBackbone):
        def see(self, image: Any) -> Any:
            fail_at_third("backbone")
            return super().see(image)

    class FailingOutput(Events):
        def write(self, event: TrackEvent) -> None:
            if event.event == "begin":
                fail_at_third("output")
            super().write(event)

    backbone = Failing(tiny_backbone.network, tiny_backbone.backbone_id)
    source = ScriptedSource([], [*chunks_of(IQ, [4000]), None], may_wait=True)
    pipeline = LivePipeline(
        source,
        detector_of(backbone),
        outputs=[events, FailingOutput()],
        on_window=lambda window: fail_at_third("hook"),
    )
    with pytest.raises(KeyError, match=step):
        pipeline.run()
    assert (pipeline.status().state, pipeline.status().error) == ("failed", f"KeyError: '{step}'")
    assert source.closed.is_set()
    begun = [each.track_id for each in events.all if each.event == "begin"]
    ended = [each.track_id for each in events.all if each.event == "end"]
    assert begun
    assert len(begun) - (step == "output") <= len(ended) <= len(begun)  # the one that was not told is not ended
    assert {*ended} <= {*begun}
    assert not [each.name for each in threading.enumerate() if each.name.startswith("stream 1")]
