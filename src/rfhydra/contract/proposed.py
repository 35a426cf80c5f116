"""Extent of the emissions in recordings without annotations, from what a backbone proposes there.

What a backbone proposes depends on the contract that it sees the recording under, and the contract on what is proposed.
So the contract that suits the proposals is taken again and again until it stays, from several starts. Of the results
the one counts whose proposals are the most likely: pieces of emissions, and several that look like one, are less likely
to the backbone than whole ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfhydra.contract.choice import choose_contract
from rfhydra.contract.extent import SignalExtent, common_rate
from rfhydra.detection.plan import WindowPlan
from rfhydra.errors import NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.vision import nms
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import WindowSeries
from rfhydra.spectrum.window import Window

START_SIZES: Final = (64, 256, 1024, 4096)
MAX_ROUNDS: Final = 4
MAX_RECORDINGS: Final = 4
STRETCH_SAMPLES: Final = 1 << 20
"""Of each recording: the stretch that stands out most."""
LIKELY: Final = 0.5
"""Objectness of a proposal that counts."""
DISTINCT_IOU: Final = 0.3
_BLOCK_SAMPLES: Final = 1024


@dataclass(frozen=True)
class _Found:
    """Boxes that were proposed under one contract, and the sum of their objectness."""

    boxes: tuple[Box, ...]
    likely: float

    @property
    def merit(self) -> float:
        """The mean objectness, with one unlikely proposal more: a single one proves nothing."""
        return self.likely / (len(self.boxes) + 1)


def proposed_extent(recordings: Sequence[Recording], backbone: Backbone) -> SignalExtent:
    """The extent of the emissions in ``recordings``, which have one sample rate. Takes seconds.

    Raises:
        NotFound: nothing is proposed anywhere.
        Conflict: the recordings have several sample rates.
    """
    rate = common_rate(recordings)
    stretches = [_stretch(each) for each in recordings[:MAX_RECORDINGS]]
    settled = dict[SpectrogramSpec, _Found]()
    for size in START_SIZES:
        spec = SpectrogramSpec.completed(size)
        for _ in range(MAX_ROUNDS):
            if spec in settled:
                break
            settled[spec] = found = _propose(stretches, spec, rate, backbone)
            if not found.boxes:
                break
            spec = choose_contract(rate, [SignalExtent.of(None, found.boxes)]).spec
    best = max(settled.values(), key=lambda found: found.merit)
    if not best.boxes:
        raise NotFound("nothing stands out in these recordings: annotate an emission, or name the contract")
    return SignalExtent.of(None, best.boxes)


def _stretch(recording: Recording) -> np.ndarray[tuple[int], np.dtype[np.complex64]]:
    """The :data:`STRETCH_SAMPLES` with the highest peak, or all of a shorter recording; within one capture."""
    best, highest = recording.read(0, 0), -1.0
    for start, end, _ in recording.segments():
        for first in range(start, end, STRETCH_SAMPLES):
            iq = recording.read(first, min(STRETCH_SAMPLES, end - first))
            blocks = iq[: len(iq) // _BLOCK_SAMPLES * _BLOCK_SAMPLES].reshape(-1, _BLOCK_SAMPLES)
            peak = float((np.abs(blocks) ** 2).mean(1).max(initial=0.0))
            if peak > highest or (peak == highest and len(iq) > len(best)):
                best, highest = iq, peak
    return best


def _propose(
    stretches: Sequence[np.ndarray[tuple[int], np.dtype[np.complex64]]],
    spec: SpectrogramSpec,
    sample_rate_hz: float,
    backbone: Backbone,
) -> _Found:
    boxes, total = list[Box](), 0.0
    for iq in stretches:
        for window in _windows(iq, spec, sample_rate_hz):
            proposals = backbone.see(window.image).propose()
            kept = nms(proposals.boxes, proposals.objectness, DISTINCT_IOU)
            likely = kept[proposals.objectness[kept] >= LIKELY]
            boxes += window.frame.to_boxes(proposals.boxes[likely].numpy())
            total += float(proposals.objectness[likely].sum())
    return _Found(tuple(boxes), total)


def _windows(
    iq: np.ndarray[tuple[int], np.dtype[np.complex64]], spec: SpectrogramSpec, sample_rate_hz: float
) -> Iterator[Window]:
    """The windows of ``iq``; none where it is shorter than :data:`.spec.MIN_SIDE_PX` columns."""
    whole = len(iq) - len(iq) % spec.hop
    if whole:
        series = WindowSeries(spec, sample_rate_hz, 0.0)
        for start, count in WindowPlan.of(spec, context=0.0).spans(whole):
            yield series.window(iq[start : start + count], start)
