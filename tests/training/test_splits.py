import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.errors import Conflict, InvalidName, NotEnoughSamples
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.splits import SplitManager, choose_validation
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
        boxes=(),
        negatives=(),
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


def test_the_first_split_needs_five_samples(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(4))
    for call in (splits.create_initial_split, splits.extend_split, splits.plan):
        with pytest.raises(NotEnoughSamples, match=r"Not enough samples \(minimum 5 required\): beacon has 4"):
            call(SIGNAL)
        with pytest.raises(InvalidName):
            call("../etc")
    assert splits.get_active_split_version(SIGNAL) is None
    assert len(splits.get_pending_samples(SIGNAL)) == 4
    assert small.splits.history(SIGNAL) == []


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


def test_nothing_new_makes_no_new_split(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(6))
    assert splits.create_initial_split(SIGNAL) == 1
    assert splits.extend_split(SIGNAL) == 1
    given.add_noise(small, [6])
    assert splits.create_initial_split(SIGNAL) == 1
    assert len(splits.get_pending_samples(SIGNAL)) == 1


def test_validation_stays_when_a_signal_is_extended(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10))
    splits.create_initial_split(SIGNAL)
    train, val = splits.members(SIGNAL, 1)
    added = given.add_noise(small, range(10, 17))
    assert splits.get_pending_samples(SIGNAL) == added
    assert splits.extend_split(SIGNAL) == 2
    assert splits.members(SIGNAL, 2) == (train + added, val)
    assert splits.get_pending_samples(SIGNAL) == []


def test_windows_of_a_validation_recording_are_never_trained_on(small: Workspace, splits: SplitManager) -> None:
    for number, recording in enumerate(["a", "b", "c", "d", "e"]):
        given.add_noise(small, range(3 * number, 3 * number + 3), recording=recording)
    splits.create_initial_split(SIGNAL)
    (held_out,) = {each.recording for each in splits.members(SIGNAL, 1)[1]}
    other = next(name for name in "abcde" if name != held_out)
    given.add_noise(small, [20], recording=held_out)
    (pending,) = given.add_noise(small, [21], recording=other)
    assert splits.get_pending_samples(SIGNAL) == [pending]
    splits.extend_split(SIGNAL)
    train, val = splits.members(SIGNAL, 2)
    assert held_out not in {each.recording for each in train}
    assert len(val) == 3


def test_a_single_recording_is_split_by_window_and_may_grow(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10), recording="only")
    splits.create_initial_split(SIGNAL)
    assert [len(part) for part in splits.members(SIGNAL, 1)] == [8, 2]
    given.add_noise(small, [10], recording="only")
    splits.extend_split(SIGNAL)
    assert [len(part) for part in splits.members(SIGNAL, 2)] == [9, 2]


def test_deleted_samples_leave_the_next_split(small: Workspace, splits: SplitManager) -> None:
    given.add_noise(small, range(10))
    splits.create_initial_split(SIGNAL)
    train, val = splits.members(SIGNAL, 1)
    small.samples.delete(train[0].sample_id)
    assert splits.extend_split(SIGNAL) == 2
    assert splits.members(SIGNAL, 2) == (train[1:], val)
    for each in val:
        small.samples.delete(each.sample_id)
    assert splits.extend_split(SIGNAL) == 3
    new_train, new_val = splits.members(SIGNAL, 3)
    assert len(new_val) > 0
    assert ids(new_train) | ids(new_val) == ids(train[1:])
