"""Recordings on disk: read window by window from any container, written as SigMF."""

from rfhydra.recordings.collection import members_of
from rfhydra.recordings.open import open_recording
from rfhydra.recordings.recording import Annotation, Capture, Recording
from rfhydra.recordings.sigmf_write import (
    write_recording,
    write_sigmf_annotations,
    write_sigmf_labels,
    write_stream_annotations,
)

__all__ = [
    "Annotation",
    "Capture",
    "Recording",
    "members_of",
    "open_recording",
    "write_recording",
    "write_sigmf_annotations",
    "write_sigmf_labels",
    "write_stream_annotations",
]
