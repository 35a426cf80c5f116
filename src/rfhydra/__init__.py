"""rfhydra learns to recognise a new radio signal from a handful of boxes, then watches for it.

For scripts and notebooks: :func:`open_workspace`, :func:`create_workspace` and :func:`open_recording`. They are
imported when they are first used, so that ``import rfhydra`` is quick and needs no engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rfhydra.notebook.workspace import create_workspace as create_workspace
    from rfhydra.notebook.workspace import open_workspace as open_workspace
    from rfhydra.recordings import open_recording as open_recording

__version__ = "0.1.0"
__all__ = ["__version__", "create_workspace", "open_recording", "open_workspace"]

_PLACES: Final = {
    "create_workspace": "rfhydra.notebook.workspace",
    "open_recording": "rfhydra.recordings",
    "open_workspace": "rfhydra.notebook.workspace",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
