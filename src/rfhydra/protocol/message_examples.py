"""An example of every message of the server."""

from typing import Final

from rfhydra.protocol import live, messages, state, trainings, upgrades, versions
from rfhydra.protocol.archive_examples import ARCHIVE_MESSAGES
from rfhydra.protocol.example_values import (
    BOX,
    CENTER_HZ,
    JOB_ID,
    LATER,
    NIGHT,
    OTHER,
    RATE_HZ,
    SAMPLE,
    SAMPLE_ID,
    SCALING,
    SIGNAL,
    STREAM_ID,
)
from rfhydra.protocol.limits import StatedLimits
from rfhydra.protocol.messages import API_VERSION, FEATURES, MIN_API_VERSION, Message
from rfhydra.protocol.mission_examples import MISSION_MESSAGES
from rfhydra.protocol.recording_examples import RECORDING_MESSAGES
from rfhydra.protocol.signal_examples import SIGNAL_MESSAGES
from rfhydra.protocol.streams import StreamStatus, TrackEvent, TrackMeasurement
from rfhydra.protocol.types import BackboneInfo, DetectedBox, Job, Metrics, RegistryEntry, SigmfRecording
from rfhydra.protocol.unknown_examples import CLUSTERS, LABELLED
from rfhydra.protocol.upgrade_reports import UpgradedHead, UpgradeJob, UpgradeReport
from rfhydra.protocol.version_examples import EPOCH, VERSION, VERSION_MESSAGES

_METRICS: Final = Metrics(f1_score=0.95, precision=0.94, recall=0.96)
_JOB: Final = Job(
    job_id=JOB_ID,
    signal_name=SIGNAL,
    action="train",
    kind="embedding",
    epochs=20,
    notes="ten boxes",
    provisional=False,
    request_id="tablet-17",
    state="running",
    attempts=1,
    created_at=NIGHT,
    started_at=NIGHT,
    finished_at=None,
    last_seq=1,
    version=None,
    error=None,
    code=None,
)
_PROGRESS: Final = trainings.TrainingProgress(signal_name=SIGNAL, job_id=JOB_ID, seq=1, ts=LATER, **dict(EPOCH))
_UPGRADE_ID: Final = "c1d6a0f4b7e24a0c9e3f5b8d7a6c1e20"
_FORMER_BACKBONE: Final = BackboneInfo(version=1, id="0f3c9d5e7a1b2c4d")
_NEW_BACKBONE: Final = BackboneInfo(version=1, id="7b21e04c55d9fa36")
_REPORT: Final = UpgradeReport(
    backbone_id=_NEW_BACKBONE.id,
    former_backbone_id=_FORMER_BACKBONE.id,
    heads=[
        UpgradedHead(
            signal_name=SIGNAL,
            former_version=1,
            version=2,
            f1_before=0.95,
            f1_after=0.96,
            boxes=40,
            basis="validation",
            change="equal",
            evidence=None,
            training_time_sec=1.6,
            is_reused=False,
        )
    ],
    left=[],
    current=[],
)
_UPGRADE_PROGRESS: Final = upgrades.UpgradeProgress(
    job_id=_UPGRADE_ID,
    ts=LATER,
    signal_name=SIGNAL,
    heads_done=0,
    heads_total=1,
    epoch=EPOCH,
)
_REGISTRY: Final = versions.Registry(
    backbone_version=1,
    signals={
        SIGNAL: RegistryEntry(
            active_version=1,
            active_head_version=1,
            f1_score=0.95,
            precision=0.94,
            recall=0.96,
            sample_count=10,
            last_trained=VERSION.created_at,
            is_loaded=True,
        )
    },
)

_STREAM: Final = StreamStatus(
    stream_id=STREAM_ID,
    source="push",
    state="running",
    error=None,
    sample_rate_hz=RATE_HZ,
    center_freq_hz=CENTER_HZ,
    gain_db=None,
    started_at=NIGHT,
    samples=437_500,
    lost_samples=0,
    dropped_samples=0,
    reconnects=0,
    windows=53,
    empty_windows=41,
    tracks=1,
    real_time_factor=18.5,
    heads={SIGNAL: 1},
    window_sec_p50=0.071,
    window_sec_p99=0.094,
)
_TRACK: Final = TrackEvent(
    event="end",
    stream_id=STREAM_ID,
    track_id=1,
    signal_name=SIGNAL,
    version=1,
    score=0.97,
    start_time="2026-11-20T21:14:03.125120Z",
    end_time="2026-11-20T21:14:03.135360Z",
    time_start_sec=0.00512,
    time_end_sec=0.01536,
    freq_low_hz=433_951_250.0,
    freq_high_hz=433_966_875.0,
    measured=TrackMeasurement(snr_db=21.4, occupied_bandwidth_hz=14_200.0, peak_dbfs=-18.2, mean_dbfs=-21.6),
)

MESSAGE_EXAMPLES: Final[dict[str, Message]] = {
    each.type: each
    for each in (
        _PROGRESS,
        trainings.TrainingComplete(
            signal_name=SIGNAL,
            job_id=JOB_ID,
            seq=19,
            ts=LATER,
            version=2,
            sample_count=15,
            epochs_trained=18,
            early_stopped=True,
            metrics=_METRICS,
            previous_version=1,
            previous_metrics=Metrics(f1_score=0.91, precision=0.92, recall=0.9),
            auto_promoted=True,
            promotion_reason="F1 improved from 0.91 to 0.95",
            training_time_sec=1.8,
        ),
        trainings.TrainingFailed(
            signal_name=OTHER,
            job_id=JOB_ID,
            seq=1,
            ts=LATER,
            error="'door-contact' has 3 samples, a training needs 5",
            code="not_enough_samples",
        ),
        trainings.Jobs(jobs=[_JOB]),
        trainings.JobSnapshot(job=_JOB, events=[_PROGRESS]),
        versions.VersionPromoted(id=4, signal_name=SIGNAL, version=2),
        versions.VersionRollback(id=5, signal_name=SIGNAL, active_version=1),
        versions.VersionHistory(signal_name=SIGNAL, active_version=1, versions=[VERSION]),
        _REGISTRY,
        messages.TrainingSampleAdded(id=2, signal_name=SIGNAL, sample_id=SAMPLE_ID, is_new=True, total_samples=11),
        messages.TrainingSampleUpdated(id=3, signal_name=SIGNAL, sample_id=SAMPLE_ID, total_samples=11),
        messages.TrainingSampleDeleted(id=10, signal_name=SIGNAL, sample_id=SAMPLE_ID, total_samples=10),
        messages.TrainingSamples(
            signal_name=SIGNAL,
            total_samples=11,
            samples=[
                SAMPLE,
            ],
            next_cursor="11",
        ),
        messages.SampleCounts(signals={SIGNAL: 11, OTHER: 3}),
        messages.SigmfImported(new_samples={OTHER: 1}, total_samples={OTHER: 4}, boxes=1),
        messages.SigmfExported(
            signal_name=OTHER,
            recordings=[
                SigmfRecording(
                    sample_id=SAMPLE_ID,
                    meta={
                        "global": {"core:datatype": "cf32_le", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"},
                        "captures": [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
                        "annotations": [{"core:sample_start": 0, "core:sample_count": 1, "core:label": OTHER}],
                    },
                    data_b64="AAAAPwAAAAA=",
                )
            ],
            skipped=0,
        ),
        messages.Detections(
            id=6,
            stream_id=None,
            start_sample=0,
            heads={SIGNAL: 1},
            detections=[DetectedBox(signal_name=SIGNAL, score=0.97, track_id=None, **BOX.model_dump())],
        ),
        live.Sources(
            sources=[
                live.SourceInfo(
                    name="roof",
                    kind="rtl_tcp",
                    settable=["sample_rate_hz", "center_freq_hz", "gain_db"],
                    stream_id=None,
                    sample_rate_hz=None,
                    center_freq_hz=None,
                    gain_db=None,
                )
            ]
        ),
        live.StreamState(id=15, stream=_STREAM),
        live.Streams(streams=[_STREAM]),
        live.Tracks(stream_id=STREAM_ID, events=[_TRACK]),
        live.WaterfallState(
            stream_id=None, fft_size=256, min_db=-100, max_db=-20, columns_per_sec=100, columns_per_frame=4
        ),
        messages.ServerHello(
            id=1,
            server_version="0.1.0",
            api_version=API_VERSION,
            min_api_version=MIN_API_VERSION,
            features=FEATURES,
            limits=StatedLimits(),
            spectrogram={
                "fft_size": 128,
                "hop": 64,
                "rows": 128,
                "cols": 128,
                "scaling": SCALING,
                "spec_id": "d6f70cd2f58477c3",
            },
            backbone=BackboneInfo(version=1, id="0f3c9d5e7a1b2c4d"),
        ),
        messages.Result(id=7, job_id=JOB_ID),
        messages.Error(
            id=8, command="extend_signal", code="conflict", message="a training of 'garage-remote' is queued already"
        ),
        state.ServerMetrics(
            ts=LATER,
            uptime_sec=3600.5,
            clients=3,
            loaded_heads=1,
            jobs_queued=0,
            jobs_running=1,
            detections_queued=0,
            store_queued=1,
            messages_dropped=0,
            cpu_share=0.4,
        ),
        state.ServerShutdown(reason="the server is stopping", grace_sec=10.0),
        messages.Subscriptions(topics=["registry"], snapshots=[_REGISTRY]),
        _UPGRADE_PROGRESS,
        upgrades.UpgradeComplete(job_id=_UPGRADE_ID, ts=LATER, report=_REPORT),
        upgrades.UpgradeFailed(
            job_id=_UPGRADE_ID,
            ts=LATER,
            error="the upgrade was cancelled; what is active is as it was",
            code="cancelled",
            report=None,
        ),
        upgrades.UpgradeState(
            id=12,
            backbone=_FORMER_BACKBONE,
            new_backbone=_NEW_BACKBONE,
            outdated_heads=1,
            job=UpgradeJob(
                job_id=_UPGRADE_ID,
                backbone_id=_NEW_BACKBONE.id,
                force=False,
                state="running",
                attempts=1,
                created_at=NIGHT,
                finished_at=None,
                report=None,
                error=None,
                code=None,
            ),
            progress=_UPGRADE_PROGRESS,
        ),
        *SIGNAL_MESSAGES,
        *VERSION_MESSAGES,
        *MISSION_MESSAGES,
        upgrades.UpgradeUndone(id=13, backbone_id=_FORMER_BACKBONE.id, heads={SIGNAL: 1}),
        CLUSTERS,
        LABELLED,
        *RECORDING_MESSAGES,
        *ARCHIVE_MESSAGES,
    )
}
"""By type."""
