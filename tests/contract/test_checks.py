"""Warnings of boxes that do not fit a contract, and of sample rates that differ."""

import pytest

from rfhydra.contract.checks import box_warnings, rate_warnings, require_one_rate
from rfhydra.errors import Conflict
from rfhydra.recordings import Capture
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from tests.contract.given import CENTER_HZ, RATE_HZ, box, recording

SPEC = SpectrogramSpec(fft_size=128, hop=64, rows=128, cols=128)


def test_boxes_that_fit_give_no_warning() -> None:
    assert box_warnings([recording([box(0, 4 * 64), box(2000, 128 * 64)])], SPEC) == []


def test_short_and_narrow_boxes_are_counted() -> None:
    short, narrow = box(0, 3 * 64), box(5000, 1000, 0.0, 3 / 128)
    (one, other) = box_warnings([recording([short, narrow, box(9000, 1000)])], SPEC)
    assert one.startswith("1 of 3 boxes of beacon are under 4 columns (the shortest 3.0)")
    assert other.startswith("1 of 3 boxes of beacon are under 4 rows (the narrowest 3.0)")
    assert "rfhydra suggest" in one
    assert "rfhydra recontract" in other


def test_the_number_of_samples_of_a_long_box_is_that_of_the_import(small: Workspace) -> None:
    heard = recording([box(0, 3 * SPEC.window_samples)])
    (warning,) = box_warnings([heard], SPEC)
    assert "1 of 1 boxes of beacon are longer than a window (8192 samples; the longest box is 24.6 ms)" in warning
    made = import_recordings(small, [heard]).new_samples["beacon"]
    assert f"are cut into {made} samples" in warning


def test_a_box_across_two_captures_is_cut() -> None:
    captures = [Capture(0, CENTER_HZ), Capture(5000, CENTER_HZ)]
    (warning,) = box_warnings([recording([box(4000, 2000)], captures=captures)], SPEC)
    assert "lie across two captures" in warning
    assert box_warnings([recording([box(5000, 2000)], captures=captures)], SPEC) == []


def test_only_the_wanted_label_counts() -> None:
    heard = recording([box(0, 10, label="pager"), box(0, 1000)])
    assert box_warnings([heard], SPEC, "beacon") == []
    assert len(box_warnings([heard], SPEC)) == 1


def test_a_second_rate_is_refused_with_the_remedy(small: Workspace) -> None:
    heard = recording([box(0, 1000)])
    require_one_rate(small, [heard])
    import_recordings(small, [heard])
    require_one_rate(small, [recording([box(0, 1000)], rate_hz=RATE_HZ * 1.001)])
    faster = recording([box(0, 1000), box(0, 1000, label="pager")], rate_hz=2 * RATE_HZ, name="faster")
    with pytest.raises(Conflict, match=r"^faster has 2e\+06 samples/s, but beacon has 1e\+06 .*--any-rate"):
        require_one_rate(small, [faster])
    require_one_rate(small, [faster], "pager")


def test_recordings_of_one_import_have_one_rate_too(small: Workspace) -> None:
    with pytest.raises(Conflict, match=r"but beacon has 1e\+06 \(heard\)"):
        require_one_rate(small, [recording([box(0, 1000)]), recording([box(0, 1000)], rate_hz=5e5, name="slow")])


def test_a_head_of_another_rate_is_named(small: Workspace) -> None:
    import_recordings(small, [recording([box(0, 1000)])])
    assert rate_warnings(small, ["beacon", "none"], [recording()]) == []
    (warning,) = rate_warnings(small, ["beacon"], [recording(), recording(rate_hz=2e6, name="faster")])
    assert warning.startswith("faster has 2e+06 samples/s, beacon was trained at 1e+06: ")
