"""The protocol as documents: JSON Schema and AsyncAPI 3, made from the types.

python -m rfhydra.protocol.schema > protocol.json    # the AsyncAPI document
"""

import inspect
import json
from functools import cache
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from rfhydra.config import DEFAULT_HOST, DEFAULT_PORT
from rfhydra.protocol.commands import COMMANDS, Command
from rfhydra.protocol.messages import API_VERSION, MESSAGES, Message

ASYNCAPI_VERSION: Final = "3.0.0"
CHANNEL: Final = "service"
_REFS: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = (
    "Train heads on a workspace's samples, keep their versions, load them for a mission, and detect. One JSON object"
    " per text message: a client sends commands, the server answers and pushes messages. Any command may carry an `id`,"
    " and every direct answer carries the same. Any command may be answered with `error`."
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
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in (*_commands(), *MESSAGES)},
            }
        },
        "operations": {
            **{name: _operation(name.removeprefix(_PREFIX), name) for name in _commands()},
            "push": {
                "action": "send",
                "channel": _CHANNEL_REF,
                "summary": "What the server says.",
                "messages": [_message_ref(name) for name in MESSAGES],
            },
        },
        "components": {
            "messages": {
                **{_PREFIX + name: _message(name, model) for name, model in COMMANDS.items()},
                **{name: _message(name, model) for name, model in MESSAGES.items()},
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
    _, definitions = models_json_schema(models, ref_template=_REFS)  # type: ignore[arg-type]
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


_PREFIX: Final = "command_"  # `hello` is a command and a message
_CHANNEL_REF: Final = {"$ref": f"#/channels/{CHANNEL}"}


def _commands() -> list[str]:
    return [_PREFIX + name for name in COMMANDS]


def _operation(command: str, message: str) -> dict[str, Any]:
    model = COMMANDS[command]
    return {
        "action": "receive",
        "channel": _CHANNEL_REF,
        "summary": summary(model),
        "messages": [_message_ref(message)],
        "reply": {
            "channel": _CHANNEL_REF,
            "messages": [_message_ref(name) for name in (answer_name(model), "error")],
        },
    }


def answer_name(command: type[Command]) -> str:
    """The type of the message that answers a command, errors aside."""
    name: str = command.answer_type().model_fields["type"].default
    return name


def _message_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{name}"}


def _message(name: str, model: type[Command] | type[Message]) -> dict[str, Any]:
    return {
        "name": name,
        "title": model.__name__,
        "summary": summary(model),
        "description": inspect.getdoc(model),
        "payload": {"$ref": _REFS.format(model=model.__name__)},
    }


def summary(model: type[Command] | type[Message]) -> str:
    """The first line of what a command or message says of itself."""
    return (inspect.getdoc(model) or "").partition("\n")[0]


if __name__ == "__main__":
    print(json.dumps(asyncapi_document(), indent=2))
