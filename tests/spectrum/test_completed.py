"""A contract from some of its fields."""

import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.spec import SpectrogramSpec


@pytest.mark.parametrize("exponent", range(6, 17))
def test_an_fft_size_alone_is_enough(exponent: int) -> None:
    spec = SpectrogramSpec.completed(1 << exponent)
    assert (spec.fft_size, spec.hop) == (1 << exponent, 1 << (exponent - 1))
    assert spec.rows == min(1 << exponent, 1024)
    assert spec.cols >= 256


def test_nothing_is_the_default() -> None:
    assert SpectrogramSpec.completed() == SpectrogramSpec()


def test_what_is_given_stays() -> None:
    spec = SpectrogramSpec.completed(256, hop=64, cols=300)
    assert (spec.hop, spec.rows, spec.cols) == (64, 256, 300)


@pytest.mark.parametrize("size", [0, 1, 3, 500, 1 << 17])
def test_the_field_that_is_wrong_is_named(size: int) -> None:
    with pytest.raises(InvalidMessage, match=rf"^fft_size {size} must be a power of two"):
        SpectrogramSpec.completed(size)
