import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from rfhydra.protocol.commands import COMMANDS
from rfhydra.protocol.messages import MESSAGES
from rfhydra.protocol.reference import reference_page
from rfhydra.protocol.schema import asyncapi_document, json_schemas
from tests.protocol.test_commands import FIXED_CONTRACT
from tests.protocol.test_messages import COMPLETE

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


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


@pytest.mark.parametrize("name", [*COMMANDS, *MESSAGES])
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


@pytest.mark.parametrize("fields", FIXED_CONTRACT, ids=lambda fields: fields["command"])
def test_the_fixed_contract_fits_the_schema(fields: dict[str, Any]) -> None:
    validate(fields, COMMANDS[fields["command"]].__name__)


def test_a_message_fits_the_schema_only_when_its_fields_are_there() -> None:
    validate(COMPLETE, "TrainingComplete")
    with pytest.raises(jsonschema.ValidationError):
        validate({key: value for key, value in COMPLETE.items() if key != "previous_version"}, "TrainingComplete")
