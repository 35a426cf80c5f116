"""The one function from IQ to image, for training, detection, console and CLI.

Power is pooled linearly, expressed in dB, referenced to the noise floor of the window and quantised to uint8.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window

_MIN_POWER = 1e-30
_EMPTY_DB = -115.0
"""Mean level of an empty half, less that of the transform of noise of unit power: 10 dB below 16-bit quantisation."""
_MIN_PEAK = torch.finfo(torch.float32).tiny


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
    samples = iq if isinstance(iq, torch.Tensor) else torch.from_numpy(np.require(iq, requirements=["C", "W"]))
    cols = samples.numel() // spec.hop
    if samples.ndim != 1 or not 1 <= cols <= spec.cols:
        raise InvalidMessage(
            f"a window takes {spec.hop} to {spec.window_samples} samples in one row, got shape {tuple(samples.shape)}"
        )
    parts = torch.view_as_real(samples[: cols * spec.hop].to(torch.complex64))
    peak = parts.abs().amax()
    if not torch.isfinite(peak):
        raise InvalidMessage("iq holds a sample that is not a finite number")
    parts = parts / peak.clamp_min(_MIN_PEAK)  # squares must not overflow or vanish in float32
    power_db = _power_db(torch.view_as_complex(parts), spec)
    return _quantise(power_db, _noise_floor_db(power_db, _silent_columns(parts, spec), spec), spec)


def make_window(
    iq: NDArray[np.complex64],
    spec: SpectrogramSpec,
    sample_rate_hz: float | None,
    center_freq_hz: float | None,
    start_sample: int | None = None,
) -> Window:
    """The window of ``iq``, complex64 (samples,). Raises as :func:`spectrogram` does."""
    image = spectrogram(iq, spec).numpy()
    return Window(image, Frame(spec, sample_rate_hz, center_freq_hz, image.shape[1]), start_sample, iq)


def _power_db(samples: torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    """Peak-pooled power in dB, shape (rows, cols)."""
    margin = (spec.fft_size - spec.hop) // 2  # centres each transform on the samples of its column
    frames = torch.nn.functional.pad(samples, (margin, margin)).unfold(0, spec.fft_size, spec.hop)
    window = torch.hann_window(spec.fft_size, periodic=True, device=samples.device)
    bins = torch.fft.fft(frames * window, dim=1)
    power = torch.fft.fftshift(bins.real.square() + bins.imag.square(), dim=1).flip(1)
    pooled = power.reshape(len(frames), spec.rows, spec.bins_per_row).amax(2)
    return 10 * torch.log10(pooled.clamp_min(_MIN_POWER)).T


def _silent_columns(parts: torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    """Mask (cols,) of columns of digital silence: all their samples in ``parts`` (samples, 2) are equal."""
    columns = parts.reshape(-1, spec.hop, 2)
    return (columns == columns[:, :1]).all(2).all(1)


def _noise_floor_db(power_db: torch.Tensor, silent: torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    """Median over time and the inner part of the band, a scalar tensor.

    Digital silence is left out, as is the half of the band that the analytic signal of real samples leaves empty.
    """
    edge = round(spec.rows * (1 - spec.scaling.floor_band) / 2)
    inner = power_db[edge : spec.rows - edge]
    heard = inner if silent.all() else inner[:, ~silent]
    halves = heard.tensor_split(2)
    empty = [bool(half.mean() < _EMPTY_DB + 10 * math.log10(spec.fft_size)) for half in halves]
    return (heard if empty[0] == empty[1] else halves[empty.index(False)]).median()


def _quantise(power_db: torch.Tensor, floor_db: torch.Tensor, spec: SpectrogramSpec) -> torch.Tensor:
    scaling = spec.scaling
    unit = ((power_db - floor_db + scaling.headroom_db) / scaling.range_db).clamp(0, 1)
    return (unit * 255).round().to(torch.uint8)


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
    noise_db = _power_db(torch.view_as_complex(parts), spec)
    no_silence = torch.zeros(image.shape[1], dtype=torch.bool)
    noise_db -= _noise_floor_db(noise_db, no_silence, spec)
    left = 10 ** (-lower_db / 10)
    power = left * 10 ** (level_db(image, spec) / 10) + (1 - left) * 10 ** (noise_db / 10)
    power_db = 10 * torch.log10(power)
    return _quantise(power_db, _noise_floor_db(power_db, no_silence, spec), spec)


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
