from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rfhydra.errors import InvalidBox, InvalidName, InvalidRecording
from rfhydra.recordings import open_recording, write_recording
from rfhydra.recordings.recording import Annotation, Capture, Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings, label_windows
from tests.training import given

SPEC = given.SMALL_SPEC
WINDOW = SPEC.window_samples


def note(start: int, count: int, label: str | None = "beacon", low: float = 0.0, high: float = 1e5) -> Annotation:
    return Annotation(start, count, given.CENTER_HZ + low, given.CENTER_HZ + high, label)


def recorded(folder: Path, annotations: Sequence[Annotation], samples: int = 5 * WINDOW, seed: int = 0) -> Recording:
    noise = np.random.default_rng(seed).standard_normal((samples, 2), dtype=np.float32).view(np.complex64)[:, 0]
    meta = write_recording(folder / f"take-{seed}", noise / 8, given.RATE_HZ, given.CENTER_HZ, annotations)
    return open_recording(meta)


def test_samples_hold_the_boxes_of_the_signal_and_those_of_others(small: Workspace, tmp_path: Path) -> None:
    annotations = [
        note(1_000, 2_000),
        note(4_000, 1_000, low=-3e5, high=-2e5),
        note(2_000, 2_000, "pager", 2e5, 3e5),
        note(5_000, 1_000, None, 2e5, 3e5),
    ]
    take = recorded(tmp_path, annotations)
    result = import_recordings(small, [take])
    assert result.new_samples == result.total_samples == {"beacon": 1, "pager": 1}
    assert (result.boxes, result.skipped) == (3, [])
    (sample,) = small.samples.list("beacon")
    assert (sample.recording, sample.start_sample) == (take.recording_id, 488)
    assert [round(box.time_start_sec * given.RATE_HZ) for box in sample.boxes] == [512, 3_512]
    assert [(label, round(box.freq_low_hz)) for label, box in sample.negatives] == [("pager", 433_200_000)]
    stored = small.samples.iq(sample)
    assert stored is not None
    assert np.array_equal(stored, take.read(488, WINDOW))
    (pager,) = small.samples.list("pager")
    assert [label for label, _ in pager.negatives] == ["beacon", "beacon"]


def test_importing_again_adds_nothing(small: Workspace, tmp_path: Path) -> None:
    takes = [recorded(tmp_path, [note(at, 1_000) for at in range(0, 40_000, 4_000)], seed=seed) for seed in (1, 2)]
    first = import_recordings(small, takes, max_samples=3)
    assert first.new_samples == {"beacon": 3}
    before = given.everything(small)
    again = import_recordings(small, takes, max_samples=3)
    assert (again.new_samples, again.total_samples, again.boxes) == ({"beacon": 0}, {"beacon": 3}, 0)
    assert given.everything(small) == before
    everything = import_recordings(small, takes)
    assert everything.total_samples["beacon"] == 3 + everything.new_samples["beacon"]


def test_only_the_label_that_was_asked_for(small: Workspace, tmp_path: Path) -> None:
    with_label = recorded(tmp_path, [note(1_000, 2_000), note(2_000, 2_000, "pager", 2e5, 3e5)], seed=1)
    without = recorded(tmp_path, [note(1_000, 2_000, "pager"), note(4_000, 100, None)], seed=2)
    names: list[str] = []
    result = import_recordings(small, [with_label, without], "beacon", progress=names.append)
    assert result.new_samples == {"beacon": 1}
    assert result.skipped == ["take-2"]
    assert names == ["take-1", "take-2"]
    assert small.samples.signal_names() == ["beacon"]


def test_labels_that_are_no_names(small: Workspace, tmp_path: Path) -> None:
    take = recorded(tmp_path, [note(1_000, 2_000), note(2_000, 2_000, "FM broadcast", 2e5, 3e5)])
    before = given.everything(small)
    with pytest.raises(InvalidName, match="label 'FM broadcast'"):
        import_recordings(small, [take])
    with pytest.raises(InvalidName, match=r"label '\.\./x'"):
        import_recordings(small, [take], "../x")
    assert given.everything(small) == before
    import_recordings(small, [take], "beacon")
    (sample,) = small.samples.list("beacon")
    assert sample.negatives == ()


def test_all_or_nothing(small: Workspace, tmp_path: Path) -> None:
    good = recorded(tmp_path, [note(1_000, 2_000)], seed=1)
    bad = recorded(tmp_path, [note(1_000, 2_000, "no name")], seed=2)
    outside = recorded(tmp_path, [note(1_000, 2_000, low=6e5, high=7e5)], seed=3)
    short = recorded(tmp_path, [note(0, 10)], samples=SPEC.hop - 1, seed=4)
    before = given.everything(small)
    for wrong, error in ((bad, InvalidName), (outside, InvalidBox), (short, InvalidRecording)):
        with pytest.raises(error):
            import_recordings(small, [good, wrong])
        assert given.everything(small) == before


def test_recordings_without_a_label_are_an_error(small: Workspace, tmp_path: Path) -> None:
    take = recorded(tmp_path, [note(0, 100, None)])
    with pytest.raises(InvalidRecording, match="no annotation with a label in take-0"):
        import_recordings(small, [take])
    with pytest.raises(InvalidRecording, match="no annotation labelled 'beacon' in take-0"):
        import_recordings(small, [take], "beacon")


def test_a_signal_that_never_ends_is_shown_in_every_window(small: Workspace, tmp_path: Path) -> None:
    result = import_recordings(small, [recorded(tmp_path, [note(0, 5 * WINDOW)])])
    assert result.new_samples == {"beacon": 6}
    for sample in small.samples.list("beacon"):
        (box,) = sample.boxes
        assert box.time_end_sec - box.time_start_sec == pytest.approx(WINDOW / given.RATE_HZ)


def recording(samples: int, retunes: list[int], annotations: list[Annotation]) -> Recording:
    path = Path("given.sigmf-meta")
    captures = tuple(Capture(start, 1e6 * number) for number, start in enumerate([0, *retunes]))
    ordered = tuple(sorted(annotations, key=lambda each: each.sample_start))
    stored = np.zeros((samples, 2), np.int8)
    return Recording(path, path, 0, "ci8", given.RATE_HZ, captures, ordered, {}, None, stored)


TINY = SpectrogramSpec(fft_size=64, hop=16, rows=32, cols=32)
SPANS = st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 1_500)), min_size=1, max_size=8)


@for_all(SPANS, st.lists(st.integers(1, 4_900), max_size=2, unique=True))
def test_windows_show_every_box_from_start_to_end(spans: list[tuple[int, int]], retunes: list[int]) -> None:
    samples = 5_000
    annotations = [note(start, min(count, samples - start)) for start, count in spans]
    take = recording(samples, sorted(retunes), [*annotations, note(10, 20, "pager")])
    windows = [(first, count) for first, count, _ in label_windows(take, ["beacon"], TINY)]
    for first, count in windows:
        assert 0 < count <= TINY.window_samples
        assert take.capture_at(first) == take.capture_at(first + count - 1)
    for start, end, _ in take.segments():
        end -= (end - start) % TINY.hop
        inside = [(first, first + count) for first, count in windows if start <= first < end]
        for each in annotations:
            first, last = max(each.sample_start, start), min(each.sample_end, end)
            shown = [range(max(first, begin), min(last, stop)) for begin, stop in inside]
            if first < last:
                assert set().union(*shown) == set(range(first, last))
                if last - first <= min(end - start, TINY.window_samples):
                    assert any(len(part) == last - first for part in shown)


def test_every_capture_has_its_own_windows(small: Workspace) -> None:
    take = recording(1_000, [500], [note(400, 200)])
    assert list(label_windows(take, ["beacon"], TINY)) == [(0, 496, {"beacon"}), (500, 496, {"beacon"})]


def test_an_import_grows_as_its_recording_and_its_labels_do(small: Workspace, tmp_path: Path) -> None:
    """Labels of many signals share windows: neither images nor boxes are stored for each signal anew."""
    annotations = [note(at, 200, f"signal-{number}") for number, at in enumerate(range(0, 4 * WINDOW, 200))]
    result = import_recordings(small, [recorded(tmp_path, annotations)])
    assert result.new_samples == dict.fromkeys((each.label for each in annotations), 1)
    windows = int(small.db.value("SELECT count(DISTINCT image_digest) FROM samples"))
    assert windows == small.db.value("SELECT count(*) FROM label_sets") <= 6
    assert len(list((small.path / "blobs").glob("??/*"))) == 2 * windows
    stored = small.db.value("SELECT sum(json_array_length(labels)) FROM label_sets")
    assert len(annotations) <= stored <= 2 * len(annotations)


def test_a_box_that_is_verified_not_to_be_a_signal_makes_a_sample_of_it(small: Workspace, tmp_path: Path) -> None:
    annotations = [note(1_000, 1_000), note(1_500, 1_000, "!beacon", 2e5, 3e5), note(30_000, 1_000, "!beacon")]
    result = import_recordings(small, [recorded(tmp_path, annotations)], "beacon")
    assert (result.new_samples, result.boxes) == ({"beacon": 2}, 1)
    first, second = small.samples.list("beacon")
    assert (len(first.boxes), [label for label, _ in first.negatives]) == (1, ["!beacon"])
    assert (len(second.boxes), [label for label, _ in second.negatives]) == (0, ["!beacon"])
    with pytest.raises(InvalidName):
        import_recordings(small, [recorded(tmp_path, [note(1_000, 1_000, "!")])])
