import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rfhydra.errors import InvalidJson, InvalidMessage, InvalidName, RfhydraError, TooLarge, UnknownCommand
from rfhydra.protocol.commands import (
    COMMANDS,
    AddTrainingSample,
    Detect,
    TrainSignal,
    UnloadHeads,
    read_command,
)
from rfhydra.protocol.fields import PhysicalBox, PixelBox
from rfhydra.protocol.messages import MESSAGES
from rfhydra.protocol.parsing import read_envelope, read_json, require_few_values

BOX = {"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}
SAMPLE = {"command": "add_training_sample", "signal_name": "a", "spectrogram_b64": "", "boxes": [BOX]}
RECORDING_BOX = {"time_start_sec": 0, "time_end_sec": 1, "freq_low_hz": 0, "freq_high_hz": 1}
FIXED_CONTRACT: list[dict[str, Any]] = [
    {"command": "train_signal", "signal_name": "wifi_24", "notes": "initial training"},
    {"command": "extend_signal", "signal_name": "creamy_chicken", "notes": "added low SNR samples"},
    {"command": "cancel_training"},
    {"command": "promote_version", "signal_name": "creamy_chicken", "version": 3},
    {"command": "rollback_signal", "signal_name": "creamy_chicken"},
    {"command": "get_version_history", "signal_name": "creamy_chicken"},
    {"command": "get_registry"},
    {"command": "load_heads", "signal_names": ["creamy_chicken", "lte_uplink"]},
    {"command": "unload_heads", "signal_names": ["wifi_24"]},
    {"command": "unload_heads"},
    {"command": "get_loaded_heads"},
    {
        "command": "add_training_sample",
        "signal_name": "creamy_chicken",
        "spectrogram_b64": "…",
        "boxes": [{"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4.5}],
        "metadata": {"snr": [1, None, {"deep": True}]},
    },
    {"command": "get_training_samples", "signal_name": "creamy_chicken"},
]


@pytest.mark.parametrize("fields", FIXED_CONTRACT, ids=lambda fields: fields["command"])
def test_a_command_of_the_fixed_contract_is_read(fields: dict[str, Any]) -> None:
    command = read_command(read_json(json.dumps(fields)))
    assert json.loads(command.model_dump_json(include=set(fields))) == fields
    assert command.id is None


def test_what_a_client_encodes_the_server_reads() -> None:
    command = TrainSignal(signal_name="ook", id=7, request_id="r")
    assert read_command(read_json(command.encode())) == command


def test_absent_fields_are_not_sent() -> None:
    assert json.loads(UnloadHeads().encode()) == {"command": "unload_heads"}


def test_a_box_is_pixels_or_physical() -> None:
    physical = {"time_start_sec": 0, "time_end_sec": 1, "freq_low_hz": 1e6, "freq_high_hz": 2e6}
    pixels = {"x_min": 0, "y_min": 0, "x_max": 1, "y_max": 1}
    fields = {"command": "add_training_sample", "signal_name": "a", "spectrogram_b64": "", "boxes": [physical, pixels]}
    command = read_command(fields)
    assert isinstance(command, AddTrainingSample)
    assert isinstance(command.boxes[0], PhysicalBox)
    assert isinstance(command.boxes[1], PixelBox)


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"a"', "null", '{"a": NaN}', "\ud800", '{"a": Infinity}'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidJson):
        read_json(text.encode("utf-8", "surrogatepass"))


def test_json_of_any_depth_is_refused_or_read() -> None:
    with pytest.raises(InvalidJson):
        read_json('{"a":' * 100_000)


@pytest.mark.parametrize(
    ("fields", "error", "wanted"),
    [
        ({}, InvalidMessage, "command"),
        ({"command": 1}, InvalidMessage, "command"),
        ({"command": "fly"}, UnknownCommand, "'fly'"),
        ({"command": "x" * 1000}, UnknownCommand, "'" + "x" * 64 + "'"),
        ({"command": "train_signal"}, InvalidMessage, "signal_name"),
        ({"command": "train_signal", "signal_name": "a/b"}, InvalidName, "signal_name"),
        ({"command": "train_signal", "signal_name": "a..b"}, InvalidName, "signal_name"),
        ({"command": "train_signal", "signal_name": 5}, InvalidMessage, "signal_name"),
        ({"command": "train_signal", "signal_name": "a", "epochs": 0}, InvalidMessage, "epochs"),
        ({"command": "promote_version", "signal_name": "a", "version": "1"}, InvalidMessage, "version"),
        ({"command": "promote_version", "signal_name": "a", "version": True}, InvalidMessage, "version"),
        ({"command": "promote_version", "signal_name": "a", "version": 2**60}, InvalidMessage, "version"),
        ({"command": "load_heads", "signal_names": "abc"}, InvalidMessage, "signal_names"),
        ({"command": "load_heads", "signal_names": ["a", "../b"]}, InvalidName, "signal_name"),
        ({"command": "subscribe", "topics": ["everything"]}, InvalidMessage, "topics.0"),
        ({"command": "detect"}, InvalidMessage, "either"),
        ({"command": "detect", "iq_b64": "", "spectrogram_b64": ""}, InvalidMessage, "either"),
        ({"command": "detect", "iq_b64": ""}, InvalidMessage, "sample_rate_hz"),
        ({"command": "capture_stream", "stream_id": "a"}, InvalidMessage, "either"),
        ({"command": "capture_stream", "stream_id": "a", "time_start_sec": 1}, InvalidMessage, "either"),
        (
            {"command": "capture_stream", "stream_id": "a", "time_start_sec": 1, "time_end_sec": 1},
            InvalidMessage,
            "after",
        ),
        (
            {"command": "snap_boxes", "recording_id": "a", "boxes": [{**RECORDING_BOX, "time_end_sec": 0}]},
            InvalidMessage,
            r"boxes\.0",
        ),
        ({"command": "get_registry", "id": 1.5}, InvalidMessage, "id"),
        ({"command": "get_registry", "id": True}, InvalidMessage, "id"),
    ],
)
def test_the_error_names_what_is_wrong(fields: dict[str, Any], error: type[RfhydraError], wanted: str) -> None:
    with pytest.raises(error, match=wanted):
        read_command(fields)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "1", None, True, []])
@pytest.mark.parametrize("edge", ["x_min", "y_max"])
def test_a_box_that_is_no_number_is_refused(edge: str, value: object) -> None:
    box = {"x_min": 0, "y_min": 0, "x_max": 1, "y_max": 1, edge: value}
    with pytest.raises(InvalidMessage, match=rf"boxes\.0\.{edge}"):
        read_command({"command": "add_training_sample", "signal_name": "a", "spectrogram_b64": "", "boxes": [box]})


def test_the_envelope_of_a_wrong_command_is_still_read() -> None:
    envelope = read_envelope({"command": "promote_version", "id": "a7", "version": "x"})
    assert (envelope.id, envelope.command) == ("a7", "promote_version")
    assert read_envelope({"command": 5, "id": [1]}).id is None


def test_detection_takes_one_kind_of_window() -> None:
    command = read_command({"command": "detect", "iq_b64": "", "sample_rate_hz": 1e6, "center_freq_hz": 0})
    assert isinstance(command, Detect)


def test_every_command_says_what_answers_it() -> None:
    assert {model.answer_type() for model in COMMANDS.values()} <= set(MESSAGES.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(COMMANDS)), st.data())
def test_any_fields_are_a_command_or_an_error(name: str, data: st.DataObject) -> None:
    known = sorted(COMMANDS[name].model_fields)
    fields = data.draw(st.dictionaries(st.sampled_from(known), json_values)) | {"command": name}
    try:
        command = read_command(fields)
    except (InvalidMessage, InvalidName):
        return
    assert read_command(read_json(command.encode())) == command


LISTS: list[tuple[dict[str, Any], str]] = [
    (SAMPLE, "boxes"),
    (SAMPLE, "negatives"),
    ({"command": "update_training_sample", "sample_id": "a"}, "boxes"),
    ({"command": "load_heads"}, "signal_names"),
    ({"command": "unload_heads"}, "signal_names"),
    ({"command": "detect", "spectrogram_b64": ""}, "signal_names"),
    ({"command": "start_stream", "source": {"name": "roof"}}, "heads"),
    ({"command": "subscribe"}, "topics"),
    ({"command": "unsubscribe"}, "topics"),
    ({"command": "open_recording", "tag": 1}, "files"),
    ({"command": "snap_boxes", "recording_id": "r"}, "boxes"),
    ({"command": "suggest_contract", "recording_id": "r"}, "boxes"),
    ({"command": "label_recording", "recording_id": "r"}, "annotations"),
]


@pytest.mark.parametrize(("fields", "name"), LISTS)
def test_a_list_stops_at_its_first_error(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(ValidationError) as raised:
        COMMANDS[fields["command"]].model_validate({**fields, name: [[]] * 100_000})
    assert raised.value.error_count() <= len(PhysicalBox.model_fields)
    with pytest.raises(InvalidMessage, match=rf"^{name}\.0[.:]"):
        read_command({**fields, name: [[]] * 100_000})


@pytest.mark.parametrize(
    ("fields", "name", "item"),
    [
        (SAMPLE, "boxes", BOX),
        ({"command": "load_heads"}, "signal_names", "a"),
        ({"command": "subscribe"}, "topics", "jobs"),
        ({"command": "open_recording", "tag": 1}, "files", {"name": "a", "size_bytes": 1}),
        ({"command": "snap_boxes", "recording_id": "r"}, "boxes", RECORDING_BOX),
    ],
)
def test_a_list_stops_at_its_bound(fields: dict[str, Any], name: str, item: Any) -> None:
    with pytest.raises(TooLarge, match=f"^{name} has too many items, the limit is "):
        read_command({**fields, name: [item] * 100_000})


@given(
    st.recursive(
        st.none() | st.text() | st.integers(0, 9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_text_of_few_values_is_read(value: Any) -> None:
    text = json.dumps({"a": value}, ensure_ascii=False).encode("utf-8", "replace")
    require_few_values(text, len(text) + 1)
