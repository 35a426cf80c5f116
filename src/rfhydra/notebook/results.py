"""Results of a training and of a detection, which show themselves in a notebook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from rfhydra.detection.detection import Detection
from rfhydra.notebook.picture import Picture
from rfhydra.notebook.table import html_table
from rfhydra.protocol.types import EpochProgress, TrainingResult
from rfhydra.recordings import Recording
from rfhydra.spectrum.spec import SpectrogramSpec


@dataclass(frozen=True)
class Training:
    """A completed training.

    Attributes:
        result: the new version, its metrics and whether it was promoted.
        history: every epoch.
    """

    result: TrainingResult
    history: tuple[EpochProgress, ...]

    @property
    def metrics(self) -> dict[str, Any]:
        """F1, precision, recall and more, on the validation split; see :class:`TrainingResult`."""
        return dict(self.result.metrics)

    def plot(self) -> Picture:
        """Losses and F1 by epoch."""
        from rfhydra.plots import draw_curve

        losses = [each.val_loss for each in self.history if each.val_loss is not None]
        scores = [each.f1_score for each in self.history if each.f1_score is not None]
        train = [each.train_loss for each in self.history]
        return Picture.drawn(lambda path: draw_curve(train, losses, scores, path))

    def _repr_html_(self) -> str:
        result, metrics = self.result, self.metrics
        columns = ["signal", "version", "samples", "F1", "precision", "recall", "active"]
        rates = (metrics[name] for name in ("f1_score", "precision", "recall"))
        state = "yes" if result.auto_promoted else f"no: {result.promotion_reason}"
        return html_table(columns, [(result.signal_name, result.version, result.sample_count, *rates, state)])


@dataclass(frozen=True, eq=False)
class Detections(Sequence[Detection]):
    """The detections in one recording, sorted by time, in seconds from its start.

    Attributes:
        recording: where they were made.
        spec: the contract of the heads.
        found: the detections.
    """

    recording: Recording
    spec: SpectrogramSpec
    found: tuple[Detection, ...]

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, index: int) -> Detection: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Detection]: ...
    def __getitem__(self, index: int | slice) -> Detection | Sequence[Detection]:
        return self.found[index]

    def __iter__(self) -> Iterator[Detection]:
        return iter(self.found)

    def plot(self) -> Picture:
        """The waterfall of the recording with its annotations and the detections."""
        from rfhydra.plots import Mark, draw_recording

        rate = self.recording.sample_rate_hz
        marks = [Mark(each.label or "", each.box(rate), truth=True) for each in self.recording.annotations]
        marks += [Mark(each.signal_name, each.box, each.score) for each in self.found]
        return Picture.drawn(lambda path: draw_recording(self.recording, self.spec, marks, path))

    def _repr_html_(self) -> str:
        rows = [
            (
                each.signal_name,
                f"{each.score:.2f}",
                f"{each.box.time_start_sec:.4f}",
                f"{each.box.time_end_sec:.4f}",
                f"{each.box.freq_low_hz / 1e6:.4f}",
                f"{each.box.freq_high_hz / 1e6:.4f}",
            )
            for each in self.found
        ]
        return html_table(["signal", "score", "start s", "end s", "low MHz", "high MHz"], rows)
