import json
from typing import Any

import pytest
from pydantic import BaseModel

from rfhydra.errors import InvalidJson, InvalidMessage
from rfhydra.protocol.commands import COMMANDS
from rfhydra.protocol.messages import MESSAGES, Error, Result, read_message
from rfhydra.protocol.schema import json_schemas
from rfhydra.protocol.trainings import TrainingFailed, TrainingProgress, training_event

PROGRESS = TrainingProgress(
    signal_name="creamy_chicken",
    job_id="j",
    seq=1,
    ts="2026-01-01T00:00:00Z",
    epoch=15,
    total_epochs=50,
    train_loss=0.03,
    val_loss=0.02,
    f1_score=0.92,
    precision=0.91,
    recall=0.93,
    is_best=True,
    elapsed_sec=45.2,
)
COMPLETE: dict[str, Any] = {
    "type": "training_complete",
    "signal_name": "creamy_chicken",
    "version": 1,
    "sample_count": 215,
    "epochs_trained": 18,
    "early_stopped": True,
    "metrics": {"f1_score": 0.95, "precision": 0.94, "recall": 0.96, "ap": 0.97},
    "previous_version": None,
    "previous_metrics": None,
    "auto_promoted": True,
    "promotion_reason": "first version of this signal",
    "training_time_sec": 120.5,
    "job_id": "j",
    "seq": 19,
    "ts": "2026-01-01T00:00:00Z",
}


def test_what_the_server_encodes_a_client_reads() -> None:
    assert read_message(PROGRESS.encode()) == PROGRESS


def test_fields_of_the_fixed_contract_are_there_when_there_is_nothing_to_say() -> None:
    event = training_event(COMPLETE)
    assert json.loads(event.encode()) == COMPLETE


def test_a_push_has_no_id_and_an_answer_has() -> None:
    assert "id" not in json.loads(PROGRESS.encode())
    assert json.loads(Result(id=0).encode()) == {"type": "result", "id": 0, "success": True}


def test_an_error_leaves_out_what_it_does_not_know() -> None:
    assert json.loads(Error(code="busy", message="wait").encode()) == {
        "type": "error",
        "code": "busy",
        "message": "wait",
    }


def test_a_client_ignores_fields_and_types_that_it_does_not_know() -> None:
    newer = json.loads(PROGRESS.encode()) | {"learning_rate": 1}
    assert read_message(json.dumps(newer)) == PROGRESS
    assert read_message('{"type": "weather"}') is None
    assert read_message('{"type": 3}') is None


def test_a_wrong_message_is_an_error() -> None:
    with pytest.raises(InvalidMessage, match=r"training_failed: signal_name"):
        read_message('{"type": "training_failed"}')
    with pytest.raises(InvalidJson):
        read_message("")


def test_numbers_that_are_not_finite_are_null_on_the_wire() -> None:
    text = PROGRESS.model_copy(update={"train_loss": float("nan")}).encode()
    assert json.loads(text)["train_loss"] is None


def test_failed_carries_error_and_code() -> None:
    fields = json.loads(
        TrainingFailed(signal_name="a", job_id="j", seq=1, ts="t", error="no", code="not_enough_samples").encode()
    )
    assert fields["error"] == "no"
    assert fields["code"] == "not_enough_samples"


@pytest.mark.parametrize("model", [*COMMANDS.values(), *MESSAGES.values()], ids=lambda model: model.__name__)
def test_every_command_and_message_is_described(model: type[BaseModel]) -> None:
    """And each of its fields, nested ones too."""
    schemas = json_schemas()
    nested = model.model_json_schema(mode="serialization").get("$defs", {})
    for part in [schemas[name] for name in (model.__name__, *nested)]:
        if "properties" not in part:  # any JSON
            continue
        assert part.get("description"), part["title"]
        undescribed = {
            name
            for name, field in part.get("properties", {}).items()
            if not field.get("description") and name not in ("command", "type")
        }
        assert not undescribed, part["title"]
