import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.errors import Conflict, InvalidName, NotEnoughSamples
from rfhydra.store.labels import LabelSet
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.splits import SplitManager, choose_validation
from tests.training import given
from tests.training.given import SIGNAL


@pytest.fixture
def splits(small: Workspace) -> SplitManager:
    return SplitManager(small)


def sample(number: int, recording: str | None) -> Sample:
    return Sample(
        sample_id=f"{number:064x}",
        signal_name=SIGNAL,
        spec_id="",
        image_digest="",
        iq_digest=None,
        cols=1,
        sample_rate_hz=None,
        center_freq_hz=None,
        labels=LabelSet(()),
        recording=recording,
        start_sample=None,
        metadata={},
        created_at="",
    )


def ids(samples: list[Sample]) -> set[str]:
    return {each.sample_id for each in samples}


@for_all(st.lists(st.sampled_from([None, *"abcdef"]), min_size=MIN_SAMPLES_FOR_TRAINING, max_size=60))
def test_a_recording_is_on_one_side(recordings: list[str | None]) -> None:
    """Unless it is the only one; a sample of unknown origin is a recording of its own."""
    samples = [sample(number, recording) for number, recording in enumerate(recordings)]
    chosen = choose_validation(samples)
    assert 0 < len(chosen) <= len(samples) / 2
    assert choose_validation(samples) == chosen
    assert choose_validation(samples[::-1]) == chosen
    if len(set(recordings)) > 1:
        val = {each.recording for each in samples if each.sample_id in chosen}
        train = {each.recording for each in samples if each.sample_id not in chosen}
        assert val & train <= {None}


@for_all(st.integers(MIN_SAMPLES_FOR_TRAINING, 300))
@settings(max_examples=30)
def test_about_a_fifth_validates(count: int) -> None:
    assert len(choose_validation([sample(number, None) for number in range(count)])) == max(1, round(0.2 * count))


def extend(splits: SplitManager) -> tuple[list[Sample], list[Sample]]:
    """Make the split that a training would make; its training and validation samples."""
    version = splits.commit(SIGNAL, splits.plan(SIGNAL).draft)
    assert version is not None
    return splits.members(SIGNAL, version)


def test_the_first_split_needs_five_samples(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(4))
    with pytest.raises(NotEnoughSamples, match=r"Not enough samples \(minimum 5 required\): beacon has 4"):
        splits.plan(SIGNAL)
    with pytest.raises(InvalidName):
        splits.plan("../etc")


def test_a_plan_changes_nothing_and_a_commit_does(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10))
    plan = splits.plan(SIGNAL)
    assert plan == splits.plan(SIGNAL)
    assert (plan.version, plan.is_new, len(plan.train), len(plan.val), plan.draft.sample_count) == (1, True, 8, 2, 10)
    assert small.splits.history(SIGNAL) == []
    assert splits.commit(SIGNAL, plan.draft) == 1
    assert splits.members(SIGNAL, 1) == (plan.train, plan.val)
    with pytest.raises(Conflict, match="changed during the training"):
        splits.commit(SIGNAL, plan.draft)


def test_validation_stays_when_a_signal_is_extended(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10))
    train, val = extend(splits)
    assert not splits.plan(SIGNAL).is_new
    assert extend(splits) == (train, val)
    added = given.add_noise(small, range(10, 17))
    assert extend(splits) == (train + added, val)
    assert [each.version for each in small.splits.history(SIGNAL)] == [1, 2]


def test_windows_of_a_validation_recording_are_never_trained_on(small: Workspace, splits: SplitManager) -> None:
    for number, recording in enumerate(["a", "b", "c", "d", "e"]):
        given.add_noise(small, range(3 * number, 3 * number + 3), recording=recording)
    train, val = extend(splits)
    (held_out,) = {each.recording for each in val}
    given.add_noise(small, [20], recording=held_out)
    assert not splits.plan(SIGNAL).is_new
    (added,) = given.add_noise(small, [21], recording=train[0].recording)
    assert extend(splits) == ([*train, added], val)
    image_of_val = next(number for number in range(15) if "abcde"[number // 3] == held_out)
    related = given.add_noise(small, [22], "other", recording=held_out) + given.add_noise(
        small, [image_of_val], "other"
    )
    unrelated = given.add_noise(small, [23], "other", recording="f")
    assert list(splits.plan(SIGNAL).trainable(related + unrelated)) == unrelated


def test_a_single_recording_is_split_by_window_and_may_grow(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10), recording="only")
    assert [len(part) for part in extend(splits)] == [8, 2]
    given.add_noise(small, [10], recording="only")
    assert [len(part) for part in extend(splits)] == [9, 2]
    given.add_noise(small, [11], recording="another")
    given.add_noise(small, [12], recording="only")
    assert [len(part) for part in extend(splits)] == [11, 2]


def test_deleted_samples_leave_the_next_split(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10))
    train, val = extend(splits)
    small.samples.delete(train[0].sample_id)
    assert extend(splits) == (train[1:], val)
    for each in val:
        small.samples.delete(each.sample_id)
    new_train, new_val = extend(splits)
    assert len(new_val) > 0
    assert ids(new_train) | ids(new_val) == ids(train[1:])


def reject(workspace: Workspace, seeds: range, recording: str | None = None) -> list[Sample]:
    """Samples that show only what is not the signal."""
    added = given.add_noise(workspace, seeds, recording=recording)
    boxes = [[(f"!{SIGNAL}", box) for box in each.boxes] for each in added]
    pairs = zip(added, boxes, strict=True)
    return [workspace.samples.update(each.sample_id, boxes=(), negatives=negatives) for each, negatives in pairs]


def test_samples_without_a_box_are_too_few_to_train(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(4))
    reject(small, range(10, 13))
    with pytest.raises(NotEnoughSamples, match="beacon has 4"):
        splits.plan(SIGNAL)
    assert len(splits.plan(SIGNAL, provisional=True).train) == 7


def test_samples_without_a_box_are_trained_on_and_never_validated(small: Workspace, splits: SplitManager) -> None:
    rejected = reject(small, range(20, 40))
    labelled = given.add_noise(small, range(5))
    train, val = extend(splits)
    assert len(val) == 1
    assert ids(val) < ids(labelled)
    assert ids(train) == ids(labelled) - ids(val) | ids(rejected)
    later = reject(small, range(50, 52), "another")
    train, again = extend(splits)
    assert (again, ids(later) < ids(train)) == (val, True)


def test_near_copies_of_validation_samples_without_a_box_are_left_out(small: Workspace, splits: SplitManager) -> None:
    for number in range(5):
        given.add_noise(small, range(10 * number, 10 * number + 2), recording=f"take {number}")
    val = splits.plan(SIGNAL).val
    near, far = (
        reject(small, seeds, name) for seeds, name in ((range(90, 92), val[0].recording), (range(95, 97), "other"))
    )
    train = ids(splits.plan(SIGNAL).train)
    assert ids(far) < train
    assert not ids(near) & train
