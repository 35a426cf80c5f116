"""The burst library: families, held-out waveforms, and the file."""

from pathlib import Path

import numpy as np
import pytest

from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.pretrain.burst_library import (
    HELD_OUT,
    base_waveforms,
    family,
    load_burst_library,
    make_burst_library,
    make_waveform,
    save_burst_library,
)
from tests.pretrain.given import tiny_library

FAMILIES = {
    "am-dsb": {"am-dsb", "am-dsb-sc"},
    "am-lsb": {"am-lsb"},
    "am-usb": {"am-usb"},
    "ask": {"4ask", "8ask", "16ask", "32ask", "64ask"},
    "fm": {"fm"},
    "fsk-many": {f"{order}{kind}" for order in (8, 16) for kind in ("fsk", "gfsk", "msk", "gmsk")},
    "fsk2": {f"2{kind}" for kind in ("fsk", "gfsk", "msk", "gmsk")},
    "fsk4": {f"4{kind}" for kind in ("fsk", "gfsk", "msk", "gmsk")},
    "lfm": {"lfm-data"},
    "linear": {"bpsk", "qpsk", "8psk", "16psk", "32psk", "64psk", "16apsk", "32apsk"}
    | {"16qam", "32qam", "64qam", "256qam", "1024qam", "32qam_cross", "128qam_cross", "512qam_cross"},
    "ofdm": {f"ofdm-{carriers}" for carriers in (64, 72, 128, 180, 256, 300, 512, 600, 900, 1024, 1200, 2048)},
    "ook": {"ook"},
    "tone": {"tone"},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families(name: str) -> None:
    assert {family(waveform) for waveform in FAMILIES[name]} == {name}


def test_every_torchsig_waveform_has_a_family_or_is_held_out() -> None:
    pytest.importorskip("torchsig")
    known = set().union(*FAMILIES.values())
    assert set(base_waveforms()) == known
    assert not known & set(HELD_OUT)


@pytest.mark.parametrize("waveform", HELD_OUT)
def test_held_out_waveforms_are_refused(waveform: str) -> None:
    with pytest.raises(InvalidMessage, match=waveform):
        make_burst_library(["qpsk", waveform], 1, seed=0)


def test_torchsig_makes_a_burst() -> None:
    pytest.importorskip("torchsig")
    burst = make_waveform("qpsk", np.random.default_rng(0), 4000, 0.1)
    assert burst is not None
    assert burst.kind == "qpsk"
    assert 3000 < len(burst) <= 4000
    assert 0.05 < burst.bandwidth < 0.5  # its pulses may be unfiltered
    assert abs(burst.low + burst.high) < 0.02


def test_file_round_trip(tmp_path: Path) -> None:
    library, path = tiny_library(), tmp_path / "library.safetensors"
    save_burst_library(library, path)
    loaded = load_burst_library(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert [burst.kind for burst in loaded] == [burst.kind for burst in library]
    for burst, copy in zip(library, loaded, strict=True):
        np.testing.assert_allclose(copy.iq, burst.iq, atol=2e-3)
        assert (copy.low, copy.high) == pytest.approx((burst.low, burst.high), abs=1e-3)


def test_file_round_trip_of_an_empty_library(tmp_path: Path) -> None:
    save_burst_library([], tmp_path / "library.safetensors")
    assert load_burst_library(tmp_path / "library.safetensors") == []


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"library\.safetensors"):
        load_burst_library(tmp_path / "library.safetensors")


@pytest.mark.parametrize("data", [b"", b"garbage" * 9, b"\x08\0\0\0\0\0\0\0{}      "])
def test_invalid_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "library.safetensors"
    path.write_bytes(data)
    with pytest.raises(Incompatible, match="not a burst library"):
        load_burst_library(path)
