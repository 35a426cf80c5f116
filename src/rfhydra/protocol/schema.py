"""The protocol as documents: JSON Schema and AsyncAPI 3, made from the types.

python -m rfhydra.protocol.schema > protocol.json    # the AsyncAPI document
"""

import base64
import inspect
import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from rfhydra.config import DEFAULT_HOST, DEFAULT_PORT
from rfhydra.protocol.commands import COMMANDS, Command
from rfhydra.protocol.descriptions import field_descriptions
from rfhydra.protocol.examples import COMMAND_EXAMPLES, FRAME_EXAMPLES, wire_fields
from rfhydra.protocol.fields import WireModel
from rfhydra.protocol.frames import (
    FRAMES,
    HEADER,
    HEADER_FIELDS,
    STREAM_FIELDS,
    Frame,
    HeaderField,
    StreamWaterfallFrame,
    header_offset,
)
from rfhydra.protocol.message_examples import MESSAGE_EXAMPLES
from rfhydra.protocol.messages import API_VERSION, MESSAGES, Message

ASYNCAPI_VERSION: Final = "3.0.0"
CHANNEL: Final = "service"
_REFS: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = (
    "Train heads on a workspace's samples, keep their versions, load them for a mission, and detect. One JSON object"
    " per text message: a client sends commands, the server answers and pushes messages. Any command may carry an `id`,"
    " and every direct answer carries the same. Any command may be answered with `error`. After `hello` with `binary`"
    " true, a connection may send and get binary messages, too."
)


@cache
def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI 3 document of the service, seen from the server."""
    schemas = json_schemas()
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "rfhydra",
            "version": str(API_VERSION),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {"host": f"{DEFAULT_HOST}:{DEFAULT_PORT}", "protocol": "ws", "description": "rfhydra serve DIR"}
        },
        "channels": {
            CHANNEL: {
                "address": "/ws",
                "description": "The same is spoken on / and on /training.",
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in (*_commands(), *MESSAGES, *FRAMES)
                },
            }
        },
        "operations": {
            **{_PREFIX + name: _operation(model, _PREFIX + name) for name, model in COMMANDS.items()},
            _IQ: _request(_IQ, summary(FRAMES[_IQ]), "detections", "error"),
            _STREAM_IQ: _request(_STREAM_IQ, summary(FRAMES[_STREAM_IQ]), "error"),
            _UPLOAD: _request(_UPLOAD, summary(FRAMES[_UPLOAD]), "recording_upload", "error"),
            "push": {
                "action": "send",
                "channel": _CHANNEL_REF,
                "summary": "What the server says.",
                "messages": [_message_ref(name) for name in (*MESSAGES, *FRAMES) if name not in _TO_SERVER],
            },
        },
        "components": {
            "messages": {
                **{_PREFIX + name: _message(name, COMMANDS[name], each) for name, each in COMMAND_EXAMPLES.items()},
                **{name: _message(name, MESSAGES[name], each) for name, each in MESSAGE_EXAMPLES.items()},
                **{name: _frame(name, each) for name, each in FRAME_EXAMPLES.items()},
            },
            "schemas": schemas,
        },
    }


def json_schemas() -> dict[str, Any]:
    """The JSON Schema of every command and message and of what they are made of, by the name of its class."""
    models = [
        *((model, "validation") for model in COMMANDS.values()),
        *((model, "serialization") for model in MESSAGES.values()),
    ]
    _, definitions = models_json_schema(
        models,  # type: ignore[arg-type]
        ref_template=_REFS,
        schema_generator=_Generator,
    )
    schemas: dict[str, Any] = definitions["$defs"]
    for model in _subclasses(WireModel):
        properties = schemas.get(model.__name__, {}).get("properties", {})
        for name, text in field_descriptions(model).items():
            if name in properties:
                properties[name]["description"] = text
    return schemas


def _subclasses(model: type[WireModel]) -> Iterator[type[WireModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _subclasses(each)


class _Generator(GenerateJsonSchema):
    """Leaves out the ``discriminator`` of OpenAPI, whose form AsyncAPI does not allow; ``type`` is a constant."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return made


_PREFIX: Final = "command_"  # `hello` is a command and a message
_IQ: Final = "iq_frame"
_STREAM_IQ: Final = "stream_iq_frame"
_UPLOAD: Final = "upload_frame"
_TO_SERVER: Final = frozenset({_IQ, _STREAM_IQ, _UPLOAD})
_CHANNEL_REF: Final = {"$ref": f"#/channels/{CHANNEL}"}


def _commands() -> list[str]:
    return [_PREFIX + name for name in COMMANDS]


def _operation(model: type[Command], message: str) -> dict[str, Any]:
    return _request(message, summary(model), answer_name(model), "error")


def _request(message: str, text: str, *answers: str) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": _CHANNEL_REF,
        "summary": text,
        "messages": [_message_ref(message)],
        "reply": {"channel": _CHANNEL_REF, "messages": [_message_ref(name) for name in answers]},
    }


def answer_name(command: type[Command]) -> str:
    """The type of the message that answers a command, errors aside."""
    name: str = command.answer_type().model_fields["type"].default
    return name


def _message_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{name}"}


def _message(name: str, model: type[Command] | type[Message], example: Command | Message) -> dict[str, Any]:
    return {
        "name": name,
        "title": model.__name__,
        "summary": summary(model),
        "description": inspect.getdoc(model),
        "payload": {"$ref": _REFS.format(model=model.__name__)},
        "examples": [{"payload": wire_fields(example)}],
    }


def _frame(name: str, example: Frame) -> dict[str, Any]:
    """A binary message, whose layout no schema can describe: the fields of its header stand under ``x-header``."""
    return {
        "name": name,
        "title": type(example).__name__,
        "summary": summary(type(example)),
        "description": inspect.getdoc(type(example)),
        "contentType": "application/octet-stream",
        "payload": {
            "type": "string",
            "format": "binary",
            "contentEncoding": "base64",
            "description": "A binary WebSocket message, in this document as base64: the header, then the values.",
        },
        "x-header": _header(HEADER_FIELDS, 0)
        + (_header(STREAM_FIELDS, HEADER.size) if isinstance(example, StreamWaterfallFrame) else []),
        "examples": [{"payload": base64.b64encode(example.encode()).decode()}],
    }


def _header(fields: Sequence[HeaderField], begin: int) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "offset": begin + header_offset(field, fields),
            "bytes": field.size_bytes,
            "type": field.type,
            "description": field.meaning,
        }
        for field in fields
    ]


def summary(model: type[Command] | type[Message] | type[Frame]) -> str:
    """The first line of what a command, message or frame says of itself."""
    return (inspect.getdoc(model) or "").partition("\n")[0]


if __name__ == "__main__":
    print(json.dumps(asyncapi_document(), indent=2))
