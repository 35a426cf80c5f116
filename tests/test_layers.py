"""Imports without the engine, which is an extra. `lint-imports` checks the directions of imports."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from rfhydra.recordings import Annotation, write_recording

ENGINE: Final = (
    "numpy",
    "torch",
    "torchvision",
    "scipy",
    "matplotlib",
    "PIL",
    "safetensors",
    "sigmf",
    "faster_coco_eval",
    "starlette",
    "uvicorn",
    "prometheus_client",
)

WITHOUT_ENGINE: Final = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in {engine!r}:
            raise ModuleNotFoundError(f"No module named {{fullname!r}}", name=fullname)

sys.meta_path.insert(0, Refuse())
"""

HELP_OF_ALL: Final = """
from rfhydra.cli.app import app
from typer.main import get_command
from typer.testing import CliRunner
for name in ["", *get_command(app).commands]:
    done = CliRunner().invoke(app, [*name.split(), "--help"])
    assert done.exit_code == 0 and "Usage" in done.output, (name, done.output, done.exception)
    print(name or "rfhydra")
"""


def run_without_engine(script: str) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in a Python that has none of the engine's dependencies."""
    code = WITHOUT_ENGINE.format(engine=set(ENGINE)) + script
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_the_engine_is_refused() -> None:
    done = run_without_engine("import rfhydra.hydra.backbone")
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    "module",
    [
        "rfhydra",
        "rfhydra.errors",
        "rfhydra.config",
        "rfhydra.spectrum.spec",
        "rfhydra.protocol.reference",
        "rfhydra.client",
    ],
)
def test_module_imports_without_the_engine(module: str) -> None:
    done = run_without_engine(f"import {module}")
    assert done.returncode == 0, done.stderr


def test_every_command_helps_without_the_engine() -> None:
    done = run_without_engine(HELP_OF_ALL)
    assert done.returncode == 0, done.stderr
    helped = done.stdout.split()
    assert {"rfhydra", "demo", "train", "serve", "watch", "scan"} <= set(helped)


@pytest.mark.parametrize("arguments", [["registry"], ["train", "lora"], ["jobs"]])
def test_cli_talks_to_a_server_without_the_engine(arguments: list[str]) -> None:
    command = ["rfhydra", *arguments, "--server", "ws://127.0.0.1:1"]
    done = run_without_engine(f"import rfhydra.cli; sys.argv = {command!r}; rfhydra.cli.main()")
    assert done.returncode == 1
    assert "no server answers at ws://127.0.0.1:1" in done.stderr


def loaded_by(*arguments: object) -> set[str]:
    """The modules that a command has imported when it ends."""
    argv = ["rfhydra", *map(str, arguments)]
    code = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); sys.argv = {argv!r}\n"
    code += "import rfhydra.cli; rfhydra.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return set(done.stdout.splitlines()[-1].split())


def test_a_command_imports_its_own_module_only() -> None:
    loaded = loaded_by("init", "--help")
    assert "rfhydra.cli.workspace" in loaded
    assert {"rfhydra.cli.training", "rfhydra.cli.serve", "torch"}.isdisjoint(loaded)


def test_help_validates_nothing() -> None:
    loaded = loaded_by("--help")
    assert "rfhydra.cli.serve" in loaded
    assert {"pydantic", "numpy", "asyncio"}.isdisjoint(loaded)


def test_commands_that_touch_no_arrays_import_no_arrays(tmp_path: Path) -> None:
    site = tmp_path / "site"
    commands = (["init", site], ["registry", site], ["log", site], ["signals", site], ["train", site, "unknown"])
    for command in commands:
        loaded = loaded_by(*command)
        assert "rfhydra.store.workspace" in loaded
        assert {"numpy", "torch", "rfhydra.protocol.messages"}.isdisjoint(loaded), command


def test_import_needs_no_network_and_no_signal_processing(tmp_path: Path) -> None:
    box = Annotation(1000, 9000, 10e3, 20e3, "beacon")
    recording = write_recording(tmp_path / "take", np.ones(20_000, np.complex64), 250e3, 0.0, [box])
    loaded_by("init", tmp_path / "site", "--fft-size", "256")
    loaded = loaded_by("import", tmp_path / "site", recording)
    assert "torch" in loaded
    assert {"torchvision", "scipy.signal", "rfhydra.detection.detector"}.isdisjoint(loaded)


def test_the_engine_is_imported_without_the_compiler_and_the_exporter_of_torch() -> None:
    """Importing them takes longer than all the rest of torchvision; nothing is compiled or exported."""
    code = """
import sys
import rfhydra.detection.detector, rfhydra.hydra.backbone_file, rfhydra.training.service
assert "torchvision.ops.roi_align" in sys.modules
assert {"torch._dynamo", "torch._dynamo.utils", "torch.onnx", "sympy", "scipy.signal"}.isdisjoint(sys.modules), "slow"
import torch._dynamo.utils
assert torch._dynamo.utils.__spec__ is not None
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
