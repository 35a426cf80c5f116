"""Level: how loud a recording is, how much of it is clipped, and its noise floor."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.recording import Recording
from rfhydra.spectrum.noise import NoiseFloor, power_bins

MAX_BLOCKS: Final = 256
BLOCK_SAMPLES: Final = 1 << 16
_FFT_SIZE: Final = 1024
_MAX_TRANSFORMS: Final = 4096
_INNER_BAND: Final = 0.8


@dataclass(frozen=True)
class Level:
    """Levels in dB relative to full scale: a complex sine of amplitude 1 has 0 dBFS.

    Attributes:
        mean_dbfs: mean power of the samples; None in digital silence.
        peak_dbfs: highest power of a sample; likewise.
        clipped_share: share of samples with I or Q at the end of the range of values.
        noise_dbfs: noise of the whole band, without emissions; None where it cannot be measured.
        measured_share: share of the samples that was measured. Of a long recording it is evenly spread blocks.
    """

    mean_dbfs: float | None
    peak_dbfs: float | None
    clipped_share: float
    noise_dbfs: float | None
    measured_share: float

    @classmethod
    def of(cls, recording: Recording) -> Self:
        """The level of ``recording``. At most :data:`MAX_BLOCKS` blocks of :data:`BLOCK_SAMPLES` are read.

        Raises:
            InvalidRecording: a sample is not a finite number.
        """
        sample_format = SampleFormat.of(recording.datatype)
        blocks = -(-recording.sample_count // BLOCK_SAMPLES)
        chosen = np.unique(np.linspace(0, blocks - 1, min(blocks, MAX_BLOCKS)).round().astype(int))
        total = peak = 0.0
        clipped = measured = 0
        spectra = list[NDArray[np.float32]]()
        for number in chosen.tolist():
            start = number * BLOCK_SAMPLES
            count = min(BLOCK_SAMPLES, recording.sample_count - start)
            iq = recording.read(start, count)
            power = np.square(np.abs(iq))
            total, peak = total + float(power.sum(dtype=np.float64)), max(peak, float(power.max()))
            clipped += int(sample_format.clipped(recording.stored[start : start + count]).sum())
            measured += count
            spectra.append(power_bins(iq, min(_FFT_SIZE, count), -(-_MAX_TRANSFORMS // len(chosen))))
        return cls(
            _decibels(total / measured),
            _decibels(peak),
            clipped / measured,
            _noise_dbfs(spectra),
            measured / recording.sample_count,
        )


def _noise_dbfs(spectra: list[NDArray[np.float32]]) -> float | None:
    whole = [each for each in spectra if each.shape[1] == spectra[0].shape[1]]  # the last block may be short
    noise = NoiseFloor(np.concatenate(whole), _INNER_BAND)
    return _decibels(noise.density(-0.5, 0.5)) if noise.is_known else None


def _decibels(power: float) -> float | None:
    return 10 * float(np.log10(power)) if power > 0 else None
