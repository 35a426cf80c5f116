"""The escalation at work: an emission that the shared proposals miss, learnt by a head that proposes for itself."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.config import MIN_PROPOSAL_RECALL
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.detector import HydraDetector
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.synth import Burst, Scene, make_burst
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation import LEAST_SCORE
from rfhydra.training.metrics import Scored, average_precision
from rfhydra.training.service import TrainingService
from tests.training import given

HOPPER = "hopper"
DWELLS = 8
HOP_SPAN, HOP_WIDTH = 0.8, 0.02  # of the band
SAMPLES = given.SMALL_SPEC.window_samples
LABELLED, FRESH = range(10), range(1000, 1012)
EPOCHS = 12


def hopper(rng: np.random.Generator) -> Burst:
    """One emission of narrow dwells all over the band: its box is almost empty."""
    dwell = int(0.7 * SAMPLES) // DWELLS
    carriers = rng.permutation(np.linspace(-HOP_SPAN / 2, HOP_SPAN / 2, DWELLS))
    turns = np.exp(2j * np.pi * carriers[:, None] * np.arange(dwell))
    dwells = [make_burst("qpsk", rng, dwell, HOP_WIDTH).iq * turn for turn in turns]
    half = (HOP_SPAN + HOP_WIDTH) / 2
    return Burst(HOPPER, np.concatenate(dwells).astype(np.complex64), -half, half)


def picture(seed: int) -> tuple[NDArray[np.uint8], Box]:
    """A hopper, if there is room with a chirp beside it, and the box of the hopper."""
    rng = np.random.default_rng(seed)
    made = Scene(SAMPLES)
    emission = made.place(hopper(rng), rng, float(rng.uniform(15, 25)), cut=0.0, max_overlap=0.0)
    assert emission is not None
    made.place(make_burst("chirp", rng, SAMPLES // 7, 0.08), rng, 18.0, cut=0.0, max_overlap=0.0)
    return given.image_of(made, seed, given.SMALL_SPEC), emission.box(given.RATE_HZ, given.CENTER_HZ)


@pytest.fixture
def hoppers(small: Workspace, backbone: Backbone) -> TrainingService:
    """Ten labelled windows, each of a recording of its own."""
    for seed in LABELLED:
        image, box = picture(seed)
        small.samples.add(
            signal_name=HOPPER,
            spec_id=small.spec.spec_id,
            image=image,
            boxes=[box],
            sample_rate_hz=given.RATE_HZ,
            center_freq_hz=given.CENTER_HZ,
            recording=f"capture {seed}",
        )
    return TrainingService(small, backbone)


def precision_on_fresh_pictures(service: TrainingService) -> float:
    """Average precision; where two windows set the threshold, F1 would be luck."""
    detector = HydraDetector(service.version_manager, service.backbone)
    detector.load_heads([HOPPER])
    frame, scenes = given.frame(given.SMALL_SPEC.cols, given.SMALL_SPEC), []
    for seed in FRESH:
        image, box = picture(seed)
        found = detector.detect(image, frame, threshold=LEAST_SCORE)
        scores = np.array([each.score for each in found])
        scenes.append(Scored(frame.to_pixels(each.box for each in found), scores, frame.to_pixels([box])))
    return average_precision(scenes)


def test_what_the_proposals_miss_is_found_by_a_head_with_its_own(hoppers: TrainingService) -> None:
    first = hoppers.train_new_signal(HOPPER)
    recall = first.metrics["proposal_recall"]
    assert ("advice" in first.metrics) == (recall < MIN_PROPOSAL_RECALL)
    shared = precision_on_fresh_pictures(hoppers)
    second = hoppers.train_new_signal(HOPPER, kind="rcnn", epochs=EPOCHS)
    assert "advice" not in second.metrics
    hoppers.version_manager.promote_version(HOPPER, second.version)
    own = precision_on_fresh_pictures(hoppers)
    assert own >= 0.7
    if recall < 0.75:  # a body that proposes most of them leaves little to escalate
        assert own > shared
