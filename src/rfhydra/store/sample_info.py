"""Samples as they are shown: with boxes in pixels, too."""

from collections.abc import Sequence
from dataclasses import asdict

from rfhydra.protocol.types import LabelledBox, SampleBox, SampleInfo
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Sample


def box_fields(boxes: Sequence[Box], frame: Frame) -> list[dict[str, float]]:
    """The fields of :class:`SampleBox` for each box: seconds and Hz, and pixels of ``frame``."""
    pixels = frame.to_pixels(boxes).tolist()
    return [
        {**asdict(box), **dict(zip(("x_min", "y_min", "x_max", "y_max"), edges, strict=True))}
        for box, edges in zip(boxes, pixels, strict=True)
    ]


def describe_sample(sample: Sample, spec: SpectrogramSpec, image: str | None = None) -> SampleInfo:
    """``sample`` as it is sent; ``image`` is its base64 ``.npy`` file, or None where it was not asked for.

    Raises:
        Incompatible: ``spec`` is not the contract that the sample was made under.
    """
    frame, negatives = sample.frame(spec), sample.negatives
    return SampleInfo(
        sample_id=sample.sample_id,
        rows=spec.rows,
        cols=sample.cols,
        boxes=[SampleBox(**fields) for fields in box_fields(sample.boxes, frame)],
        negatives=[
            LabelledBox(label=label, **fields)
            for (label, _), fields in zip(negatives, box_fields([box for _, box in negatives], frame), strict=True)
        ],
        sample_rate_hz=sample.sample_rate_hz,
        center_freq_hz=sample.center_freq_hz,
        recording=sample.recording,
        start_sample=sample.start_sample,
        has_iq=sample.iq_digest is not None,
        metadata=sample.metadata,
        created_at=sample.created_at,
        spectrogram_b64=image,
    )
