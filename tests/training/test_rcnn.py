"""An emission that the shared proposals miss, detected by an ``rcnn`` head."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.config import MIN_PROPOSAL_RECALL
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.spectrum.boxes import Box
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Burst, Scene, make_burst
from rfhydra.training.metrics import MIN_SCORE, ScoredScene, average_precision
from rfhydra.training.service import TrainingService
from tests.training import given

EXCHANGE = "exchange"
CALL, PAUSE = given.SMALL_SPEC.window_samples // 8, given.SMALL_SPEC.window_samples // 4
WIDTH = 0.1  # of the band
LABELLED, FRESH = range(10), range(1000, 1012)
EPOCHS = 12


def exchange(rng: np.random.Generator) -> Burst:
    """A call and its answer, which the operator takes for one: proposals around either say nothing of the other."""
    call, answer = (make_burst("qpsk", rng, CALL, WIDTH).iq for _ in range(2))
    return Burst(EXCHANGE, np.concatenate([call, np.zeros(PAUSE, np.complex64), answer]), -WIDTH / 2, WIDTH / 2)


def picture(seed: int) -> tuple[NDArray[np.uint8], Box]:
    """An exchange, if there is room with a chirp beside it, and the box of the exchange."""
    rng = np.random.default_rng(seed)
    made = Scene(given.SMALL_SPEC.window_samples)
    emission = made.place(exchange(rng), rng, float(rng.uniform(15, 25)), cut=0.0, max_overlap=0.0)
    assert emission is not None
    made.place(make_burst("chirp", rng, CALL, 0.08), rng, 18.0, cut=0.0, max_overlap=0.0)
    return given.image_of(made, seed, given.SMALL_SPEC), emission.box(given.RATE_HZ, given.CENTER_HZ)


@pytest.fixture
def exchanges(small: Workspace, backbone: Backbone) -> TrainingService:
    """Ten labelled windows, each of a recording of its own."""
    for seed in LABELLED:
        image, box = picture(seed)
        small.samples.add(
            signal_name=EXCHANGE,
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
    detector.load_heads([EXCHANGE])
    frame, scenes = given.frame(given.SMALL_SPEC.cols, given.SMALL_SPEC), []
    for seed in FRESH:
        image, box = picture(seed)
        found = detector.detect(image, frame, threshold=MIN_SCORE)
        scores = np.array([each.score for each in found])
        scenes.append(ScoredScene(frame.to_pixels(each.box for each in found), scores, frame.to_pixels([box])))
    return average_precision(scenes)


def test_what_the_proposals_miss_is_found_by_a_head_with_its_own(exchanges: TrainingService) -> None:
    first = exchanges.train_new_signal(EXCHANGE)
    recall = first.metrics["proposal_recall"]
    assert recall < MIN_PROPOSAL_RECALL
    assert f"proposes only {recall:.0%} of your boxes at IoU 0.5" in first.metrics["advice"]
    shared = precision_on_fresh_pictures(exchanges)
    second = exchanges.train_new_signal(EXCHANGE, kind="rcnn", epochs=EPOCHS)
    assert "advice" not in second.metrics
    exchanges.version_manager.promote_version(EXCHANGE, second.version)
    own = precision_on_fresh_pictures(exchanges)
    assert own >= 0.7
    assert own > shared + 0.2
