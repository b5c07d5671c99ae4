"""This module answers doctor.run: named checks of host, daemon and data, each with evidence and a remedy."""

import asyncio
import resource
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from decnet_actors.app.actors import walk
from decnet_actors.app.doctor_addresses import mapped
from decnet_actors.contracts import runtime_operations as ops
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet_driver import DriverUnreachableError, Observed, PlaceState, Tier
from decnet_actors.contracts.geoip_operations import GeoipStatus
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.contracts.runtime_operations import Check, CheckResult
from decnet_actors.domain.persona import Persona
from decnet_actors.domain.text import escaped
from decnet_actors.sensors.settings import When
from decnet_actors.sensors.sniffer import Gauge
from supervisors.report import TreeNode
from supervisors.watchdog import LoopLag

DESCRIPTORS_SPARE = 512  # for the database, logs, console and control socket
DESCRIPTORS_LEAST = 4096
LOW_DISK = 1024 * 1024 * 1024  # bytes
LATE_LOOP = 0.050  # seconds of the 99th percentile
SLOW_COMMIT = 0.250  # seconds
DESCRIPTORS_A_PLACE = 2  # a socket that keeps its namespace, and one for its lease
NEIGHBOURS = "/proc/sys/net/{family}/neigh/default/gc_thresh3"
NEIGHBOURS_A_DECKY = 4  # entries of that table: its own and its peer's, of each of two attackers on its link
NAMESPACES = Path("/proc/sys/user/max_net_namespaces")
NAMESPACES_SPARE = 64  # for the host, its containers, and the helper's experiments
NAMED = 3  # deckies of a problem that are named
PRIVATE = 0o077  # permission bits nobody else should have
GROUPS_OWN = 0o027  # likewise, where the group may look: the control socket is for its members

Found = tuple[CheckResult, str, str]  # result, evidence, remedy


@frozen(kw_only=True)
class Ward:
    """What the doctor may look at."""

    state_dir: Path
    run_dir: Path
    tree: Callable[[], Awaitable[TreeNode]]
    loop_lag: Callable[[], Awaitable[LoopLag]]
    status: Callable[[], Awaitable[ops.StatusReport]]
    commit_seconds: Callable[[], Awaitable[float | None]]
    integrity: Callable[[], Awaitable[str]]  # of the database: "ok" or what is wrong
    schema: Callable[[], Awaitable[tuple[str, str]]]  # the revision it has, the one this version needs
    has_admin: Callable[[], Awaitable[bool]]
    personas: Callable[[], Sequence[Persona]]
    places: Callable[[], Awaitable[Mapping[str, Observed]]]  # what the fleet driver has, by decky
    shortfalls: Callable[[], Sequence[str]]  # what deckies want and the fleet driver does not have
    sniffing: Gauge
    sniffs: When  # whether it is to
    secrets: Callable[[], Sequence[Path]]  # files of ours that the configuration names
    geography: Callable[[], GeoipStatus]
    listen: Callable[[], Sequence[str]]  # addresses of the console
    tls: Callable[[], bool]
    intelligence: Callable[[], Found]  # whether providers of intelligence can be asked


class Doctor:
    """Runs checks."""

    def __init__(self, ward: Ward) -> None:
        self._ward = ward
        self._checks: dict[str, Callable[[], Awaitable[Found]]] = {
            "host.python": self._python,
            "host.open-files": self._open_files,
            "host.disk": self._disk,
            "host.neighbours": self._neighbours,
            "host.namespaces": self._namespaces,
            "network.places": self._places,
            "network.stacks": self._stacks,
            "network.services": self._services,
            "network.sniffer": self._sniffer,
            "network.console": self._console,
            "daemon.actors": self._actors,
            "daemon.mailboxes": self._mailboxes,
            "daemon.loop": self._loop,
            "store.writable": self._writable,
            "store.commit": self._commit,
            "store.integrity": self._integrity,
            "store.schema": self._schema,
            "store.addresses": self._addresses,
            "security.state-dir": self._state_dir,
            "security.run-dir": self._run_dir,
            "security.secrets": self._secrets,
            "security.admin": self._admin,
            "realism.personas": self._personas,
            "intel.providers": self._intelligence,
        }

    async def run(self, args: ops.DoctorArgs, caller: Caller) -> Page[Check]:
        """Answer doctor.run."""
        del caller
        groups = {name.partition(".")[0] for name in self._checks}
        for asked in args.checks:
            if asked not in self._checks and asked not in groups:
                known = ", ".join(sorted(groups))
                raise OperatorError(
                    CATALOGUE["DN5001"],
                    f'no check or group "{escaped(asked)}"; groups: {known}',
                    fix=("decnetctl doctor",),
                )
        rows = []
        for name, check in self._checks.items():
            group = name.partition(".")[0]
            if not args.checks or name in args.checks or group in args.checks:
                result, evidence, remedy = await check()
                rows.append(Check(id=name, group=group, result=result, evidence=evidence, remedy=remedy))
        return Page(items=rows)

    async def _python(self) -> Found:
        version = ".".join(map(str, sys.version_info[:3]))
        return CheckResult.OK, f"CPython {version}", ""

    async def _open_files(self) -> Found:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            places = len(await self._ward.places())
        except DriverUnreachableError:
            places = 0  # network.places tells
        return _descriptors(soft, hard, places, (await self._ward.status()).services_total)

    async def _disk(self) -> Found:
        free = (await self._ward.status()).disk_free
        evidence = f"{free / 2**30:.1f} GiB free below {self._ward.state_dir}"
        if free < LOW_DISK:
            return CheckResult.FAIL, evidence, "free space, or shorten [retention]"
        return CheckResult.OK, evidence, ""

    async def _neighbours(self) -> Found:
        """Find out whether the kernel's neighbour table, one for all namespaces, has room for the deckies."""
        try:
            places = await self._ward.places()
        except DriverUnreachableError:
            return CheckResult.WARN, "the fleet driver cannot be reached", "decnetctl doctor network.places"
        own = [one.place for one in places.values() if one.place.mac]
        needed = {
            "ipv4": sum(any(":" not in address for address in place.addresses) for place in own),
            "ipv6": sum(any(":" in address for address in place.addresses) for place in own),
        }
        return _room(needed, {family: await asyncio.to_thread(_neighbour_limit, family) for family in needed})

    async def _namespaces(self) -> Found:
        """Find out whether the kernel makes as many network namespaces as the fleet needs."""
        try:
            places = await self._ward.places()
        except DriverUnreachableError:
            return CheckResult.WARN, "the fleet driver cannot be reached", "decnetctl doctor network.places"
        limit = await asyncio.to_thread(_limit, NAMESPACES)
        return _housing(sum(bool(one.place.mac) for one in places.values()), limit)

    async def _places(self) -> Found:
        try:
            places = await self._ward.places()
        except DriverUnreachableError as error:
            return CheckResult.FAIL, str(error), "systemctl status decnet-netd.socket"
        return _placed(places)

    async def _stacks(self) -> Found:
        lacking = self._ward.shortfalls()
        if lacking:
            return CheckResult.WARN, "; ".join(lacking), '[fleet] driver = "namespace"'
        return CheckResult.OK, "no decky wants a stack that the fleet driver does not have", ""

    async def _services(self) -> Found:
        report = await self._ward.status()
        silent = [problem.text for problem in report.problems if problem.code == "DN2107"]
        evidence = f"{report.services_up} of {report.services_total} services listen"
        if silent:
            return CheckResult.FAIL, f"{evidence}: {'; '.join(silent)}", "decnetctl actor list --under decnetd/fleet"
        if not report.services_total:
            return CheckResult.WARN, "no decky is configured", "decnetctl explain decky"
        return CheckResult.OK, evidence, ""

    async def _sniffer(self) -> Found:
        gauge = self._ward.sniffing
        if self._ward.sniffs is When.OFF:
            return CheckResult.OK, 'off ([sniffer] enabled = "off")', ""
        if not gauge.interface:
            result = CheckResult.FAIL if self._ward.sniffs is When.ON else CheckResult.WARN
            return result, f"it does not listen: {gauge.problem}", "docs/howto/listen-to-packets.md"
        evidence = f"listens on {gauge.interface}: {gauge.packets} packets, {gauge.dropped} dropped"
        if gauge.dropped:
            return CheckResult.WARN, evidence, "packets come faster than they are looked at: decnetctl event list"
        return CheckResult.OK, evidence, ""

    async def _console(self) -> Found:
        addresses = self._ward.listen()
        remote = [address for address in addresses if not address.startswith(("127.", "[::1]", "localhost"))]
        if remote and not self._ward.tls():
            return CheckResult.FAIL, f"{', '.join(remote)} without TLS", '[web] tls = "files"'
        return CheckResult.OK, f"{', '.join(addresses) or 'off'}{', TLS' if self._ward.tls() else ''}", ""

    async def _actors(self) -> Found:
        nodes = list(walk(await self._ward.tree()))
        failed = [node.path for node in nodes if node.state in {"failed", "restarting"}]
        restarts = sum(node.restarts for node in nodes)
        if failed:
            return CheckResult.FAIL, f"down: {', '.join(failed)}", f"decnetctl actor restart {failed[0]}"
        if restarts:
            return CheckResult.WARN, f"{len(nodes)} actors, {restarts} restarts since the start", "decnetctl actor tree"
        return CheckResult.OK, f"{len(nodes)} actors, no restarts", ""

    async def _mailboxes(self) -> Found:
        nodes = list(walk(await self._ward.tree()))
        dropped = {node.path: node.dropped for node in nodes if node.dropped}
        if dropped:
            worst = max(dropped, key=lambda path: dropped[path])
            return CheckResult.WARN, f"{sum(dropped.values())} messages dropped, most by {worst}", ""
        return CheckResult.OK, f"nothing dropped, deepest {max((node.mailbox_high for node in nodes), default=0)}", ""

    async def _loop(self) -> Found:
        lag = await self._ward.loop_lag()
        evidence = f"timers late by {lag.p50 * 1000:.1f} ms (half), {lag.p99 * 1000:.1f} ms (99 %)"
        if lag.p99 > LATE_LOOP:
            return CheckResult.WARN, evidence, "decnetctl actor tree: who is busy?"
        return CheckResult.OK, evidence, ""

    async def _writable(self) -> Found:
        report = await self._ward.status()
        if report.journal_stalled:
            text = next((problem.text for problem in report.problems if problem.code == "DN3002"), "journal is down")
            return CheckResult.FAIL, text, "df -h; ls -ld the state folder"
        return CheckResult.OK, f"{report.events_total} events", ""

    async def _commit(self) -> Found:
        seconds = await self._ward.commit_seconds()
        if seconds is None:
            return CheckResult.WARN, "the journal does not answer", "decnetctl actor tree"
        evidence = f"last commit took {seconds * 1000:.1f} ms"
        if seconds > SLOW_COMMIT:
            return CheckResult.WARN, evidence, "put the state folder on a faster disk"
        return CheckResult.OK, evidence, ""

    async def _integrity(self) -> Found:
        said = await self._ward.integrity()
        if said != "ok":
            return CheckResult.FAIL, said, "decnetctl backup restore"
        return CheckResult.OK, "the database's own check found nothing", ""

    async def _schema(self) -> Found:
        has, needs = await self._ward.schema()
        if has != needs:
            return CheckResult.FAIL, f"schema {has}, this version needs {needs}", "restart decnetd: it migrates"
        return CheckResult.OK, f"schema {has}", ""

    async def _addresses(self) -> Found:
        return mapped(self._ward.geography())

    async def _state_dir(self) -> Found:
        return await asyncio.to_thread(_private, self._ward.state_dir, PRIVATE)

    async def _run_dir(self) -> Found:
        return await asyncio.to_thread(_private, self._ward.run_dir, GROUPS_OWN)

    async def _secrets(self) -> Found:
        return await asyncio.to_thread(_unread, self._ward.secrets())

    async def _admin(self) -> Found:
        if await self._ward.has_admin():
            return CheckResult.OK, "an administrator exists", ""
        return CheckResult.WARN, "nobody can sign in yet", "decnetctl user setup-link"

    async def _intelligence(self) -> Found:
        return self._ward.intelligence()

    async def _personas(self) -> Found:
        personas = self._ward.personas()
        twins = [
            f"{count} deckies share {what} {value}"
            for what in ("hostname", "mac")
            for value, count in Counter(str(getattr(persona, what)) for persona in personas).items()
            if count > 1
        ]
        if twins:
            return CheckResult.WARN, "; ".join(twins), "rename one of the deckies"
        return CheckResult.OK, f"{len(personas)} personas, no two alike", ""


def _placed(places: Mapping[str, Observed]) -> Found:
    """Find places that are broken, and stacks that are not wholly what they pretend to be."""
    broken = [f"{name}: {one.detail}" for name, one in places.items() if one.state is PlaceState.BROKEN]
    if broken:
        return CheckResult.FAIL, f"{len(broken)} broken: {'; '.join(broken[:NAMED])}", "restart decnetd"
    waiting = [f"{name}: {one.detail}" for name, one in places.items() if one.state is PlaceState.WAITING]
    if waiting:
        evidence = f"{len(waiting)} without an address: {'; '.join(waiting[:NAMED])}"
        return CheckResult.FAIL, evidence, "is a DHCP server on the network of the parent, and its pool in the ranges?"
    partial = [
        f"{name} ({one.place.stack}): {one.place.tier}, {one.detail}"
        for name, one in places.items()
        if one.place.stack and one.place.tier is not Tier.EXACT
    ]
    if partial:
        evidence = f"{len(partial)} without their whole stack: {'; '.join(partial[:NAMED])}"
        return CheckResult.WARN, evidence, "apt-get install libnftables1; let decnet-netd write /proc/sys/net"
    return CheckResult.OK, f"{len(places)} place{'s' * (len(places) != 1)} as made", ""


def _descriptors(soft: int, hard: int, places: int, services: int) -> Found:
    """Find out whether the listeners and the places leave enough descriptors for sessions."""
    held = DESCRIPTORS_SPARE + services + places * DESCRIPTORS_A_PLACE
    left = max(soft - held, 0)
    evidence = f"{soft} descriptors (at most {hard}), {left} of them for sessions"
    wanted = DESCRIPTORS_LEAST - DESCRIPTORS_SPARE
    if left < wanted:
        enough = max(65_536, 1 << (held + wanted).bit_length())
        return CheckResult.WARN, evidence, f"LimitNOFILE={enough} in the unit, or ulimit -n {enough}"
    return CheckResult.OK, evidence, ""


def _neighbour_limit(family: str) -> int:
    """Return how many neighbours the kernel keeps; 0 where it does not tell, as in a container."""
    return _limit(Path(NEIGHBOURS.format(family=family)))


def _limit(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except OSError:
        return 0


def _room(deckies: Mapping[str, int], limits: Mapping[str, int]) -> Found:
    """Find neighbour tables too small for deckies.

    Args:
        deckies: with a MAC of their own, by the family of their addresses.
        limits: entries of its table; 0 is unknown.

    """
    needed = {family: count * NEIGHBOURS_A_DECKY for family, count in deckies.items()}
    evidence = "; ".join(
        f"{family}: {deckies[family]} deckies with a MAC of their own, {limits[family] or 'unknown'} neighbours at most"
        for family in deckies
    )
    small = [family for family in deckies if 0 < limits[family] < needed[family]]
    if small:
        words = " ".join(f"net.{family}.neigh.default.gc_thresh3={needed[family]}" for family in small)
        return CheckResult.WARN, evidence, f"sysctl -w {words} (to keep: a line each in /etc/sysctl.d/decnet.conf)"
    return CheckResult.OK, evidence, ""


def _housing(deckies: int, limit: int) -> Found:
    needed = deckies + NAMESPACES_SPARE
    evidence = f"{deckies} deckies with a network namespace, {limit or 'an unknown number'} at most"
    if deckies and 0 < limit < needed:
        return CheckResult.WARN, evidence, f"sysctl -w user.max_net_namespaces={needed}"
    return CheckResult.OK, evidence, ""


def _private(folder: Path, forbidden: int) -> Found:
    mode = folder.stat().st_mode & 0o777
    if mode & forbidden:
        return CheckResult.FAIL, f"{folder} has mode {mode:o}", f"chmod {0o777 & ~forbidden:o} {folder}"
    whom = "its owner" if not mode & PRIVATE else "its owner and group"
    return CheckResult.OK, f"{folder} is open to {whom} only", ""


def _unread(files: Sequence[Path]) -> Found:
    """Find secret files that others may read."""
    for path in files:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0
        if mode & PRIVATE:
            return CheckResult.FAIL, f"{path} has mode {mode:o}", f"chmod 600 {path}"
    if not files:
        return CheckResult.OK, "the configuration names no secret file", ""
    return CheckResult.OK, f"{len(files)} secret file{'s' * (len(files) > 1)}, open to the owner only", ""
