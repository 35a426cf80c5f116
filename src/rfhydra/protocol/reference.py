"""The protocol page of the documents, made from the types.

python -m rfhydra.protocol.reference > docs/protocol.md
"""

import base64
import inspect
import json
import re
from collections.abc import Sequence
from typing import Any, Final, get_args

from rfhydra import errors
from rfhydra.errors import ErrorCode
from rfhydra.protocol import frames
from rfhydra.protocol.base import BaseCommand
from rfhydra.protocol.commands import COMMANDS, Command
from rfhydra.protocol.descriptions import field_descriptions
from rfhydra.protocol.examples import COMMAND_EXAMPLES, FRAME_EXAMPLES, wire_fields
from rfhydra.protocol.frames import FRAMES, HEADER, HEADER_FIELDS, STREAM_FIELDS, HeaderField, header_offset
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.message_examples import MESSAGE_EXAMPLES
from rfhydra.protocol.messages import MESSAGES, Message
from rfhydra.protocol.schema import answer_name, json_schemas

MAX_LINE: Final = 120
_INTRODUCTION: Final = """# The protocol

*Made from the types in `rfhydra.protocol` by `python -m rfhydra.protocol.reference`; a test fails when this page is not
what they say.* A running server has the same as an AsyncAPI 3 document at `/docs/protocol`.

WebSocket on `/`, `/ws` and `/training`. Text messages are one JSON object each: a client sends *commands*
(`"command"`), the server answers and pushes *messages* (`"type"`). The server never speaks first. A client ignores
types and fields that it does not know; so does the server with fields, but a command that it does not know or a field
of the wrong type is an `error`.

- Any command may carry an `id` (text or a whole number); every direct answer to it carries the same.
- A `name` matches the regular expression in `limits.name_pattern` of `hello`, as a whole.
- Any command may be answered with `error`: nothing was changed then.
- Commands of one connection are answered in their order, except those that are answered *when done*, as stated for
  each, and windows of IQ in binary frames. What is answered when done is given up when its connection ends.
- A training belongs to the server. Its messages go to those who subscribed to `jobs` and to the connection that started
  it. So does an upgrade, with the topic `upgrades`, the measurement of a card, with the topic `cards`, and the scan of
  an archive, with the topic `scans`. `job_stage` goes to subscribers only.
- A stream belongs to the server, too. Its pushes go to those who subscribed to `detections`, `tracks`, `streams` or
  `waterfall`. Binary frames of a stream that a client pushes are not answered.
- A push that replaces the one before it (`training_progress`, `job_stage`, `card_progress`, `scan_progress` or
  `upgrade_progress` of one job, `detections` and waterfall of one stream, `streams`, `recordings`, `metrics`) is
  dropped where a client is too slow, and so are the oldest events of `tracks`; every other message is kept, and a
  client that does not take them is closed with 1013.
- With a token: `Authorization: Bearer …`, `?token=…`, or `auth` as the first command, within ten seconds.

The examples belong to one session, on a workspace whose contract has 128 rows and a hop of 64 samples; a test sends
those of commands to a server. `job_id`, `recording_id` and times are the server's to choose.

Close codes: 1001 the server stops, 1008 no token or a wrong one, 1009 a message is too large, 1013 too many clients, or
messages were not taken.
"""


def reference_page() -> str:
    """The page as Markdown."""
    schemas = json_schemas()
    commands = [_section(name, model, COMMAND_EXAMPLES[name], schemas) for name, model in COMMANDS.items()]
    messages = [_section(name, model, MESSAGE_EXAMPLES[name], schemas) for name, model in MESSAGES.items()]
    parts = [
        _INTRODUCTION,
        "## Commands\n",
        *commands,
        "## Messages\n",
        *messages,
        "## Parts of commands and messages\n",
        *(_part(name, schemas) for name in _nested(schemas)),
        '## Binary frames\n\nOnly on connections that sent `hello` with `"binary": true`.\n',
        f"{_markdown(inspect.getdoc(frames) or '')}\n",
        _header_table(HEADER_FIELDS, 0),
        "In a waterfall of a stream follow:\n",
        _header_table(STREAM_FIELDS, HEADER.size),
        *(_frame_section(name) for name in FRAMES),
        "## Error codes\n\n| code | meaning |\n|---|---|",
        *(f"| `{code}` | {_meaning(code)} |" for code in get_args(ErrorCode)),
        "\n## Limits\n\nTold in `hello`, set by `rfhydra serve --limit NAME=VALUE`.\n",
        "| limit | default | |\n|---|---|---|",
        *(
            f"| `{name}` | {Limits.model_fields[name].default} | {_markdown(text)} |"
            for name, text in field_descriptions(Limits).items()
        ),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _section(
    name: str, model: type[Command] | type[Message], example: Command | Message, schemas: dict[str, Any]
) -> str:
    told = ""
    if issubclass(model, BaseCommand):
        told = f"Answered with `{answer_name(model)}`{_when(model)}.\n\n"
    table = _table(schemas[model.__name__], {"id", "command", "type"})
    return f"### `{name}`\n\n{_text(model)}\n\n{told}{table}\n```json\n{_example(wire_fields(example))}\n```\n"


def _when(model: type[BaseCommand[Any]]) -> str:
    if not model.answered_always:
        return ", if it carries an `id`"
    return "" if model.answered_in_order else ", when done"


def _example(fields: dict[str, Any]) -> str:
    """One line if it is short, else a line for each field."""
    line = json.dumps(fields)
    if len(line) <= MAX_LINE:
        return line
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items()) + "\n}"


def _header_table(fields: Sequence[HeaderField], begin: int) -> str:
    rows = [
        f"| {begin + header_offset(each, fields)} | `{each.name}` | {each.type} | {_markdown(each.meaning)} |"
        for each in fields
    ]
    return "\n".join(["| first byte | field | type | |", "|---|---|---|---|", *rows, ""])


def _frame_section(name: str) -> str:
    data = base64.b64encode(FRAME_EXAMPLES[name].encode()).decode()
    return f"### `{name}`\n\n{_markdown(inspect.getdoc(FRAMES[name]) or '')}\n\nIn base64:\n\n```\n{data}\n```\n"


def _part(name: str, schemas: dict[str, Any]) -> str:
    return f"### {name}\n\n{_markdown(schemas[name].get('description', ''))}\n\n{_table(schemas[name], set())}"


def _nested(schemas: dict[str, Any]) -> list[str]:
    own = {model.__name__ for model in (*COMMANDS.values(), *MESSAGES.values())}
    return sorted(name for name, schema in schemas.items() if name not in own and "properties" in schema)


def _table(schema: dict[str, Any], left_out: set[str]) -> str:
    required = schema.get("required", ())
    rows = [
        f"| `{name}` | {_type(field)} | {_presence(name, field, required)} | {_markdown(field['description'])} |"
        for name, field in schema.get("properties", {}).items()
        if name not in left_out
    ]
    return "\n".join(["| field | type | | |", "|---|---|---|---|", *rows, ""]) if rows else ""


def _presence(name: str, field: dict[str, Any], required: Any) -> str:
    if name in required:
        return ""
    default = field.get("default")
    if default is None:
        return "optional"
    return f"default `{default if isinstance(default, str) else json.dumps(default)}`"


def _type(field: dict[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2].replace("JsonValue", "any JSON")
    if "enum" in field:
        return " or ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{str(field['const']).lower()}`"
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(dict.fromkeys(_type(each) for each in field[key]))
    if field.get("type") == "array":
        most = f" (at most {field['maxItems']})" if "maxItems" in field else ""
        return f"list of {_type(field['items'])}{most}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"object of {_type(values)}" if isinstance(values, dict) else "object"
    if "pattern" in field:
        return "name"
    return _WORDS.get(field.get("type", ""), "any JSON")


_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}


def _text(model: type[Command] | type[Message]) -> str:
    return _markdown(inspect.getdoc(model) or "")


def _markdown(text: str) -> str:
    """Docstrings mark code by two backticks, and blocks by indenting them after ``::``."""
    return "\n\n".join(_paragraph(paragraph) for paragraph in text.split("\n\n"))


def _paragraph(text: str) -> str:
    if text.startswith("    "):
        return f"```\n{inspect.cleandoc(text)}\n```"
    return " ".join(text.split("\n")).replace("``", "`").replace("::", ":")


def _meaning(code: str) -> str:
    """What the error tree says of the first class with this code."""
    found = re.search(rf"^[^\w]*\w+ +{code} +(.+)$", errors.__doc__ or "", re.MULTILINE)
    return found[1] if found else ""


if __name__ == "__main__":
    print(reference_page(), end="")
