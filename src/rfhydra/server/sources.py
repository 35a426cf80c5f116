"""SourceSet: the live sources that clients may start."""

from collections.abc import Mapping
from typing import Final, get_args

from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.protocol.live import NamedSource, Setting, SourceAddress, SourceInfo, SourceKind
from rfhydra.protocol.streams import StreamStatus
from rfhydra.streams.address import open_source
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.streams.rtl_tcp import RtlTcpSource
from rfhydra.streams.soapy_source import SoapySource
from rfhydra.streams.source import Source
from rfhydra.streams.stdin_source import StdinSource
from rfhydra.streams.vrt_source import VrtSource
from rfhydra.streams.zmq_source import ZmqSource

_KINDS: Final[dict[type[Source], SourceKind]] = {
    RecordingSource: "recording",
    StdinSource: "stdin",
    ZmqSource: "zmq",
    RtlTcpSource: "rtl_tcp",
    SoapySource: "soapy",
    VrtSource: "vrt",
}
_TUNABLE: Final[tuple[SourceKind, ...]] = ("rtl_tcp", "soapy")


class SourceSet:
    """The sources that the operator configured and, if he allows it, any other."""

    def __init__(self, addresses: Mapping[str, str], *, allow_addresses: bool) -> None:
        """
        Args:
            addresses: by name.
            allow_addresses: whether clients may name addresses: any file and host that the server can reach.

        Raises:
            InvalidMessage: an address cannot be understood.
        """
        self._addresses = dict(addresses)
        self.allows_addresses = allow_addresses
        self._kinds = {name: _KINDS[type(open_source(address))] for name, address in self._addresses.items()}

    def make(self, source: NamedSource | SourceAddress) -> Source:
        """The source, not connected yet.

        Raises:
            NotFound: no source of this name is configured.
            InvalidMessage: an address that cannot be understood, or any where this server takes none.
        """
        if isinstance(source, NamedSource):
            if source.name not in self._addresses:
                raise NotFound(f"no source {source.name!r} is configured: see list_sources")
            return open_source(self._addresses[source.name])
        if not self.allows_addresses:
            raise InvalidMessage("source.address: this server starts configured sources only, see list_sources")
        return open_source(source.address)

    def infos(self, streaming: Mapping[str, StreamStatus]) -> list[SourceInfo]:
        """The configured sources, by name, with the status of those that stream."""
        return [_info(name, self._kinds[name], streaming.get(name)) for name in sorted(self._kinds)]


def _info(name: str, kind: SourceKind, status: StreamStatus | None) -> SourceInfo:
    return SourceInfo(
        name=name,
        kind=kind,
        settable=list(get_args(Setting)) if kind in _TUNABLE else [],
        stream_id=None if status is None else status.stream_id,
        sample_rate_hz=None if status is None else status.sample_rate_hz,
        center_freq_hz=None if status is None else status.center_freq_hz,
        gain_db=None if status is None else status.gain_db,
    )
