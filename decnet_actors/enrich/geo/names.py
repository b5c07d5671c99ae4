"""This module asks a resolver for the names of addresses: few at once, none for long, each once in a while."""

import asyncio
import ipaddress
import random
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from decnet_actors.enrich.geo.dns import answer, question
from decnet_actors.enrich.geo.settings import PtrSettings
from decnet_actors.wire.errors import WireError
from supervisors.clock import Clock

MAX_KEPT = 10_000  # names
MAX_WAITING = 1000  # addresses that are asked about or wait for that
LEAST, MOST = 300.0, 86_400.0  # seconds a name is kept, whatever its owner says
UNKNOWN = 3600.0  # seconds until somebody without a name is asked about again
SILENCE = 60.0  # likewise when nobody answered
RESOLV_CONF = Path("/etc/resolv.conf")
_MAX_CONF = 64 * 1024  # characters


class ReverseNames:
    """Asks one resolver over UDP (``contracts.geography.Names``).

    Args:
        server: address of the resolver.
        settings: how long, how many at once.
        clock: for what is kept.
        number: draws the 16 bits that an answer must repeat.

    """

    def __init__(self, server: str, settings: PtrSettings, clock: Clock, number: Callable[[], int]) -> None:
        self._server = server
        self._settings = settings
        self._clock = clock
        self._number = number
        self._kept: OrderedDict[str, tuple[float, str | None]] = OrderedDict()  # until when, what
        self._asking: dict[str, asyncio.Future[None]] = {}
        self._places = asyncio.Semaphore(settings.at_once)

    async def name(self, address: str) -> str | None:
        """Return the name of an address; ``None`` when it has none, nobody says in time, or too many wait."""
        plain = _askable(address)
        if plain is None:
            return None
        if (known := self._known(plain)) is not None:
            return known[1]
        if (asking := self._asking.get(plain)) is not None:
            await asyncio.wait((asking,))
            known = self._known(plain)
            return known[1] if known is not None else None
        if len(self._asking) >= MAX_WAITING:
            return None
        self._asking[plain] = done = asyncio.get_running_loop().create_future()
        try:
            async with self._places:
                name, seconds = await self._ask(plain)
            self._keep(plain, name, seconds)
        finally:
            del self._asking[plain]
            done.set_result(None)
        return name

    def _known(self, address: str) -> tuple[float, str | None] | None:
        found = self._kept.get(address)
        return found if found is not None and self._clock.monotonic() < found[0] else None

    def _keep(self, address: str, name: str | None, seconds: float) -> None:
        self._kept[address] = (self._clock.monotonic() + seconds, name)
        self._kept.move_to_end(address)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    async def _ask(self, address: str) -> tuple[str | None, float]:
        """Return a name, and how long to keep it."""
        number = self._number() & 0xFFFF
        found: asyncio.Future[tuple[str | None, int]] = asyncio.get_running_loop().create_future()

        def take(data: bytes) -> None:
            if not found.done():
                try:
                    found.set_result(answer(data, address, number))
                except WireError:
                    return  # from somebody else, perhaps: the real one may be on its way

        transport: asyncio.DatagramTransport | None = None
        try:
            async with asyncio.timeout(self._settings.timeout):
                transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Exchange(take), remote_addr=(self._server, self._settings.port)
                )
                transport.sendto(question(address, number))
                name, ttl = await found
        except (TimeoutError, OSError):
            return None, SILENCE
        finally:
            if transport is not None:
                transport.close()
        return name, min(max(float(ttl), LEAST), MOST) if name is not None else UNKNOWN


class _Exchange(asyncio.DatagramProtocol):
    """A question's own socket: its port is drawn by the kernel, and only the resolver is heard."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:  # Any: as the base class has it
        _ = addr
        self._take(data)

    def error_received(self, exc: Exception) -> None:
        """Wait on: nobody listens now, or somebody pretends that."""


def reverse_names(settings: PtrSettings, clock: Clock, rng: random.Random) -> ReverseNames | None:
    """Return who asks the configured resolver; ``None`` when there is none."""
    server = settings.server or resolver()
    return ReverseNames(server, settings, clock, lambda: rng.getrandbits(16)) if server else None


def resolver(conf: Path = RESOLV_CONF) -> str | None:
    """Return the first resolver of the system; ``None`` when it names none."""
    try:
        with conf.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_MAX_CONF).splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                return str(ipaddress.ip_address(words[1]))
            except ValueError:
                continue
    return None


def _askable(address: str) -> str | None:
    """Return the address in its one spelling; ``None`` when nobody can know its name."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return None
        found = found.ipv4_mapped or found
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        return None
    return str(found)
