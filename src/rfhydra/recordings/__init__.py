"""Recordings on disk: read a window at a time, written as SigMF, whatever container holds the samples."""

from rfhydra.recordings.open import open_recording
from rfhydra.recordings.recording import Annotation, Capture, Recording
from rfhydra.recordings.sigmf_write import write_recording, write_sigmf_annotations

__all__ = ["Annotation", "Capture", "Recording", "open_recording", "write_recording", "write_sigmf_annotations"]
