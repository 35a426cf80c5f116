"""The error tree: every class has a code of the protocol and a line in the docstring."""

from collections.abc import Iterator
from typing import get_args

import pytest

from rfhydra import errors
from rfhydra.errors import ErrorCode, RfhydraError, error_of


def tree(root: type[RfhydraError] = RfhydraError) -> Iterator[type[RfhydraError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("error", [error for error in tree() if error.__module__ == errors.__name__])
def test_docstring_lists_every_error_with_its_code(error: type[RfhydraError]) -> None:
    listed = [line.split() for line in str(errors.__doc__).splitlines()]
    assert any(error.__name__ in words and error.code in words for words in listed)


def test_every_code_of_the_protocol_has_an_error() -> None:
    assert {error.code for error in tree()} == set(get_args(ErrorCode))


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_error_of_code(code: str) -> None:
    error = error_of(code, "why")
    assert error.code == code
    assert str(error) == "why"


def test_error_of_unknown_code() -> None:
    assert type(error_of("new_code", "why")) is RfhydraError
