"""Where windows begin and end."""

from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection.plan import WindowPlan
from tests.detection.given import SPEC, WINDOW

PLANS = st.builds(
    WindowPlan.of,
    st.just(SPEC),
    st.just(1000.0),
    st.one_of(st.none(), st.floats(0.001, 2.0)),
    st.floats(0.0, 0.9),
)


@given(PLANS, st.integers(0, 12 * WINDOW))
def test_windows_cover_every_column_in_order(plan: WindowPlan, samples: int) -> None:
    covered = 0
    for start, count in plan.spans(samples):
        assert 0 < count <= WINDOW
        assert count % SPEC.hop == start % SPEC.hop == 0
        assert start <= covered < start + count
        covered = start + count
    assert covered == samples - samples % SPEC.hop


@given(PLANS, st.integers(1, 12 * WINDOW), st.integers(1, 12 * WINDOW))
def test_how_long_a_stretch_is_does_not_change_where_windows_begin(plan: WindowPlan, one: int, other: int) -> None:
    shorter, longer = ([start for start, _ in plan.spans(samples)] for samples in sorted((one, other)))
    assert longer[: len(shorter)] == shorter


@given(st.floats(0.001, 2.0))
def test_no_column_waits_longer_than_it_may(max_wait_sec: float) -> None:
    plan, at = WindowPlan.of(SPEC, 1000.0, max_wait_sec), 0
    for start, count in plan.spans(12 * WINDOW):
        assert start + count - at <= max(max_wait_sec * 1000.0, SPEC.hop)
        at = start + count


def test_without_a_limit_windows_are_full() -> None:
    spans = list(WindowPlan.of(SPEC, context=0.25).spans(3 * WINDOW))
    assert spans == [(0, 512), (384, 512), (768, 512), (1152, 384)]
