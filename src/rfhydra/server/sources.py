"""SourceSet: the live sources that clients may start."""

from collections.abc import Mapping
from typing import Final, get_args

from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.protocol.live import NamedSource, Setting, SourceAddress, SourceInfo, SourceKind
from rfhydra.protocol.streams import StreamStatus
from rfhydra.streams.address import open_source
from rfhydra.streams.source import Source

_KINDS: Final[dict[str, SourceKind]] = {
    "stdin": "stdin",
    "zmq": "zmq",
    "rtl_tcp": "rtl_tcp",
    "soapy": "soapy",
    "vrt": "vrt",
}
"""By the scheme of the address; every other one is a file."""
_TUNABLE: Final = ("rtl_tcp", "soapy")


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
        for address in self._addresses.values():
            open_source(address)

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
        return [_info(name, self._addresses[name], streaming.get(name)) for name in sorted(self._addresses)]


def _info(name: str, address: str, status: StreamStatus | None) -> SourceInfo:
    kind = _KINDS.get(address.partition(":")[0], "file")
    return SourceInfo(
        name=name,
        kind=kind,
        settable=list(get_args(Setting)) if kind in _TUNABLE else [],
        stream_id=None if status is None else status.stream_id,
        sample_rate_hz=None if status is None else status.sample_rate_hz,
        center_freq_hz=None if status is None else status.center_freq_hz,
        gain_db=None if status is None else status.gain_db,
    )
