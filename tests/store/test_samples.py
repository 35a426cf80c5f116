from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rfhydra.config import MAX_BOXES_PER_SAMPLE, MAX_JSON_BYTES
from rfhydra.errors import Damaged, Incompatible, InvalidBox, InvalidMessage, InvalidName, NotFound, TooLarge
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from tests.store.small_data import CENTER_HZ, RATE_HZ, SIGNAL, SPEC, add_or_update, add_sample, box, image, iq

boxes = st.builds(box, st.floats(0, 29), st.floats(-15, 13))


def actions(workspace: Workspace) -> list[str]:
    return [entry.action for entry in reversed(workspace.audit.list())]


def test_a_sample_comes_back_as_it_was_added(workspace: Workspace) -> None:
    added, is_new = add_or_update(
        workspace,
        0,
        image=image(0, cols=20),
        iq=iq(0, cols=20),
        boxes=[box(9), box(2)],
        negatives=[("lora", box(5, 3))],
        recording="roof-2026-05-01",
        start_sample=2**40,
        metadata={"snr_db": 12.5, "tags": ["indoor", "é"]},
    )
    assert is_new
    assert workspace.samples.get(added.sample_id) == added
    assert added.boxes == (box(2), box(9))
    assert added.created_at.endswith("Z")
    np.testing.assert_array_equal(workspace.samples.image(added), image(0, cols=20))
    np.testing.assert_array_equal(workspace.samples.iq(added), iq(0, cols=20))
    frame = added.frame(SPEC)
    assert (frame.sample_rate_hz, frame.center_freq_hz, frame.cols) == (RATE_HZ, CENTER_HZ, 20)
    with pytest.raises(Incompatible):
        added.frame(SpectrogramSpec())


def test_without_a_sample_rate_boxes_are_in_samples_and_cycles(workspace: Workspace) -> None:
    drawn = Box(32, 320, -0.25, 0.25)
    sample = add_sample(workspace, 0, boxes=[drawn], sample_rate_hz=None, center_freq_hz=None)
    assert workspace.samples.get(sample.sample_id).boxes == (drawn,)
    np.testing.assert_allclose(sample.frame(SPEC).to_pixels(sample.boxes), [[1, 7.75, 10, 23.75]])


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3), st.lists(boxes, min_size=1, max_size=4), st.randoms())
def test_one_image_of_one_signal_is_one_sample(workspace: Workspace, seed: int, drawn: list[Box], random: Any) -> None:
    before = workspace.samples.count(SIGNAL)
    first, is_new = add_or_update(workspace, seed, boxes=drawn)
    assert workspace.samples.count(SIGNAL) == before + is_new
    changes = actions(workspace)
    random.shuffle(drawn)
    assert add_or_update(workspace, seed, boxes=[*drawn, drawn[0]]) == (first, False)
    assert workspace.samples.get(first.sample_id) == first
    assert workspace.samples.count(SIGNAL) == before + is_new
    assert actions(workspace) == changes


def test_later_boxes_replace_the_former_ones(workspace: Workspace) -> None:
    first = add_sample(workspace, 0, boxes=[box(1), box(5)], negatives=[("lora", box(9))])
    later, is_new = add_or_update(workspace, 0, boxes=[box(2)])
    assert not is_new
    assert (later.sample_id, later.created_at) == (first.sample_id, first.created_at)
    assert (later.boxes, later.negatives) == ((box(2),), ())
    assert workspace.samples.list(SIGNAL) == [later]
    assert actions(workspace) == ["sample.add", "sample.update"]


def test_what_an_update_leaves_out_stays(workspace: Workspace) -> None:
    first = add_sample(workspace, 0, iq=iq(0), recording="roof", start_sample=0, metadata={"snr_db": 3})
    assert add_or_update(workspace, 0) == (first, False)
    later = add_sample(workspace, 0, metadata={"snr_db": 4})
    assert (later.iq_digest, later.recording, later.start_sample) == (first.iq_digest, "roof", 0)
    assert later.metadata == {"snr_db": 4}


def test_iq_that_comes_later_is_kept(workspace: Workspace) -> None:
    assert workspace.samples.iq(add_sample(workspace, 0)) is None
    np.testing.assert_array_equal(workspace.samples.iq(add_sample(workspace, 0, iq=iq(0))), iq(0))


def test_samples_are_listed_by_signal_in_the_order_of_their_creation(workspace: Workspace) -> None:
    ours = [add_sample(workspace, seed) for seed in (5, 3, 4)]
    other = add_sample(workspace, 5, signal_name="lora")
    assert workspace.samples.list(SIGNAL) == ours
    assert workspace.samples.count(SIGNAL) == 3
    assert workspace.samples.signal_names() == ["lora", SIGNAL]
    assert list(workspace.samples.newest_negative_samples(SIGNAL)) == [other]
    assert list(workspace.samples.newest_negative_samples("lora")) == ours[::-1]
    assert workspace.samples.list("unheard-of") == []


def test_a_deleted_sample_is_gone(workspace: Workspace) -> None:
    sample = add_sample(workspace, 0)
    workspace.samples.delete(sample.sample_id)
    assert workspace.samples.count(SIGNAL) == 0
    with pytest.raises(NotFound):
        workspace.samples.get(sample.sample_id)
    with pytest.raises(NotFound):
        workspace.samples.delete(sample.sample_id)
    assert actions(workspace) == ["sample.add", "sample.delete"]


def test_threads_that_add_the_same_image_add_one_sample(workspace: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda seed: add_or_update(workspace, seed), [0, 1] * 4))
    assert sum(is_new for _, is_new in added) == workspace.samples.count(SIGNAL) == 2


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"signal_name": "../etc"}, InvalidName, "signal_name"),
        ({"negatives": [("a b", box())]}, InvalidName, "label of a negative"),
        ({"negatives": [(SIGNAL, box())]}, InvalidMessage, "negatives holds a box labelled"),
        ({"negatives": [("lora", box(40))]}, InvalidBox, "outside the window"),
        ({"spec": replace(SPEC, hop=SPEC.fft_size)}, Incompatible, "the sample"),
        ({"boxes": []}, InvalidMessage, "boxes is empty"),
        ({"boxes": [box(40)]}, InvalidBox, "outside the window"),
        ({"boxes": [box(4, 20)]}, InvalidBox, "outside the window"),
        ({"boxes": [box()] * (MAX_BOXES_PER_SAMPLE + 1)}, TooLarge, "1001 in all"),
        ({"image": image(0).astype(np.float32)}, InvalidMessage, "image must be uint8"),
        ({"image": image(0)[:16]}, Incompatible, "its frame is of"),
        ({"image": image(0, cols=33)}, InvalidMessage, "1 to 32 columns"),
        ({"image": image(0, cols=0)}, InvalidMessage, "1 to 32 columns"),
        ({"iq": iq(0).astype(np.complex128)}, InvalidMessage, "iq must be complex64"),
        ({"iq": iq(0, cols=31)}, InvalidMessage, "1024 samples"),
        ({"sample_rate_hz": 0.0}, InvalidBox, "sample_rate_hz"),
        ({"sample_rate_hz": None}, InvalidMessage, "center_freq_hz needs sample_rate_hz"),
        ({"start_sample": -1}, InvalidMessage, "start_sample"),
        ({"start_sample": 2**63}, InvalidMessage, "start_sample"),
        ({"metadata": {"snr_db": float("nan")}}, InvalidMessage, "metadata is not JSON"),
        ({"metadata": {"when": object()}}, InvalidMessage, "metadata is not JSON"),
        ({"metadata": {"note": "x" * MAX_JSON_BYTES}}, TooLarge, "metadata takes"),
    ],
)
def test_what_is_not_a_sample_is_refused(
    workspace: Workspace, fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        add_sample(workspace, 0, **fields)
    assert workspace.samples.signal_names() == []
    assert actions(workspace) == []


def test_a_damaged_image_is_noticed_and_healed_by_adding_it_again(workspace: Workspace, path: Path) -> None:
    sample = add_sample(workspace, 0)
    digest = sample.image_digest
    stored = path / "blobs" / digest[:2] / digest[2:]
    stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(Damaged):
        workspace.samples.image(sample)
    assert add_or_update(workspace, 0) == (sample, False)
    np.testing.assert_array_equal(workspace.samples.image(sample), image(0))


def test_a_change_of_a_sample_leaves_the_rest_of_it(workspace: Workspace) -> None:
    sample = add_sample(workspace, 1, negatives=[("other", box(10))], iq=iq(1), metadata={"mood": "good"})
    moved = workspace.samples.update(sample.sample_id, boxes=[box(8)])
    assert moved.boxes == (box(8),)
    assert (moved.negatives, moved.metadata, moved.iq_digest) == (sample.negatives, sample.metadata, sample.iq_digest)
    bare = workspace.samples.update(sample.sample_id, negatives=[], metadata={})
    assert (bare.boxes, bare.negatives, bare.metadata) == ((box(8),), (), {})
    assert workspace.samples.get(sample.sample_id) == bare
    assert [entry.action for entry in workspace.audit.list(SIGNAL)] == ["sample.update", "sample.update", "sample.add"]


def test_an_update_that_changes_nothing_is_no_entry_in_the_log(workspace: Workspace) -> None:
    sample = add_sample(workspace, 1)
    assert workspace.samples.update(sample.sample_id, boxes=[box()]) == sample
    assert [entry.action for entry in workspace.audit.list(SIGNAL)] == ["sample.add"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"boxes": []}, InvalidMessage),
        ({"boxes": [box(500)]}, InvalidBox),
        ({"negatives": [(SIGNAL, box())]}, InvalidMessage),
        ({"metadata": {"a": float("nan")}}, InvalidMessage),
    ],
)
def test_a_wrong_update_changes_nothing(workspace: Workspace, change: dict[str, Any], error: type[Exception]) -> None:
    sample = add_sample(workspace, 1)
    with pytest.raises(error):
        workspace.samples.update(sample.sample_id, **change)
    assert workspace.samples.get(sample.sample_id) == sample


def test_counts_are_by_signal(workspace: Workspace) -> None:
    for seed, name in enumerate((SIGNAL, "other", SIGNAL)):
        add_sample(workspace, seed, name)
    assert workspace.samples.counts() == {SIGNAL: 2, "other": 1}


def test_pages_go_on_where_the_last_one_ended_whatever_was_deleted(workspace: Workspace) -> None:
    ids = [add_sample(workspace, seed).sample_id for seed in range(5)]
    first = workspace.samples.page(SIGNAL, 0, 2)
    workspace.samples.delete(ids[1])
    rest = workspace.samples.page(SIGNAL, first[-1][0], 10)
    assert [sample.sample_id for _, sample in (*first, *rest)] == ids
