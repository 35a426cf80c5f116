"""Live streams on the wire: their commands and messages."""

from functools import partial
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, FiniteFloat, Tag, model_validator

from rfhydra.config import NAME_PATTERN, check_name
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import SignalNames, Token, WireModel
from rfhydra.protocol.streams import StreamStatus, TrackEvent

MAX_SAMPLE_RATE_HZ: Final = 1e10
MAX_CENTER_FREQ_HZ: Final = 1e12
MAX_ADDRESS_LENGTH: Final = 1024
MIN_FFT_SIZE: Final = 32
MAX_FFT_SIZE: Final = 16_384
MAX_COLUMNS_PER_SEC: Final = 1000.0
MAX_COLUMNS_PER_FRAME: Final = 256
MAX_FRAME_PIXELS: Final = 1 << 20
MAX_LEVEL_DB: Final = 400.0

_NAME_SCHEMA: Final = Field(json_schema_extra={"pattern": f"^{NAME_PATTERN}$"})
SourceName: TypeAlias = Annotated[str, AfterValidator(partial(check_name, field="name")), _NAME_SCHEMA]
StreamId: TypeAlias = Annotated[str, AfterValidator(partial(check_name, field="stream_id")), _NAME_SCHEMA]
SampleRate: TypeAlias = Annotated[FiniteFloat, Field(ge=1, le=MAX_SAMPLE_RATE_HZ)]
CenterFrequency: TypeAlias = Annotated[FiniteFloat, Field(ge=-MAX_CENTER_FREQ_HZ, le=MAX_CENTER_FREQ_HZ)]
Gain: TypeAlias = Annotated[FiniteFloat, Field(ge=-200, le=200)]
Level: TypeAlias = Annotated[FiniteFloat, Field(ge=-MAX_LEVEL_DB, le=MAX_LEVEL_DB)]
Setting: TypeAlias = Literal["sample_rate_hz", "center_freq_hz", "gain_db"]
SourceKind: TypeAlias = Literal["recording", "stdin", "zmq", "rtl_tcp", "soapy", "vrt"]
Hold: TypeAlias = Literal["peak", "mean"]


class NamedSource(WireModel):
    """A source that the operator configured at the start of the server, see ``list_sources``."""

    name: SourceName
    """Its name."""


class PushedSource(WireModel):
    """IQ that this connection sends in binary frames."""

    kind: Literal["push"] = "push"
    """Always ``push``."""
    sample_rate_hz: SampleRate
    """Sample rate of the frames."""
    center_freq_hz: CenterFrequency
    """Centre frequency of the frames."""
    tag: Annotated[int, Field(ge=0, lt=1 << 32)]
    """Tag of the frames, chosen by the client: one for each stream that this connection pushes."""


class SourceAddress(WireModel):
    """A source by its address. Refused unless the server was started with ``--allow-addresses``."""

    address: Annotated[str, Field(min_length=1, max_length=MAX_ADDRESS_LENGTH)]
    """The address, as ``rfhydra watch`` takes it."""


def _source_form(value: Any) -> str:
    fields = dict(value) if isinstance(value, dict | WireModel) else {}
    if "kind" in fields:
        return "pushed"
    return "addressed" if "address" in fields else "named"


StreamSource: TypeAlias = Annotated[
    Annotated[NamedSource, Tag("named")]
    | Annotated[PushedSource, Tag("pushed")]
    | Annotated[SourceAddress, Tag("addressed")],
    Discriminator(_source_form),
]


class SourceInfo(WireModel):
    """A source that the operator configured at the start of the server."""

    name: str
    """Its name."""
    kind: SourceKind
    """How its samples come."""
    settable: list[Setting]
    """What ``tune_stream`` can set while it streams."""
    stream_id: str | None
    """Its running stream; null without one."""
    sample_rate_hz: float | None
    """Sample rate, null while it does not stream."""
    center_freq_hz: float | None
    """Centre frequency, likewise."""
    gain_db: float | None
    """Gain, likewise; null also where the receiver chooses it or has none."""


class Sources(BaseMessage):
    """The sources that the operator configured."""

    type: Literal["sources"] = "sources"
    sources: list[SourceInfo]
    """By name."""
    addresses_allowed: bool = False
    """Whether ``start_stream`` takes addresses."""


class StreamState(BaseMessage):
    """One live stream."""

    type: Literal["stream"] = "stream"
    stream: StreamStatus
    """The stream."""


class Streams(BaseMessage):
    """The live streams: the running ones, and those that ended or failed last."""

    type: Literal["streams"] = "streams"
    streams: list[StreamStatus]
    """In the order of their start."""


class Tracks(BaseMessage):
    """What happened to the tracks of a stream since the last push, in order."""

    type: Literal["tracks"] = "tracks"
    stream_id: str
    """The stream."""
    events: list[TrackEvent]
    """The events."""
    dropped: int = 0
    """Number of events dropped before these because the server or this client was too slow."""


class _WaterfallFields(WireModel):
    fft_size: Annotated[int, Field(ge=MIN_FFT_SIZE, le=MAX_FFT_SIZE)] = 1024
    """Samples of one spectrum and rows of a frame, a power of two."""
    min_db: Level = -120.0
    """Level of the grey value 0. A sine of full scale has 0 dB."""
    max_db: Level = 0.0
    """Level of the grey value 255."""
    hold: Hold = "peak"
    """Whether a column shows the peak or the mean of its spectra."""
    columns_per_sec: Annotated[FiniteFloat, Field(gt=0.01, le=MAX_COLUMNS_PER_SEC)] = 50.0
    """Columns in one second of signal; fewer where a column would be shorter than a spectrum."""
    columns_per_frame: Annotated[int, Field(ge=1, le=MAX_COLUMNS_PER_FRAME)] = 2
    """Columns that are sent together, at least; with ``fft_size`` rows at most 1,048,576 pixels."""


class WaterfallSettings(_WaterfallFields):
    """How a connection sees waterfalls of streams."""

    @model_validator(mode="after")
    def _levels_and_size(self) -> Self:
        if self.fft_size & (self.fft_size - 1):
            raise ValueError(f"fft_size {self.fft_size} must be a power of two")
        if (pixels := self.fft_size * self.columns_per_frame) > MAX_FRAME_PIXELS:
            raise ValueError(f"fft_size × columns_per_frame is {pixels}, the limit is {MAX_FRAME_PIXELS}")
        if self.max_db - self.min_db < 1:
            raise ValueError("max_db must be at least 1 dB above min_db")
        return self


class WaterfallState(_WaterfallFields, BaseMessage):
    """How this connection sees waterfalls of streams."""

    type: Literal["waterfall"] = "waterfall"
    stream_id: str | None
    """The only stream that it sees; null: all."""


class ListSources(BaseCommand[Sources]):
    """Ask for the sources that the operator configured."""

    command: Literal["list_sources"] = "list_sources"


class StartStream(BaseCommand[StreamState]):
    """Start a live stream, or go on with a pushed one.

    A stream belongs to the server: it goes on when its client leaves, and a restarted server starts it again. A pushed
    stream ends with ``push_linger_sec`` without its client; until then ``start_stream`` with its ``stream_id`` goes on
    with it, from any connection.
    """

    command: Literal["start_stream"] = "start_stream"
    source: StreamSource
    """The source."""
    heads: SignalNames | None = None
    """Subset of the loaded heads, also of those that are loaded later; default all."""
    stream_id: StreamId | None = None
    """Id of the stream; default the name of the source, else one that the server chooses."""


class StopStream(BaseCommand[StreamState]):
    """Stop a live stream. One that has ended is removed from the list."""

    command: Literal["stop_stream"] = "stop_stream"
    stream_id: Token
    """The stream."""


class TuneStream(BaseCommand[StreamState]):
    """Change the receiver of a running stream. Absent fields stay unchanged.

    Answered with what the receiver made of it. A restarted server tunes to the same again.
    """

    command: Literal["tune_stream"] = "tune_stream"
    stream_id: Token
    """The stream."""
    sample_rate_hz: SampleRate | None = None
    """Sample rate."""
    center_freq_hz: CenterFrequency | None = None
    """Centre frequency."""
    gain_db: Gain | None = None
    """Gain."""

    @model_validator(mode="after")
    def _one_setting(self) -> Self:
        if self.sample_rate_hz is None and self.center_freq_hz is None and self.gain_db is None:
            raise ValueError("give sample_rate_hz, center_freq_hz or gain_db")
        return self


class GetStreams(BaseCommand[Streams]):
    """Ask for the live streams."""

    command: Literal["get_streams"] = "get_streams"


class SetWaterfall(WaterfallSettings, BaseCommand[WaterfallState]):
    """Choose how this connection, subscribed to ``waterfall``, sees streams. Absent fields get their default."""

    command: Literal["set_waterfall"] = "set_waterfall"
    stream_id: Token | None = None
    """The only stream to see; absent: all."""

    @property
    def settings(self) -> WaterfallSettings:
        """The settings without the stream."""
        return WaterfallSettings.model_validate({name: getattr(self, name) for name in WaterfallSettings.model_fields})
