"""The command line: the composition root. Importing it is cheap; the engine is imported by the command that needs it."""

from rfhydra.cli.app import main

__all__ = ["main"]
