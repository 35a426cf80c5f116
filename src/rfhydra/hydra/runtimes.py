"""The runtime of a backbone: what computes its dense layers."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, TypeAlias

from rfhydra.errors import Incompatible, MissingExtra, NotFound
from rfhydra.hydra.int8_file import load_int8_layers
from rfhydra.hydra.torch_backbone import TorchBackbone

Runtime: TypeAlias = Literal["auto", "torch", "openvino", "openvino-int8"]
"""``auto`` is the faster one of torch's and the first compiled one that is there and passes the check, int8 first; by a
measurement of a second."""
TIMED_PASSES: Final = 5
_COMPILED: Final[tuple[Runtime, ...]] = ("openvino-int8", "openvino")


def on_runtime(
    backbone: TorchBackbone, runtime: Runtime, check: Callable[[TorchBackbone], None], int8_path: Path
) -> TorchBackbone:
    """``backbone``, which passes ``check``, on a runtime that passes it as well.

    Args:
        backbone: on the torch runtime.
        runtime: the wanted one.
        check: raises :class:`Incompatible` where a runtime gives other answers; it is also what is timed.
        int8_path: the file of its int8 layers, which need not be there.

    Raises:
        Incompatible: the runtime gives other answers, or does not run on the device of ``backbone``; or the int8 layers
            are those of another backbone.
        MissingExtra: the runtime is not installed.
        NotFound: there are no int8 layers.
    """
    if runtime == "torch":
        return backbone
    if runtime != "auto":
        return _compiled(backbone, runtime, check, int8_path)
    for each in _COMPILED:
        with suppress(MissingExtra, Incompatible, NotFound):
            compiled = _compiled(backbone, each, check, int8_path)
            return compiled if _is_faster(compiled, backbone, check) else backbone
    return backbone


def _compiled(
    backbone: TorchBackbone, runtime: Runtime, check: Callable[[TorchBackbone], None], int8_path: Path
) -> TorchBackbone:
    if backbone.device.type != "cpu":
        raise Incompatible(f"the {runtime} runtime runs on a CPU, not on {backbone.device.type}")
    from rfhydra.hydra.openvino_backbone import OpenvinoBackbone

    int8 = load_int8_layers(int8_path, backbone.backbone_id) if runtime == "openvino-int8" else None
    compiled = OpenvinoBackbone(backbone.network, backbone.backbone_id, backbone.background, int8)
    check(compiled)
    return compiled


def _is_faster(one: TorchBackbone, other: TorchBackbone, run: Callable[[TorchBackbone], None]) -> bool:
    """Whether the fastest of some passes of ``one`` is faster than that of ``other``, run in turns."""
    seconds = {True: list[float](), False: list[float]()}
    for _ in range(TIMED_PASSES):
        for is_one, backbone in ((True, one), (False, other)):
            started = time.perf_counter()
            run(backbone)
            seconds[is_one].append(time.perf_counter() - started)
    return min(seconds[True]) < min(seconds[False])
