"""Unknown emissions of a stream in the workspace: counted once, stored, continued, and left out where heads detect."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rfhydra.detection.detector import Detection, WindowDetections
from rfhydra.hydra.backbone import Backbone
from rfhydra.live import novelty as novelty_module
from rfhydra.live.novelty import Novelty
from rfhydra.live.window import LiveWindow
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import cramped
from tests.live.proposed import Pixels, Proposed
from tests.live.tracks import BEGAN
from tests.live.windows import SPEC, WINDOW, window

SHORT: Pixels = (8, 4, 12, 8)
LONG: Pixels = (4, 20, 28, 28)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "site", SPEC) as workspace:
        yield workspace


def live(number: int, *boxes: Pixels, claimed: Box | None = None) -> LiveWindow:
    """Window ``number`` of a stream, none of which overlap, with strong emissions."""
    empty = window(number * WINDOW)
    image = np.full((SPEC.rows, SPEC.cols), 40, np.uint8)
    image[0, 0] = number  # no two are alike
    for left, top, right, bottom in boxes:
        image[int(top) : int(bottom), int(left) : int(right)] = 200
    detections = [] if claimed is None else [Detection("ook", 1, 0.9, claimed)]
    found = WindowDetections({"ook": 1}, detections, Proposed(boxes, [0.9] * len(boxes)))
    seen = Window(image, empty.window.frame, empty.window.start_sample, empty.window.iq)
    return replace(empty, window=seen, detections=found)


def watch(workspace: Workspace, backbone: Backbone, *windows: LiveWindow) -> Novelty:
    novelty = Novelty(workspace.unknowns, lambda: backbone)
    on_window = novelty.of_stream("1")
    for each in windows:
        on_window(seen_by(backbone, each))
        assert novelty.flush(30)
    return novelty


def seen_by(backbone: Backbone, window: LiveWindow) -> LiveWindow:
    return replace(window, detections=replace(window.detections, backbone_id=backbone.backbone_id))


def test_clusters_are_stored_with_windows_of_their_members(workspace: Workspace, tiny_backbone: Backbone) -> None:
    watch(workspace, tiny_backbone, live(0, SHORT, LONG), live(1, SHORT), live(2), live(3, SHORT)).close()
    short, long = workspace.unknowns.clusters(tiny_backbone.backbone_id)
    assert (short.emissions, long.emissions) == (3, 1)
    assert short.duration_sec == pytest.approx(4e-3)
    assert short.bandwidth_hz == pytest.approx(4e3)
    assert short.cluster_id is not None
    exemplars = workspace.unknowns.exemplars(short.cluster_id)
    assert [each.window.start_sample for each in exemplars] == [0, WINDOW, 3 * WINDOW]
    assert exemplars[0].seen_at == BEGAN.isoformat(timespec="microseconds").replace("+00:00", "Z")
    (box,) = exemplars[0].boxes
    assert (box.time_start_sec, box.time_end_sec) == pytest.approx((8e-3, 12e-3))


def test_several_members_in_a_window_are_one_exemplar(workspace: Workspace, tiny_backbone: Backbone) -> None:
    two: tuple[Pixels, Pixels] = (SHORT, (20, 4, 24, 8))
    embedded = Proposed(two, [0.9, 0.9])
    embedded.embed = lambda boxes: Proposed([SHORT], [0.9]).propose().embeddings.repeat(len(boxes), 1)  # type: ignore[method-assign]
    shown = live(0, *two)
    watch(workspace, tiny_backbone, replace(shown, detections=replace(shown.detections, seen=embedded))).close()
    (cluster,) = workspace.unknowns.clusters()
    assert cluster.emissions == 2
    assert cluster.cluster_id is not None
    (exemplar,) = workspace.unknowns.exemplars(cluster.cluster_id)
    assert len(exemplar.boxes) == 2


def test_what_a_head_detects_is_left_out(workspace: Workspace, tiny_backbone: Backbone) -> None:
    (found,) = live(0).window.frame.to_boxes([SHORT])
    watch(workspace, tiny_backbone, live(0, SHORT, LONG, claimed=found)).close()
    assert [each.emissions for each in workspace.unknowns.clusters()] == [1]


def test_the_next_watch_continues_the_clusters(workspace: Workspace, tiny_backbone: Backbone) -> None:
    for number in range(3):
        watch(workspace, tiny_backbone, live(number, SHORT)).close()
    (cluster,) = workspace.unknowns.clusters()
    assert cluster.emissions == 3


def test_streams_share_their_clusters(workspace: Workspace, tiny_backbone: Backbone) -> None:
    novelty = Novelty(workspace.unknowns, lambda: tiny_backbone)
    streams = [novelty.of_stream(name) for name in ("roof", "cellar")]
    for on_window in streams:  # the same window: what one stream has shown is new in another
        on_window(seen_by(tiny_backbone, live(0, SHORT)))
        assert novelty.flush(30)
    novelty.close()
    (cluster,) = workspace.unknowns.clusters()
    assert (cluster.emissions, cluster.cluster_id is not None) == (2, True)
    assert [each.stream_id for each in workspace.unknowns.exemplars(cluster.cluster_id or 0)] == ["roof", "cellar"]


def test_another_backbone_has_clusters_of_its_own(workspace: Workspace, tiny_backbone: Backbone) -> None:
    other = copy(tiny_backbone)
    other.backbone_id = "f" * 16
    detecting = tiny_backbone
    novelty = Novelty(workspace.unknowns, lambda: detecting)
    on_window = novelty.of_stream("1")
    on_window(seen_by(tiny_backbone, live(0, SHORT)))
    assert novelty.flush(30)
    detecting = other
    for number, backbone in enumerate((tiny_backbone, other), 1):  # the first was on its way
        on_window(seen_by(backbone, live(number, SHORT)))
    novelty.close()
    assert [(each.backbone_id, each.emissions) for each in workspace.unknowns.clusters()] == [
        (tiny_backbone.backbone_id, 1),
        (other.backbone_id, 1),
    ]


def test_a_cluster_that_is_labelled_meanwhile_keeps_no_more_windows(
    workspace: Workspace, tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty_module, "SAVE_EVERY_SEC", 0.0)
    novelty = watch(workspace, tiny_backbone, live(0, SHORT))
    (cluster,) = workspace.unknowns.infos()
    assert workspace.unknowns.label(cluster.cluster_id, "pager") == cluster.windows == 1
    novelty.of_stream("1")(seen_by(tiny_backbone, live(1, SHORT)))
    novelty.close()
    (labelled,) = workspace.unknowns.infos()
    assert (labelled.signal_name, labelled.emissions, labelled.windows) == ("pager", 2, 0)


def test_a_full_disk_delays_what_is_stored(
    workspace: Workspace, tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty_module, "SAVE_EVERY_SEC", 0.0)
    with cramped(300):
        novelty = watch(workspace, tiny_backbone, live(0, SHORT))
        assert workspace.unknowns.clusters() == []
    novelty.close()
    (cluster,) = workspace.unknowns.clusters()
    assert cluster.cluster_id is not None
    assert len(workspace.unknowns.exemplars(cluster.cluster_id)) == 1


def test_windows_without_energy_are_not_looked_at(workspace: Workspace, tiny_backbone: Backbone) -> None:
    gated = replace(live(0), detections=WindowDetections({"ook": 1}, []))
    novelty = watch(workspace, tiny_backbone, *[gated] * 20)
    novelty.close()
    assert (novelty.dropped, workspace.unknowns.clusters()) == (0, [])
