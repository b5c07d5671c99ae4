"""This module generates a persona: one coherent machine, from the installation's seed and the decky's name."""

import calendar
import random
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve

from decnet_actors.domain.persona import Persona
from decnet_actors.machine import names, people, releases
from decnet_actors.machine.chance import derived
from decnet_actors.machine.releases import DAY, Board, Level, Release

Row = TypeVar("Row", bound=tuple[Any, ...])  # Any: tables of unlike columns, the last one an int

_LOGIN = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")

_SMALL_SHELL = "/bin/sh"  # of a device
_NOT_ON_WINDOWS = frozenset({"ssh", "telnet", "http", "https", "redis", "ftp", "docker_api", "k8s"})
_NOT_ON_DEVICES = frozenset(
    {
        "redis", "mysql", "postgres", "mssql", "mongodb", "elasticsearch", "docker_api", "k8s", "ldap", "rdp", "llmnr",
        "smtp", "smtp_relay", "imap", "pop3", "ftp",
    }
)  # fmt: skip


def generate(
    seed: int,
    decky: str,
    address: str,
    now: float,
    *,
    distribution: str | None = None,
    among: Collection[str] = (),
) -> Persona:
    """Return the machine a decky of this installation is.

    Args:
        seed: of the installation; another installation shares nothing with this one.
        decky: the decky's name.
        address: its address; changes nothing else.
        now: Unix seconds at the time the persona is made. Keep the persona (or this number): install and boot
            times are counted back from it.
        distribution: one of ``systems``, such as ``ubuntu`` or ``debian:12``; ``None`` chooses.
        among: what it chooses from; a general server by default.

    """
    rng = derived(seed, decky, "persona")
    site = derived(seed, "site")
    release, level = _release(rng, now, among if distribution is None else (distribution,))
    booted_at, installed_at = _history(rng, release, level, now)
    zone, offset, _, _ = _weighted(rng, names.ZONES)
    organisation = f"{site.choice(names.FIRM_HEADS)} {site.choice(names.FIRM_TAILS)}".title()
    domain = f"{organisation.replace(' ', '').lower()}.{site.choice(names.TOP_DOMAINS)}"
    hardware = _computer(rng) if release.board is None else _device(rng, release.board)
    packages = {**release.packages, **level.packages}
    return Persona(
        decky=decky,
        hostname=_hostname(rng, site, release, hardware["mac"]),
        domain=domain,
        family=release.family,
        distribution=release.distribution,
        release=release.release,
        codename=release.codename,
        pretty_name=release.pretty.format(point=level.point),
        kernel=level.kernel,
        kernel_build=level.build,
        timezone=zone,
        utc_offset=offset + _summer(zone, now),
        installed_at=installed_at,
        booted_at=booted_at,
        address=address,
        accounts=people.accounts(rng, release),
        packages={**packages, "openssh-server": level.ssh} if level.ssh else packages,
        mail_domain=domain,
        organisation=organisation,
        userland=release.userland,
        libc=release.libc,
        package_manager=release.package_manager,
        init=release.init,
        shell=people.SHELLS[release.userland] if release.board is None and release.userland else _SMALL_SHELL,
        workgroup=domain.partition(".")[0][:15].upper(),
        seed=rng.getrandbits(63),
        **hardware,
    )


def systems() -> frozenset[str]:
    """Return what ``distribution`` may be."""
    return frozenset(name for row in releases.RELEASES for name in (row.distribution, row.name))


def implausible(system: str) -> frozenset[str]:
    """Return the services that not every machine of a system (one of ``systems``) has; Windows has no Unix daemons."""
    refused: set[str] = set()
    for row in releases.matching((system,)):
        if row.family == "windows":
            refused |= _NOT_ON_WINDOWS
        elif row.board is not None:
            refused |= _NOT_ON_DEVICES if "dropbear" in row.packages else {*_NOT_ON_DEVICES, "ssh"}
    return frozenset(refused)


def with_people(persona: Persona, names: Iterable[str]) -> Persona:
    """Return the machine with accounts for these log-in names too, as far as a machine would have them."""
    taken = {account.name for account in persona.accounts}
    missing = [name for name in dict.fromkeys(names) if name not in taken and _LOGIN.fullmatch(name)]
    uid = max((a.uid for a in persona.accounts if a.uid < people.NOBODY_UID), default=0)
    uid = max(uid + 1, people.FIRST_PERSON_UID)
    added = [people.newcomer(persona, name, uid + index) for index, name in enumerate(missing)]
    return evolve(persona, accounts=(*persona.accounts, *added))


def with_services(persona: Persona, services: Mapping[str, int]) -> Persona:
    """Return the machine that serves these (name of the service -> port), with the accounts their programs run as."""
    packages = [f"ftp:{persona.ftp_server}" if name == "ftp" else name for name in services]
    added = people.of_services(persona.distribution, packages, persona.accounts)
    return evolve(persona, services=dict(services), accounts=(*persona.accounts, *added))


def full_point(persona: Persona) -> str:
    """Return the point release, ``12.5`` or ``22.04.3``, of a persona made here."""
    release = releases.find(persona.distribution, persona.release)
    for level in release.levels:
        if level.kernel == persona.kernel:
            return level.point
    return persona.release


def zone_letters(persona: Persona) -> str:
    """Return the time zone's abbreviation that goes with the persona's offset, such as ``CET``."""
    standard, summer = names.ZONE_LETTERS.get(persona.timezone, ("CET", "CEST"))
    row = next((row for row in names.ZONES if row[0] == persona.timezone), None)
    return standard if row is None or row[1] == persona.utc_offset else summer


def _release(rng: random.Random, now: float, wanted: Collection[str]) -> tuple[Release, Level]:
    rows = releases.matching(wanted)
    old_enough = [row for row in rows if row.levels[0].date < now - 10 * DAY] or list(rows[:1])
    release = rng.choices(old_enough, [row.weight for row in old_enough])[0]
    levels = [level for level in release.levels if level.date < now - 5 * DAY] or release.levels[:1]
    return release, rng.choice(levels[-4:])


def _computer(rng: random.Random) -> dict[str, Any]:  # Any: fields of a persona
    """Return the hardware of a server, mostly a virtual one."""
    prefix, platform, _ = _weighted(rng, names.CARDS)
    model, _, _, _ = rng.choice(names.KVM_CPUS + names.CPUS if platform == "kvm" else names.CPUS)
    virtual = platform in names.VIRTUAL
    return {
        "architecture": "x86_64",
        "machine": "x86_64",
        "mac": _mac(rng, prefix),
        "cpu_model": model,
        "cpu_count": rng.choice((1, 2, 2, 2, 4, 4) if virtual else (8, 12, 16, 24)),
        "memory_kib": _memory(rng, virtual=virtual),
        "disk_kib": rng.choice((20, 25, 30, 40, 50, 60, 80, 100) if virtual else (240, 480, 960)) * 1_048_576,
    }


def _device(rng: random.Random, board: Board) -> dict[str, Any]:  # Any: fields of a persona
    """Return the hardware of a device: what its board has, and a network port of its own."""
    return {
        "architecture": board.architecture,
        "machine": board.machine,
        "mac": _mac(rng, rng.choice(board.cards)),
        "cpu_model": board.cpu,
        "cpu_count": board.cpus,
        "memory_kib": rng.choice(board.memory_kib),
        "disk_kib": board.flash_kib,
        "board": board.system,
    }


def _mac(rng: random.Random, prefix: str) -> str:
    return prefix + "".join(f":{rng.randrange(256):02x}" for _ in range(3))


def _history(rng: random.Random, release: Release, level: Level, now: float) -> tuple[float, float]:
    """Return boot and install time: released <= installed < booted < now, and no kernel from the future."""
    oldest_boot = max(now - 400 * DAY, min(level.date, now - 2 * DAY))
    booted = now - rng.betavariate(1.1, 3.0) * (now - oldest_boot - DAY / 2) - DAY / 2 * rng.uniform(0.2, 1.0)
    oldest_install = max(release.released, booted - 1500 * DAY)
    span = max(booted - oldest_install - DAY, DAY / 4)
    return booted, booted - DAY / 8 - rng.uniform(0.05, 1.0) * span


def _summer(zone: str, now: float) -> int:
    rules = next(row[2] for row in names.ZONES if row[0] == zone)
    if not rules:
        return 0
    year = time.gmtime(now).tm_year
    if rules == "eu":
        start, end = _sunday(year, 3, -1) + 3600, _sunday(year, 10, -1) + 3600
    else:
        start, end = _sunday(year, 3, 2) + 25200, _sunday(year, 11, 1) + 21600
    return 3600 if start <= now < end else 0


def _sunday(year: int, month: int, which: int) -> float:
    """Return midnight UTC of the n-th Sunday of a month, the last one for -1."""
    sundays = [week[6] for week in calendar.monthcalendar(year, month) if week[6]]
    day = sundays[which - 1 if which > 0 else which]
    return float(calendar.timegm((year, month, day, 0, 0, 0)))


def _weighted(rng: random.Random, rows: Sequence[Row]) -> Row:
    """Return one row; its last column is its weight."""
    return rng.choices(rows, [row[-1] for row in rows])[0]


def _memory(rng: random.Random, *, virtual: bool) -> int:
    gib = rng.choice((1, 2, 2, 4, 4, 8, 16) if virtual else (16, 32, 64, 128))
    # The kernel keeps some for itself: MemTotal is never a round number.
    return int(gib * 1_048_576 * rng.uniform(0.935, 0.972)) // 4 * 4


def _hostname(rng: random.Random, site: random.Random, release: Release, mac: str) -> str:
    """Return a name in the style of this installation; some machines break the style, as real ones do."""
    if release.hostnames:  # a device keeps the name it came with
        return rng.choice(release.hostnames).format(tail=mac.replace(":", "")[6:].upper())
    if release.family == "windows":
        return _windows_name(rng, site, release)
    style = site.randrange(6) if rng.random() < 0.85 else rng.randrange(7)  # noqa: PLR2004  habit of most sites
    place = site.choice(names.PLACES)
    role, code, number = rng.choice(names.ROLES), rng.choice(names.CODE_NAMES), rng.randrange(1, 30)
    match style:
        case 0:
            return f"{role}{number:02d}"
        case 1:
            return f"{role}-{number}"
        case 2:
            return code if rng.random() < 0.6 else f"{code}{number}"  # noqa: PLR2004  most have no number
        case 3:
            return f"{place}-{role}-{number:02d}"
        case 4:
            return f"{role}-{code}"
        case 5:
            return f"srv-{role}{number:02d}"
        case _:
            return f"{release.distribution}-{rng.randrange(16**6):06x}"


def _windows_name(rng: random.Random, site: random.Random, release: Release) -> str:
    """Return a computer name: what the installer makes up, or the site's pattern."""
    if rng.random() < 0.35:  # noqa: PLR2004  nobody renames a third of them
        letters = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=7))
        return f"{'WIN-' if 'server' in release.release else 'DESKTOP-'}{letters}"
    role = rng.choice(("SRV", "FS", "APP", "DC")) if "server" in release.release else rng.choice(("PC", "WS", "NB"))
    return f"{site.choice(names.PLACES).upper()}-{role}{rng.randrange(1, 60):02d}"
