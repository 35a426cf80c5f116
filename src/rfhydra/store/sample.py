"""Sample: one labelled window of one signal, and the checks of what it is made of."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rfhydra.config import MAX_BOXES_PER_SAMPLE, check_label, check_name, negated
from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.blobs import digest_of
from rfhydra.store.columns import to_json, utc_now
from rfhydra.store.labels import LabelSet

MAX_START_SAMPLE: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled window.

    Of the ``labels`` of the image, ``boxes`` are those of the signal, ``negatives`` the verified boxes of other labels.
    A sample without ``boxes`` has boxes that are verified not to be the signal (:func:`rfhydra.config.negated`).
    They are in seconds and Hz, or in samples and cycles per sample when the sample rate is unknown (see
    :class:`Frame`). ``recording`` groups windows of one origin, ``start_sample`` is the window's first sample in it.
    ``created_at`` is UTC, ISO 8601.
    """

    sample_id: str
    signal_name: str
    spec_id: str
    image_digest: str
    iq_digest: str | None
    cols: int
    sample_rate_hz: float | None
    center_freq_hz: float | None
    labels: LabelSet
    recording: str | None
    start_sample: int | None
    metadata: dict[str, Any] = field(hash=False)
    created_at: str

    @property
    def boxes(self) -> tuple[Box, ...]:
        return self.labels.boxes(self.signal_name)

    @property
    def negatives(self) -> tuple[tuple[str, Box], ...]:
        return self.labels.others(self.signal_name)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same sample: signal and image."""
        return self.signal_name, self.image_digest

    def frame(self, spec: SpectrogramSpec) -> Frame:
        """Where the window lies.

        Raises:
            Incompatible: ``spec`` is not the contract that the sample was made under.
        """
        spec.require(self.spec_id, f"sample {self.sample_id[:12]}")
        return Frame(spec, self.sample_rate_hz, self.center_freq_hz, self.cols)


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledWindow:
    """A window as it is stored, with the labelled boxes in it: what the samples of its image have in common."""

    frame: Frame
    start_sample: int | None
    image_digest: str
    iq_digest: str | None
    labels: LabelSet

    def sample(self, signal_name: str, recording: str | None, metadata: dict[str, Any]) -> Sample:
        """The window as a sample of one signal.

        Raises:
            InvalidName: ``signal_name`` is not a legal name.
            InvalidMessage: no box is labelled ``signal_name``, or as not being that; or metadata that is not JSON.
            TooLarge: more than ``MAX_BOXES_PER_SAMPLE`` boxes, or more than ``MAX_JSON_BYTES`` of metadata.
        """
        check_name(signal_name)
        check_labels(signal_name, self.labels)
        spec_id = self.frame.spec.spec_id
        return Sample(
            sample_id=new_sample_id(signal_name, spec_id, self.image_digest),
            signal_name=signal_name,
            spec_id=spec_id,
            image_digest=self.image_digest,
            iq_digest=self.iq_digest,
            cols=self.frame.cols,
            sample_rate_hz=self.frame.sample_rate_hz,
            center_freq_hz=self.frame.center_freq_hz,
            labels=self.labels,
            recording=recording,
            start_sample=self.start_sample,
            metadata=json.loads(to_json(metadata, "metadata")),
            created_at=utc_now(),
        )


def check_window(window: Window) -> None:
    image, iq, frame, start_sample = window.image, window.iq, window.frame, window.start_sample
    if start_sample is not None and not 0 <= start_sample <= MAX_START_SAMPLE:
        raise InvalidMessage(f"start_sample {start_sample} must be 0 to {MAX_START_SAMPLE}")
    if image.dtype != "uint8" or not 1 <= frame.cols <= frame.spec.cols:
        raise InvalidMessage(
            f"image must be uint8 with 1 to {frame.spec.cols} columns, got {image.dtype} {image.shape}"
        )
    if iq is not None and (iq.dtype != "complex64" or iq.ndim != 1 or iq.size // frame.spec.hop != frame.cols):
        raise InvalidMessage(
            f"iq must be complex64 with the {frame.cols * frame.spec.hop} samples of the image's {frame.cols} columns,"
            f" got {iq.dtype} {iq.shape}"
        )


def check_labels(signal_name: str, labels: LabelSet) -> None:
    """
    Raises:
        InvalidMessage: no box is the signal, or verified not to be it.
        TooLarge: too many boxes.
    """
    if not labels.boxes(signal_name) and not labels.boxes(negated(signal_name)):
        raise InvalidMessage(
            "boxes is empty: a sample needs at least one box around its signal, or a negative that is labelled"
            f" {negated(signal_name)!r}"
        )
    check_count(len(labels))


def check_count(boxes: int) -> None:
    """Raise :class:`TooLarge` if an image has more than ``MAX_BOXES_PER_SAMPLE`` labelled boxes."""
    if boxes > MAX_BOXES_PER_SAMPLE:
        raise TooLarge(f"boxes and negatives are {boxes} in all, the limit is {MAX_BOXES_PER_SAMPLE} per sample")


def new_sample_id(signal_name: str, spec_id: str, image_digest: str, number: int = 0) -> str:
    """The id of a new sample. A ``number`` above 0 makes another one, where the first is in use."""
    parts = (signal_name, spec_id, image_digest, *([str(number)] if number else []))
    return digest_of("\n".join(parts).encode())


def labelled_window(window: Window, labels: LabelSet, digests: Sequence[str]) -> LabelledWindow:
    """``window`` with ``labels``; ``digests`` name the blobs of its image and, if it has any, its IQ."""
    return LabelledWindow(
        frame=window.frame,
        start_sample=window.start_sample,
        image_digest=digests[0],
        iq_digest=None if window.iq is None else digests[1],
        labels=labels,
    )


def updated(former: Sample | None, latest: Sample) -> Sample:
    """``latest``, with missing values from ``former``."""
    if former is None:
        return latest
    return replace(
        latest,
        sample_id=former.sample_id,
        iq_digest=latest.iq_digest or former.iq_digest,
        recording=former.recording if latest.recording is None else latest.recording,
        start_sample=former.start_sample if latest.start_sample is None else latest.start_sample,
        metadata=latest.metadata or former.metadata,
        created_at=former.created_at,
    )


def negatives_inside(signal_name: str, negatives: Iterable[tuple[str, Box]], frame: Frame) -> list[tuple[str, Box]]:
    """``negatives`` clipped to the window; none may have the signal's own label."""
    others = [(check_label(label, "the label of a negative"), frame.require_inside(box)) for label, box in negatives]
    if any(label == signal_name for label, _ in others):
        raise InvalidMessage(f"negatives holds a box labelled {signal_name!r}, the signal itself: put it in boxes")
    return others


def audited(sample: Sample, former: Sample | None) -> tuple[str, str, dict[str, Any]]:
    """Action, signal name and detail of the audit entry of a sample that was added, or changed from ``former``."""
    own = len(sample.boxes)
    detail = {"sample_id": sample.sample_id, "boxes": own, "negatives": len(sample.labels) - own}
    return "sample.add" if former is None else "sample.update", sample.signal_name, detail
