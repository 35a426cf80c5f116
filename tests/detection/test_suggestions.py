import itertools
from pathlib import Path

import pytest

from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.suggestions import Suggestion, suggest_boxes
from rfhydra.detection.tracker import intersection_over_union
from rfhydra.errors import Cancelled, InvalidMessage, TooLarge
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.recordings import Recording, open_recording, write_recording
from rfhydra.spectrum.boxes import Box
from tests.training import given
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SPEC

BOX = Box(0.0, 1.0, 0.0, 1.0)


def detected(score: float, threshold: float = 0.5, box: Box = BOX) -> Suggestion:
    return Suggestion(box, score, SIGNAL, 1, threshold)


def test_the_most_useful_comes_first() -> None:
    later = Box(1.0, 2.0, 0.0, 1.0)
    in_order = [
        detected(0.5),
        detected(0.55),
        detected(0.55, box=later),
        detected(0.4),
        detected(0.7),
        Suggestion(BOX, 0.9),
        Suggestion(BOX, 0.4),
        Suggestion(later, 0.4),
        detected(0.75),
        detected(1.0),
    ]
    for shuffled in itertools.islice(itertools.permutations(in_order), 0, 3_628_800, 400_000):
        assert sorted(shuffled, key=lambda each: each.rank) == in_order


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    made = given.scene(4)
    return open_recording(write_recording(tmp_path / "night", given.heard(made, 4), RATE_HZ, CENTER_HZ))


def test_what_the_backbone_proposes_is_each_emission_once(recording: Recording, backbone: TorchBackbone) -> None:
    found = suggest_boxes(recording, HydraDetector(SPEC, backbone), 0, 10, min_objectness=0.3, max_windows=4)
    assert {each.signal_name for each in found} == {None}
    (truth,) = given.boxes_of(given.scene(4), SIGNAL)
    assert max(intersection_over_union(each.box, truth, 0, 1) for each in found) > 0.5
    for one, other in itertools.combinations(found, 2):
        assert intersection_over_union(one.box, other.box, 0, 1) <= 0.5


def test_a_part_that_is_empty_or_long_is_refused_before_it_is_read(
    recording: Recording, tiny_backbone: TorchBackbone
) -> None:
    detector = HydraDetector(SPEC, tiny_backbone)
    with pytest.raises(InvalidMessage, match="lasts"):
        suggest_boxes(recording, detector, 5, 6, min_objectness=0.3, max_windows=4)
    with pytest.raises(TooLarge, match="max_candidate_windows"):
        suggest_boxes(recording, detector, 0, 1, min_objectness=0.3, max_windows=0)


def test_it_stops_when_it_is_told_to(recording: Recording, tiny_backbone: TorchBackbone) -> None:
    def stop(_: int) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        suggest_boxes(
            recording, HydraDetector(SPEC, tiny_backbone), 0, 1, min_objectness=0.3, max_windows=4, progress=stop
        )
