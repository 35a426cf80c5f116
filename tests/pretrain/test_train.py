"""A run of a few steps: checkpoint, resume, backbone file, invalid settings."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rfhydra.errors import Conflict, Incompatible, InvalidMessage, NotFound, StorageFull
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.hydra.weights import read_weights
from rfhydra.pretrain.burst_library import HELD_OUT, save_burst_library
from rfhydra.pretrain.scenes import TrainingScene, class_names
from rfhydra.pretrain.train import (
    BACKBONE_FILE,
    BURST_LIBRARY_FILE,
    CHECKPOINT_FILE,
    LOG_FILE,
    SCRATCH,
    PretrainProgress,
    PretrainRun,
    Recipe,
    SceneStream,
    collate,
)
from tests.pretrain.given import tiny_library

ONE_STEP = Recipe(minutes=1e-6, batch_size=1, workers=0, reference_scenes=1)
MEBIBYTE = 1 << 20


def prepared(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    save_burst_library(tiny_library(), directory / BURST_LIBRARY_FILE)
    return directory


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a mebibyte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEBIBYTE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[PretrainProgress]]:
    """A run of one step, resumed for a second one, and what it reported."""
    directory, reports = prepared(tmp_path_factory.mktemp("run")), list[PretrainProgress]()
    first = PretrainRun(directory, ONE_STEP)
    first.prepare()
    first.run(reports.append)
    longer = replace(ONE_STEP, minutes=first.seconds / 60 + 1e-6, seed=99)
    PretrainRun(directory, longer, resume=True).run(reports.append)
    return directory, reports


@pytest.fixture(scope="module")
def backbone(finished: tuple[Path, list[PretrainProgress]]) -> TorchBackbone:
    return load_backbone(finished[0] / BACKBONE_FILE)


def test_resumed_run_continues(finished: tuple[Path, list[PretrainProgress]]) -> None:
    directory, (first, second) = finished
    assert (first.step, second.step) == (1, 2)
    assert 0 < first.minutes < second.minutes
    assert set(first.losses) == {
        "loss_objectness",
        "loss_rpn_box_reg",
        "loss_classifier",
        "loss_box_reg",
        "loss_contrast",
    }
    assert all(np.isfinite(list(report.losses.values())).all() for report in (first, second))
    rows = [json.loads(line) for line in (directory / LOG_FILE).read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]


def test_files_of_a_run(finished: tuple[Path, list[PretrainProgress]]) -> None:
    directory, _ = finished
    assert {path.name for path in directory.iterdir()} == {
        BURST_LIBRARY_FILE,
        CHECKPOINT_FILE,
        LOG_FILE,
        BACKBONE_FILE,
        SCRATCH,
    }
    assert list((directory / SCRATCH).iterdir()) == []


def test_backbone_file_is_small_and_holds_its_recipe(finished: tuple[Path, list[PretrainProgress]]) -> None:
    path = finished[0] / BACKBONE_FILE
    weights = read_weights(path.read_bytes(), "body")
    recipe = weights.metadata["recipe"]
    assert path.stat().st_size < 40e6
    assert {tensor.dtype for tensor in weights.tensors.values()} == {torch.float16, torch.int64}
    assert recipe["held_out"] == list(HELD_OUT)
    assert recipe["waveforms"] == ["ofdm", "ook", "qpsk", "tone"]
    assert (recipe["steps"], recipe["seed"], recipe["batch_size"]) == (2, ONE_STEP.seed, 1)
    assert weights.metadata["config"]["classes"] == list(class_names(tiny_library()))


def test_backbone_gives_proposals(backbone: TorchBackbone) -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 192), dtype=np.uint8)
    proposals = backbone.see(image).propose()
    assert len(proposals)
    assert bool(torch.isfinite(proposals.embeddings).all())
    torch.testing.assert_close(proposals.embeddings.norm(dim=1), torch.ones(len(proposals)))
    assert float(backbone.network.embedding_mean.abs().sum()) > 0


def test_existing_run_is_not_overwritten(finished: tuple[Path, list[PretrainProgress]]) -> None:
    with pytest.raises(Conflict, match="--resume"):
        PretrainRun(finished[0], ONE_STEP)


def test_finished_run_only_rewrites_the_backbone(finished: tuple[Path, list[PretrainProgress]]) -> None:
    directory, reports = finished[0], list[PretrainProgress]()
    before = (directory / CHECKPOINT_FILE).read_bytes()
    backbone_bytes = len((directory / BACKBONE_FILE).read_bytes())
    PretrainRun(directory, ONE_STEP, resume=True).run(reports.append)
    assert reports == []
    assert (directory / CHECKPOINT_FILE).read_bytes() == before
    assert len((directory / BACKBONE_FILE).read_bytes()) == pytest.approx(backbone_bytes, abs=100)


def test_temporary_files_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / SCRATCH).mkdir()
    (tmp_path / SCRATCH / "half").write_bytes(b"written")
    PretrainRun(tmp_path, ONE_STEP)
    assert list((tmp_path / SCRATCH).iterdir()) == []


def test_full_disk_leaves_no_partial_file(tmp_path: Path) -> None:
    run = PretrainRun(prepared(tmp_path), ONE_STEP)
    with full_disk(), pytest.raises(StorageFull):
        run.run()
    assert {path.name for path in tmp_path.iterdir()} == {BURST_LIBRARY_FILE, SCRATCH}
    assert list((tmp_path / SCRATCH).iterdir()) == []


def test_initial_backbone_may_have_other_classes(finished: tuple[Path, list[PretrainProgress]]) -> None:
    run = PretrainRun(finished[0].parent / "other", ONE_STEP, initial=finished[0] / BACKBONE_FILE)
    others = [replace(burst, kind="4ask") for burst in tiny_library()]
    save_burst_library(others, run.directory / BURST_LIBRARY_FILE)
    trained = load_backbone(run.run()).network
    start = load_backbone(finished[0] / BACKBONE_FILE).network
    assert "ask" in trained.config.classes
    assert "ask" not in start.config.classes
    moved = (trained.pyramid.body.conv1.weight - start.pyramid.body.conv1.weight).abs().mean()
    assert moved < 0.1 * start.pyramid.body.conv1.weight.abs().mean()


def test_checkpoint_of_a_run_with_other_classes_is_refused(
    finished: tuple[Path, list[PretrainProgress]], tmp_path: Path
) -> None:
    directory = prepared(tmp_path)
    (directory / CHECKPOINT_FILE).write_bytes((finished[0] / CHECKPOINT_FILE).read_bytes())
    others = [replace(burst, kind="am-dsb") for burst in tiny_library()]
    save_burst_library(others, directory / BURST_LIBRARY_FILE)
    with pytest.raises(Incompatible, match="other classes"):
        PretrainRun(directory, ONE_STEP, resume=True).run()


def test_missing_initial_backbone(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        PretrainRun(prepared(tmp_path), ONE_STEP, initial=tmp_path / "absent").run()


def test_missing_burst_library(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"bank\.safetensors"):
        PretrainRun(tmp_path, ONE_STEP).run()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minutes", 0.0),
        ("minutes", -1.0),
        ("minutes", float("nan")),
        ("minutes", float("inf")),
        ("batch_size", 0),
        ("per_waveform", 0),
        ("learning_rate", -1e-3),
        ("warmup_steps", 0),
        ("reference_scenes", 0),
        ("workers", -1),
        ("seed", -1),
        ("checkpoint_seconds", -1.0),
        ("weight_decay", -1.0),
    ],
)
def test_limits_of_a_recipe(field: str, value: Any) -> None:
    with pytest.raises(InvalidMessage, match=f"^{field} {value} must"):
        replace(Recipe(), **{field: value})


def test_an_unknown_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match="'tpu' must be cpu or cuda"):
        PretrainRun(tmp_path, ONE_STEP, device="tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_an_absent_gpu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match="no GPU"):
        PretrainRun(tmp_path, ONE_STEP, device="cuda")


def test_scene_stream_depends_on_seed_and_first_step() -> None:
    first, second, resumed = (next(iter(SceneStream(tiny_library(), 1, step))).image for step in (0, 0, 7))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, resumed)


def scene(boxes: list[list[float]], labels: list[str]) -> TrainingScene:
    image = np.random.default_rng(0).integers(0, 256, (128, 128), dtype=np.uint8)
    return TrainingScene(image, np.array(boxes, np.float32).reshape(-1, 4), labels, np.arange(len(boxes)))


def test_collate() -> None:
    scenes = [scene([[0, 0, 9, 9], [5, 5, 20, 9]], ["b", "a"]), scene([], [])]
    images, targets = collate(scenes, ("a", "b"), torch.device("cpu"))
    assert images.shape == (2, 1, 128, 128)
    assert 0 <= float(images.min()) <= float(images.max()) <= 1
    assert [target["labels"].tolist() for target in targets] == [[2, 1], []]
    assert [tuple(target["boxes"].shape) for target in targets] == [(2, 4), (0, 4)]
    assert [target["emitters"].tolist() for target in targets] == [[0, 1], []]
