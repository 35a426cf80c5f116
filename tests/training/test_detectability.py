"""Cards of small heads: what must hold for any card, and what is null and why."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rfhydra.errors import Damaged, InvalidName, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import Artifact, VersionManager
from rfhydra.store.versions import VersionFields
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation import detectability
from rfhydra.training.evaluation.card import DetectabilityCard
from rfhydra.training.evaluation.detectability import MAX_BURSTS, measure_card
from rfhydra.training.evaluation.trials import POSITIONS, RATIOS, TRIALS_PER_SNR
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import OTHER, SIGNAL

SCENES = 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Iterator[Workspace]:
    """Heads of two signals, trained on twelve scenes with IQ that are labelled for both. To be read."""
    with Workspace.create(tmp_path_factory.mktemp("card") / "site", given.SPEC) as workspace:
        for seed in range(SCENES):
            for name in (SIGNAL, OTHER):
                given.add_sample(workspace, seed, name, window=given.window_of(given.scene(seed), seed))
        service = TrainingService(workspace, backbone)
        for name in (SIGNAL, OTHER):
            service.train_new_signal(name)
            workspace.versions.activate(name, 1)
        yield workspace


@pytest.fixture(scope="module")
def card(trained: Workspace, backbone: Backbone) -> DetectabilityCard:
    return measure_card(trained, SIGNAL, None, backbone)


@pytest.mark.slow
def test_more_is_detected_at_a_higher_snr(card: DetectabilityCard) -> None:
    assert card.snr is not None
    by_snr = {point.value: point.recall for point in card.snr.points}
    values = list(by_snr)
    assert values == sorted(values)
    assert by_snr[values[-1]] >= 0.75
    assert by_snr[values[-1]] > by_snr[values[0]]
    assert by_snr[12.0] >= by_snr[-3.0]
    assert card.snr.trials == sum(point.trials for point in card.snr.points)
    assert all(point.trials <= TRIALS_PER_SNR for point in card.snr.points)
    assert card.snr.min_snr_50_db is not None
    assert card.snr.min_snr_50_db < card.snr.own_snr_db


@pytest.mark.slow
def test_bursts_are_moved_and_stretched(card: DetectabilityCard) -> None:
    assert card.mixed == "iq"
    assert card.positions is not None
    assert [point.value for point in card.positions] == list(POSITIONS)
    assert min(point.recall for point in card.positions) >= 0.75
    for points in (card.length, card.bandwidth):
        assert points is not None
        assert [point.value for point in points] == list(RATIOS)
        as_received = points[RATIOS.index(1.0)].recall
        assert as_received >= max(points[0].recall, points[-1].recall) > 0
    assert (card.bursts, card.trained_on) == (SCENES, False)
    assert 1 <= card.unseen_bursts < SCENES <= MAX_BURSTS


@pytest.mark.slow
def test_heads_of_unlike_signals_are_not_confused(card: DetectabilityCard) -> None:
    assert card.confusion is not None
    (other,) = card.confusion
    assert (other.signal_name, other.version, other.own_boxes, other.other_boxes) == (OTHER, 1, SCENES, SCENES)
    assert other.taken_alone <= 1
    assert other.claimed_together <= other.claimed_alone <= 1


@pytest.mark.slow
def test_false_alarms_are_counted_on_all_windows(card: DetectabilityCard) -> None:
    alarms = card.false_alarms
    assert alarms is not None
    seconds = SCENES * given.SPEC.window_samples / given.RATE_HZ
    assert alarms.windows == SCENES
    assert alarms.background_sec == pytest.approx(seconds)
    assert alarms.per_hour == pytest.approx(alarms.count / seconds * 3600)
    low, high = alarms.interval_per_hour
    assert low <= alarms.per_hour < high


@pytest.mark.slow
def test_a_card_survives_the_store(card: DetectabilityCard, trained: Workspace) -> None:
    trained.cards.put(SIGNAL, 1, card.to_dict())
    stored = trained.cards.get(SIGNAL, 1)
    assert stored is not None
    assert DetectabilityCard.from_dict(stored) == card
    with pytest.raises(Damaged, match="make it again"):
        DetectabilityCard.from_dict({**stored, "seed": "none"})


@pytest.fixture
def small_site(small_service: TrainingService, few_trials: None) -> Workspace:
    """A head on a backbone of random weights, with six samples that have IQ; its cards have few trials."""
    small_service.train_new_signal(SIGNAL, epochs=1)
    return small_service.workspace


def test_the_same_seed_gives_the_same_card_and_changes_nothing(small_site: Workspace, tiny_backbone: Backbone) -> None:
    before, heard = given.everything(small_site), list[tuple[str, int, int]]()
    cards = [
        measure_card(small_site, SIGNAL, 1, tiny_backbone, seed=5, on_trial=lambda *step: heard.append(step))
        for _ in range(2)
    ]
    first, second = (replace(each, created_at="") for each in cards)
    assert first == second
    assert given.everything(small_site) == before
    assert {what for what, done, total in heard if done == total} >= {"SNR", "background"}


def test_what_cannot_be_measured_is_null_and_says_why(small_site: Workspace, tiny_backbone: Backbone) -> None:
    card = measure_card(small_site, SIGNAL, 1, tiny_backbone)
    assert card.confusion is None
    assert card.notes["confusion"] == "no other signal has an active head"
    for sample in small_site.samples.list(SIGNAL):
        small_site.samples.delete(sample.sample_id)
    empty = measure_card(small_site, SIGNAL, 1, tiny_backbone)
    for name in ("snr", "positions", "length", "bandwidth", "confusion", "false_alarms", "mixed"):
        assert getattr(empty, name) is None
    assert empty.notes["snr"] == "no labelled burst of this signal is above the noise"
    assert empty.notes["false_alarms"] == "no window is stored"
    assert (empty.bursts, empty.trained_on) == (0, False)


def test_the_heads_that_confusion_is_measured_with_are_bounded(
    small_site: Workspace, tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = VersionManager(small_site)
    artifact = Artifact.of(manager.load_head(SIGNAL, 1, tiny_backbone).head)
    foreign = replace(artifact, backbone_id="another", data=b"of another backbone")
    for name, head in (("a", foreign), ("b", artifact), ("c", artifact), ("d", artifact)):
        metrics = small_site.versions.get(SIGNAL, 1).metrics
        fields: VersionFields = {
            "metrics": metrics,
            "sample_count": 6,
            "split_version": None,
            "epochs_trained": 1,
            "early_stopped": False,
            "training_time_sec": 0.1,
        }
        manager.promote_version(name, manager.create_version(name, head, **fields))
    monkeypatch.setattr(detectability, "MAX_OTHER_HEADS", 2)
    card = measure_card(small_site, SIGNAL, 1, tiny_backbone)
    assert card.confusion is not None
    assert [each.signal_name for each in card.confusion] == ["b", "c"]
    assert card.notes["confusion"].startswith("2 heads are left out (over the limit of 2 heads")
    assert card.notes["confusion"].endswith("a, d")


def test_a_card_of_bursts_that_were_all_trained_on_says_so(small_site: Workspace, tiny_backbone: Backbone) -> None:
    _, val = small_site.splits.members(SIGNAL, 1)
    for sample_id in val:
        small_site.samples.delete(sample_id)
    card = measure_card(small_site, SIGNAL, 1, tiny_backbone)
    assert card.bursts > 0
    assert (card.unseen_bursts, card.trained_on) == (0, True)


@pytest.mark.usefixtures("few_trials")
def test_without_iq_the_images_get_noisier(small: Workspace, tiny_backbone: Backbone) -> None:
    for seed in range(6):
        made = given.scene(seed, samples=given.SMALL_SPEC.window_samples)
        window = given.window_of(made, seed, given.SMALL_SPEC)
        small.samples.add(
            signal_name=SIGNAL,
            window=replace(window, iq=None, frame=replace(window.frame, sample_rate_hz=None, center_freq_hz=None)),
            boxes=[each.box(1.0, 0.0) for each in made.emissions if each.kind == given.KINDS[SIGNAL]],
        )
    TrainingService(small, tiny_backbone).train_new_signal(SIGNAL, epochs=1)
    card = measure_card(small, SIGNAL, 1, tiny_backbone)
    assert card.mixed == "image"
    assert card.snr is not None
    assert card.snr.own_snr_db == pytest.approx(18, abs=9)
    assert "SNR is approximate" in card.notes["snr"]
    assert card.false_alarms is None
    assert card.notes["false_alarms"] == "the sample rate of no window is known"


def test_a_version_that_does_not_exist_has_no_card(small_site: Workspace, tiny_backbone: Backbone) -> None:
    with pytest.raises(NotFound, match="has no version 9"):
        measure_card(small_site, SIGNAL, 9, tiny_backbone)
    with pytest.raises(NotFound, match="no active head"):
        measure_card(small_site, "nobody", None, tiny_backbone)
    with pytest.raises(InvalidName):
        measure_card(small_site, "a/b", None, tiny_backbone)


def test_a_workspace_can_be_a_view(small_site: Workspace, tiny_backbone: Backbone, tmp_path: Path) -> None:
    with Workspace.view(small_site.path) as view:
        assert measure_card(view, SIGNAL, 1, tiny_backbone).version == 1
