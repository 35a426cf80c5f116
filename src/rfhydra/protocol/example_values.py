"""Values that several examples share."""

from typing import Final

from pydantic import JsonValue

from rfhydra.protocol.types import LabelledBox, SampleBox, SampleInfo

SIGNAL: Final = "garage-remote"
OTHER: Final = "door-contact"
RATE_HZ: Final = 250_000.0
CENTER_HZ: Final = 433_920_000.0
JOB_ID: Final = "5b6f0c9a3c0e4b7f8d7a5e1c2f3a4b5c"
STREAM_ID: Final = "field-unit"
BARRIER: Final = "barrier"
RECORDING_ID: Final = "7d0a4c9e51b23f68"
UPLOAD_TAG: Final = 22
IQ_B64: Final = (
    "v4CtrYC/Uq1AgFJSf0CtUr9/ra2Av1KtQIBSUn9ArVK/f62tgL9SrUCAUlJ/QK1Sv3+trX+/Uq1AgFJSf0CtUr9/ra1/v1KtQIBSUn9ArVK/f62tf79S"
    "rUCAUlJ/QK1Sv3+trX+/Uq1Af1JSf0CtUr9/ra2Av1KtQIBSUn9ArVI="
)
"""64 samples of ``cu8``, a carrier at an eighth of the sample rate."""
SAMPLE_ID: Final = "a22ed8f962028a930fa9c8b81a3468e7a6b40580370c12a5e6b66c8a687b2cf9"
"""Of the image below as a sample of ``SIGNAL``."""
PNG_B64: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAACACAAAAACe6jC2AAAATUlEQVR42u3XsQ0AIAgEQDAO4liO6JguYEFiR+5Lkr+C7nPFX0YAAAAAAAAAAB"
    "oC83U8xfL2xC5A2gsAAAAAAAAAAAAAAAAAAAAAoJgLSoMCQSIKMKUAAAAASUVORK5CYII="
)
"""128 rows, 64 columns: a burst in columns 20 to 60, rows 40 to 48."""

SCALING: Final[dict[str, JsonValue]] = {
    "floor": "median",
    "floor_band": 0.8,
    "headroom_db": 10.0,
    "range_db": 80.0,
    "pooling": "peak",
    "window": "hann_periodic",
}
"""Of every contract."""
NIGHT: Final = "2026-11-20T21:14:03.120000Z"
LATER: Final = "2026-11-20T21:14:04.870000Z"
BOX: Final = SampleBox(
    time_start_sec=0.00512,
    time_end_sec=0.01536,
    freq_low_hz=433_951_250.0,
    freq_high_hz=433_966_875.0,
    x_min=20.0,
    y_min=40.0,
    x_max=60.0,
    y_max=48.0,
)
NEGATIVE: Final = LabelledBox(
    label=OTHER,
    time_start_sec=0.00128,
    time_end_sec=0.0064,
    freq_low_hz=433_849_687.5,
    freq_high_hz=433_869_218.75,
    x_min=5.0,
    y_min=90.0,
    x_max=25.0,
    y_max=100.0,
)
SAMPLE: Final = SampleInfo(
    sample_id=SAMPLE_ID,
    rows=128,
    cols=64,
    boxes=[BOX],
    negatives=[NEGATIVE],
    sample_rate_hz=RATE_HZ,
    center_freq_hz=CENTER_HZ,
    recording="night",
    start_sample=None,
    has_iq=False,
    metadata={"sample_rate_hz": RATE_HZ, "center_freq_hz": CENTER_HZ, "recording": "night"},
    created_at=NIGHT,
)
RENAMED: Final = "door-sensor"
RELABELLED_ID: Final = "f0ddb6b7791304b60d43946968bf8a1217223d1975fda9456640995cf11b04a4"
"""Of the same image as a sample of ``OTHER``."""
