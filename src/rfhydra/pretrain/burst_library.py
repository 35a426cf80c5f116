"""The burst library: isolated bursts of many waveforms, made once with TorchSig, for all scenes of a run.

TorchSig's bandwidth label is up to several times the occupied bandwidth, so every burst is measured here.
"""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from rfhydra.errors import Incompatible, InvalidMessage, MissingExtra, NotFound
from rfhydra.files import write_file
from rfhydra.synth import Burst, Rng, log_uniform, occupied_band

HELD_OUT: Final = (
    "80211a",
    "adsb-long",
    "adsb-short",
    "btle",
    "chirpss",
    "dmr",
    "dvbs2",
    "gsm",
    "lfm-radar",
    "lora",
    "p25",
    "zigbee",
)
"""Waveforms of the few-shot benchmark, which are left out of pretraining."""

MAX_BANDWIDTH: Final = 0.5
MAX_TRIES: Final = 4


def family(waveform: str) -> str:
    """The family of a waveform; families are drawn equally often. Linear modulations look alike, so they are one."""
    if waveform == "ook" or waveform.startswith(("am-", "lfm")) or waveform in ("fm", "tone"):
        return {"am-dsb-sc": "am-dsb", "lfm-data": "lfm"}.get(waveform, waveform)
    if waveform.endswith("ask"):
        return "ask"
    if waveform.endswith(("fsk", "msk")):
        order = int("".join(char for char in waveform[:2] if char.isdigit()))
        return {2: "fsk2", 4: "fsk4"}.get(order, "fsk-many")
    if waveform.startswith("ofdm"):
        return "ofdm"
    return "linear" if waveform.endswith(("psk", "qam", "apsk", "_cross")) else waveform


def fine_class(waveform: str) -> str:
    """The finest class that a power spectrogram can show: the waveform for FSK and OFDM, the family for others.

    Finer classes give embeddings that separate two emitters of one family.
    """
    return waveform if family(waveform) in ("fsk2", "fsk4", "fsk-many", "ofdm") else family(waveform)


def base_waveforms() -> list[str]:
    """TorchSig's waveforms without :data:`HELD_OUT`, sorted.

    Raises:
        MissingExtra: TorchSig is not installed.
    """
    try:
        from torchsig.signals.signal_lists import SIGNALS_SHARED_LIST
    except ImportError:
        raise MissingExtra("pretraining needs TorchSig: pip install 'rfhydra[pretrain]'") from None
    return sorted(set(SIGNALS_SHARED_LIST) - set(HELD_OUT))


def make_waveform(
    waveform: str, rng: Rng, duration: int, bandwidth: float, *, bandwidth_spread: float = 0.02
) -> Burst | None:
    """A TorchSig burst of 95 to 100 % of ``duration`` samples; None if it is empty.

    ``bandwidth``, in cycles per sample and ± ``bandwidth_spread`` of it, is TorchSig's setting; the occupied bandwidth
    may be several times as much.
    """
    from torchsig.datasets.datasets import TorchSigIterableDataset

    rate_hz = 1e6
    settings = {
        "num_iq_samples_dataset": duration + 2048,
        "num_signals_min": 1,
        "num_signals_max": 1,
        "fft_size": 512,
        "fft_stride": 512,
        "sample_rate": rate_hz,
        "noise_power_db": 0.0,
        "snr_db_min": 60.0,
        "snr_db_max": 60.1,
        "cochannel_overlap_probability": 0.1,
        "signal_duration_in_samples_min": int(duration * 0.95),
        "signal_duration_in_samples_max": duration,
        "bandwidth_min": bandwidth * rate_hz * (1 - bandwidth_spread),
        "bandwidth_max": bandwidth * rate_hz * (1 + bandwidth_spread),
        "signal_center_freq_min": -100.0,
        "signal_center_freq_max": 100.0,
        "frequency_min": -0.48 * rate_hz,
        "frequency_max": 0.48 * rate_hz,
    }
    dataset = TorchSigIterableDataset(signal_generators=[waveform], metadata=settings)
    dataset.seed(int(rng.integers(2**31)))
    made = next(iter(dataset))
    if not made.component_signals:
        return None
    part = made.component_signals[0]
    start, count = int(part["start_in_samples"]), int(part["duration_in_samples"])
    iq = made.data[start : start + count]
    if not np.isfinite(iq).all() or np.mean(np.abs(iq) ** 2) < 1e-9:
        return None
    carrier = np.exp(-2j * np.pi * float(part["center_freq"]) / rate_hz * np.arange(len(iq)))
    return Burst.measured(waveform, iq * carrier)


def make_burst_library(
    waveforms: list[str], per_waveform: int, seed: int, *, progress: Callable[[str], None] = lambda waveform: None
) -> list[Burst]:
    """``per_waveform`` bursts of each waveform, of 2,000 to 120,000 samples and 0.006 to 0.35 cycles per sample.

    A waveform whose bursts are often empty or too wide gives fewer.

    Raises:
        InvalidMessage: a waveform is held out.
    """
    if held_out := set(waveforms) & set(HELD_OUT):
        raise InvalidMessage(f"waveforms {sorted(held_out)} are held out for the benchmark: leave them out")
    rng = np.random.default_rng(seed)
    bursts: list[Burst] = []
    logging.getLogger("torchsig").setLevel(logging.ERROR)
    for waveform in waveforms:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bursts += _bursts_of(waveform, rng, per_waveform)
        progress(waveform)
    return bursts


def _bursts_of(waveform: str, rng: Rng, count: int) -> Iterator[Burst]:
    """At most ``count`` bursts of random duration and bandwidth."""
    made = 0
    for _ in range(MAX_TRIES * count):
        duration = int(log_uniform(rng, 2e3, 1.2e5))
        bandwidth = log_uniform(rng, 0.006, 0.35)
        try:
            burst = make_waveform(waveform, rng, duration, bandwidth)
        except (ValueError, IndexError, ZeroDivisionError):  # some waveforms cannot be that short or that narrow
            continue
        if burst is not None and burst.bandwidth < MAX_BANDWIDTH:
            yield burst
            made += 1
        if made == count:
            return


def save_burst_library(bursts: list[Burst], path: Path, scratch: Path | None = None) -> None:
    """Write ``bursts`` as half-precision I/Q in one safetensors file, atomically.

    ``scratch`` is a directory on the same file system for the temporary file; default is that of ``path``.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
    """
    tensors = {f"{index:06d}": burst.iq.view(np.float32).astype(np.float16) for index, burst in enumerate(bursts)}
    data = save(tensors, metadata={"kinds": json.dumps([burst.kind for burst in bursts])})
    write_file(path, data, scratch or path.parent)


def load_burst_library(path: Path) -> list[Burst]:
    """The inverse of :func:`save_burst_library`; bands are measured again.

    Raises:
        NotFound: no such file.
        Incompatible: not a burst library.
    """
    if not path.is_file():
        raise NotFound(f"no burst library {path.name}: prepare the run first")
    try:
        with safe_open(path, framework="numpy") as file:
            kinds = json.loads(file.metadata()["kinds"])
            tensors = [file.get_tensor(key) for key in sorted(file.keys())]
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise Incompatible(f"{path.name} is not a burst library") from None
    bursts = []
    for kind, stored in zip(kinds, tensors, strict=True):
        iq = stored.astype(np.float32).view(np.complex64)
        bursts.append(Burst(kind, iq, *occupied_band(iq)))
    return bursts
