"""This module decides whom we look back at, how often: never ourselves or our neighbours, few in a minute."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Collection

from decnet_actors.domain.addresses import Address, off_internet
from decnet_actors.kernel.addresses import is_ours
from decnet_actors.sensors.prober_settings import ProberSettings

MINUTE = 60.0
MAX_REMEMBERED = 20_000  # addresses we looked at
NEAR = {4: 24, 6: 64}  # bits two addresses of one network share, by the version of IP: ours is not told to us


class Guard:
    """Lets us look at addresses, each once in a while. ``now`` is monotonic seconds.

    Args:
        settings: what the operator says.
        ours: tells the addresses of the deckies.
        permitted: addresses that are allowed whatever they are. Tests need it; nothing that can be configured sets it.

    """

    def __init__(
        self, settings: ProberSettings, ours: Callable[[], Collection[str]], *, permitted: Collection[str] = ()
    ) -> None:
        self._settings = settings
        self._allow = tuple(map(ipaddress.ip_network, settings.allow))
        self._deny = tuple(map(ipaddress.ip_network, settings.deny))
        self._ours = ours
        self._permitted = frozenset(permitted)
        self._looked: OrderedDict[str, float] = OrderedDict()
        self._minute: deque[float] = deque()

    def source(self, text: str) -> str | None:
        """Return the address to connect from; ``None``: we have none of that family."""
        return next((source for source in self._settings.source if (":" in source) == (":" in text)), None)

    def refusal(self, text: str) -> str:
        """Return why an address is never looked at; empty when it may be."""
        try:
            address: Address = ipaddress.ip_address(text)
        except ValueError:
            return "no IP address"
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            return "an IPv4 address written as one of IPv6"  # no list of networks says what it means
        if any(address in network for network in self._deny):
            return "denied"
        if self.source(text) is None:
            return "no source address of its family"
        if text in self._permitted:
            return ""
        ours = self._ours()
        if text in ours or is_ours(address):
            return "an address of ours"
        if any(address in network for network in self._allow):
            return ""
        if any(_near(address, other) for other in (*ours, *self._settings.source)):
            return "next to an address of ours"
        return off_internet(address)

    def take(self, text: str, now: float) -> bool:
        """Take a place for an address that may be looked at; ``False``: not now, it will come again."""
        when = self._looked.get(text)
        if when is not None and now - when < self._settings.again_after:
            return False
        while self._minute and self._minute[0] <= now - MINUTE:
            self._minute.popleft()
        if len(self._minute) >= self._settings.per_minute:
            return False
        self._minute.append(now)
        self._looked.pop(text, None)
        self._looked[text] = now
        while len(self._looked) > MAX_REMEMBERED:
            self._looked.popitem(last=False)
        return True


def _near(address: Address, other: str) -> bool:
    network = ipaddress.ip_network(f"{other}/{NEAR[6 if ':' in other else 4]}", strict=False)
    return address in network
