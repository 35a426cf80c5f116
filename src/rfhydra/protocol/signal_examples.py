"""Examples of the messages about signals and single samples."""

from typing import Final

from rfhydra.protocol import signals
from rfhydra.protocol.example_values import LATER, OTHER, RELABELLED_ID, RENAMED, SAMPLE, SAMPLE_ID, SIGNAL

_DELETED: Final = signals.DeletedSignal(
    signal_name=RENAMED, deleted_at=LATER, who="client 7", sample_count=4, version_count=0
)

SIGNAL_MESSAGES: Final = (
    signals.Signals(
        signals=[
            signals.SignalInfo(
                signal_name=OTHER,
                sample_count=4,
                box_count=4,
                negative_count=0,
                active_version=None,
                f1_score=None,
                provisional=False,
            ),
            signals.SignalInfo(
                signal_name=SIGNAL,
                sample_count=11,
                box_count=12,
                negative_count=3,
                active_version=2,
                f1_score=0.95,
                provisional=False,
                is_loaded=True,
            ),
        ]
    ),
    signals.TrainingSample(signal_name=SIGNAL, sample=SAMPLE),
    signals.SampleRelabelled(
        id=17,
        signal_name=OTHER,
        sample_id=RELABELLED_ID,
        former_signal_name=SIGNAL,
        former_sample_id=SAMPLE_ID,
        total_samples=5,
    ),
    signals.SignalRenamed(id=18, signal_name=RENAMED, former_name=OTHER),
    signals.SignalDeleted(id=19, signal_name=RENAMED, sample_count=4, version_count=0),
    signals.Trash(signals=[_DELETED]),
    signals.SignalRestored(id=20, signal_name=RENAMED, sample_count=4, version_count=0),
    signals.TrashEmptied(id=21, signals=1, samples=4),
)
