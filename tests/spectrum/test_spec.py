"""The contract: stable ids, limits, round trip."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.errors import Incompatible, InvalidMessage
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling

DEFAULT_ID = "d0addd79f7a06f23"


@st.composite
def specs(draw: st.DrawFn) -> SpectrogramSpec:
    fft_size = 2 ** draw(st.integers(6, 16))
    rows = 2 ** draw(st.integers(5, min(12, fft_size.bit_length() - 1)))
    scaling = ValueScaling(headroom_db=draw(st.floats(0, 20)), range_db=draw(st.floats(21, 200)))
    hop = 2 * draw(st.integers(1, fft_size // 2))
    return SpectrogramSpec(fft_size=fft_size, hop=hop, rows=rows, cols=draw(st.integers(32, 4096)), scaling=scaling)


def test_the_default_id_never_changes() -> None:
    assert SpectrogramSpec().spec_id == DEFAULT_ID


def test_every_field_changes_the_id() -> None:
    spec = SpectrogramSpec()
    geometry: dict[str, Any] = {"fft_size": 8192, "hop": 1024, "rows": 512, "cols": 512}
    numbers: dict[str, Any] = {"floor_band": 0.7, "headroom_db": 11.0, "range_db": 90.0}
    others = [replace(spec, **{name: value}) for name, value in geometry.items()]
    others += [replace(spec, scaling=replace(spec.scaling, **{name: value})) for name, value in numbers.items()]
    assert len({other.spec_id for other in [spec, *others]}) == 1 + len(others)
    assert {*geometry, "scaling"} == {field.name for field in fields(SpectrogramSpec)}
    assert {*numbers, "floor", "pooling", "window"} == {field.name for field in fields(ValueScaling)}


@given(specs())
def test_dict_round_trip(spec: SpectrogramSpec) -> None:
    round_trip = SpectrogramSpec.from_dict(spec.to_dict())
    assert round_trip == spec
    assert round_trip.spec_id == spec.spec_id


def test_whole_floats_are_integers() -> None:
    spec = SpectrogramSpec()
    assert SpectrogramSpec.from_dict({**spec.to_dict(), "hop": 2048.0}).spec_id == spec.spec_id


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("fft_size", [0, -4096, 32, 131072, 4095]),
        ("hop", [0, -2, 1, 2047, 4098]),
        ("rows", [0, 16, 1000, 8192]),
        ("cols", [0, 31, 4097]),
    ],
)
def test_limits_of_the_geometry(field: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(InvalidMessage, match=f"^{field} {value} must"):
            replace(SpectrogramSpec(), **{field: value})


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("floor_band", [0.0, 0.05, 1.1, float("nan")]),
        ("range_db", [0.0, -80.0, float("inf"), float("nan")]),
        ("headroom_db", [-1.0, 80.0, float("nan")]),
    ],
)
def test_limits_of_the_scaling(field: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(InvalidMessage, match=f"^{field} {value} must"):
            replace(ValueScaling(), **{field: value})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hop": "2048"}, "fields"),
        ({"hop": None}, "hop"),
        ({"hop": 2048.5}, "hop"),
        ({"scaling": {}}, "fields"),
        ({"scaling": None}, "scaling"),
        ({"scaling": ValueScaling().__dict__ | {"floor": "maximum"}}, "scaling.floor"),
        ({"colour": "viridis"}, "fields"),
    ],
)
def test_invalid_fields_are_refused(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidMessage, match=named):
        SpectrogramSpec.from_dict(SpectrogramSpec().to_dict() | change)


@pytest.mark.parametrize("field", ["fft_size", "hop", "rows", "cols", "scaling"])
def test_a_missing_field_is_refused(field: str) -> None:
    complete = SpectrogramSpec().to_dict()
    del complete[field]
    with pytest.raises(InvalidMessage, match="exactly the fields"):
        SpectrogramSpec.from_dict(complete)


def test_another_contract_is_refused() -> None:
    spec, other = SpectrogramSpec(), SpectrogramSpec(hop=1024)
    spec.require(spec.spec_id, "the sample")
    with pytest.raises(Incompatible, match="the sample"):
        spec.require(other.spec_id, "the sample")


def test_derived_sizes() -> None:
    spec = SpectrogramSpec()
    assert (spec.window_samples, spec.bins_per_row, spec.scaling.floor_grey) == (2048 * 1024, 4, 32)
