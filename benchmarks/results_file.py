"""Where the numbers go: a JSON file per benchmark, with the machine, the commit and the backbone they were made on."""

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from rfhydra.hydra.backbone import Backbone

RESULTS = Path(__file__).parent / "results"


def write_result(name: str, body: dict[str, Any], backbone: Backbone | None, directory: Path = RESULTS) -> Path:
    """Write ``<name>.json`` into ``directory`` and return its path; ``backbone`` is the backbone measured, if any."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    stamped = {"machine": machine(), "commit": commit(), "backbone_id": backbone and backbone.backbone_id, **body}
    path.write_text(json.dumps(stamped, indent=2) + "\n")
    return path


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    cpu = next(
        (line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), platform.processor()
    )
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "gpu": gpu,
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def commit() -> str:
    """The commit of the working tree, with ``+`` when it has changes."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return run.stdout.strip()
