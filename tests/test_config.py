"""Signal names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.config import MAX_NAME_LENGTH, check_name
from rfhydra.errors import InvalidName


@pytest.mark.parametrize("name", ["a", "7", "ook-433.92", "BLE_adv", "x" * MAX_NAME_LENGTH])
def test_legal_names_pass(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "-a", "_a", "a..b", "../a", "a/b", "a\\b", "a b", "a\n", "a\0", "ä", "x" * 65]
)
def test_illegal_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="signal_name"):
        check_name(name)


def test_the_message_names_the_field() -> None:
    with pytest.raises(InvalidName, match=r"^other "):
        check_name("", field="other")


@given(st.text())
def test_legal_names_are_safe_path_components(name: str) -> None:
    try:
        check_name(name)
    except InvalidName:
        return
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII)
    assert ".." not in name
    assert len(name) <= MAX_NAME_LENGTH
