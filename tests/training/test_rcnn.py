"""The rcnn kind: trained, stored and extended; and on an emission that the shared proposals miss."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rfhydra.config import MIN_PROPOSAL_RECALL
from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Cancelled
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead
from rfhydra.protocol.types import EpochProgress
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Burst, Scene, make_burst
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, average_precision, iou_matrix
from rfhydra.training.heads.rcnn import SpectrogramDataset, create_data_loaders
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import SIGNAL

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


def test_what_the_proposals_miss_is_found_among_own_candidates_and_by_an_rcnn_head(exchanges: TrainingService) -> None:
    frame, hits = given.frame(given.SMALL_SPEC.cols, given.SMALL_SPEC), list[bool]()
    for seed in FRESH:
        image, box = picture(seed)
        proposals = exchanges.backbone.see(image).propose().boxes.numpy()
        hits.append(bool(iou_matrix(frame.to_pixels([box]), proposals).max() >= 0.5))
    assert np.mean(hits) < MIN_PROPOSAL_RECALL
    first = exchanges.train_new_signal(EXCHANGE)
    assert first.metrics["proposal_recall"] >= MIN_PROPOSAL_RECALL
    own = precision_on_fresh_pictures(exchanges, first.version)
    assert own >= 0.9
    second = exchanges.train_new_signal(EXCHANGE, kind="rcnn", epochs=EPOCHS)
    assert "advice" not in dict(second.metrics)
    assert precision_on_fresh_pictures(exchanges, second.version) >= 0.7


def test_an_rcnn_head_is_trained_stored_loaded_and_extended(small_service: TrainingService) -> None:
    service, heard = small_service, list[EpochProgress]()
    result = service.train_new_signal(SIGNAL, kind="rcnn", epochs=2, callback=heard.append)
    assert [each.epoch for each in heard] == [1, 2]
    assert all((each.val_loss or 0) > 0 and each.train_loss > 0 for each in heard)
    assert (result.epochs_trained, result.early_stopped) == (2, False)
    service.version_manager.promote_version(SIGNAL, 1)  # after two epochs it may find nothing
    detector = HydraDetector(service.workspace.spec, service.backbone)
    assert detector.load_heads(service.version_manager.load_heads([SIGNAL], service.backbone)) == [SIGNAL]
    sample = service.workspace.samples.list(SIGNAL)[0]
    window = Window(service.workspace.samples.image(sample), sample.frame(service.workspace.spec))
    found = detector.detect(window, threshold=0.05).detections
    assert all(each.version == 1 and each.score >= 0.05 for each in found)
    extended = service.extend_signal(SIGNAL, kind="rcnn", epochs=1)
    assert (extended.version, extended.previous_version) == (2, 1)
    assert extended.previous_metrics is not None
    assert extended.previous_metrics["f1_score"] == pytest.approx(result.metrics["f1_score"])


def test_an_rcnn_training_can_be_repeated_and_cancelled(small_service: TrainingService) -> None:
    service = small_service
    before = given.everything(service.workspace)

    def stop(progress: EpochProgress) -> None:
        service.cancel_training()

    with pytest.raises(Cancelled):
        service.train_new_signal(SIGNAL, kind="rcnn", callback=stop)
    assert given.everything(service.workspace) == before
    losses = []
    for _ in range(2):
        heard: list[EpochProgress] = []
        service.train_new_signal(SIGNAL, kind="rcnn", epochs=1, callback=heard.append)
        losses.append((heard[0].train_loss, heard[0].val_loss))
    assert losses[0] == losses[1]


def test_kinds_can_replace_each_other(small_service: TrainingService) -> None:
    service = small_service
    service.train_new_signal(SIGNAL, kind="rcnn", epochs=1)
    service.version_manager.promote_version(SIGNAL, 1)
    result = service.extend_signal(SIGNAL, kind="embedding", epochs=1)
    assert result.previous_metrics is not None
    service.version_manager.promote_version(SIGNAL, 2)
    assert isinstance(service.version_manager.load_head(SIGNAL, 2, service.backbone).head, EmbeddingHead)
    assert service.extend_signal(SIGNAL, kind="rcnn", epochs=1).previous_version == 2


def narrow(workspace: Workspace, cols: int) -> Sample:
    made = given.scene(cols, samples=cols * given.SMALL_SPEC.hop)
    return workspace.samples.add(
        signal_name=given.SIGNAL,
        window=given.window_of(made, cols, given.SMALL_SPEC),
        boxes=given.boxes_of(made, given.SIGNAL),
    )[0]


def test_an_item_is_the_image_and_its_boxes_in_pixels(small: Workspace) -> None:
    sample = narrow(small, 100)
    dataset = SpectrogramDataset(small, [sample])
    image, target = dataset[0]
    assert len(dataset) == 1
    assert np.array_equal(image.numpy(), small.samples.image(sample))
    expected = given.frame(100, given.SMALL_SPEC).to_pixels(sample.boxes)
    assert np.array_equal(target["boxes"].numpy(), expected)
    assert target["labels"].tolist() == [1]


def test_batches_are_padded_with_the_noise_floor(small: Workspace) -> None:
    samples = [narrow(small, cols) for cols in (80, 100, 128)]
    train, val = create_data_loaders(small, samples, samples[:2], batch_size=3)
    ((images, targets),) = list(train)
    assert images.shape == (3, 128, 128)
    assert images.dtype == torch.uint8
    assert len(targets) == 3
    (padded,) = [image for image in images if (image[:, 80:] == given.SMALL_SPEC.scaling.floor_grey).all()]
    assert np.array_equal(padded[:, :80].numpy(), small.samples.image(samples[0]))
    assert [image.shape[2] for image, _ in val] == [80, 100]


def test_the_order_follows_the_seed(small: Workspace) -> None:
    samples = [narrow(small, cols) for cols in range(60, 70)]

    def order(seed: int) -> list[int]:
        train, _ = create_data_loaders(small, samples, [], batch_size=1, seed=seed)
        return [image.shape[2] for image, _ in train]

    assert sorted(order(0)) == list(range(60, 70))
    assert order(0) == order(0) != order(1)
