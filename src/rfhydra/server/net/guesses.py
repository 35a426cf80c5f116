"""TokenGuesses: wrong tokens by address, and the delay that they cost."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

from prometheus_client import Counter

FREE_GUESSES: Final = 10
"""Wrong tokens of an address without a delay."""
FIRST_DELAY_SEC: Final = 0.1
MAX_DELAY_SEC: Final = 5.0
"""Less than the time for a handshake: who has the right token comes in from any address."""
FORGET_SEC: Final = 600.0
MAX_ADDRESSES: Final = 1024
_IPV6_NETWORK_BITS: Final = 64


class TokenGuesses:
    """Counts wrong tokens by address. For the thread of the event loop only.

    Every token of an address with more than ``FREE_GUESSES`` wrong ones is checked after a delay, which doubles with
    each, loopback included. An address is forgotten ten minutes after its last wrong token. Of more than
    ``MAX_ADDRESSES`` the one that guessed least recently is forgotten. IPv6 addresses count by network (/64).
    """

    def __init__(self, failures: Counter, now: Callable[[], float]) -> None:
        """
        Args:
            failures: counts the wrong tokens of all addresses.
            now: the time in seconds.
        """
        self._failures, self._now = failures, now
        self._guesses: OrderedDict[str, tuple[int, float]] = OrderedDict()  # number and time of the last, by address

    def delay_sec(self, host: str | None) -> float:
        """The delay before a token of ``host`` is checked."""
        number, last = self._guesses.get(_network(host), (0, 0.0))
        if number < FREE_GUESSES or self._now() - last > FORGET_SEC:
            return 0.0
        return min(MAX_DELAY_SEC, FIRST_DELAY_SEC * 2.0 ** min(number - FREE_GUESSES, 32))

    async def wait(self, host: str | None) -> None:
        """Wait for that delay."""
        if delay := self.delay_sec(host):
            await asyncio.sleep(delay)

    def count(self, host: str | None) -> None:
        """Count a wrong token of ``host``."""
        self._failures.inc()
        key = _network(host)
        number, last = self._guesses.pop(key, (0, 0.0))
        forgotten = self._now() - last > FORGET_SEC
        self._guesses[key] = (1 if forgotten else number + 1, self._now())
        if len(self._guesses) > MAX_ADDRESSES:
            self._guesses.popitem(last=False)


def _network(host: str | None) -> str:
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> (128 - _IPV6_NETWORK_BITS) << (128 - _IPV6_NETWORK_BITS)))
