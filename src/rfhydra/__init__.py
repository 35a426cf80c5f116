"""rfhydra learns to recognise a new radio signal from a handful of boxes, then watches for it."""

__version__ = "0.1.0"
