"""Backbone files: fp16 weights, background set, and a golden test vector that is replayed at every load.

The golden test vector detects code that computes other results from the weights than the code that wrote them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.files import write_file
from rfhydra.hydra.backbone import Backbone, BackgroundSet, Seen
from rfhydra.hydra.int8_file import int8_path_of
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.runtimes import Runtime, on_runtime
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.hydra.vision import box_iou
from rfhydra.hydra.weights import Weights, read_weights, write_weights
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram

SHIPPED_PATH: Final = Path(str(resources.files("rfhydra.hydra") / "body.safetensors"))
"""The backbone that ships with rfhydra."""
GOLDEN_SPEC: Final = SpectrogramSpec(fft_size=256, hop=128, rows=128, cols=128)
GOLDEN_PROPOSALS: Final = 5
GOLDEN_IOU: Final = 0.9
GOLDEN_COSINE: Final = 0.99
_KIND: Final = "body"  # in stored files
_BACKGROUND_PREFIX: Final = "reference."
_GOLDEN_PREFIX: Final = "golden."
_CONFIG: Final = TypeAdapter(NetworkConfig)
_RANDOM: Final = {nn.init.kaiming_uniform_, nn.init.normal_, nn.init.uniform_, Tensor.normal_, Tensor.uniform_}


@dataclass(frozen=True, eq=False)
class GoldenTestVector:
    """Proposals of a backbone on one synthetic recording, computed when its file was written.

    ``iq`` float32 (samples, 2), one window of :data:`GOLDEN_SPEC`; ``boxes`` float32 (n, 4) in pixels, the likeliest
    proposals; ``embeddings`` float32 (n, d).
    """

    iq: Tensor
    boxes: Tensor
    embeddings: Tensor

    @classmethod
    def record(cls, backbone: Backbone) -> Self:
        """Run ``backbone`` on a chirp and a QPSK burst."""
        from rfhydra.synth import Receiver, Scene, make_burst  # scipy.signal is slow to import, and loading needs none

        rng, scene = np.random.default_rng(0), Scene(GOLDEN_SPEC.window_samples)
        scene.add(make_burst("chirp", rng, 6000, 0.2), start=1000, freq=-0.2, snr_db=20)
        scene.add(make_burst("qpsk", rng, 5000, 0.1), start=9000, freq=0.25, snr_db=20)
        iq = torch.view_as_real(torch.from_numpy(Receiver().apply(scene, rng))).half().float()
        seen = _see(backbone, iq)
        boxes = seen.propose(GOLDEN_PROPOSALS).boxes.half().float()
        return cls(iq, boxes, seen.embed(boxes))

    def replay(self, backbone: Backbone) -> None:
        """Raise :class:`Incompatible` if ``backbone`` gives other proposals or embeddings.

        The tolerances allow for half precision and another summation order on another device.
        """
        seen = _see(backbone, self.iq)
        overlap = box_iou(self.boxes, seen.propose().boxes)
        proposed = all(row.numel() and row.max() >= GOLDEN_IOU for row in overlap)
        similarity = torch.cosine_similarity(seen.embed(self.boxes), self.embeddings)
        if not (proposed and (similarity >= GOLDEN_COSINE).all()):
            raise Incompatible(
                "the backbone fails its golden test vector: use the version of rfhydra that made it, or make it again"
                " with 'rfhydra pretrain'"
            )


def _see(backbone: Backbone, iq: Tensor) -> Seen:
    return backbone.see(spectrogram(torch.view_as_complex(iq.contiguous()), GOLDEN_SPEC))


def load_backbone(
    path: Path | None = None, device: str | torch.device = "cpu", runtime: Runtime = "torch"
) -> TorchBackbone:
    """The backbone in ``path``, or the one that ships with rfhydra.

    Raises:
        NotFound: no such file, or no int8 layers beside it where they are wanted.
        Incompatible: not a backbone file of this version, its golden test vector fails, or the device has no such
            runtime.
        MissingExtra: the runtime is not installed.
    """
    path = path or SHIPPED_PATH
    data = _read_file(path)
    weights = read_weights(data, _KIND)
    if weights.metadata.get("backbone_version") != BACKBONE_VERSION:
        raise Incompatible(f"{path.name} is not a backbone of version {BACKBONE_VERSION}: make one with this rfhydra")
    try:
        with _NoInitialWeights():
            network = BackboneNetwork(_CONFIG.validate_python(weights.metadata["config"]))
    except (KeyError, ValidationError, InvalidMessage):
        raise Incompatible(f"{path.name} does not describe a backbone's shape") from None
    state = dict(weights.tensors)
    background = BackgroundSet(**_pop(state, _BACKGROUND_PREFIX, BackgroundSet))
    golden = GoldenTestVector(**_pop(state, _GOLDEN_PREFIX, GoldenTestVector))
    replace(weights, tensors=state).load_into(network)
    backbone = TorchBackbone(network, id_of(data), device, background)
    golden.replay(backbone)
    return on_runtime(backbone, runtime, golden.replay, int8_path_of(path))


class _NoInitialWeights(TorchFunctionMode):
    """Leave new weights as they are allocated: to draw random ones takes longer than to read a file of others."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        if func in _RANDOM:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def backbone_id_in(path: Path) -> str:
    """Id of the backbone in ``path``, without loading it.

    Raises:
        NotFound: no such file.
    """
    return id_of(_read_file(path))


def _read_file(path: Path) -> bytes:
    if not path.is_file():
        raise NotFound(f"no backbone file {path.name}: make one with 'rfhydra pretrain'")
    return path.read_bytes()


def save_backbone(
    network: BackboneNetwork,
    path: Path,
    recipe: dict[str, Any],
    scratch: Path | None = None,
    background: BackgroundSet | None = None,
) -> str:
    """Write ``network`` with its config and ``recipe``, atomically. Returns the new backbone id.

    Args:
        network: in full precision; stored in half precision.
        path: the file to write.
        recipe: pretraining settings, as JSON.
        scratch: a directory on the same file system for the temporary file; default is that of ``path``.
        background: default is none: heads are then trained on the workspace's samples alone.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
    """
    metadata = {"config": asdict(network.config), "recipe": recipe, "backbone_version": BACKBONE_VERSION}
    weights = _halved(network.state_dict())
    served = BackboneNetwork(network.config)
    served.load_state_dict(weights)
    golden = GoldenTestVector.record(TorchBackbone(served, "unsaved"))
    extra = {
        _BACKGROUND_PREFIX + name: tensor
        for name, tensor in vars(background or BackgroundSet.empty(network.config.embedding)).items()
    }
    extra |= {_GOLDEN_PREFIX + name: tensor for name, tensor in vars(golden).items()}
    data = write_weights(Weights(_KIND, weights | _halved(extra), metadata))
    write_file(path, data, scratch)
    return id_of(data)


def id_of(data: bytes) -> str:
    """The backbone id of a file's ``data``: first 16 hex digits of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def _pop(state: dict[str, Tensor], prefix: str, kind: type) -> dict[str, Tensor]:
    """Remove the fields of the dataclass ``kind`` from ``state`` and return them in full precision."""
    try:
        found = {each.name: state.pop(prefix + each.name) for each in fields(kind)}
    except KeyError:
        raise Incompatible(
            f"this backbone lacks its {prefix.rstrip('.')} tensors: make one with this rfhydra"
        ) from None
    return {name: each.float() if each.is_floating_point() else each for name, each in found.items()}


def _halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
