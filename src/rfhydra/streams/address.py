"""Addresses of sources: one text that says where samples come from and what they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

from rfhydra.errors import InvalidMessage
from rfhydra.quantities import parse_decibels, parse_hertz
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.streams.rtl_tcp import RtlTcpSource
from rfhydra.streams.soapy_source import SoapySource
from rfhydra.streams.source import Source, Tuning
from rfhydra.streams.stdin_source import StdinSource
from rfhydra.streams.vrt_source import VrtSource
from rfhydra.streams.zmq_source import ZmqSource

T = TypeVar("T")

_YES: Final = ("1", "yes", "true")
_NO: Final = ("0", "no", "false")


def open_source(address: str) -> Source:
    """The source at ``address``, not yet connected.

    Args:
        address: one of the forms in ``docs/streams.md``: the path of a recording, ``-``, ``stdin:``, ``zmq://``,
            ``rtl_tcp://``, ``soapy://`` or ``vrt://``, with options as in ``?rate=250k&freq=433.92M``.

    Raises:
        InvalidMessage: the address or one of its options is wrong; the message names it.
        InvalidRecording: no such datatype.
    """
    place, _, query = address.partition("?")
    kind, target = _kind_and_target(place)
    options = _Options(f"{kind} source", query)
    source = _KINDS[kind](target, options)
    options.require_none_left()
    return source


def _kind_and_target(place: str) -> tuple[str, str]:
    scheme, separator, target = place.partition("://")
    if separator:
        if scheme not in _SCHEMES:
            raise InvalidMessage(
                f"{scheme}:// is no kind of source: use {', '.join(_SCHEMES)}, stdin: or the path of a recording"
            )
        return scheme, target
    if place == "-" or place.startswith("stdin:"):
        return "stdin", place.removeprefix("-").removeprefix("stdin:")
    return "recording", place


class _Options:
    """The options of an address. Each is taken once; those that are left over are wrong."""

    def __init__(self, owner: str, query: str) -> None:
        self._owner = owner
        self._known: list[str] = []
        self._left: dict[str, str] = {}
        try:
            pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=bool(query))
        except ValueError:
            raise InvalidMessage(f"options {query!r} of the {owner} must be as in rate=250k&freq=433.92M") from None
        for name, value in pairs:
            if name in self._left:
                raise InvalidMessage(f"option {name} of the {owner} is given twice")
            self._left[name] = value

    def take(self, name: str, parse: Callable[[str, str], T]) -> T | None:
        """Option ``name``, read by ``parse``, which gets its text and what to call it; None if it is not given."""
        self._known.append(name)
        text = self._left.pop(name, None)
        return None if text is None else parse(text, f"option {name} of the {self._owner}")

    def require(self, name: str, parse: Callable[[str, str], T]) -> T:
        value = self.take(name, parse)
        if value is None:
            raise InvalidMessage(f"option {name} is missing: a {self._owner} does not state it, so add {name}=…")
        return value

    def require_none_left(self) -> None:
        if self._left:
            raise InvalidMessage(
                f"option {next(iter(self._left))!r} is none of a {self._owner}: choose from {', '.join(self._known)}"
            )


def _recording(target: str, options: _Options) -> Source:
    if not target:
        raise InvalidMessage("the source is empty: give the path of a recording, or another source")
    return RecordingSource(
        Path(target),
        datatype=options.take("datatype", _text),
        sample_rate_hz=options.take("rate", _rate),
        center_freq_hz=options.take("freq", _frequency),
        paced=options.take("pace", _flag) or False,
        loop=options.take("loop", _flag) or False,
    )


def _stdin(target: str, options: _Options) -> Source:
    if target:
        raise InvalidMessage(f"only options may follow stdin:, as in stdin:?rate=250k, not {target!r}")
    return StdinSource(
        Tuning(options.require("rate", _rate), options.take("freq", _frequency) or 0.0),
        options.require("datatype", _text),
        live=options.take("live", _flag) or False,
    )


def _zmq(target: str, options: _Options) -> Source:
    host, port = _host_and_port(target, "zmq")
    return ZmqSource(host, port, Tuning(options.require("rate", _rate), options.take("freq", _frequency) or 0.0))


def _rtl_tcp(target: str, options: _Options) -> Source:
    return RtlTcpSource(*_host_and_port(target, "rtl_tcp"), _receiver_tuning(options))


def _soapy(target: str, options: _Options) -> Source:
    if not target:
        raise InvalidMessage("a soapy source needs arguments of the device, as in soapy://driver=rtlsdr")
    return SoapySource(
        target,
        _receiver_tuning(options),
        channel=options.take("channel", _whole) or 0,
        antenna=options.take("antenna", _text),
    )


def _vrt(target: str, options: _Options) -> Source:
    host, port = _host_and_port(target, "vrt")
    return VrtSource(
        host,
        port,
        sample_rate_hz=options.take("rate", _rate),
        center_freq_hz=options.take("freq", _frequency),
        datatype=options.take("datatype", _text),
        stream_id=options.take("stream", _whole),
    )


_SCHEMES: Final = ("zmq", "rtl_tcp", "soapy", "vrt")
_KINDS: Final[dict[str, Callable[[str, _Options], Source]]] = {
    "recording": _recording,
    "stdin": _stdin,
    "zmq": _zmq,
    "rtl_tcp": _rtl_tcp,
    "soapy": _soapy,
    "vrt": _vrt,
}


def _receiver_tuning(options: _Options) -> Tuning:
    return Tuning(options.require("rate", _rate), options.require("freq", _frequency), options.take("gain", _gain))


def _host_and_port(target: str, scheme: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{target}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or target != parts.netloc or "@" in target:
        raise InvalidMessage(f"{target!r} is not HOST:PORT, as in {scheme}://127.0.0.1:1234")
    return host, port


def _text(text: str, name: str) -> str:
    if not text:
        raise InvalidMessage(f"{name} is empty")
    return text


def _rate(text: str, name: str) -> float:
    rate = parse_hertz(text, name)
    if rate <= 0:
        raise InvalidMessage(f"{name} {text!r} must be above 0")
    return rate


def _frequency(text: str, name: str) -> float:
    return parse_hertz(text, name)


def _gain(text: str, name: str) -> float | None:
    return None if text == "auto" else parse_decibels(text, name)


def _whole(text: str, name: str) -> int:
    """A number of 32 bits, also in hex with ``0x``."""
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 32:
        raise InvalidMessage(f"{name} {text!r} must be a whole number below 2**32")
    return value


def _flag(text: str, name: str) -> bool:
    if text not in (*_YES, *_NO):
        raise InvalidMessage(f"{name} {text!r} must be 1 or 0")
    return text in _YES
