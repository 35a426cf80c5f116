"""The SigMF extension ``rfhydra``: fields of annotations that detections have beyond SigMF's own."""

from collections.abc import Mapping
from typing import Any, Final

from sigmf import keys

NAMESPACE: Final = "rfhydra"
ANNOTATION_FIELDS: Final = {
    "score": "calibrated score, 0 to 1",
    "version": "version of the head that detected it",
    "stream_id": "the live stream",
    "track_id": "number of the track in its stream",
    "verdict": "accepted or rejected, where the detection was reviewed",
    "snr_db": "mean power in the box over the noise power in its band, dB",
    "occupied_bandwidth_hz": "x-dB bandwidth, 26 dB below the peak (ITU-R SM.443), Hz",
    "peak_dbfs": "peak power of a sample in the band of the box, dB relative to full scale",
    "mean_dbfs": "mean power in the box, likewise",
    "duty_cycle": "share of the time that the signal's tracks fill",
    "repetition_sec": "median time between the starts of the signal's tracks, seconds",
}
"""Meaning by name without the namespace. All are optional."""
GLOBAL_FIELDS: Final = {
    "trigger": "why the recording was made: ``detection``",
    "recording": "SHA-512 of the samples of a longer recording, of which these are a part from ``core:offset`` on",
}
"""Likewise, of the global object."""
PART_OF_KEY: Final = f"{NAMESPACE}:recording"
_EXTENSION: Final = {"name": NAMESPACE, "version": "1.1.0", "optional": True}


def extended(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields``, by their names without the namespace, as fields of an annotation; those that are None are left out.

    Raises:
        KeyError: the extension has no such field.
    """
    unknown = fields.keys() - ANNOTATION_FIELDS.keys()
    if unknown:
        raise KeyError(f"the extension {NAMESPACE} has no field {sorted(unknown)}")
    return {f"{NAMESPACE}:{name}": value for name, value in fields.items() if value is not None}


def declare(global_fields: dict[str, Any]) -> None:
    """Declare the extension in the global object of a metadata file."""
    declared = global_fields.get(keys.EXTENSIONS_KEY)
    others = declared if isinstance(declared, list) else []  # before SigMF 1.0 it was an object
    kept = [other for other in others if isinstance(other, dict) and other.get("name") != NAMESPACE]
    global_fields[keys.EXTENSIONS_KEY] = [*kept, _EXTENSION]
