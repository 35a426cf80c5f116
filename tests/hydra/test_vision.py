"""Substitutes of modules during the import of torchvision."""

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from rfhydra.hydra.vision import _substituted

NAME = "colorsys"
"""A small module that nothing here has imported."""


@pytest.fixture(autouse=True)
def _not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, NAME, raising=False)


def substitute(*_: Any) -> str:
    return "substitute"


def in_a_thread(name: str) -> Any:
    def ask() -> Any:
        return getattr(import_module(NAME), name)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


def test_an_import_gets_the_one_function() -> None:
    with _substituted(NAME, "rgb_to_hsv", substitute):
        assert import_module(NAME).rgb_to_hsv is substitute
    assert NAME not in sys.modules
    assert import_module(NAME).rgb_to_hsv(1, 1, 1) == (0.0, 0.0, 1)


def test_another_thread_gets_the_module_itself() -> None:
    with _substituted(NAME, "rgb_to_hsv", substitute):
        held: ModuleType = import_module(NAME)
        assert in_a_thread("hsv_to_rgb")(0.0, 0.0, 1) == (1, 1, 1)
        module = sys.modules[NAME]
        assert module.__spec__ is not None
    assert sys.modules[NAME] is module, "the end of the import took the module away"
    assert held.hsv_to_rgb is module.hsv_to_rgb
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        held.nothing  # noqa: B018


def test_a_module_that_is_there_stays() -> None:
    module = import_module(NAME)
    with _substituted(NAME, "rgb_to_hsv", substitute):
        assert import_module(NAME) is module
    assert sys.modules[NAME] is module
