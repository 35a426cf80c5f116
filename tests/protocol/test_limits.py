import pytest

from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.protocol.limits import Limits, read_limits


def test_limits_are_set_by_name() -> None:
    assert read_limits(["max_page=5", "max_epochs=7"]) == Limits(max_page=5, max_epochs=7)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("max_fun=1", "max_fun"),
        ("max_page", "max_page=100"),
        ("max_page=many", "whole number"),
        ("max_page=0", "max_page"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, wanted: str) -> None:
    with pytest.raises(InvalidMessage, match=wanted):
        read_limits([setting])


def test_over_a_limit_is_refused_with_field_and_limit() -> None:
    limits = Limits(max_epochs=3)
    limits.require("epochs", 3, "max_epochs")
    with pytest.raises(TooLarge, match=r"epochs is 4, the limit is 3 \(max_epochs\)"):
        limits.require("epochs", 4, "max_epochs")
