"""The runtime of a backbone: what computes its dense layers."""

import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from rfhydra.errors import Incompatible, MissingExtra
from rfhydra.hydra.torch_backbone import TorchBackbone

Runtime: TypeAlias = Literal["auto", "torch", "openvino"]
"""``auto`` is the faster one of those that are installed and pass the check, by a measurement of a second."""
TIMED_PASSES: Final = 5


def on_runtime(backbone: TorchBackbone, runtime: Runtime, check: Callable[[TorchBackbone], None]) -> TorchBackbone:
    """``backbone``, which passes ``check``, on a runtime that passes it as well.

    Args:
        backbone: on the torch runtime.
        runtime: the wanted one.
        check: raises :class:`Incompatible` where a runtime gives other answers; it is also what is timed.

    Raises:
        Incompatible: the runtime gives other answers, or does not run on the device of ``backbone``.
        MissingExtra: the runtime is not installed.
    """
    if runtime == "torch":
        return backbone
    try:
        compiled = _openvino(backbone)
        check(compiled)
    except (MissingExtra, Incompatible):
        if runtime == "auto":
            return backbone
        raise
    return compiled if runtime == "openvino" or _is_faster(compiled, backbone, check) else backbone


def _openvino(backbone: TorchBackbone) -> TorchBackbone:
    if backbone.device.type != "cpu":
        raise Incompatible(f"the openvino runtime runs on a CPU, not on {backbone.device.type}")
    from rfhydra.hydra.openvino_backbone import OpenvinoBackbone

    return OpenvinoBackbone(backbone.network, backbone.backbone_id, backbone.background)


def _is_faster(one: TorchBackbone, other: TorchBackbone, run: Callable[[TorchBackbone], None]) -> bool:
    """Whether the fastest of some passes of ``one`` is faster than that of ``other``, run in turns."""
    seconds = {True: list[float](), False: list[float]()}
    for _ in range(TIMED_PASSES):
        for is_one, backbone in ((True, one), (False, other)):
            started = time.perf_counter()
            run(backbone)
            seconds[is_one].append(time.perf_counter() - started)
    return min(seconds[True]) < min(seconds[False])
