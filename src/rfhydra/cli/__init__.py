"""The command line. Commands import the engine when they run, so that ``--help`` is quick and works without it."""

from rfhydra.cli.app import main

__all__ = ["main"]
