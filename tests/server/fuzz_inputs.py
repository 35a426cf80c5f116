"""What nobody should send: commands of the protocol with anything in their fields, mutilated ones, and plain rubbish.

Everything is derived from the protocol's own classes: a field without an entry in ``SOUND`` stops the suite, so that
no new command escapes it.
"""

import base64
import json
from typing import Any, Final, get_args

import numpy as np
from hypothesis import strategies as st

from rfhydra.protocol.commands import COMMANDS
from rfhydra.protocol.frames import HEADER, IQ_DATATYPES, IqFrame, StreamIqFrame
from rfhydra.protocol.types import Topic
from tests.server.fuzz_images import BIG, base64_of, images
from tests.server.fuzz_recordings import SOUND_RECORDINGS, wild_recordings
from tests.training.given import OTHER, RATE_HZ, SIGNAL, SMALL_SPEC

Strategy = st.SearchStrategy[Any]

SAMPLE_ID: Final = "$sample"
JOB_ID: Final = "$job"
"""Stand for an id that the server has given, if there is one by then."""

SOURCE: Final = "roof"
"""A configured source."""
PUSHED_TAG: Final = 3
"""Tag of the streams that are pushed; no frame has it, for a right one is not answered."""

NAMES: Final = (SIGNAL, OTHER, "ghost")
BAD_NAMES: Final = (
    "",
    ".",
    "..",
    "a..b",
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\windows",
    "a/b",
    "x" * 65,
    "-x",
    "ünïcödé",
    "\u202eevil",
    "nul\x00byte",
    "a\nb",
    "🛰️",
    "<script>",
    "' OR 1=1 --",
    "%s%n{0}",
    "\ud800",
)
NUMBERS: Final = (0, -1, 1, 2, 7, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, -(2**63), 10**30, 10**400)
FRACTIONS: Final = (0.5, -0.0, 1e-320, 1e308, -1e308, float("inf"), float("-inf"), float("nan"))


names = st.sampled_from(3 * NAMES + BAD_NAMES) | st.text(max_size=80)
scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from(NUMBERS)
    | st.sampled_from(FRACTIONS)
    | st.integers()
    | st.floats()
    | st.sampled_from(NAMES + BAD_NAMES)
    | st.text(max_size=30)
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
ids = st.sampled_from((SAMPLE_ID, JOB_ID, "0" * 32, "f" * 64, "../x")) | st.text(max_size=140)
counts = st.sampled_from((1, 2, 3, 100)) | st.sampled_from(NUMBERS)
edges = st.floats(-10, 200) | st.sampled_from(FRACTIONS)
seconds = st.floats(0, SMALL_SPEC.window_samples / RATE_HZ) | st.sampled_from(FRACTIONS)
hertz = st.floats(432.4e6, 433.6e6) | st.sampled_from((0.0, *FRACTIONS))
boxes = st.one_of(
    st.fixed_dictionaries({"x_min": edges, "y_min": edges, "x_max": edges, "y_max": edges}),
    st.just({"x_min": 10, "y_min": 10, "x_max": 40, "y_max": 30}),
    st.fixed_dictionaries(
        {"time_start_sec": seconds, "time_end_sec": seconds, "freq_low_hz": hertz, "freq_high_hz": hertz}
    ),
    st.dictionaries(st.sampled_from(("x_min", "y_min", "x_max", "time_start_sec", "label")), junk, max_size=4),
)
negatives = st.fixed_dictionaries({"label": names, "box": boxes})
metadata = st.fixed_dictionaries(
    {},
    optional={
        "sample_rate_hz": st.sampled_from((RATE_HZ, 0, -1, "fast")) | scalars,
        "center_freq_hz": st.sampled_from((433e6, "low")) | scalars,
        "recording": st.sampled_from(("night", "../night")) | scalars,
        "start_sample": counts | scalars,
        "spectrogram_params": junk,
        "anything": junk,
    },
)
spectrograms = st.sampled_from([base64_of(image) for image in images()]) | st.text(max_size=40)
iq = st.sampled_from(
    [
        base64_of(np.random.default_rng(size).standard_normal(size).astype(np.float32).tobytes())
        for size in (0, 1, 3, 2 * SMALL_SPEC.hop, SMALL_SPEC.window_samples, 2 * SMALL_SPEC.window_samples)
    ]
    + [base64_of(np.full(2 * SMALL_SPEC.hop, value, np.float32).tobytes()) for value in (np.nan, np.inf, 0)]
)
recordings = st.fixed_dictionaries(
    {
        "global": st.fixed_dictionaries(
            {
                "core:datatype": st.sampled_from(("cf32_le", "cu8", "ri16_be", "x")) | scalars,
                "core:version": st.just("1.0.0"),
                "core:sample_rate": st.sampled_from((RATE_HZ, 0, "x")) | scalars,
            }
        ),
        "captures": st.lists(st.fixed_dictionaries({"core:sample_start": counts, "core:frequency": hertz}), max_size=3),
        "annotations": st.lists(
            st.fixed_dictionaries(
                {
                    "core:sample_start": counts,
                    "core:sample_count": counts,
                    "core:freq_lower_edge": hertz,
                    "core:freq_upper_edge": hertz,
                    "core:label": names,
                }
            ),
            max_size=3,
        ),
    }
)

SOUND: Final[dict[str, Strategy]] = {
    **SOUND_RECORDINGS,
    "binary": st.booleans(),
    "boxes": st.lists(st.just({"x_min": 10, "y_min": 10, "x_max": 40, "y_max": 30}), min_size=1, max_size=2),
    "center_freq_hz": st.just(433e6),
    "cursor": st.integers(1, 40).map(str),
    "data_b64": iq,
    "epochs": st.integers(1, 3),
    "examples": st.integers(1, 5),
    "heads": st.sampled_from(([SIGNAL], [{"signal_name": SIGNAL}], [{"signal_name": SIGNAL, "threshold": 0.5}])),
    "cluster_id": st.integers(1, 5),
    "include_example": st.booleans(),
    "include_picture": st.booleans(),
    "include_spectrogram": st.booleans(),
    "least": st.integers(1, 3),
    "mission_name": st.sampled_from((SIGNAL, OTHER)),
    "new_name": st.sampled_from((SIGNAL, OTHER)),
    "iq_b64": iq,
    "iq_datatype": st.just("cf32_le"),
    "job_id": st.just(JOB_ID),
    "kind": st.just("embedding"),
    "force": st.booleans(),
    "provisional": st.booleans(),
    "limit": st.integers(1, 100),
    "max_samples": st.integers(1, 3),
    "meta": recordings,
    "metadata": st.fixed_dictionaries({"sample_rate_hz": st.just(RATE_HZ)}, optional={"anything": junk}),
    "negatives": st.just([]),
    "notes": st.text(max_size=60),
    "request_id": st.text(min_size=1, max_size=20),
    "sample_id": st.just(SAMPLE_ID),
    "sample_rate_hz": st.just(RATE_HZ),
    "signal_name": st.sampled_from((SIGNAL, OTHER)),
    "signal_names": st.sampled_from(([], [SIGNAL], [SIGNAL, SIGNAL])),
    "source": st.sampled_from(
        (
            {"name": SOURCE},
            {"name": SOURCE, "anything": 1},
            {"kind": "push", "sample_rate_hz": RATE_HZ, "center_freq_hz": 433e6, "tag": PUSHED_TAG},
            {"address": "/etc/passwd"},
        )
    ),
    "spectrogram_b64": st.sampled_from([base64_of(image) for image in images()[:5]]),
    "stream_id": st.sampled_from((SOURCE, "stream")),
    "fft_size": st.sampled_from((32, 256, 16_384)),
    "min_db": st.floats(-150, -100),
    "max_db": st.floats(-50, 10),
    "hold": st.sampled_from(("peak", "mean")),
    "columns_per_sec": st.floats(1, 1000),
    "columns_per_frame": st.integers(1, 8),
    "gain_db": st.floats(0, 40),
    "threshold": st.floats(0, 1),
    "token": st.text(max_size=20),
    "topics": st.lists(st.sampled_from(get_args(Topic)), max_size=3),
    "version": st.integers(1, 4),
    "versions": st.lists(st.integers(1, 4), min_size=2, max_size=2),
}
"""What belongs into a field of each name."""

FIELDS: Final[dict[str, Strategy]] = {
    **SOUND,
    **wild_recordings(ids | names, counts, junk),
    "boxes": st.lists(boxes, max_size=4) | boxes.map(lambda box: 1200 * [box]),
    "center_freq_hz": hertz,
    "cursor": ids | counts.map(str),
    "epochs": counts,
    "force": st.booleans() | junk,
    "provisional": st.booleans() | junk,
    "examples": counts,
    "heads": st.lists(names | st.fixed_dictionaries({"signal_name": names, "threshold": st.floats()}), max_size=3),
    "iq_datatype": st.sampled_from((*IQ_DATATYPES, "cf64_le")),
    "job_id": ids,
    "kind": st.sampled_from(("embedding", "rcnn", "magic")),
    "cluster_id": counts,
    "least": counts,
    "limit": counts,
    "max_samples": counts,
    "mission_name": names,
    "new_name": names,
    "meta": recordings | junk,
    "metadata": metadata | junk,
    "negatives": st.lists(negatives, max_size=3),
    "notes": st.none() | st.just("n" * 5000),
    "request_id": st.sampled_from(("a", "b")) | st.text(max_size=20),
    "sample_id": ids,
    "sample_rate_hz": st.sampled_from((RATE_HZ, 1.0, *FRACTIONS)),
    "signal_name": names,
    "signal_names": st.lists(names, max_size=4) | st.just(1000 * [SIGNAL]),
    "source": st.fixed_dictionaries(
        {},
        optional={
            "name": names,
            "kind": st.sampled_from(("push", "file")) | junk,
            "sample_rate_hz": st.sampled_from((RATE_HZ, 1.0, *FRACTIONS)),
            "center_freq_hz": hertz,
            "tag": counts,
            "address": st.text(max_size=40) | st.just("x" * 2000),
        },
    )
    | junk,
    "spectrogram_b64": spectrograms,
    "stream_id": ids | names,
    "fft_size": counts,
    "min_db": st.floats(),
    "max_db": st.floats(),
    "hold": st.sampled_from(("peak", "least")),
    "columns_per_sec": st.floats(),
    "columns_per_frame": counts,
    "gain_db": st.floats(),
    "threshold": st.floats(),
    "topics": st.lists(st.sampled_from(get_args(Topic)) | st.just("x")),
    "version": counts,
    "versions": st.lists(counts, max_size=4),
}
"""What may stand there as well."""

numbers = st.integers(0, 2**32) | st.text(max_size=20)


@st.composite
def commands(draw: st.DrawFn) -> dict[str, Any]:
    """A command with all its fields or a few, which are as they should be or anything."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    fields = draw(st.sampled_from((SOUND, SOUND, FIELDS)))
    body: dict[str, Any] = {"command": name, "id": draw(numbers)}
    for field, info in COMMANDS[name].model_fields.items():
        if field not in body and (info.is_required() or draw(st.booleans())):
            body[field] = draw(fields[field])
    return body


@st.composite
def mutilated(draw: st.DrawFn) -> dict[str, Any]:
    """A command that lost, gained or changed something."""
    body = draw(commands())
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(sorted(body)) | st.text(max_size=12)) if body else "command"
        match draw(st.sampled_from(("drop", "junk", "junk", "swap", "wrap"))):
            case "drop":
                body.pop(key, None)
            case "junk":
                body[key] = draw(junk)
            case "swap":
                body[key] = body.get(draw(st.sampled_from(sorted(body)))) if body else 0
            case "wrap":
                body[key] = [body.get(key)]
    return body


def _text(value: Any) -> str:
    return json.dumps(value)  # NaN and Infinity as Python writes them, lone surrogates as escapes


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """The text of a command, damaged."""
    text = _text(draw(commands()))
    cut = draw(st.integers(0, len(text)))
    match draw(st.sampled_from(("truncate", "insert", "double", "repeat"))):
        case "truncate":
            return text[:cut]
        case "insert":
            return text[:cut] + draw(st.text(max_size=10)) + text[cut:]
        case "double":
            return text + text
    return text[:-1] + "," + text[1:]  # every key twice


def _nested(depth: int) -> list[str]:
    lists = "[" * depth + "]" * depth
    return [lists, '{"a":' * depth + "1" + "}" * depth, f'{{"command":"start_stream","id":1,"source":{{"a":{lists}}}}}']


extremes = st.sampled_from(
    [
        "",
        " ",
        "null",
        "0",
        '"text"',
        "[]",
        "{}",
        "\x00",
        "\ufeff{}",
        "NaN",
        "-Infinity",
        "1e999",
        "9" * 5000,
        '{"command":"get_registry","id":' + "9" * 5000 + "}",
        '{"command":"promote_version","id":1,"signal_name":"beacon","version":1e999}',
        '{"command":"promote_version","id":1,"signal_name":"beacon","version":1e2}',
        '{"command":"hello","id":"' + "x" * 1000 + '"}',
        '{"command":"' + "x" * BIG + '"}',
        '{"' + "k" * BIG + '":1,"command":"hello"}',
        "[" * BIG,
        '{"command":"hello","id":1}\n{"command":"hello","id":2}',
        *_nested(50),
        *_nested(1000),
        *_nested(100_000),
    ]
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A binary frame of IQ, sound or with anything in its header."""
    samples = base64.b64decode(draw(iq))
    kind, tag = draw(st.sampled_from((IqFrame, StreamIqFrame, None))), draw(st.integers(PUSHED_TAG + 1, 2**32 - 1))
    if kind is not None:
        return kind(tag, draw(st.sampled_from(IQ_DATATYPES)), RATE_HZ, 433e6, 0, samples).encode()
    magic, byte = draw(st.sampled_from((b"RFH1", b"RFH2", bytes(4)))), st.integers(0, 255)
    header = HEADER.pack(
        magic,
        draw(byte),
        draw(byte),
        draw(st.integers(0, 2**16 - 1)),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.floats()),
        draw(st.floats()),
        draw(st.integers(0, 2**64 - 1)),
        draw(st.integers(0, 2**32 - 1)),
    )
    return header[: draw(st.integers(0, 2 * len(header)))] + samples


class Piece:
    """One message, text or binary, that does not fill the screen when it is shown."""

    def __init__(self, data: str | bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Piece({self.data[:300]!r}{'…' if len(self.data) > 300 else ''})"


pieces: st.SearchStrategy[Piece] = st.one_of(
    *3 * [commands().map(_text)],
    *2 * [mutilated().map(_text)],
    junk.map(_text),
    broken_texts(),
    st.text(max_size=60),
    extremes,
    st.binary(max_size=120),
    frames(),
).map(Piece)
"""Anything at all."""
