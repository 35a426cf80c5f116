"""The conformance suite of the :class:`Backbone` interface, for every runtime."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import MAX_PROPOSALS, Backbone
from rfhydra.hydra.backbone_file import GOLDEN_SPEC, GoldenTestVector, load_backbone
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import Burst, Receiver, Scene, make_burst

RUNTIMES: Final[dict[str, Callable[[], Backbone]]] = {
    "torch": load_backbone,
    "openvino": partial(load_backbone, runtime="openvino"),
    "openvino-int8": partial(load_backbone, runtime="openvino-int8"),
}
"""Loaders of the shipped backbone, by runtime."""
SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=256)
BOXES: Final = torch.tensor([[0.0, 0.0, 40.0, 30.0], [5.0, 5.0, 9.0, 9.0], [30.0, 100.0, 200.0, 110.0]])


@pytest.fixture(scope="module", params=list(RUNTIMES))
def runtime(request: pytest.FixtureRequest) -> Backbone:
    if request.param != "torch":
        pytest.importorskip("openvino")
    return RUNTIMES[request.param]()


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """A chirp and a QPSK burst, 512 rows by 256 columns."""
    rng, scene = np.random.default_rng(3), Scene(SPEC.window_samples)
    for kind in ("chirp", "qpsk"):
        scene.place(make_burst(kind, rng, 20_000, 0.1), rng, 20.0)
    return spectrogram(Receiver().apply(scene, rng), SPEC).numpy()


def test_size_is_that_of_the_image(runtime: Backbone, image: NDArray[np.uint8]) -> None:
    assert runtime.see(image).size == (512, 256)
    assert runtime.see(torch.from_numpy(image[:128, :100].copy())).size == (128, 100)


@pytest.mark.parametrize("limit", [1, 20, MAX_PROPOSALS])
def test_proposals_lie_in_the_image_sorted_by_objectness(
    runtime: Backbone, image: NDArray[np.uint8], limit: int
) -> None:
    proposals = runtime.see(image).propose(limit)
    count = len(proposals)
    assert 0 < count <= limit
    assert proposals.boxes.shape == (count, 4)
    assert proposals.objectness.shape == (count,)
    assert proposals.embeddings.shape == (count, runtime.embedding_dim)
    for tensor in (proposals.boxes, proposals.objectness, proposals.embeddings):
        assert (tensor.dtype, tensor.device.type) == (torch.float32, "cpu")
    assert bool((proposals.boxes[:, :2] >= 0).all())
    assert bool((proposals.boxes[:, 2:] <= torch.tensor([256.0, 512.0])).all())
    assert bool((proposals.boxes[:, 2:] > proposals.boxes[:, :2]).all())
    assert bool((proposals.objectness.diff() <= 0).all())
    assert bool(((proposals.objectness >= 0) & (proposals.objectness <= 1)).all())
    torch.testing.assert_close(proposals.embeddings.norm(dim=1), torch.ones(count))


def test_embeddings_of_given_boxes(runtime: Backbone, image: NDArray[np.uint8]) -> None:
    embeddings = runtime.see(image).embed(BOXES)
    assert embeddings.shape == (3, runtime.embedding_dim)
    assert (embeddings.dtype, embeddings.device.type) == (torch.float32, "cpu")
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))
    assert runtime.see(image).embed(torch.zeros(0, 4)).shape == (0, runtime.embedding_dim)


@pytest.mark.parametrize("cols", [1, 2, 8, 32, 127])
def test_narrow_images_do_not_depend_on_what_memory_held_before(
    runtime: Backbone, image: NDArray[np.uint8], cols: int
) -> None:
    first = runtime.see(image[:, :cols]).embed(BOXES)
    assert bool(first.isfinite().all())
    for _ in range(3):
        freed = [torch.full((2**size,), torch.nan) for size in range(10, 21) for _ in range(20)]
        del freed
        assert torch.equal(runtime.see(image[:, :cols]).embed(BOXES), first)


def test_proposals_have_the_embeddings_of_their_boxes(runtime: Backbone, image: NDArray[np.uint8]) -> None:
    seen = runtime.see(image)
    proposals = seen.propose(10)
    torch.testing.assert_close(seen.embed(proposals.boxes), proposals.embeddings)


def test_results_are_deterministic(runtime: Backbone, image: NDArray[np.uint8]) -> None:
    first, second = (runtime.see(image) for _ in range(2))
    assert torch.equal(first.propose().boxes, second.propose().boxes)
    assert torch.equal(first.embed(BOXES), second.embed(BOXES))


@pytest.mark.parametrize("seed", range(4))
def test_co_timed_lines_give_a_merged_proposal(runtime: Backbone, seed: int) -> None:
    rng, scene = np.random.default_rng(seed), Scene(SPEC.window_samples)
    upper, lower = (make_burst("ook", rng, 30_000, 0.03).iq for _ in range(2))
    turn = np.exp(2j * np.pi * 0.15 * np.arange(len(upper)))
    pair = Burst("pair", (upper * turn + lower / turn).astype(np.complex64), -0.165, 0.165)
    sent = scene.add(pair, start=15_000, freq=0.03, snr_db=12)
    assert sent is not None
    image = spectrogram(Receiver().apply(scene, rng), SPEC).numpy()
    truth = Frame(SPEC, None, None, image.shape[1]).to_pixels([sent.box(1.0, 0.0)])
    assert box_iou(torch.from_numpy(truth), runtime.see(image).propose().boxes).max() > 0.85


def test_golden_test_vector_of_the_torch_runtime(runtime: Backbone) -> None:
    vector = GoldenTestVector.record(load_backbone())
    assert len(vector.iq) == GOLDEN_SPEC.window_samples
    vector.replay(runtime)


def test_background_set_of_the_file(runtime: Backbone) -> None:
    background = runtime.background
    assert len(background) == len(background.embeddings) == len(background.scenes) > 1000
    assert background.embeddings.shape[1] == runtime.embedding_dim
    assert bool((background.scenes.diff() >= 0).all())
    part = background.part(background.scenes < 3)
    assert set(part.scenes.tolist()) == {0, 1, 2}


def test_another_backbone_id_is_refused(runtime: Backbone) -> None:
    runtime.require(runtime.backbone_id, "the head")
    with pytest.raises(Incompatible, match="the head was trained on backbone 0123"):
        runtime.require("0123", "the head")


def test_another_value_scaling_is_refused(runtime: Backbone) -> None:
    runtime.require_scaling(SpectrogramSpec())
    with pytest.raises(Incompatible, match="value scaling"):
        runtime.require_scaling(replace(SpectrogramSpec(), scaling=ValueScaling(range_db=90.0)))
