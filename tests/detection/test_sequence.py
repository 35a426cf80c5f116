"""Gate and detector in successive windows: spurs, and what heads want."""

import numpy as np
import pytest
from hypothesis import example, settings
from hypothesis import given as property_of
from hypothesis import strategies as st

from rfhydra.detection import gate as gate_module
from rfhydra.detection import sequence as sequence_module
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.plan import WindowPlan
from rfhydra.detection.sequence import LOOK_AHEAD, SequenceDetector
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.spectrum.window import Window
from tests.hydra.given import make_head
from tests.training import given

SPEC = given.SMALL_SPEC
WIDE_SPEC = SpectrogramSpec(fft_size=128, hop=64, rows=128, cols=512)
"""Windows that share four tiles with the one before."""
SPUR_WINDOWS = LOOK_AHEAD + 2
MANY = 2 * SPUR_WINDOWS
"""Windows after which a carrier that nobody wants is a spur."""
FREQ = 0.2
Regions = list[Rectangle] | None


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "SPUR_WINDOWS", SPUR_WINDOWS)


def detector(backbone: TorchBackbone, *, bias: float | None) -> HydraDetector:
    """With a head that detects every proposal or, without a bias, with none."""
    made = HydraDetector(SPEC, backbone)
    if bias is not None:
        made.load_heads({"lora": LoadedHead(1, make_head(0, "lora", bias=bias))})
    return made


def carrier(windows: int, seed: int = 0) -> list[Window]:
    """Windows of noise with one carrier."""
    rng, size = np.random.default_rng(seed), SPEC.window_samples
    noise = rng.standard_normal((windows * size, 2), np.float32).view(np.complex64)[:, 0]
    iq = noise + 2 * np.exp(2j * np.pi * FREQ * np.arange(len(noise))).astype(np.complex64)
    return [make_window(iq[at : at + size], SPEC, given.RATE_HZ, 0.0, at) for at in range(0, len(iq), size)]


def has_carrier(regions: Regions) -> bool:
    row = int((0.5 - FREQ) * SPEC.rows)
    return regions is None or any(each.top <= row < each.bottom for each in regions)


def looked(sequence: SequenceDetector, windows: list[Window], ahead: int = 0) -> list[Regions]:
    """The regions of ``windows``, which are looked at so many windows before the detection."""
    regions = list[Regions]()
    for number in range(len(windows) + ahead):
        if number < len(windows):
            regions.append(sequence.look(windows[number]))
        if number >= ahead:
            window = windows[number - ahead]
            sequence.track(window, sequence.detect(window, regions[number - ahead]))
    return regions


def test_a_carrier_that_no_head_detects_is_a_spur(tiny_backbone: TorchBackbone) -> None:
    regions = looked(SequenceDetector(detector(tiny_backbone, bias=None)), carrier(MANY))
    assert has_carrier(regions[0])
    assert not has_carrier(regions[-1])


def test_a_carrier_that_a_head_detects_is_looked_at_for_ever(
    tiny_backbone: TorchBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence_module, "LASTING", 0.01)
    sequence = SequenceDetector(detector(tiny_backbone, bias=20.0))
    assert all(map(has_carrier, looked(sequence, carrier(MANY))))


def test_heads_that_change_see_spurs_again(tiny_backbone: TorchBackbone) -> None:
    hydra = detector(tiny_backbone, bias=None)
    sequence, windows = SequenceDetector(hydra), carrier(MANY + LOOK_AHEAD + 1)
    assert not has_carrier(looked(sequence, windows[:MANY])[-1])
    hydra.load_heads({"lora": LoadedHead(1, make_head(0, "lora", bias=-20.0))})
    regions = looked(sequence, windows[MANY:])
    assert has_carrier(regions[LOOK_AHEAD])


@pytest.mark.parametrize("bias", [None, 20.0])
def test_regions_do_not_depend_on_how_far_ahead_they_are_looked_for(
    tiny_backbone: TorchBackbone, bias: float | None
) -> None:
    windows, hydra = carrier(MANY), detector(tiny_backbone, bias=bias)
    found = [looked(SequenceDetector(hydra), windows, ahead) for ahead in range(0, LOOK_AHEAD, 3)]
    assert all(each == found[0] for each in found)


def looked_at(backbone: TorchBackbone, bursts: list[tuple[int, int]], seed: int = 0) -> list[tuple[int, Regions]]:
    """The regions of the windows of a stream of noise, and the columns that the windows begin at.

    ``bursts`` are first and last columns of a carrier.
    """
    rng, cols, hop = np.random.default_rng(seed), 3 * WIDE_SPEC.cols, WIDE_SPEC.hop
    iq = rng.standard_normal((cols * hop, 2), np.float32).view(np.complex64)[:, 0]
    for start, end in bursts:
        iq[start * hop : end * hop] += 2 * np.exp(2j * np.pi * FREQ * np.arange((end - start) * hop))
    sequence, found = SequenceDetector(HydraDetector(WIDE_SPEC, backbone)), list[tuple[int, Regions]]()
    for start, count in WindowPlan.of(WIDE_SPEC).spans(len(iq)):
        window = make_window(iq[start : start + count], WIDE_SPEC, given.RATE_HZ, 0.0, start)
        regions = sequence.look(window)
        sequence.track(window, sequence.detect(window, regions))
        found.append((start // hop, regions))
    return found


def test_what_the_window_before_had_whole_is_not_looked_at_again(tiny_backbone: TorchBackbone) -> None:
    (_, first), (start, second), *_ = looked_at(tiny_backbone, [(420, 440)])
    assert start == 384
    assert (has_burst(first, 420, 440), second) == (True, [])


def test_what_the_window_before_cut_is_looked_at_again(tiny_backbone: TorchBackbone) -> None:
    (_, first), (_, second), *_ = looked_at(tiny_backbone, [(490, 530)])
    assert has_burst(first, 490, 512)
    assert has_burst(second, 490 - 384, 530 - 384)


def test_a_stretch_begins_with_nothing_known(tiny_backbone: TorchBackbone) -> None:
    sequence, window = SequenceDetector(detector(tiny_backbone, bias=None)), carrier(1)[0]
    regions = sequence.look(window)
    assert sequence.look(window) == []
    sequence.begin()
    assert sequence.look(window) == regions != []


@settings(max_examples=30, deadline=None)
@example(bursts=[(383, 20)], seed=0)
@example(bursts=[(480, 20), (420, 70)], seed=0)
@property_of(
    bursts=st.lists(st.tuples(st.integers(0, 1400), st.integers(4, 100)), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_a_burst_lies_whole_in_something_that_is_looked_at(
    tiny_backbone: TorchBackbone, bursts: list[tuple[int, int]], seed: int
) -> None:
    spans = [(start, start + length) for start, length in bursts]
    windows = looked_at(tiny_backbone, spans, seed)
    for start, end in spans:
        assert any(has_burst(regions, start - begin, end - begin) for begin, regions in windows)


def has_burst(regions: Regions, start: int, end: int) -> bool:
    """Whether the row of the carrier, in columns ``start`` to ``end`` of a window, lies in one region."""
    row = int((0.5 - FREQ) * WIDE_SPEC.rows)
    burst = Rectangle(row, row + 1, start, end)
    whole = [Rectangle(0, WIDE_SPEC.rows, 0, WIDE_SPEC.cols)]
    return any(each.holds(burst) for each in (whole if regions is None else regions))
