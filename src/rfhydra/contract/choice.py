"""ContractChoice: the contract under which the typical emission of every signal is large enough, and what it costs.

Columns and rows of an emission are a trade: with an overlap of ``fft_size / hop`` their product is at most the overlap
times the time-bandwidth product of the emission.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from rfhydra.contract.extent import SignalExtent
from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.spec import MAX_FFT_SIZE, MAX_SIDE_PX, MIN_FFT_SIZE, SpectrogramSpec

MIN_PX: Final = 8
"""Columns and rows that the typical emission spans where that is possible."""
ENOUGH_PX: Final = 16
"""Up to this, more of them are worth a larger overlap."""
GOOD_PX: Final = 32
"""More than this does not count for anything."""
PAUSE: Final = 0.5
"""Of a pause between emissions: a longer transform shows them as one."""
OVERLAPS: Final = (2, 4, 8)
"""Transforms that a sample is in, least first: each costs as many more columns."""
PLAIN_ROWS: Final = 512
PLAIN_COLS: Final = 512
MIN_COLS: Final = 128
MAX_WINDOW_PX: Final = 1 << 20
"""Pixels of a window, those of the default contract: memory and time of a pass grow with them."""
ROOM: Final = 1.25
"""Of a window, for the longest emission in it."""
LESSER: Final = 0.2
"""Signals with fewer boxes, relative to the most frequent one, do not decide."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Columns and rows that the typical emission of a signal spans under a contract, and columns of the longest."""

    extent: SignalExtent
    cols: float
    rows: float
    longest_cols: float

    @classmethod
    def of(cls, extent: SignalExtent, spec: SpectrogramSpec, sample_rate_hz: float) -> Self:
        per_col, per_row = spec.hop / sample_rate_hz, sample_rate_hz / spec.rows
        return cls(
            extent=extent,
            cols=extent.duration_sec / per_col,
            rows=min(extent.bandwidth_hz / per_row, spec.rows),
            longest_cols=extent.longest_sec / per_col,
        )

    @property
    def least(self) -> float:
        return min(self.cols, self.rows)


@dataclass(frozen=True, kw_only=True)
class ContractChoice:
    """A contract for signals at one sample rate.

    Attributes:
        spec: the contract.
        sample_rate_hz: of the recordings.
        spans: of each signal, in the order in which they were given.
        remarks: what the contract cannot do, and what would help.
    """

    spec: SpectrogramSpec
    sample_rate_hz: float
    spans: tuple[Span, ...]
    remarks: tuple[str, ...]

    @property
    def seconds_per_col(self) -> float:
        return self.spec.hop / self.sample_rate_hz

    @property
    def hz_per_row(self) -> float:
        return self.sample_rate_hz / self.spec.rows

    @property
    def window_sec(self) -> float:
        """Seconds of signal in a window."""
        return self.spec.window_samples / self.sample_rate_hz

    @property
    def pixels_per_sec(self) -> float:
        """Pixels that a second of signal becomes, each seen once."""
        return self.spec.rows * self.sample_rate_hz / self.spec.hop

    @classmethod
    def of(cls, spec: SpectrogramSpec, sample_rate_hz: float, extents: Sequence[SignalExtent]) -> Self:
        """A given contract, with what it does to signals of ``extents``."""
        spans = tuple(Span.of(each, spec, sample_rate_hz) for each in extents)
        remarks = tuple(text for span in spans for text in _remarks(span, spec, sample_rate_hz))
        return cls(spec=spec, sample_rate_hz=sample_rate_hz, spans=spans, remarks=remarks)


def choose_contract(sample_rate_hz: float, extents: Sequence[SignalExtent]) -> ContractChoice:
    """The cheapest contract with which the typical emission of every signal spans enough columns and rows.

    The order of preference: :data:`ENOUGH_PX` in both directions, or as many as possible; the least overlap; transforms
    that are short against the pauses between emissions; :data:`GOOD_PX`; the fewest pixels per second; the most columns
    or rows, whichever are fewer.

    Args:
        sample_rate_hz: of the recordings.
        extents: of the signals, at least one; those with few boxes do not decide.

    Raises:
        InvalidMessage: there is no extent.
    """
    if not extents:
        raise InvalidMessage("there is no emission to choose a contract by: annotate a recording, or name the contract")
    most = max(each.boxes for each in extents)
    deciding = [each for each in extents if each.boxes >= LESSER * most]
    return ContractChoice.of(_best(sample_rate_hz, deciding), sample_rate_hz, extents)


def _best(sample_rate_hz: float, extents: Sequence[SignalExtent]) -> SpectrogramSpec:
    pause = min((each.pause_sec * sample_rate_hz for each in extents if each.pause_sec), default=float("inf"))

    def merit(spec: SpectrogramSpec) -> tuple[float, ...]:
        least = min(Span.of(each, spec, sample_rate_hz).least for each in extents)
        overlap, pixels = spec.fft_size / spec.hop, spec.rows / spec.hop
        parts = spec.fft_size <= PAUSE * pause
        return (min(least, ENOUGH_PX), -overlap, parts, min(least, GOOD_PX), -pixels, least)

    return max(_candidates(sample_rate_hz, extents), key=merit)


def _candidates(sample_rate_hz: float, extents: Sequence[SignalExtent]) -> Iterator[SpectrogramSpec]:
    size = MIN_FFT_SIZE
    while size <= MAX_FFT_SIZE:
        for overlap in OVERLAPS:
            hop, rows = size // overlap, _rows(size, sample_rate_hz, extents)
            longest_sec = max(each.longest_sec for each in extents)
            yield SpectrogramSpec(
                fft_size=size, hop=hop, rows=rows, cols=_cols(longest_sec * sample_rate_hz / hop, rows)
            )
        size *= 2


def _rows(fft_size: int, sample_rate_hz: float, extents: Sequence[SignalExtent]) -> int:
    """The fewest rows from :data:`PLAIN_ROWS` on with which the narrowest signal spans :data:`GOOD_PX`."""
    narrowest_hz, rows = min(each.bandwidth_hz for each in extents), min(PLAIN_ROWS, fft_size)
    while rows < min(fft_size, MAX_SIDE_PX) and narrowest_hz * rows / sample_rate_hz < GOOD_PX:
        rows *= 2
    return rows


def _cols(longest: float, rows: int) -> int:
    """Columns of a window that holds an emission of ``longest`` columns, if there can be one."""
    cols = min(PLAIN_COLS, max(MAX_WINDOW_PX // rows, MIN_COLS))
    while cols < min(ROOM * longest, MAX_SIDE_PX):
        cols *= 2
    return cols


def _remarks(span: Span, spec: SpectrogramSpec, sample_rate_hz: float) -> Iterator[str]:
    extent, name = span.extent, span.extent.label or "the typical emission"
    if span.least < MIN_PX:
        yield f"{name} spans {span.cols:.1f} columns and {span.rows:.1f} rows: {_why(extent, sample_rate_hz)}"
    if span.longest_cols > spec.cols:
        yield (
            f"{name} lasts up to {extent.longest_sec:g} s, a window {spec.window_samples / sample_rate_hz:g} s:"
            " longer emissions are cut into several samples"
        )


def _why(extent: SignalExtent, sample_rate_hz: float) -> str:
    """Why an emission is under :data:`MIN_PX`."""
    needed = MIN_PX**2 / OVERLAPS[-1]
    if extent.time_bandwidth < needed:
        return (
            f"its time-bandwidth product is {extent.time_bandwidth:.2g}, {MIN_PX} of each take at least {needed:g}"
            " whatever the contract"
        )
    if Span.of(extent, _best(sample_rate_hz, [extent]), sample_rate_hz).least >= MIN_PX:
        return "another contract suits it better; a workspace of its own can have that"
    return (
        f"an FFT size is at least {MIN_FFT_SIZE}, and there are at most {MAX_SIDE_PX} rows: record it at another rate"
    )
