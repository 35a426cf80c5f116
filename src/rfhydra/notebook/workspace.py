"""OpenWorkspace: a workspace with its samples, trainings and detections in one place."""

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Self, Unpack

from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.errors import NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.notebook.results import Detections, Training
from rfhydra.notebook.samples import AnyRecording, Samples, as_recording
from rfhydra.notebook.table import html_table
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.types import EpochProgress, TrainingOptions, TrainingRequest
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService


def open_workspace(path: str | os.PathLike[str], *, backbone: str | os.PathLike[str] | None = None) -> "OpenWorkspace":
    """Own the workspace at ``path`` until it is closed; ``backbone`` is a file, default the one that ships.

    Raises:
        NotFound: the directory is not a workspace.
        Busy: another process owns it.
    """
    return OpenWorkspace(Workspace.open(Path(path)), None if backbone is None else Path(backbone))


def create_workspace(
    path: str | os.PathLike[str],
    *,
    fft_size: int = SpectrogramSpec.fft_size,
    hop: int = SpectrogramSpec.hop,
    rows: int = SpectrogramSpec.rows,
    cols: int = SpectrogramSpec.cols,
    backbone: str | os.PathLike[str] | None = None,
) -> "OpenWorkspace":
    """Create a workspace in a new or empty directory, lock its spectrogram contract, and own it.

    Args:
        path: the directory.
        fft_size: samples per transform, a power of two.
        hop: samples per column, even.
        rows: frequency rows; divides the FFT size.
        cols: columns of a window.
        backbone: a backbone file; default is the one that ships.

    Raises:
        InvalidMessage: a value of the contract is out of range.
        Conflict: the directory is a workspace already, or it holds something else.
    """
    spec = SpectrogramSpec(fft_size=fft_size, hop=hop, rows=rows, cols=cols)
    return OpenWorkspace(Workspace.create(Path(path), spec), None if backbone is None else Path(backbone))


class OpenWorkspace:
    """A workspace that this process owns; a context manager.

    Attributes:
        store: what it holds, for all that is not offered here.
        samples: its samples.
    """

    def __init__(self, store: Workspace, backbone_file: Path | None = None) -> None:
        """Use :func:`open_workspace` or :func:`create_workspace`."""
        self.store = store
        self.samples = Samples(store)
        self._backbone_file = backbone_file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the workspace. Closing twice is allowed."""
        self.store.close()

    @cached_property
    def backbone(self) -> Backbone:
        """The backbone that heads are trained and run on, loaded at its first use."""
        return load_backbone(self._backbone_file, best_device())

    def train(
        self,
        signal_name: str,
        *,
        extend: bool = False,
        notes: str | None = None,
        callback: Callable[[EpochProgress], None] = lambda progress: None,
        **options: Unpack[TrainingOptions],
    ) -> Training:
        """Train a head on the samples of a signal and store it as a new version.

        Args:
            signal_name: the signal.
            extend: keep the validation split, as ``rfhydra extend`` does.
            notes: stored with the version.
            callback: called with every epoch.
            options: ``kind``, ``epochs`` and ``provisional`` as in :class:`TrainingRequest`.

        Raises:
            what :meth:`TrainingService.train` raises.
        """
        history = list[EpochProgress]()

        def on_epoch(progress: EpochProgress) -> None:
            history.append(progress)
            callback(progress)

        fields = {"signal_name": signal_name, "notes": notes, "extend": extend, **options}
        result = TrainingService(self.store, self.backbone).train(parse(TrainingRequest, fields), on_epoch)
        return Training(result, tuple(history))

    def detect(
        self, recording: AnyRecording, signal_names: Iterable[str] | None = None, *, threshold: float | None = None
    ) -> Detections:
        """Detect with the active heads of ``signal_names``, by default of all that were trained on the backbone.

        Args:
            recording: an opened one, or the path of one.
            signal_names: the signals to look for.
            threshold: minimum score; default is that of each head.

        Raises:
            NotFound: there is no such head, or none at all.
            InvalidRecording: the recording cannot be read, or it is shorter than a column.
        """
        opened, manager = as_recording(recording), VersionManager(self.store)
        names = manager.fitting(self.backbone.backbone_id) if signal_names is None else list(signal_names)
        if not names:
            raise NotFound("this workspace has no head for the backbone yet: train one first")
        detector = HydraDetector(self.store.spec, self.backbone)
        detector.load_heads(manager.load_heads(names, self.backbone))
        return Detections(opened, self.store.spec, tuple(detect_recording(opened, detector, threshold)))

    def _repr_html_(self) -> str:
        columns = ["signal", "samples", "version", "F1", "precision", "recall"]
        heads, counts = VersionManager(self.store).get_registry().signals, self.samples.counts()
        rows = []
        for name in sorted({*heads, *counts}):
            head = heads.get(name)
            rates = (None,) * 4 if head is None else (head.active_version, head.f1_score, head.precision, head.recall)
            rows.append((name, counts.get(name, 0), *rates))
        return html_table(columns, rows)
