"""What a number or a cached array was made with: digests of source files.

What is cached under such a digest is made again when the code that made it changes, and only then.
"""

import importlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import rfhydra
from rfhydra.store.blobs import digest_of

_DIGITS = 16


def digest_of_sources(*modules: ModuleType | str, extra: str = "") -> str:
    """A digest of the sources of ``modules``, of the modules in them where they are packages, and of ``extra``."""
    sources = [inspect.getsource(importlib.import_module(each) if isinstance(each, str) else each) for each in modules]
    return digest_of("\0".join([*sources, extra]).encode())[:_DIGITS]


def digest_of_packages(names: Iterable[str], extra: str = "") -> str:
    """A digest of every source file in these packages of rfhydra, and of ``extra``."""
    root = Path(inspect.getfile(rfhydra)).parent
    sources = [path.read_text() for name in sorted(names) for path in sorted((root / name).rglob("*.py"))]
    return digest_of("\0".join([*sources, extra]).encode())[:_DIGITS]
