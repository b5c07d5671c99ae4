"""This module is the fleet driver of the unprivileged daemon: it asks ``decnet-netd`` and remembers what it was given.

For each decky it keeps an anchor, a socket of the decky's namespace. So a namespace outlives the helper, and a new
helper takes it over by its anchor.
"""

import asyncio
import contextlib
import errno
import random
import socket
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from attrs import evolve, field, frozen

from decnet_actors.contracts.fleet_driver import (
    DHCP,
    DriverUnreachableError,
    Observed,
    Place,
    PlaceState,
    Tap,
    Tier,
    Transport,
    Wanted,
)
from decnet_actors.kernel.capture import Relayed
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace import NamespaceConfig, messages
from plugins.fleet_driver.namespace.addresses import choose, choose_mac
from plugins.fleet_driver.namespace.dhcp_client import Client
from plugins.fleet_driver.namespace.dialects import DIALECTS
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.leases import Lessee
from plugins.fleet_driver.namespace.link import Answer, Link
from plugins.fleet_driver.namespace.messages import Fields

ANSWER = 10.0  # seconds the helper may take; what it does takes milliseconds
PROBE_TIMEOUT = 5.0  # seconds
LEASE = (
    8.0  # seconds whoever creates a decky waits for its lease: two questions, and what a server takes to look around
)
_BACKLOG = 4
_SURE = 5.0  # seconds for which a place that was seen to be as wanted is not looked at again
_STOP = 5.0  # seconds a helper of ours may take to end
_HELPER = "plugins.fleet_driver.namespace.netd"


@frozen(kw_only=True)
class _Kept:
    """A decky that was made for us."""

    place: Place
    anchor: socket.socket
    seen: float = field(eq=False)  # when the helper last said that it is as wanted; the loop's time
    lessee: Lessee | None = field(default=None, eq=False)

    def close(self) -> None:
        self.anchor.close()
        if self.lessee is not None:
            self.lessee.close()


class NamespaceDriver:
    """Puts each decky into a network namespace of its own, with a macvlan interface on the parent."""

    inside = None

    def __init__(self, config: NamespaceConfig, *, patience: float = ANSWER, lease: float = LEASE) -> None:
        self._config = config
        self._lease = lease
        self._rng = random.SystemRandom()  # real clients' transactions cannot be foretold
        self._rules = config.rules()
        self._patience = patience
        self._link: Link | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._connecting = asyncio.Lock()
        self._kept: dict[str, _Kept] = {}
        self._lost: dict[str, Observed] = {}  # what a new helper would not take over
        self._placed = lru_cache(maxsize=3 * self._rules.max_deckies)(self._place)  # whoever changes one asks for all
        self._deaf = False  # the last decky that waited for a lease got none: the next one need not wait as long

    async def open(self) -> None:
        """Connect to the helper, or start it."""
        await self._connected()

    async def aclose(self) -> None:
        """Let go of every decky and of the helper, which ends if it is ours."""
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(DriverUnreachableError):  # then it has nothing to let go of, or nobody to tell
                await link.ask("leave", {})
            link.close()
        for kept in self._kept.values():
            kept.close()
        self._kept.clear()
        self._lost.clear()
        await self._end()

    def place(self, wanted: Wanted) -> Place:
        """Return where the decky will be."""
        place = self._placed(wanted)
        kept = self._kept.get(wanted.decky)
        return _at(place, kept.lessee.address) if place.leased and kept is not None and kept.lessee else place

    def _place(self, wanted: Wanted) -> Place:
        stack = wanted.stack or self._config.stack
        if stack not in PERSONALITIES:
            raise RefusedError(f"{wanted.decky}: no stack is called {stack!r}; there are {', '.join(PERSONALITIES)}")
        try:
            addresses = choose(self._rules, wanted.decky, wanted.index, wanted.address)
            mac = wanted.mac or choose_mac(self._rules, wanted.decky, wanted.index, stack)
            self._rules.check_mac(mac)
        except RefusedError as error:
            raise RefusedError(f"{wanted.decky}: {error}") from None
        return Place(
            decky=wanted.decky,
            address="" if wanted.address == DHCP else addresses[0],
            addresses=addresses,
            leased=wanted.address == DHCP,
            mac=mac,
            stack=stack,
        )

    async def create(self, wanted: Wanted) -> Place:
        """Make the namespace, or adopt the one that is there."""
        place = self.place(wanted)
        now = asyncio.get_running_loop().time()
        known = self._kept.get(place.decky)
        if known is not None and now - known.seen < _SURE and evolve(known.place, tier=place.tier) == place:
            return known.place  # all services of a decky ask, one after the other
        fields, (anchor, *_) = await self._ask("create", _named(place))
        place = _observed({**fields, "decky": place.decky, "fault": ""}).place
        before = self._kept.get(place.decky)
        if before is not None:
            before.anchor.close()
        lessee = None if before is None else before.lessee
        self._kept[place.decky] = _Kept(place=place, anchor=anchor, seen=now, lessee=lessee)
        self._lost.pop(place.decky, None)
        return await self._leased(place, wanted.hostname)

    async def remove(self, decky: str) -> None:
        """Remove the namespace's interface and let go of it."""
        await self._ask("destroy", {"decky": decky})
        self._lost.pop(decky, None)
        kept = self._kept.pop(decky, None)
        if kept is not None:
            kept.close()

    async def remove_all(self, deckies: Collection[str]) -> Mapping[str, str]:
        """Let go of the namespaces; the kernel removes many in one sweep for the time that one takes."""
        names = sorted(deckies)
        for start in range(0, len(names), messages.PAGE):
            await self._ask("abandon", {"deckies": names[start : start + messages.PAGE]})
        for name in names:
            self._lost.pop(name, None)
            kept = self._kept.pop(name, None)
            if kept is not None:
                kept.close()
        return {}

    async def observe(self) -> Mapping[str, Observed]:
        """Return what the helper has, and what it would not take over."""
        found: dict[str, Observed] = {}
        more, after = True, ""
        while more:
            fields, _ = await self._ask("observe", {"after": after})
            for row in fields["deckies"]:
                kept = self._kept.get(row["decky"])
                found[row["decky"]] = _observed(row, "" if kept is None or not kept.lessee else kept.lessee.trouble)
                after = row["decky"]
            more = fields["more"]
        return {**self._lost, **found}

    async def listen(
        self, place: Place, port: int, *, protocol: Transport = "tcp"
    ) -> tuple[Sequence[socket.socket], int]:
        """Return one socket of the decky's namespace, for all its addresses."""
        fields, sockets = await self._ask("listen", {"decky": place.decky, "port": port, "protocol": protocol})
        return sockets, int(fields["port"])

    async def capture(self) -> Tap:
        """Have the helper listen on the parent: what deckies are sent from outside passes it."""
        _, (packets, *_) = await self._ask("capture", {})
        return Relayed(packets, self._config.parent)

    async def probe(self, place: Place, port: int) -> socket.socket:
        """Return a client inside the decky: macvlan lets nobody on this host reach it from outside."""
        _, (client, *_) = await self._ask("probe", {"decky": place.decky, "port": port})
        with contextlib.ExitStack() as undo:
            undo.enter_context(client)
            try:
                async with asyncio.timeout(PROBE_TIMEOUT):
                    await asyncio.get_running_loop().sock_connect(client, (place.address, port))
            except OSError as error:  # TimeoutError is one
                if error.errno != errno.EISCONN:  # else it was connected already when it came
                    where = f"{place.decky} does not answer at {place.address}:{port}"
                    raise type(error)(error.errno, f"{where}: {error.strerror}") from error
            client.settimeout(PROBE_TIMEOUT)
            undo.pop_all()
        return client

    async def _leased(self, place: Place, hostname: str) -> Place:
        """Return the place with its leased address, if it is to have one.

        Raises:
            OSError: there is no lease yet; the decky goes on asking for one.

        """
        if not place.leased:
            return place
        lessee = self._kept[place.decky].lessee
        if lessee is None:
            _, (sock, *_) = await self._ask("lease", {"decky": place.decky})
            kept = self._kept.get(place.decky)
            if kept is None or kept.lessee is not None:  # it was removed, or somebody else was faster
                sock.close()
                return await self._leased(place, hostname) if kept is not None else place
            client = Client(place.mac, hostname, DIALECTS[place.stack], self._rng, wish=place.address)
            now = asyncio.get_running_loop().time
            lessee = Lessee(client, sock, lambda one: self._assign(place.decky, one), address=place.address, now=now)
            self._kept[place.decky] = evolve(kept, lessee=lessee)
        if not await lessee.held(self._lease if not self._deaf else 0.0):
            self._deaf = True
            raise OSError(errno.EADDRNOTAVAIL, f"{place.decky} has no address: {lessee.trouble}; it goes on asking")
        self._deaf = False
        return _at(place, lessee.address)

    async def _assign(self, decky: str, address: str) -> None:
        await self._ask("assign", {"decky": decky, "address": address})
        kept = self._kept.get(decky)
        if kept is not None:
            self._kept[decky] = evolve(kept, place=_at(kept.place, address))

    async def _ask(self, operation: str, fields: Fields) -> Answer:
        link = await self._connected()
        return await link.ask(operation, fields)

    async def _connected(self) -> Link:
        """Return a link to a helper that has what we know of.

        Raises:
            DriverUnreachableError: there is no helper, or not one for us.

        """
        async with self._connecting:
            if self._link is not None and not self._link.lost:
                return self._link
            link = await self._found()
            try:
                await link.ask("hello", {"version": messages.VERSION, "digest": self._rules.digest})
                for kept in tuple(self._kept.values()):
                    await self._hand_over(link, kept)
            except OSError as error:
                link.close()
                await self._end()  # the next attempt starts another
                raise DriverUnreachableError(f"{self._config.socket}: {error.args[-1]}") from None
            except BaseException:
                link.close()
                raise
            self._link = link
            return link

    async def _hand_over(self, link: Link, kept: _Kept) -> None:
        """Let the helper have a decky that it does not know yet; what it refuses counts as broken."""
        place = kept.place
        try:
            fields = {**_named(place), "lease": place.address if place.leased else ""}
            await link.ask("adopt", fields, descriptors=[kept.anchor.fileno()])
        except DriverUnreachableError:
            raise
        except OSError as error:
            self._lost[place.decky] = Observed(place=place, state=PlaceState.BROKEN, detail=str(error.args[-1]))
            del self._kept[place.decky]
            kept.close()

    async def _found(self) -> Link:
        path = self._config.socket
        try:
            return await Link.open(path, self._patience)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            if not self._config.spawn:
                raise DriverUnreachableError(
                    f"no decnet-netd listens on {path} ({error.strerror}): "
                    "start decnet-netd.socket, or set spawn = true and run decnetd as root"
                ) from None
        except OSError as error:
            raise DriverUnreachableError(f"{path}: {error.strerror}") from error
        await self._spawn(path)
        return await Link.open(path, self._patience)

    async def _end(self) -> None:
        """End the helper if it is ours; it has nothing to finish."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.kill()
            async with asyncio.timeout(_STOP):
                await process.wait()

    async def _spawn(self, path: str) -> None:
        """Start a helper that serves a socket at ``path``."""
        listener = _bound(path)
        with listener:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", _HELPER, "--socket-fd", str(listener.fileno()), *self._rules.arguments()),
                pass_fds=[listener.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the daemon, which then ends it in order
            )


def _bound(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        Path(path).unlink(missing_ok=True)  # nobody listens on it any more
        made.bind(path)
        Path(path).chmod(0o600)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise DriverUnreachableError(f"decnet-netd cannot have its socket {path}: {error.strerror}") from error
    return made


def _at(place: Place, address: str) -> Place:
    """Return a leased place with another address, or with none."""
    kept = place.addresses[1:] if place.address else place.addresses
    return evolve(place, address=address, addresses=(address, *kept) if address else kept)


def _named(place: Place) -> Fields:
    given = _at(place, "") if place.leased else place
    return {
        "decky": place.decky,
        "addresses": given.addresses,
        "mac": place.mac,
        "stack": place.stack,
        "leased": place.leased,
    }


def _observed(row: Fields, trouble: str = "") -> Observed:
    """Return what the helper tells of a decky.

    Args:
        row: its answer.
        trouble: why the decky has no lease.

    """
    addresses = tuple(row["addresses"])
    first = next((one for one in addresses if not row["leased"] or ":" not in one), "")
    waits = not first or bool(trouble)
    return Observed(
        place=Place(
            decky=row["decky"],
            address=first,
            addresses=addresses,
            leased=row["leased"],
            mac=row["mac"],
            stack=row["stack"],
            tier=Tier(row["tier"]),
        ),
        state=PlaceState.BROKEN if row["fault"] else PlaceState.WAITING if waits else PlaceState.UP,
        detail=row["fault"] or trouble or row["detail"],
    )
