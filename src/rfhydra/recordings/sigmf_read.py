"""Read and check SigMF 1.2 metadata.

Fields that rfhydra does not use are not checked; :mod:`.sigmf_write` copies them.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sigmf import keys

from rfhydra.errors import InvalidRecording, TooLarge
from rfhydra.protocol.parsing import require_few_values
from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.recording import Annotation, Capture, capture_of

MAX_FOREIGN_VALUES: Final = 200_000
"""Of metadata from somebody who is not trusted: some 25,000 annotations."""
_LIMIT: Final = 2**63  # of every number in SigMF
_SHA512 = re.compile("[0-9a-f]{128}")
_ADVICE: Final = {keys.DATATYPE_KEY: ": give datatype", keys.SAMPLE_RATE_KEY: ": give sample_rate_hz"}


class Fields:
    """One JSON object of a metadata file; ``where`` names it in messages."""

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self.values = values
        self.where = where

    def number(self, key: str, default: float | None = None) -> float:
        """The finite number under ``key``.

        Raises:
            InvalidRecording: missing without a default, not a number, or not finite.
        """
        value = self._get(key, default)
        # the comparison also rejects NaN, infinity and integers too large for a float
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LIMIT:
            raise InvalidRecording(f"{self.where}: {key} must be a finite number, is {str(value)[:40]!r}")
        return float(value)

    def whole(self, key: str, default: int | None = None) -> int:
        """The whole number, zero or more, under ``key``. Raises as :meth:`number` does."""
        if not (value := self.number(key, default)).is_integer() or value < 0:
            raise InvalidRecording(f"{self.where}: {key} must be a whole number, zero or more, is {value:g}")
        return int(self._get(key, default))

    def text(self, key: str) -> str:
        """The string under ``key``. Raises as :meth:`number` does."""
        value = self._get(key)
        if not isinstance(value, str):
            raise InvalidRecording(f"{self.where}: {key} must be a string, is {str(value)[:40]!r}")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.values.get(key) is None else self.text(key)

    def _get(self, key: str, default: float | None = None) -> Any:
        value = self.values.get(key)
        if value is not None:
            return value
        if default is None:
            raise InvalidRecording(f"{self.where}: {key} is missing{_ADVICE.get(key, '')}")
        return default


@dataclass(frozen=True)
class Description:
    """Checked metadata. Sample indices count from the first sample in the file.

    ``left_bytes`` are at the end of the data, fewer than a sample has.
    """

    datatype: str
    sample_rate_hz: float
    sample_count: int
    captures: tuple[Capture, ...]
    annotations: tuple[Annotation, ...]
    sha512: str | None
    left_bytes: int


def load_metadata(text: bytes, name: str, *, is_foreign: bool = False) -> dict[str, Any]:
    """The metadata in ``text``: ``global``, ``captures`` (sorted, at least one) and ``annotations`` (sorted).

    Raises:
        InvalidRecording: not JSON, or of another structure.
        TooLarge: ``is_foreign``, and of more than :data:`MAX_FOREIGN_VALUES` values.
    """
    if is_foreign:
        try:
            require_few_values(text, MAX_FOREIGN_VALUES)
        except TooLarge:
            raise TooLarge(f"{name} holds more than {MAX_FOREIGN_VALUES} JSON values, or much space") from None
    metadata = load_object(text, name)
    if not isinstance(metadata.get("global"), dict):
        raise InvalidRecording(f"{name} is not SigMF metadata: it has no object 'global'")
    for part in ("captures", "annotations"):
        entries = metadata.setdefault(part, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InvalidRecording(f"{name}: {part} must be a list of objects")
        entries.sort(key=lambda entry: Fields(entry, f"{name}, {part}").whole(keys.SAMPLE_START_KEY))
    metadata["captures"] = metadata["captures"] or [{keys.SAMPLE_START_KEY: 0}]
    return metadata


def load_object(text: bytes, name: str) -> dict[str, Any]:
    """The JSON object in ``text``.

    Raises:
        InvalidRecording: it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRecording(f"{name} is not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidRecording(f"{name} is not SigMF metadata: it has no object 'global'")
    return found


def skipped_bytes(metadata: dict[str, Any], name: str) -> tuple[int, int]:
    """Bytes before and after the samples of a Non-Conforming Dataset; zeros for a conforming one.

    Raises:
        InvalidRecording: bytes between captures are to be skipped, too, which memory mapping cannot do.
    """
    first, *rest = (Fields(capture, name).whole(keys.HEADER_BYTES_KEY, 0) for capture in metadata["captures"])
    if any(rest):
        raise InvalidRecording(
            f"{name}: {keys.HEADER_BYTES_KEY} is only supported in the first capture: convert the file"
        )
    return first, Fields(metadata["global"], name).whole(keys.TRAILING_BYTES_KEY, 0)


def describe(metadata: dict[str, Any], name: str, byte_count: int) -> Description:
    """Check ``metadata`` (as :func:`load_metadata` gives it) against ``byte_count`` bytes of samples.

    Raises:
        InvalidRecording: a field that rfhydra uses is missing or wrong, or there are fewer samples than it states.
    """
    fields = Fields(metadata["global"], name)
    datatype = fields.text(keys.DATATYPE_KEY)
    sample_rate_hz = fields.number(keys.SAMPLE_RATE_KEY)
    if sample_rate_hz <= 0:
        raise InvalidRecording(f"{name}: {keys.SAMPLE_RATE_KEY} must be above 0, is {sample_rate_hz:g}")
    if (channels := fields.whole(keys.NUM_CHANNELS_KEY, 1)) != 1:
        raise InvalidRecording(
            f"{name}: {keys.NUM_CHANNELS_KEY} is {channels}: split the channels into files of one each"
        )
    sha512 = fields.optional_text(keys.SHA512_KEY)
    if sha512 is not None and not _SHA512.fullmatch(sha512 := sha512.lower()):
        raise InvalidRecording(f"{name}: {keys.SHA512_KEY} must be 128 hex digits: correct or remove it")
    sample_count, left_bytes = _sample_count(datatype, name, byte_count)
    offset = fields.whole(keys.OFFSET_KEY, 0)
    captures = tuple(
        _capture(Fields(entry, f"{name}, captures[{i}]"), offset, sample_count)
        for i, entry in enumerate(metadata["captures"])
    )
    for before, after in pairwise(captures):
        if before.sample_start == after.sample_start:
            raise InvalidRecording(
                f"{name}: two captures have the same {keys.SAMPLE_START_KEY} {after.sample_start + offset}"
            )
    annotations = tuple(
        _annotation(Fields(entry, f"{name}, annotations[{i}]"), offset, sample_count, sample_rate_hz, captures)
        for i, entry in enumerate(metadata["annotations"])
    )
    return Description(datatype, sample_rate_hz, sample_count, captures, annotations, sha512, left_bytes)


def _sample_count(datatype: str, name: str, byte_count: int) -> tuple[int, int]:
    """Whole samples in so many bytes, and the bytes left."""
    try:
        sample_bytes = SampleFormat.of(datatype).sample_bytes
    except InvalidRecording as error:
        raise InvalidRecording(f"{name}: {error}") from None
    if byte_count <= 0:
        raise InvalidRecording(f"{name}: the data is empty")
    if byte_count < sample_bytes:
        raise InvalidRecording(
            f"{name}: {byte_count} bytes of data are fewer than the {sample_bytes} bytes of a {datatype} sample: the"
            " data is truncated or the datatype is wrong"
        )
    return divmod(byte_count, sample_bytes)


def _capture(fields: Fields, offset: int, sample_count: int) -> Capture:
    start = fields.whole(keys.SAMPLE_START_KEY) - offset
    if not 0 <= start < sample_count:
        raise InvalidRecording(
            f"{fields.where}: {keys.SAMPLE_START_KEY} {start + offset} is outside the data, samples {offset} to"
            f" {offset + sample_count}: the data is truncated or the field is wrong"
        )
    return Capture(start, fields.number(keys.FREQUENCY_KEY, 0.0), fields.optional_text(keys.DATETIME_KEY))


def _annotation(
    fields: Fields, offset: int, sample_count: int, sample_rate_hz: float, captures: tuple[Capture, ...]
) -> Annotation:
    start = fields.whole(keys.SAMPLE_START_KEY) - offset
    count = fields.whole(keys.SAMPLE_COUNT_KEY, _capture_end(captures, start, sample_count) - start)
    if start < 0 or start + count > sample_count:
        raise InvalidRecording(
            f"{fields.where}: samples {start + offset} to {start + count + offset} are not all in the data, samples"
            f" {offset} to {offset + sample_count}: the data is truncated or the annotation is wrong"
        )
    if count == 0:
        raise InvalidRecording(f"{fields.where}: {keys.SAMPLE_COUNT_KEY} is 0: give it a duration or remove it")
    low, high = _edges(fields, capture_of(captures, start).center_freq_hz, sample_rate_hz)
    return Annotation(start, count, low, high, fields.optional_text(keys.LABEL_KEY))


def _capture_end(captures: Sequence[Capture], sample: int, sample_count: int) -> int:
    """One past the last sample of the capture of ``sample``: the end of an annotation without a count."""
    following = bisect_right(captures, sample, key=lambda capture: capture.sample_start)
    return captures[following].sample_start if following < len(captures) else max(sample, sample_count)


def _edges(fields: Fields, center_freq_hz: float, sample_rate_hz: float) -> tuple[float, float]:
    """The frequency edges in Hz; default is the whole band."""
    low_key, high_key = keys.FREQ_LOWER_EDGE_KEY, keys.FREQ_UPPER_EDGE_KEY
    if (fields.values.get(low_key) is None) != (fields.values.get(high_key) is None):
        raise InvalidRecording(f"{fields.where}: give both {low_key} and {high_key}, or neither")
    low = fields.number(low_key, center_freq_hz - sample_rate_hz / 2)
    high = fields.number(high_key, center_freq_hz + sample_rate_hz / 2)
    if high <= low:
        raise InvalidRecording(f"{fields.where}: {high_key} {high:.12g} must be above {low_key} {low:.12g}")
    return low, high
