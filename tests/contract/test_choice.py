"""The choice of a contract, for all durations, bandwidths and sample rates."""

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from rfhydra.contract.choice import GOOD_PX, MIN_PX, OVERLAPS, ContractChoice, Span, choose_contract
from rfhydra.contract.extent import SignalExtent
from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.spec import MAX_FFT_SIZE, MAX_SIDE_PX, MIN_FFT_SIZE, SpectrogramSpec


def extent(duration_sec: float, bandwidth_hz: float, *, boxes: int = 10, label: str = "beacon") -> SignalExtent:
    return SignalExtent(
        label=label, boxes=boxes, duration_sec=duration_sec, bandwidth_hz=bandwidth_hz, longest_sec=1.2 * duration_sec
    )


rates = st.floats(1e3, 100e6)
lengths = st.floats(1e2, 1e7)  # of an emission, in samples
widths = st.floats(1e-5, 1.0)  # of the band


@cases(rates, lengths, widths)
def test_no_contract_of_the_same_kind_is_better(rate: float, length: float, width: float) -> None:
    beacon = extent(length / rate, width * rate)
    least = Span.of(beacon, choose_contract(rate, [beacon]).spec, rate).least
    size = MIN_FFT_SIZE
    while size <= MAX_FFT_SIZE:
        for overlap in OVERLAPS:
            other = SpectrogramSpec(fft_size=size, hop=size // overlap, rows=min(size, MAX_SIDE_PX), cols=128)
            assert min(Span.of(beacon, other, rate).least, MIN_PX) <= least + 1e-9
        size *= 2


@cases(rates, lengths, widths)
def test_what_is_too_small_is_said_with_the_reason(rate: float, length: float, width: float) -> None:
    beacon = extent(length / rate, width * rate)
    choice = choose_contract(rate, [beacon])
    small = [text for text in choice.remarks if " rows: " in text]
    assert len(small) == (choice.spans[0].least < MIN_PX)
    if small:
        assert ("time-bandwidth product" in small[0]) == (beacon.time_bandwidth < 8)


@cases(rates, lengths, widths)
def test_the_longest_emission_fits_a_window_or_that_is_said(rate: float, length: float, width: float) -> None:
    beacon = extent(length / rate, width * rate)
    choice = choose_contract(rate, [beacon])
    is_cut = beacon.longest_sec > choice.window_sec
    assert any("cut into several samples" in text for text in choice.remarks) == is_cut
    assert not is_cut or choice.spec.cols == MAX_SIDE_PX


@pytest.mark.parametrize(
    ("rate", "duration_sec", "bandwidth_hz"),
    [(20e6, 50e-6, 17e6), (20e6, 300e-6, 17e6), (4e3, 12.0, 10.0), (2e6, 120e-6, 2e6), (250e3, 0.033, 10e3)],
)
def test_usual_signals_span_enough(rate: float, duration_sec: float, bandwidth_hz: float) -> None:
    choice = choose_contract(rate, [extent(duration_sec, bandwidth_hz)])
    assert choice.spans[0].least >= MIN_PX
    assert not choice.remarks


def test_the_cheapest_contract_is_taken() -> None:
    choice = choose_contract(250e3, [extent(0.14, 70e3)])
    assert choice.spans[0].least >= GOOD_PX
    assert choice.pixels_per_sec < ContractChoice.of(SpectrogramSpec.completed(512), 250e3, []).pixels_per_sec


def test_a_rare_signal_does_not_decide_and_is_mentioned() -> None:
    often, rare = extent(0.14, 70e3), extent(0.001, 70e3, boxes=1, label="rare")
    choice = choose_contract(250e3, [often, rare])
    assert choice.spec == choose_contract(250e3, [often]).spec
    assert [text.partition(" ")[0] for text in choice.remarks] == ["rare"]
    assert choose_contract(250e3, [often, extent(0.001, 70e3, label="rare")]).spec != choice.spec


def test_nothing_to_choose_by() -> None:
    with pytest.raises(InvalidMessage, match="annotate a recording"):
        choose_contract(250e3, [])
