"""The choice of a contract, for all durations, bandwidths and sample rates."""

from dataclasses import replace

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from rfhydra.contract.choice import ENOUGH_PX, MIN_PX, OVERLAPS, ContractChoice, Span, choose_contract
from rfhydra.contract.extent import SignalExtent, annotated_extents, common_rate
from rfhydra.errors import Conflict, InvalidMessage, NotFound
from rfhydra.spectrum.spec import MAX_FFT_SIZE, MAX_SIDE_PX, MIN_FFT_SIZE, SpectrogramSpec
from tests.contract.given import RATE_HZ, box, recording


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
            assert min(Span.of(beacon, other, rate).least, ENOUGH_PX) <= least + 1e-9
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
    assert choice.spans[0].least >= ENOUGH_PX
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


def test_short_transforms_keep_emissions_apart() -> None:
    packet = extent(0.134, 11e3)
    together, apart = choose_contract(250e3, [packet]), choose_contract(250e3, [replace(packet, pause_sec=0.008)])
    assert apart.spec.fft_size <= 0.004 * 250e3 < together.spec.fft_size
    assert apart.spans[0].least >= ENOUGH_PX


def test_extents_are_medians_with_the_pauses_between_neighbours() -> None:
    boxes = [box(0, 1000), box(3000, 1000), box(6000, 1000), box(9000, 100), box(4500, 500, 0.3, 0.4)]
    (found,) = annotated_extents([recording(boxes)])
    assert (found.label, found.boxes) == ("beacon", 5)
    assert found.duration_sec == pytest.approx(1e-3)
    assert found.bandwidth_hz == pytest.approx(200e3)
    assert found.longest_sec == pytest.approx(1e-3)
    assert found.pause_sec == pytest.approx(2e-3)


def test_boxes_are_cut_to_the_band() -> None:
    (found,) = annotated_extents([recording([box(0, 1000, -2.0, 2.0)])])
    assert found.bandwidth_hz == RATE_HZ


def test_the_labels_that_exist_are_named() -> None:
    heard = [recording([box(0, 1000), box(0, 1000, label="pager")])]
    assert [each.label for each in annotated_extents(heard, "pager")] == ["pager"]
    with pytest.raises(NotFound, match="there are beacon, pager"):
        annotated_extents(heard, "none")
    assert annotated_extents([recording()], "none") == []


def test_one_contract_is_for_one_rate() -> None:
    with pytest.raises(Conflict, match="give recordings of one"):
        common_rate([recording(), recording(rate_hz=2e6)])
