"""Addresses of sources: what each form makes, and what errors name."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from rfhydra.errors import RfhydraError
from rfhydra.streams.address import open_source
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.streams.rtl_tcp import RtlTcpSource
from rfhydra.streams.soapy_source import SoapySource
from rfhydra.streams.source import Tuning
from rfhydra.streams.stdin_source import StdinSource
from rfhydra.streams.vrt_source import VrtSource
from rfhydra.streams.zmq_source import ZmqSource
from tests.recordings.given import ramp
from tests.streams.given import read_chunk


@pytest.mark.parametrize(
    ("address", "kind", "name", "may_wait"),
    [
        ("a/b/night.sigmf-meta?pace=1&loop=yes", RecordingSource, "night.sigmf-meta", True),
        ("-?rate=250k&datatype=cu8", StdinSource, "stdin", True),
        ("stdin:?rate=250k&datatype=cu8&freq=433.92M&live=1", StdinSource, "stdin", False),
        ("zmq://127.0.0.1:5555?rate=2.4M&freq=433.92M", ZmqSource, "zmq 127.0.0.1:5555", False),
        ("zmq://[::1]:5555?rate=2.4M", ZmqSource, "zmq ::1:5555", False),
        ("rtl_tcp://sdr.local:1234?rate=2.4M&freq=433.92M&gain=40", RtlTcpSource, "rtl_tcp sdr.local:1234", False),
        ("rtl_tcp://sdr.local:1234?rate=2.4M&freq=433.92M&gain=auto", RtlTcpSource, "rtl_tcp sdr.local:1234", False),
        ("soapy://driver=null,x=1?rate=1M&freq=0&antenna=RX", SoapySource, "soapy driver=null,x=1", False),
        ("vrt://0.0.0.0:4991", VrtSource, "vrt 0.0.0.0:4991", False),
        ("vrt://0.0.0.0:4991?rate=1M&freq=1G&datatype=ci16_le&stream=0xAB", VrtSource, "vrt 0.0.0.0:4991", False),
    ],
)
def test_forms(address: str, kind: type, name: str, may_wait: bool) -> None:
    source = open_source(address)
    assert isinstance(source, kind)
    assert (source.name, source.may_wait) == (name, may_wait)


def test_options_of_a_raw_recording(tmp_path: Path) -> None:
    path = tmp_path / "samples.bin"
    ramp(100).tofile(path)
    source = open_source(f"{path}?rate=250k&freq=433.92M&datatype=cf32_le")
    assert source.open() == Tuning(250e3, 433_920_000.0)
    assert len(read_chunk(source).iq) == 100


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "the source is empty"),
        ("http://a:1", "http:// is no kind of source: use zmq, rtl_tcp, soapy, vrt, stdin: or the path"),
        ("zmq://localhost?rate=1M", "'localhost' is not HOST:PORT, as in zmq://127.0.0.1:1234"),
        ("zmq://:5?rate=1M", "':5' is not HOST:PORT"),
        ("zmq://a:99999?rate=1M", "'a:99999' is not HOST:PORT"),
        ("zmq://a:5/x?rate=1M", "'a:5/x' is not HOST:PORT"),
        ("zmq://me:secret@a:5?rate=1M", "is not HOST:PORT"),
        ("zmq://a:5", "option rate is missing: a zmq source does not state it"),
        ("zmq://a:5?rate=fast", "option rate of the zmq source 'fast' is not a frequency"),
        ("zmq://a:5?rate=0", "option rate of the zmq source '0' must be above 0"),
        ("zmq://a:5?rate=1M&rate=2M", "option rate of the zmq source is given twice"),
        ("zmq://a:5?rate=1M&gain=3", "option 'gain' is none of a zmq source: choose from rate, freq"),
        ("zmq://a:5?rate", "options 'rate' of the zmq source must be as in"),
        ("rtl_tcp://a:5?rate=1M", "option freq is missing"),
        ("rtl_tcp://a:5?rate=1M&freq=9G", "center_freq_hz 9000000000 cannot be sent to rtl_tcp"),
        ("rtl_tcp://a:5?rate=1M&freq=1G&gain=loud", "option gain of the rtl_tcp source 'loud' is not a number of dB"),
        ("soapy://?rate=1M&freq=1G", "a soapy source needs arguments of the device"),
        ("soapy://driver=null?rate=1M&freq=1G&channel=-1", "option channel of the soapy source '-1' must be a whole"),
        ("vrt://a:5?datatype=ci12", "datatype 'ci12' is unknown"),
        ("stdin:x?rate=1M", "only options may follow stdin:"),
        ("-?rate=1M", "option datatype is missing"),
        ("-?rate=1M&datatype=", "option datatype of the stdin source is empty"),
        ("night.wav?pace=maybe", "option pace of the recording source 'maybe' must be 1 or 0"),
    ],
)
def test_errors_name_the_wrong_part(address: str, message: str) -> None:
    with pytest.raises(RfhydraError, match=re.escape(message)):
        open_source(address)


@cases(st.sampled_from(["", "zmq://", "rtl_tcp://", "soapy://", "vrt://", "stdin:", "-?"]), st.text())
def test_any_text_is_read_or_refused(scheme: str, text: str) -> None:
    with suppress(RfhydraError):
        assert open_source(scheme + text).name
