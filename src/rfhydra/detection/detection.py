"""Detection: one emission of a signal. Plain data, without torch."""

from dataclasses import asdict, dataclass
from typing import Any

from rfhydra.spectrum.boxes import Box


@dataclass(frozen=True)
class Detection:
    """One emission of ``signal_name``, detected by ``version`` of its head; ``score`` is calibrated, 0..1.

    Times of ``box`` are seconds from the start of the window that it was detected in or, after tracking, of the source.
    """

    signal_name: str
    version: int
    score: float
    box: Box

    def to_dict(self) -> dict[str, Any]:
        return {
            "signal_name": self.signal_name,
            "version": self.version,
            "score": round(self.score, 4),
            **asdict(self.box),
        }
