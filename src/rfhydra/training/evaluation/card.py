"""DetectabilityCard: what one version of a head detects, and how often it is wrong, measured on its workspace."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from rfhydra.errors import Damaged


@dataclass(frozen=True, kw_only=True)
class RecallAt:
    """Recall of mixed bursts at one value of what is varied.

    Attributes:
        value: an in-band SNR in dB, a place in the band (−0.5 lowest to 0.5 highest), or a ratio, as the list says.
        trials: number of bursts that were mixed.
        hits: number of them that were detected at IoU 0.5 and the head's threshold.
    """

    value: float
    trials: int
    hits: int

    @property
    def recall(self) -> float:
        return self.hits / max(self.trials, 1)


@dataclass(frozen=True, kw_only=True)
class SnrCurve:
    """Recall against in-band SNR.

    Attributes:
        points: by rising SNR in dB.
        own_snr_db: median in-band SNR of the bursts as received.
        min_snr_50_db: the lowest in-band SNR for a recall of 0.5, by isotonic regression on all trials and linear
            interpolation; None where that recall is not crossed in the range.
        min_snr_50_interval_db: its 90 % interval; an end that is None lies outside of the range.
        min_snr_90_db, min_snr_90_interval_db: the same for 0.9. The interval is wide where recall stays near 0.9.
        trials: of all points.
    """

    points: list[RecallAt]
    own_snr_db: float
    min_snr_50_db: float | None
    min_snr_50_interval_db: tuple[float | None, float | None]
    min_snr_90_db: float | None
    min_snr_90_interval_db: tuple[float | None, float | None]
    trials: int


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """What this head and another active head make of each other's labelled boxes, at IoU 0.5 and their thresholds.

    ``alone`` is each head by itself, ``together`` all active heads with suppression across signals.

    Attributes:
        signal_name: the other signal; ``version`` its active version.
        own_boxes: boxes of this signal that were looked at.
        taken_alone, taken_together: number of them that the other head detects.
        other_boxes: boxes of the other signal that were looked at.
        claimed_alone, claimed_together: number of them that this head detects.
    """

    signal_name: str
    version: int
    own_boxes: int
    taken_alone: int
    taken_together: int
    other_boxes: int
    claimed_alone: int
    claimed_together: int


@dataclass(frozen=True, kw_only=True)
class FalseAlarms:
    """Detections of this head, alone, that touch no box of its signal.

    Attributes:
        count: number of them.
        windows: number of stored windows that were searched.
        background_sec: their duration in seconds.
        per_hour: ``count`` per hour of background.
        interval_per_hour: exact 90 % interval of the rate (Garwood, 1936), for a Poisson process.
    """

    count: int
    windows: int
    background_sec: float
    per_hour: float
    interval_per_hour: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class DetectabilityCard:
    """What one version of a head detects. A field that cannot be measured is None, and ``notes`` says why.

    Attributes:
        signal_name, version: of the head.
        created_at: UTC, ISO 8601.
        backbone_id: the backbone that it ran on.
        threshold: the head's stored threshold, at which everything is counted.
        iou: overlap that counts as detected.
        seed: of all random choices.
        bursts: number of labelled bursts that were mixed; the head was not trained on ``unseen_bursts`` of them.
        trained_on: whether the head was trained on all of them.
        mixed: ``iq`` where their IQ was mixed, ``image`` where only their images are stored; None without bursts.
        snr: recall against in-band SNR.
        positions: recall by place in the band, at the SNR as received.
        length: recall by length in units of the burst's own, stretched in its image at the same level.
        bandwidth: the same for the bandwidth.
        confusion: with each other active head.
        false_alarms: on the stored windows.
        notes: by field, why it is None or what it leaves out.
    """

    signal_name: str
    version: int
    created_at: str
    backbone_id: str
    threshold: float
    iou: float
    seed: int
    bursts: int
    unseen_bursts: int
    trained_on: bool
    mixed: str | None
    snr: SnrCurve | None
    positions: list[RecallAt] | None
    length: list[RecallAt] | None
    bandwidth: list[RecallAt] | None
    confusion: list[Confusion] | None
    false_alarms: FalseAlarms | None
    notes: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`.

        Raises:
            Damaged: a field is missing or of the wrong type.
        """
        try:
            return TypeAdapter(cls).validate_python(fields)
        except ValidationError as error:
            raise Damaged(f"the stored card cannot be read, make it again: {error.errors()[0]['msg']}") from None
