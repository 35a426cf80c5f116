from pathlib import Path

import numpy as np
import pytest

from rfhydra.hydra.registry import Artifact
from rfhydra.protocol.types import EpochProgress, TrainingRequest
from rfhydra.protocol.upgrade_reports import LeftHead
from rfhydra.server.jobs.pipe import (
    HEAD,
    Cancel,
    Done,
    Epoch,
    Failed,
    PipeMessage,
    Settled,
    Started,
    Succeed,
    Train,
    decode,
    encode,
)
from rfhydra.training.data.splits import SplitDraft
from rfhydra.training.evaluation.promotion import Evidence
from rfhydra.training.fitted import Fitted

METRICS = {"f1_score": 0.9, "precision": 1.0, "recall": 0.8, "f1_interval": [0.1, 1.0], "by": {"a": None}}
EPOCH = EpochProgress(
    epoch=1,
    total_epochs=50,
    train_loss=0.5,
    val_loss=0.25,
    f1_score=0.9,
    precision=1.0,
    recall=0.8,
    is_best=True,
    elapsed_sec=0.1,
)
REQUEST = TrainingRequest(signal_name="beacon", notes="\u00e4 \u2192 \n", kind="embedding", epochs=3, extend=True)
FITTED = Fitted(
    signal_name="beacon",
    artifact=Artifact("embedding", "spec", "body", bytes(range(256)) * 100),
    metrics=METRICS,
    split=SplitDraft(2, True, ("a", "b"), ("c",)),
    epochs_trained=7,
    early_stopped=True,
    training_time_sec=0.25,
    notes=None,
    previous_version=1,
    previous_metrics=METRICS,
    evidence=Evidence.of_counts(np.array([[1, 0, 1, 2, 0, 0], [2, 1, 0, 2, 0, 0]], np.float64), 2),
)


def read(data: bytes) -> PipeMessage:
    text, behind = HEAD.unpack(data[: HEAD.size])
    assert len(data) == HEAD.size + text + behind
    return decode(data[HEAD.size : HEAD.size + text], data[HEAD.size + text :])


@pytest.mark.parametrize(
    "message",
    [
        Train("j", REQUEST, None),
        Train("j", REQUEST, Path("/backbones/one.safetensors")),
        Succeed("j", "beacon", 3, Path("new.safetensors"), None),
        Cancel("j"),
        Started(),
        Epoch(EPOCH),
        Done(FITTED),
        Done(FITTED, {"succeeds": 1}),
        Settled(LeftHead(signal_name="beacon", version=2, reason="too few")),
        Failed("not_enough_samples", "Not enough samples"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_is_said_is_understood(message: PipeMessage) -> None:
    assert read(encode(message)) == message


def test_a_loss_that_is_no_number_is_not_said() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Epoch(EPOCH.model_copy(update={"train_loss": float("nan")})))


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{}", b'{"kind": "Fork", "fields": {}}', b'{"kind": "Cancel", "fields": {}}', b"\xff"]
)
def test_what_is_no_frame_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text, b"")
