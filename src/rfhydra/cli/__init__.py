"""The command line: the composition root. Importing it is cheap; a command imports the engine when it runs."""

from rfhydra.cli.app import main

__all__ = ["main"]
