"""Which samples count where a signal has more than one training can use."""

from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.spectrum.boxes import Box
from rfhydra.store.labels import LabelSet
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data import assignment, selection
from rfhydra.training.data.assignment import AssignedRois, DesignMatrix, Rois
from rfhydra.training.data.features import FeatureCache
from rfhydra.training.data.selection import newest, select
from rfhydra.training.data.splits import SplitPlan
from rfhydra.training.data.training_set import TrainingSet
from rfhydra.training.heads import logistic
from rfhydra.training.trainer import Control
from tests.training import given as data
from tests.training.given import OTHER, SIGNAL


def sample(number: int, recording: str | None, boxes: int = 1) -> Sample:
    return Sample(
        sample_id=f"{number:064x}",
        signal_name=SIGNAL,
        spec_id="spec",
        image_digest=f"{number:064x}",
        iq_digest=None,
        cols=1,
        sample_rate_hz=None,
        center_freq_hz=None,
        labels=LabelSet.of((SIGNAL, Box(float(start), start + 1.0, 0.0, 1.0)) for start in range(boxes)),
        recording=recording,
        start_sample=None,
        metadata={},
        created_at="",
    )


recordings = st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=60)


@given(recordings, st.integers(1, 80))
def test_every_recording_has_its_share_and_the_newest_of_it(origins: list[str | None], most: int) -> None:
    samples = [sample(number, origin) for number, origin in enumerate(origins)]
    kept = select(samples, most)
    assert len(kept) == min(most, len(samples))
    assert [each for each in samples if each in kept] == kept
    for origin in {each for each in origins if each is not None}:
        own = [each for each in samples if each.recording == origin]
        count = sum(each.recording == origin for each in kept)
        if len({each for each in origins if each is not None}) > 1:
            assert [each for each in kept if each.recording == origin] == own[len(own) - count :]
    shares = Counter(each.recording for each in kept if each.recording is not None)
    whole = Counter(each.recording for each in samples if each.recording is not None)
    cut = [count for name, count in shares.items() if count < whole[name]]
    assert not cut or min(cut) + 1 >= max(shares.values())


def test_boxes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MAX_BOXES", 10)
    samples = [sample(number, None, boxes=4) for number in range(5)]
    assert select(samples, 5) == samples[3:]
    assert select([sample(0, None, boxes=11)], 5) == [sample(0, None, boxes=11)]
    assert newest(reversed(samples)) == samples[3:]


def test_no_more_samples_of_other_signals_are_read_than_count() -> None:
    read = list[int]()

    def walk() -> Iterator[Sample]:
        for number in range(1000, 0, -1):
            read.append(number)
            yield sample(number, None)

    assert [int(each.sample_id, 16) for each in newest(walk(), 3)] == [998, 999, 1000]
    assert read == [1000, 999, 998]


def test_samples_of_other_signals_come_newest_first_in_slices(small: Workspace) -> None:
    data.add_noise(small, range(3), SIGNAL)
    others = data.add_noise(small, range(3, 10), OTHER)
    assert list(small.samples.newest_negative_samples(SIGNAL)) == others[::-1]


def test_image_of_a_sample_that_does_not_count_is_no_negative(
    small: Workspace, tiny_backbone: TorchBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other signal has a sample of every image of this one; two of those count."""
    monkeypatch.setattr("rfhydra.training.data.splits.MAX_TRAINED_SAMPLES", 2)
    monkeypatch.setattr("rfhydra.training.data.splits.MAX_VALIDATED_SAMPLES", 1)
    own, others = data.add_noise(small, range(8), SIGNAL), data.add_noise(small, range(9), OTHER)
    plan = SplitPlan(1, True, own[:6], own[6:])
    made = TrainingSet.of(SIGNAL, small, plan, FeatureCache(small, tiny_backbone), Control())
    assert [example.sample for example in made.own] == own[4:6] == plan.used.train
    assert [example.sample for example in made.val] == own[7:] == plan.used.val
    assert [example.sample for example in made.others] == others[8:]
    assert plan.draft.sample_count == 8


def rois(count: int, value: float) -> Rois:
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0]]).repeat(count, 1)
    return Rois(boxes, torch.full((count, 8), value) + torch.arange(count)[:, None])


def test_rois_are_bounded_and_weigh_what_all_of_them_do(monkeypatch: pytest.MonkeyPatch) -> None:
    none = rois(0, 0.0)
    assigned = [AssignedRois(rois(3, 1.0), rois(2, 100.0), rois(50, number), none, none.boxes) for number in range(4)]
    size_mean = torch.zeros(2)
    whole = DesignMatrix.of(assigned, size_mean)
    monkeypatch.setattr(assignment, "MAX_ROIS", 40)
    drawn, again = DesignMatrix.of(assigned, size_mean), DesignMatrix.of(assigned, size_mean)
    assert (len(whole.inputs), len(drawn.inputs)) == (4 * 55, 12 + 8 + 40)
    assert torch.equal(drawn.inputs, again.inputs)
    assert torch.equal(drawn.inputs[:20], whole.inputs[:20])
    assert torch.allclose(drawn.weights[:20], whole.weights[:20])
    assert torch.allclose(drawn.weights[20:].sum(), whole.weights[20:].sum())
    rows = {tuple(row) for row in whole.inputs[20:].tolist()}
    assert {tuple(row) for row in drawn.inputs[20:].tolist()} <= rows


def test_both_forms_of_the_ridge_regression_have_one_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    inputs, deltas = (torch.randn((60, width), generator=generator) for width in (20, 4))
    dual = logistic._ridge(inputs, deltas)
    monkeypatch.setattr(logistic, "MAX_DUAL_PAIRS", 10)
    for one, other in zip(dual, logistic._ridge(inputs, deltas), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
