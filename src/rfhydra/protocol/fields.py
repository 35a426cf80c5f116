"""Field types and boxes that commands and messages share."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, FiniteFloat, Tag

from rfhydra.config import MAX_BOXES_PER_SAMPLE, MAX_HEADS, MAX_WHOLE, NAME_PATTERN, NEGATION, check_label, check_name

MAX_ID_LENGTH: Final = 128
UNION_TAGS: Final = frozenset({"pixels", "physical", "named", "pushed", "addressed"})
"""Forms of a field that has several: no part of its name in errors."""

SignalName: TypeAlias = Annotated[
    str, AfterValidator(check_name), Field(json_schema_extra={"pattern": f"^{NAME_PATTERN}$"})
]
NegativeLabel: TypeAlias = Annotated[
    str, AfterValidator(check_label), Field(json_schema_extra={"pattern": f"^{NEGATION}?{NAME_PATTERN}$"})
]
SignalNames: TypeAlias = Annotated[list[SignalName], Field(max_length=MAX_HEADS, fail_fast=True)]
Whole: TypeAlias = Annotated[int, Field(ge=0, le=MAX_WHOLE)]
Positive: TypeAlias = Annotated[int, Field(ge=1, le=MAX_WHOLE)]
Hertz: TypeAlias = Annotated[FiniteFloat, Field(gt=0)]
CorrelationId: TypeAlias = (
    Annotated[str, Field(max_length=MAX_ID_LENGTH)] | Annotated[int, Field(ge=-MAX_WHOLE, le=MAX_WHOLE)]
)
Token: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH)]
Cursor: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH)]


class WireModel(BaseModel):
    """Base of everything on the wire: frozen, strict types, unknown fields ignored.

    The validator of a model is built when it is first used: a command uses few of all models.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", defer_build=True)


class PixelBox(WireModel):
    """A box in pixels of its spectrogram. Row 0 is the highest frequency."""

    x_min: FiniteFloat
    """Left edge, in columns."""
    y_min: FiniteFloat
    """Upper edge, in rows."""
    x_max: FiniteFloat
    """Right edge, in columns."""
    y_max: FiniteFloat
    """Lower edge, in rows."""


class PhysicalBox(WireModel):
    """A box in seconds and Hz."""

    time_start_sec: FiniteFloat
    """Seconds from the start of the window."""
    time_end_sec: FiniteFloat
    """Seconds from the start of the window."""
    freq_low_hz: FiniteFloat
    """Absolute frequency of the lower edge."""
    freq_high_hz: FiniteFloat
    """Absolute frequency of the upper edge."""


def _box_kind(value: Any) -> str:
    pixels = "x_min" in value if isinstance(value, dict) else isinstance(value, PixelBox)
    return "pixels" if pixels else "physical"


DrawnBox: TypeAlias = Annotated[
    Annotated[PixelBox, Tag("pixels")] | Annotated[PhysicalBox, Tag("physical")], Discriminator(_box_kind)
]
"""A box in pixels, or in seconds and Hz."""


class NegativeBox(WireModel):
    """A verified emission of another signal."""

    label: NegativeLabel
    """Label of the emission; ``!`` and a name says only that it is not that signal."""
    box: DrawnBox
    """The box."""


# A list of a command stops at its first bad item and at its bound: an error costs the same whatever was sent.
DrawnBoxes: TypeAlias = Annotated[list[DrawnBox], Field(max_length=MAX_BOXES_PER_SAMPLE, fail_fast=True)]
NegativeBoxes: TypeAlias = Annotated[list[NegativeBox], Field(max_length=MAX_BOXES_PER_SAMPLE, fail_fast=True)]


def absent(value: object) -> bool:
    """For ``exclude_if``: leave a field out where it is None."""
    return value is None
