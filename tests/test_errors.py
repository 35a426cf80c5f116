"""The error tree: every class has a code of the protocol, and the docstring draws all of them."""

from collections.abc import Iterator

import pytest

from rfhydra import errors
from rfhydra.errors import RfhydraError


def tree(root: type[RfhydraError] = RfhydraError) -> Iterator[type[RfhydraError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("error", [error for error in tree() if error.__module__ == errors.__name__])
def test_every_error_is_drawn_with_its_code(error: type[RfhydraError]) -> None:
    drawn = [line.split() for line in str(errors.__doc__).splitlines()]
    assert any(error.__name__ in words and error.code in words for words in drawn)


def test_codes_are_those_of_the_protocol() -> None:
    assert {error.code for error in tree()} == {
        "internal",
        "invalid_message",
        "invalid_name",
        "not_found",
        "conflict",
        "busy",
        "too_large",
        "not_enough_samples",
        "incompatible",
        "cancelled",
    }
