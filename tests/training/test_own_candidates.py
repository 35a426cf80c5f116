"""An emission that the shared proposals miss, and that a head finds among candidates of its own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.config import MIN_PROPOSAL_RECALL
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Burst, Scene, make_burst
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, average_precision, iou_matrix
from rfhydra.training.service import TrainingService
from tests.training import given

EXCHANGE = "exchange"
CALL, PAUSE = given.SMALL_SPEC.window_samples // 8, given.SMALL_SPEC.window_samples // 4
WIDTH = 0.1  # of the band
LABELLED, FRESH = range(10), range(1000, 1012)


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
            window=Window(image, given.frame(image.shape[1], small.spec)),
            boxes=[box],
            recording=f"capture {seed}",
        )
    return TrainingService(small, backbone)


def precision_on_fresh_pictures(service: TrainingService, version: int) -> float:
    """Average precision of a version; with a threshold from two windows F1 would be a matter of chance."""
    detector = HydraDetector(service.workspace.spec, service.backbone)
    detector.load_heads({EXCHANGE: service.version_manager.load_head(EXCHANGE, version, service.backbone)})
    frame, scenes = given.frame(given.SMALL_SPEC.cols, given.SMALL_SPEC), []
    for seed in FRESH:
        image, box = picture(seed)
        found = detector.detect(Window(image, frame), threshold=MIN_SCORE).detections
        scores = np.array([each.score for each in found])
        scenes.append(ScoredScene(frame.to_pixels(each.box for each in found), scores, frame.to_pixels([box])))
    return average_precision(scenes)


def test_what_the_proposals_miss_is_found_among_own_candidates(exchanges: TrainingService) -> None:
    frame, hits = given.frame(given.SMALL_SPEC.cols, given.SMALL_SPEC), list[bool]()
    for seed in FRESH:
        image, box = picture(seed)
        proposals = exchanges.backbone.see(image).propose().boxes.numpy()
        hits.append(bool(iou_matrix(frame.to_pixels([box]), proposals).max() >= 0.5))
    assert np.mean(hits) < MIN_PROPOSAL_RECALL
    result = exchanges.train_new_signal(EXCHANGE)
    assert result.metrics["proposal_recall"] >= MIN_PROPOSAL_RECALL
    assert "advice" not in dict(result.metrics)
    assert precision_on_fresh_pictures(exchanges, result.version) >= 0.9
