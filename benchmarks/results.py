"""Result files: JSON with the machine, the commit and the backbone that the numbers were measured on."""

import json
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import torch

from rfhydra.files import write_file
from rfhydra.hydra.backbone import Backbone
from rfhydra.store.blobs import digest_of

RESULTS: Final = Path(__file__).parent / "results"
_DIGITS: Final = 16

Row = dict[str, Any]


def write_result(name: str, body: Row, backbone: Backbone | None, directory: Path = RESULTS) -> None:
    """Write ``<name>.json`` into ``directory``; ``backbone`` is the one that was measured, None where there is none."""
    directory.mkdir(parents=True, exist_ok=True)
    stamped = {"machine": machine(), "commit": commit(), "backbone_id": backbone and backbone.backbone_id, **body}
    (directory / f"{name}.json").write_text(json.dumps(stamped, indent=2) + "\n")


def read_result(name: str, directory: Path = RESULTS) -> Row:
    """Read what :func:`write_result` wrote."""
    found: Row = json.loads((directory / f"{name}.json").read_text())
    return found


def machine() -> Row:
    """Hardware and library versions."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def commit() -> str:
    """Commit of the working tree, followed by ``+`` if it has changes."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return run.stdout.strip()


def digest_of_sources(*modules: ModuleType, extra: str = "") -> str:
    """Digest of ``extra`` and of the source files of ``modules``, all files of those that are packages.

    The key of everything that is stored between runs, so that it is computed again when its code has changed.
    """
    files = [Path(str(module.__file__)) for module in modules]
    sources = [
        path.read_text()
        for file in files
        for path in (sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file])
    ]
    return digest_of("\0".join([*sources, extra]).encode())[:_DIGITS]


class Units:
    """Results of units of work in a directory, a JSON file each, so that an interrupted run resumes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, compute: Callable[[], Any]) -> Any:
        """The stored result ``name``, computed and stored now if there is none."""
        if (found := self.find(name)) is not None:
            return found
        self.put(name, compute())
        return self.find(name)

    def find(self, name: str) -> Any:
        """The stored result ``name``, None if there is none."""
        path = self._path(name)
        return json.loads(path.read_bytes()) if path.exists() else None

    def put(self, name: str, result: Any) -> None:
        """Store ``result``, replacing an earlier one."""
        write_file(self._path(name), json.dumps(result).encode(), self._directory)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"
