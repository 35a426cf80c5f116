"""Label: a box as its source states it, and the annotation that it is in a recording."""

from dataclasses import dataclass
from typing import Final, Literal

from rfhydra.errors import InvalidBox, InvalidMessage
from rfhydra.labels.side import stronger_side
from rfhydra.quantities import parse_hertz
from rfhydra.recordings.recording import Annotation, Recording
from rfhydra.spectrum.boxes import Box

_MIN_INSIDE: Final = 0.5  # of the time of a box


@dataclass(frozen=True)
class Band:
    """A range of frequencies, or only its middle where both edges are equal.

    Attributes:
        low_hz, high_hz: edges in Hz.
        reference: what they count from: ``absolute`` from 0 Hz, ``offset`` from the centre frequency of the recording,
            ``unsigned`` from there, too, but without a sign: an audio program shows I alone, on which both sides of the
            centre lie on each other.
    """

    low_hz: float
    high_hz: float
    reference: Literal["absolute", "offset", "unsigned"] = "absolute"

    @classmethod
    def about(cls, center: str, bandwidth_hz: float, field: str) -> "Band":
        """A band about ``center``, a text in Hz: with a sign it is an offset from the centre of the recording.

        Raises:
            InvalidMessage: ``center`` is no frequency; the message names ``field``.
        """
        center_hz = parse_hertz(center, field)
        reference: Literal["absolute", "offset"] = "offset" if center.strip()[:1] in ("+", "-") else "absolute"
        return cls(center_hz - bandwidth_hz / 2, center_hz + bandwidth_hz / 2, reference)


@dataclass(frozen=True)
class Missing:
    """What stands for values that a label does not state."""

    length_sec: float | None = None
    bandwidth_hz: float | None = None


@dataclass(frozen=True, kw_only=True)
class Label:
    """A box that is not yet placed in a recording.

    Attributes:
        where: names the label in messages.
        start: from the start of the recording, in seconds, or samples if ``in_samples``.
        length: likewise; None where the source does not state it.
        band: None for the whole band.
        text: what the source calls it; None where it has no name.
        file: of the recording, where the source states it.
    """

    where: str
    start: float
    length: float | None
    in_samples: bool = False
    band: Band | None = None
    text: str | None = None
    file: str | None = None

    def annotation(self, recording: Recording, name: str | None, missing: Missing) -> Annotation:
        """The label as an annotation of ``recording``, called ``name``, cut to its samples and its band.

        Raises:
            InvalidMessage: the length is neither stated nor in ``missing``.
            InvalidBox: it is empty, its frequencies lie outside the recorded band, or more than half of its time lies
                outside the recording.
        """
        rate = recording.sample_rate_hz
        scale = 1 / rate if self.in_samples else 1.0
        length_sec = missing.length_sec if self.length is None else self.length * scale
        if length_sec is None:
            raise InvalidMessage(f"{self.where} states no length: give --length, such as 30ms")
        start_sec = self.start * scale
        time = self._inside(recording, start_sec, start_sec + length_sec)
        low_hz, high_hz = self._edges(recording, *time, missing.bandwidth_hz)
        return Annotation.of_box(Box(*time, low_hz, high_hz), name, rate, recording.sample_count)

    def _inside(self, recording: Recording, start_sec: float, end_sec: float) -> tuple[float, float]:
        """The part of the time that lies in the recording."""
        if not end_sec > start_sec:
            raise InvalidBox(f"{self.where}: the length must be more than 0 s")
        first, last = max(start_sec, 0.0), min(end_sec, recording.duration_sec)
        if last - first < _MIN_INSIDE * (end_sec - start_sec):
            raise InvalidBox(
                f"{self.where}: {start_sec:g} to {end_sec:g} s is outside {recording.name}, which is"
                f" {recording.duration_sec:g} s long"
            )
        return first, last

    def _edges(
        self, recording: Recording, start_sec: float, end_sec: float, bandwidth_hz: float | None
    ) -> tuple[float, float]:
        """Frequency edges in Hz, absolute, within the recorded band."""
        rate = recording.sample_rate_hz
        first = min(int(start_sec * rate), recording.sample_count - 1)
        center_hz = recording.capture_at(first).center_freq_hz
        bottom_hz, top_hz = center_hz - rate / 2, center_hz + rate / 2
        band = self.band
        if band is None or (band.low_hz == band.high_hz and bandwidth_hz is None):
            return bottom_hz, top_hz
        widen_hz = (bandwidth_hz or 0.0) / 2 if band.low_hz == band.high_hz else 0.0
        low_hz, high_hz = band.low_hz - widen_hz, band.high_hz + widen_hz
        if band.reference == "unsigned" and high_hz <= rate / 2:
            count = max(int((end_sec - start_sec) * rate), 1)
            low_hz, high_hz = stronger_side(recording, first, count, low_hz, high_hz)
        if band.reference == "offset" or (band.reference == "unsigned" and high_hz <= rate / 2):
            low_hz, high_hz = low_hz + center_hz, high_hz + center_hz
        if high_hz <= bottom_hz or low_hz >= top_hz:
            raise InvalidBox(self._outside(low_hz, high_hz, center_hz, rate))
        if not high_hz > low_hz:
            raise InvalidBox(f"{self.where}: the bandwidth must be more than 0 Hz")
        return max(low_hz, bottom_hz), min(high_hz, top_hz)

    def _outside(self, low_hz: float, high_hz: float, center_hz: float, rate: float) -> str:
        """Message that the frequencies are not in the band."""
        advice = "correct it"
        if center_hz == 0:
            advice = "if the recording has another centre frequency, give --freq"
        elif high_hz > -rate / 2 and low_hz < rate / 2:
            advice = "an offset from the centre frequency has a sign, as in +20k"
        return (
            f"{self.where}: {low_hz:.9g} to {high_hz:.9g} Hz is outside the recorded band,"
            f" {center_hz - rate / 2:.9g} to {center_hz + rate / 2:.9g} Hz: {advice}"
        )
