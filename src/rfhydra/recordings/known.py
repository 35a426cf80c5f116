"""KnownFields: what whoever opens a recording knows of it, and its files may not state."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sigmf import keys

from rfhydra.errors import Conflict
from rfhydra.recordings.open import open_recording
from rfhydra.recordings.recording import Recording

SIGMF_SUFFIXES: Final = frozenset({keys.SIGMF_METADATA_EXT, keys.SIGMF_DATASET_EXT, keys.SIGMF_ARCHIVE_EXT})
WAV_SUFFIX: Final = ".wav"


@dataclass(frozen=True)
class KnownFields:
    """Arguments of :func:`rfhydra.recordings.open_recording`; None is what is not known."""

    datatype: str | None = None
    sample_rate_hz: float | None = None
    center_freq_hz: float | None = None

    def open(self, path: Path) -> Recording:
        """Open the recording at ``path``, with these fields where its container cannot state them.

        Raises:
            NotFound, InvalidRecording, Busy: as :func:`rfhydra.recordings.open_recording`.
        """
        if path.suffix in SIGMF_SUFFIXES or not path.is_file():
            return open_recording(path)
        if path.suffix.lower() == WAV_SUFFIX:
            try:
                return open_recording(path, center_freq_hz=self.center_freq_hz)
            except Conflict:  # this one states its own
                return open_recording(path)
        return open_recording(path, **vars(self))
