"""Sample formats: round trips, scaling, byte order, saturation."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from rfhydra.recordings import (
    open_recording,
    write_recording,
)
from rfhydra.recordings.formats import SampleFormat
from tests.recordings.given import CENTER_HZ, RATE_HZ, write_pair

DATATYPES = [f"c{kind}_{order}" for kind in ("f32", "f64", "i32", "i16", "u32", "u16") for order in ("le", "be")]


@pytest.mark.parametrize("datatype", DATATYPES)
@settings(deadline=None, max_examples=10)
@given(
    components=hnp.arrays(np.float32, st.tuples(st.integers(1, 50), st.just(2)), elements=st.floats(-1, 1, width=32))
)
def test_round_trip_within_one_lsb(datatype: str, components: NDArray[np.float32]) -> None:
    iq = components.view(np.complex64)[:, 0]
    with tempfile.TemporaryDirectory() as folder:
        recording = open_recording(write_recording(Path(folder) / "rec", iq, RATE_HZ, CENTER_HZ, datatype=datatype))
        back = recording.read(0, recording.sample_count)
    bits = SampleFormat.of(datatype).component.itemsize * 8
    lsb = 0.0 if datatype.startswith("cf") else 2.0 ** (1 - min(bits, 24))  # float32 resolves 24 bits
    assert back.dtype == np.complex64
    assert np.abs(back.view(np.float32) - iq.view(np.float32)).max() <= lsb


@pytest.mark.parametrize(
    ("datatype", "stored", "expected"),
    [
        ("cu8", bytes([0, 255]), -1 + 1j),
        ("ci8", bytes([0x80, 0x40]), -1 + 0.5j),
        ("ci16_le", bytes([0x00, 0x80, 0x00, 0x40]), -1 + 0.5j),
        ("ci16_be", bytes([0x80, 0x00, 0x40, 0x00]), -1 + 0.5j),
        ("ci16", bytes([0x00, 0x80, 0x00, 0x40]), -1 + 0.5j),
    ],
)
def test_scaling_and_byte_order(tmp_path: Path, datatype: str, stored: bytes, expected: complex) -> None:
    recording = open_recording(write_pair(tmp_path, data=stored, changes={"core:datatype": datatype}))
    assert recording.read(0, 1)[0] == expected


def test_integers_saturate(tmp_path: Path) -> None:
    loud = np.array([3 - 3j], np.complex64)
    recording = open_recording(write_recording(tmp_path / "rec", loud, RATE_HZ, 0.0, datatype="cu8"))
    assert recording.read(0, 1)[0] == 1 - 1j
