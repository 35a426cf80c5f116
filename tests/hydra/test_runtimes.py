"""The choice of a runtime, and what the OpenVINO runtime does beside computing."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from rfhydra.errors import Incompatible, MissingExtra, NotFound
from rfhydra.hydra.backbone_file import SHIPPED_PATH, load_backbone
from rfhydra.hydra.cores import use_one_core
from rfhydra.hydra.int8_file import int8_path_of
from rfhydra.hydra.runtimes import Runtime, on_runtime
from rfhydra.hydra.torch_backbone import TorchBackbone

COMPILED: tuple[Runtime, ...] = ("openvino", "openvino-int8")
SHIPPED_INT8 = int8_path_of(SHIPPED_PATH)
NONE = SHIPPED_INT8.with_name("none")
WITHOUT_OPENVINO = """
import sys
sys.modules["openvino"] = None
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.errors import MissingExtra
print(type(load_backbone(runtime="auto")).__name__)
try:
    load_backbone(runtime="openvino")
except MissingExtra as error:
    print(error)
"""
WATCHED = """
import sys
reached = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        reached.append(event)
sys.addaudithook(watch)
from rfhydra.hydra.backbone_file import load_backbone
backbone = load_backbone(runtime="openvino")
import threading
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(5)
print(type(backbone).__name__, reached)
"""
SIGNALLED = """
import signal
received = []
signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
from rfhydra.hydra.backbone_file import load_backbone
for _ in range(2):
    load_backbone(runtime="openvino")  # and drop it, as auto does if torch is faster
    signal.raise_signal(signal.SIGTERM)
print(len(received))
"""


@pytest.fixture(scope="module")
def served() -> TorchBackbone:
    return load_backbone()


@pytest.fixture(scope="module", params=COMPILED)
def compiled(request: pytest.FixtureRequest) -> TorchBackbone:
    pytest.importorskip("openvino")
    return load_backbone(runtime=request.param)


def accept(backbone: TorchBackbone) -> None:
    backbone.see(torch.zeros((32, 128), dtype=torch.uint8))


def refuse_other_than(kept: TorchBackbone) -> Callable[[TorchBackbone], None]:
    def check(backbone: TorchBackbone) -> None:
        if backbone is not kept:
            raise Incompatible("other answers")

    return check


def output_of(program: str, home: Path) -> list[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}  # not that of a continuous integration
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    return done.stdout.splitlines()


def test_torch_stays_torch(served: TorchBackbone) -> None:
    assert on_runtime(served, "torch", refuse_other_than(served), NONE) is served


def test_a_runtime_with_other_answers_is_refused_or_not_chosen(served: TorchBackbone) -> None:
    pytest.importorskip("openvino")
    check = refuse_other_than(served)
    assert on_runtime(served, "auto", check, SHIPPED_INT8) is served
    for runtime in COMPILED:
        with pytest.raises(Incompatible, match="other answers"):
            on_runtime(served, runtime, check, SHIPPED_INT8)


@pytest.mark.parametrize(("int8", "compiled"), [(SHIPPED_INT8, "openvino-int8"), (NONE, "openvino")])
def test_auto_is_torch_or_the_first_compiled_one_that_is_there(
    served: TorchBackbone, int8: Path, compiled: Runtime
) -> None:
    pytest.importorskip("openvino")
    seen = list[str]()

    def check(backbone: TorchBackbone) -> None:
        seen.append(backbone.runtime)
        accept(backbone)

    chosen = on_runtime(served, "auto", check, int8)
    assert chosen.backbone_id == served.backbone_id
    assert set(seen) == {"torch", compiled}
    assert chosen.runtime in seen


def test_without_int8_layers_that_runtime_is_refused(served: TorchBackbone) -> None:
    pytest.importorskip("openvino")
    with pytest.raises(NotFound, match="rfhydra quantise"):
        on_runtime(served, "openvino-int8", accept, NONE)


def test_without_openvino_auto_is_torch(tmp_path: Path) -> None:
    chosen, error = output_of(WITHOUT_OPENVINO, tmp_path)
    assert chosen == "TorchBackbone"
    assert "pip install 'rfhydra[openvino]'" in error
    assert MissingExtra.code == "internal"


def test_openvino_reaches_no_network(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    assert output_of(WATCHED, tmp_path) == ["OpenvinoBackbone []"]
    assert not list(tmp_path.iterdir())


def test_signals_are_handled_after_a_compiled_backbone_was_dropped(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    assert output_of(SIGNALLED, tmp_path) == ["2"]


def test_compiled_layers_serve_several_threads(compiled: TorchBackbone) -> None:
    images = [torch.randint(0, 99, (64, 128 + 32 * number), dtype=torch.uint8) for number in range(6)]
    box = torch.tensor([[3.0, 3.0, 60.0, 40.0]])
    alone = [compiled.see(image).embed(box) for image in images]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda image: compiled.see(image).embed(box), images * 3))
    for found, expected in zip(together, alone * 3, strict=True):
        assert torch.equal(found, expected)


@pytest.fixture
def two_cores() -> Iterator[None]:
    former = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(former)


@pytest.mark.parametrize("runtime", ["torch", *COMPILED])
def test_images_on_one_core_each_have_the_same_answers(runtime: Runtime, two_cores: None) -> None:
    if runtime != "torch":
        pytest.importorskip("openvino")
    backbone = load_backbone(runtime=runtime)
    assert backbone.parallel == 2
    images = [torch.randint(0, 99, (64, 128 + 32 * number), dtype=torch.uint8) for number in range(6)]
    box = torch.tensor([[3.0, 3.0, 60.0, 40.0]])
    alone = [backbone.see(image).embed(box) for image in images]
    with ThreadPoolExecutor(backbone.parallel, initializer=use_one_core) as threads:
        together = list(threads.map(lambda image: backbone.see(image).embed(box), images))
        assert set(threads.map(lambda _: torch.get_num_threads(), images)) == {1}
    assert torch.get_num_threads() == 2
    for found, expected in zip(together, alone, strict=True):
        torch.testing.assert_close(found, expected, atol=0.01, rtol=0)
