"""Examples of the messages about versions in detail, detectability cards, the audit log and stages of trainings."""

from typing import Final

from pydantic import JsonValue

from rfhydra.protocol.audit import AuditRecord, AuditTrail
from rfhydra.protocol.cards import Card, CardComplete, CardFailed, CardProgress
from rfhydra.protocol.example_values import BOX, JOB_ID, LATER, NIGHT, SAMPLE_ID, SIGNAL
from rfhydra.protocol.results import (
    ComparedBox,
    ComparedVersion,
    CurvePoint,
    FalseDetection,
    Gain,
    Interval,
    MissedBox,
    RateIntervals,
    ValidationResult,
    VersionComparison,
    VersionDetail,
    VersionNotes,
    VersionVerdict,
)
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.types import EpochProgress, VersionInfo

CARD_JOB_ID: Final = "9d2f6a1c4b8e4f0a8c7d5e3b1a9f6c20"
VERSION: Final = VersionInfo(
    version=1,
    sample_count=10,
    created_at="2026-11-19T08:30:00.000000Z",
    notes="ten boxes",
    is_active=True,
    kind="embedding",
    split_version=1,
    epochs_trained=18,
    early_stopped=True,
    training_time_sec=1.4,
    f1_score=0.95,
    precision=0.94,
    recall=0.96,
)
EPOCH: Final = EpochProgress(
    epoch=1,
    total_epochs=20,
    train_loss=0.31,
    val_loss=0.29,
    f1_score=0.92,
    precision=0.91,
    recall=0.93,
    is_best=True,
    elapsed_sec=0.9,
)
_INTERVALS: Final = RateIntervals(
    f1_score=Interval(low=0.87, high=1.0),
    precision=Interval(low=0.85, high=1.0),
    recall=Interval(low=0.88, high=1.0),
)
_CURVE: Final = [
    CurvePoint(threshold=0.3, f1_score=0.857, precision=0.75, recall=1.0, detected=4, found=3),
    CurvePoint(threshold=0.6, f1_score=0.8, precision=1.0, recall=0.667, detected=2, found=2),
]
_CARD: Final[dict[str, JsonValue]] = {
    "signal_name": SIGNAL,
    "version": 1,
    "created_at": NIGHT,
    "threshold": 0.35,
    "bursts": 12,
}
_CARD_PROGRESS: Final = CardProgress(
    signal_name=SIGNAL, version=1, job_id=CARD_JOB_ID, ts=LATER, stage="SNR", done=40, total=144
)


def _compared(version: int, f1_score: float, recall: float) -> ComparedVersion:
    return ComparedVersion(
        version=version,
        threshold=0.35,
        f1_score=f1_score,
        precision=1.0,
        recall=recall,
        false_count=0,
        intervals=_INTERVALS,
        curve=_CURVE,
    )


VERSION_MESSAGES: Final = (
    JobStage(job_id=JOB_ID, signal_name=SIGNAL, ts=LATER, stage="looking", done=4, total=11),
    VersionDetail(
        signal_name=SIGNAL,
        info=VERSION,
        backbone_id="0f3c9d5e7a1b2c4d",
        threshold=0.35,
        verdict=VersionVerdict(
            decision="promote", reason="first version of this signal", more_boxes=None, evidence=None
        ),
        epochs=[EPOCH],
        validation=ValidationResult(
            evaluated_at="2026-11-19T08:30:00.000000Z",
            samples=2,
            boxes=3,
            intervals=_INTERVALS,
            curve=_CURVE,
            missed_count=1,
            missed=[MissedBox(sample_id=SAMPLE_ID, box=BOX, score=0.31)],
            false_count=1,
            false_detections=[FalseDetection(sample_id=SAMPLE_ID, box=BOX, score=0.62)],
        ),
        validation_missing=None,
        has_card=False,
    ),
    VersionNotes(id=24, signal_name=SIGNAL, version=1, notes="ten boxes from the roof"),
    VersionComparison(
        signal_name=SIGNAL,
        a=_compared(1, 0.8, 0.667),
        b=_compared(2, 1.0, 1.0),
        samples=2,
        recordings=2,
        boxes=3,
        gain=Gain(f1_gain=0.2, interval=Interval(low=-0.05, high=0.43), p_better=0.87, p_gain=0.84, p_worse=0.08),
        summary="F1 0.800 → 1.000 against version 1 on the same 3 boxes of 2 recordings: 87 % likely better,"
        " 8 % likely worse by more than 2 points",
        found=[
            ComparedBox(sample_id=SAMPLE_ID, box=BOX, found_by_a=False, found_by_b=True, score_a=0.31, score_b=0.88)
        ],
        next_cursor=None,
    ),
    _CARD_PROGRESS,
    CardComplete(signal_name=SIGNAL, version=1, job_id=CARD_JOB_ID, ts=LATER, card=_CARD),
    CardFailed(
        signal_name=SIGNAL,
        version=1,
        job_id=CARD_JOB_ID,
        ts=LATER,
        error="the measurement was cancelled; a stored card is as it was",
        code="cancelled",
    ),
    Card(signal_name=SIGNAL, version=1, card=_CARD, progress=None),
    AuditTrail(
        entries=[
            AuditRecord(
                entry_id=212,
                at=LATER,
                who="127.0.0.1:52114",
                action="version.activate",
                signal_name=SIGNAL,
                detail={"from": 1, "to": 2, "reason": "promoted by the operator"},
            )
        ],
        next_cursor="212",
    ),
)
