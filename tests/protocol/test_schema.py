import base64
import json
import os
import re
import struct
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from rfhydra.errors import InvalidName
from rfhydra.protocol.commands import COMMANDS, read_command
from rfhydra.protocol.examples import COMMAND_EXAMPLES, FRAME_EXAMPLES, wire_fields
from rfhydra.protocol.frames import FRAMES, HEADER, IqFrame
from rfhydra.protocol.limits import StatedLimits
from rfhydra.protocol.message_examples import MESSAGE_EXAMPLES
from rfhydra.protocol.messages import MESSAGES, read_message
from rfhydra.protocol.reference import reference_page
from rfhydra.protocol.schema import asyncapi_document, json_schemas
from tests.protocol.test_commands import FIXED_CONTRACT
from tests.protocol.test_messages import COMPLETE

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
ASYNCAPI_SCHEMA = os.environ.get("RFHYDRA_ASYNCAPI_SCHEMA")
"""Path of AsyncAPI's own JSON Schema: ``schemas/3.0.0.json`` of the npm package ``@asyncapi/specs``."""


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for step in reference[2:].split("/"):
        document = document[step]
    return document


def validate(instance: Any, model: str) -> None:
    root = Resource.from_contents(asyncapi_document(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:service", root)
    schema = {"$ref": f"urn:service#/components/schemas/{model}"}
    jsonschema.Draft202012Validator(schema, registry=registry).validate(instance)


def test_the_page_in_the_documents_is_the_one_that_the_types_make() -> None:
    assert PAGE.read_text() == reference_page(), "run: python -m rfhydra.protocol.reference > docs/protocol.md"


@pytest.mark.skipif(not ASYNCAPI_SCHEMA, reason="RFHYDRA_ASYNCAPI_SCHEMA does not name AsyncAPI's schema")
def test_the_document_fits_the_schema_of_asyncapi() -> None:
    assert ASYNCAPI_SCHEMA is not None
    validator = jsonschema.Draft7Validator(json.loads(Path(ASYNCAPI_SCHEMA).read_text()))
    validator.validate(asyncapi_document())
    operations = {name: {**each, "action": "shout"} for name, each in asyncapi_document()["operations"].items()}
    assert not validator.is_valid({**asyncapi_document(), "operations": operations})


def test_the_page_has_the_name_pattern_of_the_server() -> None:
    assert f"| `name_pattern` | text | default `{StatedLimits().name_pattern}` |" in reference_page()


@pytest.mark.parametrize("name", ["a", "A-1_b.c", "", ".a", "-a", "a..b", "a b", "ä", "x" * 64, "x" * 65, "a/b"])
def test_the_schema_allows_the_names_that_the_server_allows(name: str) -> None:
    fields = {"command": "get_version_history", "signal_name": name}
    try:
        read_command(fields)
    except InvalidName:
        with pytest.raises(jsonschema.ValidationError):
            validate(fields, "GetVersionHistory")
        assert re.fullmatch(StatedLimits().name_pattern, name) is None
    else:
        validate(fields, "GetVersionHistory")


@pytest.mark.parametrize("name", [*COMMANDS, *MESSAGES, *FRAMES])
def test_the_page_has_every_command_and_message(name: str) -> None:
    assert f"\n### `{name}`\n" in reference_page()


def test_every_error_code_has_a_meaning() -> None:
    assert "` |  |" not in reference_page().partition("## Error codes")[2]


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = asyncapi_document()
    for reference in references(document):
        resolve(document, reference)


def test_the_document_is_json() -> None:
    assert json.loads(json.dumps(asyncapi_document())) == asyncapi_document()


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schemas()[name])


def test_every_command_has_an_operation_with_its_answers() -> None:
    operations = asyncapi_document()["operations"]
    for name, model in COMMANDS.items():
        replies = [each["$ref"].rpartition("/")[2] for each in operations[f"command_{name}"]["reply"]["messages"]]
        assert replies == [model.answer_type().model_fields["type"].default, "error"]


def test_every_command_message_and_frame_has_an_example() -> None:
    document = asyncapi_document()["components"]["messages"]
    assert COMMAND_EXAMPLES.keys() == COMMANDS.keys()
    assert MESSAGE_EXAMPLES.keys() == MESSAGES.keys()
    assert FRAME_EXAMPLES.keys() == FRAMES.keys()
    assert document.keys() == {*(f"command_{name}" for name in COMMANDS), *MESSAGES, *FRAMES}
    assert all(len(each["examples"]) == 1 for each in document.values())


@pytest.mark.parametrize("name", MESSAGES)
def test_the_example_of_a_message_fits_its_schema_and_comes_back(name: str) -> None:
    (example,) = asyncapi_document()["components"]["messages"][name]["examples"]
    validate(example["payload"], MESSAGES[name].__name__)
    message = read_message(json.dumps(example["payload"]))
    assert message == MESSAGE_EXAMPLES[name]
    assert wire_fields(message) == example["payload"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_fits_its_schema_and_comes_back(name: str) -> None:
    (example,) = asyncapi_document()["components"]["messages"][f"command_{name}"]["examples"]
    validate(example["payload"], COMMANDS[name].__name__)
    command = read_command(example["payload"])
    assert command == COMMAND_EXAMPLES[name]
    assert wire_fields(command) == example["payload"]


@pytest.mark.parametrize("name", FRAMES)
def test_the_example_of_a_frame_comes_back(name: str) -> None:
    (example,) = asyncapi_document()["components"]["messages"][name]["examples"]
    data = base64.b64decode(example["payload"], validate=True)
    assert FRAMES[name].decode(data) == FRAME_EXAMPLES[name]


def test_a_frame_can_be_read_with_nothing_but_the_document() -> None:
    message = asyncapi_document()["components"]["messages"]["iq_frame"]
    data, frame = base64.b64decode(message["examples"][0]["payload"]), FRAME_EXAMPLES["iq_frame"]
    assert isinstance(frame, IqFrame)
    read: dict[str, object] = {}
    for field in message["x-header"]:
        value = data[field["offset"] :][: field["bytes"]]
        match field["type"]:
            case "4 bytes":
                read[field["name"]] = value.decode()
            case "float64":
                (read[field["name"]],) = struct.unpack("<d", value)
            case _:
                read[field["name"]] = int.from_bytes(value, "little")
    assert read == {
        "magic": "RFH1",
        "kind": 1,
        "datatype": 3,
        "rows": 0,
        "tag": frame.tag,
        "sample_rate_hz": frame.sample_rate_hz,
        "center_freq_hz": frame.center_freq_hz,
        "start_sample": frame.start_sample,
        "count": len(frame.samples) // 2,
    }
    assert data[HEADER.size :] == frame.samples


@pytest.mark.parametrize("fields", FIXED_CONTRACT, ids=lambda fields: fields["command"])
def test_the_fixed_contract_fits_the_schema(fields: dict[str, Any]) -> None:
    validate(fields, COMMANDS[fields["command"]].__name__)


def test_a_message_fits_the_schema_only_when_its_fields_are_there() -> None:
    validate(COMPLETE, "TrainingComplete")
    with pytest.raises(jsonschema.ValidationError):
        validate({key: value for key, value in COMPLETE.items() if key != "previous_version"}, "TrainingComplete")
