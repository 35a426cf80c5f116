"""The side of the centre frequency on which an emission lies, measured in the samples."""

from typing import Final

import numpy as np

from rfhydra.recordings.recording import Recording

_MAX_SAMPLES: Final = 1 << 20
_SEGMENT: Final = 1024


def stronger_side(recording: Recording, start: int, count: int, low_hz: float, high_hz: float) -> tuple[float, float]:
    """``low_hz`` to ``high_hz``, offsets from the centre, or their mirror image: whichever holds more power.

    ``count`` samples from ``start`` are measured, at most 2**20.
    """
    from scipy.signal import welch  # slow to import, and few labels need it

    iq = recording.read(start, min(count, _MAX_SAMPLES, recording.sample_count - start))
    offset_hz, density = welch(
        iq, recording.sample_rate_hz, nperseg=min(_SEGMENT, len(iq)), return_onesided=False, detrend=False
    )
    bin_hz = recording.sample_rate_hz / len(offset_hz)

    def power(low: float, high: float) -> float:
        share = np.clip(np.minimum(offset_hz + bin_hz / 2, high) - np.maximum(offset_hz - bin_hz / 2, low), 0, None)
        return float(np.sum(density * share))

    is_upper = power(low_hz, high_hz) >= power(-high_hz, -low_hz)
    return (low_hz, high_hz) if is_upper else (-high_hz, -low_hz)
