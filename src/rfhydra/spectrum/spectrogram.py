"""The one function from IQ to image, for training, detection, console and CLI.

Power is pooled linearly, expressed in dB, referenced to the noise floor of the window and quantised to uint8.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window

_MIN_POWER: Final = 1e-30
_EMPTY_DB: Final = -115.0
"""Mean level of an empty half of the band, less the strongest: rounding of float32 is below, quantisation above it."""
_PLAIN_EXPONENT: Final = 20  # of the peak, to the base of 2
_BLOCK_SAMPLES: Final = 1 << 16
_MEDIAN_PART: Final = 1 << 12


def spectrogram(iq: NDArray[np.complex64] | torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    """The spectrogram image of a window of IQ.

    Args:
        iq: complex64, shape (samples,), on any device, at any gain. Whole columns are used; a tail shorter than
            ``hop`` is dropped.
        spec: the contract.

    Returns:
        uint8, shape (rows, samples // hop) with at most ``spec.cols`` columns, on the device of ``iq``;
        row 0 is the highest frequency.

    Raises:
        InvalidMessage: fewer samples than one column, more than a window, or a sample that is not finite.
    """
    samples, cols = _checked(iq, spec)
    return _image_of(_columns_of(samples, spec, 0, cols), spec)


def make_window(
    iq: NDArray[np.complex64],
    spec: SpectrogramSpec,
    sample_rate_hz: float | None,
    center_freq_hz: float | None,
    start_sample: int | None = None,
) -> Window:
    """The window of ``iq``, complex64 (samples,). Raises as :func:`spectrogram` does."""
    samples, cols = _checked(iq, spec)
    frame = Frame(spec, sample_rate_hz, center_freq_hz, cols)
    return _window_of(_columns_of(samples, spec, 0, cols), frame, start_sample, iq)


class WindowSeries:
    """Windows of one stretch of IQ, in the order of their starts: a column that two of them share is computed once.

    The images are those of :func:`spectrogram`. Only the outermost columns of a window are its own: their transforms
    reach out of it, where a window has zeros.
    """

    def __init__(self, spec: SpectrogramSpec, sample_rate_hz: float, center_freq_hz: float) -> None:
        self._spec, self._sample_rate_hz, self._center_freq_hz = spec, sample_rate_hz, center_freq_hz
        self._edge = -(-((spec.fft_size - spec.hop) // 2) // spec.hop)
        self._start, self._columns = 0, _Columns.none(spec)

    def window(self, iq: NDArray[np.complex64], start_sample: int, offset_sec: float = 0.0) -> Window:
        """The window of ``iq``, complex64 (samples,), whole columns from sample ``start_sample`` of the stretch.

        It starts a whole number of columns after the window before. ``offset_sec`` is that of :class:`.Window`. Raises
        as :func:`spectrogram` does.
        """
        samples, cols = _checked(iq, self._spec)
        shift = (start_sample - self._start) // self._spec.hop
        first, last = self._edge, min(cols, len(self._columns) - shift) - self._edge
        if shift >= 0 and last > first:
            shared = self._columns.part(first + shift, last + shift)
            before = _columns_of(samples, self._spec, 0, first)
            columns = _Columns.cat([before, shared, _columns_of(samples, self._spec, last, cols)])
        else:
            columns = _columns_of(samples, self._spec, 0, cols)
        self._start, self._columns = start_sample, columns
        frame = Frame(self._spec, self._sample_rate_hz, self._center_freq_hz, cols)
        return _window_of(columns, frame, start_sample, iq, offset_sec)


@dataclass(frozen=True, eq=False)
class _Columns:
    """Columns before they are referenced to the floor of a window.

    ``power_db`` float32 (cols, rows) is peak-pooled; ``silent`` bool (cols,) are those of digital silence: all samples
    of the column are equal.
    """

    power_db: torch.Tensor
    silent: torch.Tensor

    def __len__(self) -> int:
        return len(self.power_db)

    @classmethod
    def none(cls, spec: SpectrogramSpec) -> Self:
        return cls(torch.zeros((0, spec.rows)), torch.zeros(0, dtype=torch.bool))

    @classmethod
    def cat(cls, parts: Sequence[Self]) -> Self:
        return cls(torch.cat([part.power_db for part in parts]), torch.cat([part.silent for part in parts]))

    def part(self, first: int, last: int) -> Self:
        return type(self)(self.power_db[first:last], self.silent[first:last])


def _checked(iq: NDArray[np.complex64] | torch.Tensor, spec: SpectrogramSpec) -> tuple[torch.Tensor, int]:
    """``iq`` as a tensor, complex64 (samples,), and its number of whole columns."""
    samples = iq if isinstance(iq, torch.Tensor) else torch.from_numpy(np.require(iq, requirements=["C", "W"]))
    cols = samples.numel() // spec.hop
    if samples.ndim != 1 or not 1 <= cols <= spec.cols:
        raise InvalidMessage(
            f"a window takes {spec.hop} to {spec.window_samples} samples in one row, got shape {tuple(samples.shape)}"
        )
    return samples[: cols * spec.hop].to(torch.complex64), cols


def _columns_of(samples: torch.Tensor, spec: SpectrogramSpec, first: int, last: int) -> _Columns:
    """Columns ``first`` to ``last`` of the window of ``samples``, which is surrounded by zeros."""
    if first >= last:
        return _Columns.none(spec)
    on_cpu = samples.device.type == "cpu"
    per_block = max(1, _BLOCK_SAMPLES // spec.hop) if on_cpu else last - first  # what fits a cache takes half the time
    starts = range(first, last, per_block)
    return _Columns.cat([_block(samples, spec, start, min(start + per_block, last)) for start in starts])


def _block(samples: torch.Tensor, spec: SpectrogramSpec, first: int, last: int) -> _Columns:
    margin = (spec.fft_size - spec.hop) // 2  # centres each transform on the samples of its column
    begin, end = first * spec.hop - margin, last * spec.hop + margin
    padded, lowered_db = _scaled(samples[max(begin, 0) : end])
    if begin < 0 or end > len(samples):
        padded = torch.nn.functional.pad(padded, (max(-begin, 0), max(end - len(samples), 0)))
    own = padded[margin : margin + (last - first) * spec.hop].reshape(-1, spec.hop)
    power_db = _power_db(padded, spec)
    return _Columns(power_db + lowered_db if lowered_db else power_db, _silent(own))


def _scaled(samples: torch.Tensor) -> tuple[torch.Tensor, float]:
    """``samples`` scaled so that squares neither overflow nor vanish in float32, and the dB that this took away.

    A power of two, so that nothing is rounded, and 1 at the levels of receivers.
    """
    peak = float(torch.view_as_real(samples).abs().amax())
    if not math.isfinite(peak):
        raise InvalidMessage("iq holds a sample that is not a finite number")
    exponent = math.frexp(peak)[1] if peak else 0
    if abs(exponent) <= _PLAIN_EXPONENT:
        return samples, 0.0
    half = exponent // 2  # in two steps: the inverse of the smallest number is none in float32
    return samples * 2.0**-half * 2.0 ** (half - exponent), 20 * math.log10(2) * exponent


def _power_db(samples: torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    """Peak-pooled power in dB, shape (cols, rows), row 0 the highest frequency."""
    frames = samples.unfold(0, spec.fft_size, spec.hop)
    bins = torch.fft.fft(frames * _taper(spec.fft_size, samples.device), dim=1)
    squares = torch.view_as_real(bins).square_()
    power = squares[..., 0] + squares[..., 1]
    pooled = torch.nn.functional.max_pool1d(power, spec.bins_per_row) if spec.bins_per_row > 1 else power
    # A row has the bins of one half of the band: rows can be ordered after they are pooled.
    return pooled.clamp_min_(_MIN_POWER).log10_().mul_(10).roll(spec.rows // 2, 1).flip(1)


@lru_cache(maxsize=8)
def _taper(size: int, device: torch.device) -> torch.Tensor:
    return torch.hann_window(size, periodic=True, device=device)


def _silent(columns: torch.Tensor) -> torch.Tensor:
    """Mask (cols,) of ``columns``, complex64 (cols, hop), of digital silence."""
    silent = columns[:, 0] == columns[:, -1]  # seldom true of what was received
    silent[silent.clone()] = (columns[silent] == columns[silent][:, :1]).all(1)
    return silent


def _image_of(columns: _Columns, spec: SpectrogramSpec) -> torch.Tensor:
    """The image, uint8 (rows, cols), of the columns of a window."""
    return _quantise(columns.power_db, _noise_floor_db(columns, spec), spec).T.contiguous()


def _window_of(
    columns: _Columns,
    frame: Frame,
    start_sample: int | None,
    iq: NDArray[np.complex64],
    offset_sec: float = 0.0,
) -> Window:
    floor_db = _noise_floor_db(columns, frame.spec)
    image = _quantise(columns.power_db, floor_db, frame.spec).T.contiguous().numpy()
    known = None if columns.silent.all() else float(floor_db)
    return Window(image, frame, start_sample, iq, offset_sec, known)


def _noise_floor_db(columns: _Columns, spec: SpectrogramSpec) -> torch.Tensor:
    """Median over time and the inner part of the band, a scalar tensor.

    Digital silence is left out, as is the half of the band that the analytic signal of real samples leaves empty.
    """
    edge = round(spec.rows * (1 - spec.scaling.floor_band) / 2)
    inner = columns.power_db[:, edge : spec.rows - edge]
    if columns.silent.any() and not columns.silent.all():
        inner = inner[~columns.silent]
    halves = inner.tensor_split(2, dim=1)
    limit = inner.max() + _EMPTY_DB
    empty = [bool(half.mean() < limit) for half in halves]
    return _median(inner if empty[0] == empty[1] else halves[empty.index(False)])


def _median(values: torch.Tensor) -> torch.Tensor:
    """The lower median of all ``values``, a scalar tensor."""
    if values.device.type != "cpu":
        return values.median()
    return torch.from_numpy(_lower_median(values.numpy().ravel()))[0]


def _lower_median(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The lower median of ``values`` (n,), shape (1,).

    It is selected among the values near the median of a part of them, which takes a third of the time.
    """
    middle = (len(values) - 1) // 2
    part = np.sort(values[:: max(len(values) // _MEDIAN_PART, 1)])
    low, high = part[int(0.46 * len(part))], part[int(0.54 * len(part))]
    near = values[(values >= low) & (values <= high)]
    rank = middle - int(np.count_nonzero(values < low))
    if not 0 <= rank < len(near):
        near, rank = values, middle
    return np.partition(near, rank)[rank : rank + 1]


def _quantise(power_db: torch.Tensor, floor_db: torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    scaling = spec.scaling
    unit = (power_db - floor_db).add_(scaling.headroom_db).div_(scaling.range_db).clamp_(0, 1)
    return unit.mul_(255).round_().to(torch.uint8)


def lower_snr(
    image: NDArray[np.uint8] | torch.Tensor, spec: SpectrogramSpec, lower_db: float, seed: int
) -> torch.Tensor:
    """SNR augmentation: ``image`` with all emissions ``lower_db`` weaker over the same noise floor.

    Attenuates all power, noise included, and restores the floor with noise of ``seed``.

    Returns:
        uint8, of the shape of ``image`` (rows, cols).
    """
    generator = torch.Generator().manual_seed(seed)
    parts = torch.randn((image.shape[1] * spec.hop, 2), generator=generator)
    noise = _columns_of(torch.view_as_complex(parts), spec, 0, image.shape[1])
    noise_db = noise.power_db - _noise_floor_db(noise, spec)
    left = 10 ** (-lower_db / 10)
    power = left * 10 ** (level_db(image, spec).T / 10) + (1 - left) * 10 ** (noise_db / 10)
    return _image_of(_Columns(10 * torch.log10(power), noise.silent), spec)


def add_power(
    image: NDArray[np.uint8] | torch.Tensor, spec: SpectrogramSpec, power: NDArray[np.float32]
) -> torch.Tensor:
    """``image`` with emissions added that have ``power`` (rows, cols), linear, in units of its noise floor.

    Returns:
        uint8, of the shape of ``image`` (rows, cols).
    """
    total = 10 ** (level_db(image, spec) / 10) + torch.from_numpy(power)
    return _quantise(10 * torch.log10(total), torch.zeros(()), spec)


def level_db(image: NDArray[np.uint8] | torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    """Grey levels back to dB above the noise floor (clipped at both ends of the range), same shape, float32."""
    unit = torch.as_tensor(image).float() / 255
    return unit * spec.scaling.range_db - spec.scaling.headroom_db
