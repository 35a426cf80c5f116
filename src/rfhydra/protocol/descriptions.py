"""Descriptions of fields: the texts below them in the source.

They are read when a document is made. pydantic's ``use_attribute_docstrings`` reads them at every import, which takes a
third of the time that importing the protocol takes.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel


def field_descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The description of each field of ``model`` that has one, inherited fields among them."""
    found = dict[str, str]()
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found |= _described(each.__module__).get(each.__name__.partition("[")[0], {})
    return {name: text for name, text in found.items() if name in model.model_fields}


@cache
def _described(module: str) -> dict[str, dict[str, str]]:
    """The fields of each class of ``module`` with the text below them."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: dict(_fields(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(node.body, node.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            yield field.target.id, inspect.cleandoc(text.value.value)
