"""This module generates a persona: one coherent Linux server, from the installation's seed and the decky's name."""

import calendar
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve

from decnet_actors.domain.persona import Account, Persona
from decnet_actors.machine import names, releases
from decnet_actors.machine.chance import derived
from decnet_actors.machine.releases import DAY, Level, Release

Row = TypeVar("Row", bound=tuple[Any, ...])  # Any: tables of unlike columns, the last one an int

NOLOGIN = "/usr/sbin/nologin"
FIRST_PERSON_UID = 1000
NOBODY_UID = 65_534

_LOGIN = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")

# name, uid, gid, home, shell, comment: what the distributions create on every machine (base-passwd and friends).
_STATIC: tuple[tuple[str, int, int, str, str, str], ...] = (
    ("root", 0, 0, "/root", "/bin/bash", "root"),
    ("daemon", 1, 1, "/usr/sbin", NOLOGIN, "daemon"),
    ("bin", 2, 2, "/bin", NOLOGIN, "bin"),
    ("sys", 3, 3, "/dev", NOLOGIN, "sys"),
    ("sync", 4, 65534, "/bin", "/bin/sync", "sync"),
    ("games", 5, 60, "/usr/games", NOLOGIN, "games"),
    ("man", 6, 12, "/var/cache/man", NOLOGIN, "man"),
    ("lp", 7, 7, "/var/spool/lpd", NOLOGIN, "lp"),
    ("mail", 8, 8, "/var/mail", NOLOGIN, "mail"),
    ("news", 9, 9, "/var/spool/news", NOLOGIN, "news"),
    ("uucp", 10, 10, "/var/spool/uucp", NOLOGIN, "uucp"),
    ("proxy", 13, 13, "/bin", NOLOGIN, "proxy"),
    ("www-data", 33, 33, "/var/www", NOLOGIN, "www-data"),
    ("backup", 34, 34, "/var/backups", NOLOGIN, "backup"),
    ("list", 38, 38, "/var/list", NOLOGIN, "Mailing List Manager"),
    ("irc", 39, 39, "/run/ircd", NOLOGIN, "ircd"),
    ("nobody", 65534, 65534, "/nonexistent", NOLOGIN, "nobody"),
)


def generate(
    seed: int,
    decky: str,
    address: str,
    now: float,
    *,
    distribution: str | None = None,
) -> Persona:
    """Return the machine a decky of this installation is.

    Args:
        seed: of the installation; another installation shares nothing with this one.
        decky: the decky's name.
        address: its address; changes nothing else.
        now: Unix seconds at the time the persona is made. Keep the persona (or this number): install and boot
            times are counted back from it.
        distribution: ``debian`` or ``ubuntu``, optionally with the release (``debian:12``); ``None`` chooses.

    """
    rng = derived(seed, decky, "persona")
    site = derived(seed, "site")
    release, level = _release(rng, now, distribution)
    booted_at, installed_at = _history(rng, release, level, now)
    zone, offset, _, _ = _weighted(rng, names.ZONES)
    organisation = f"{site.choice(names.FIRM_HEADS)} {site.choice(names.FIRM_TAILS)}".title()
    domain = f"{organisation.replace(' ', '').lower()}.{site.choice(names.TOP_DOMAINS)}"
    prefix, platform, _ = _weighted(rng, names.CARDS)
    model, _, _, _ = rng.choice(names.KVM_CPUS + names.CPUS if platform == "kvm" else names.CPUS)
    virtual = platform in names.VIRTUAL
    return Persona(
        decky=decky,
        hostname=_hostname(rng, site, release),
        domain=domain,
        family="linux",
        distribution=release.distribution,
        release=release.release,
        codename=release.codename,
        pretty_name=release.pretty.format(point=level.point),
        kernel=level.kernel,
        kernel_build=level.build,
        architecture="x86_64",
        timezone=zone,
        utc_offset=offset + _summer(zone, now),
        installed_at=installed_at,
        booted_at=booted_at,
        address=address,
        mac=prefix + "".join(f":{rng.randrange(256):02x}" for _ in range(3)),
        cpu_model=model,
        cpu_count=rng.choice((1, 2, 2, 2, 4, 4) if virtual else (8, 12, 16, 24)),
        memory_kib=_memory(rng, virtual=virtual),
        disk_kib=rng.choice((20, 25, 30, 40, 50, 60, 80, 100) if virtual else (240, 480, 960)) * 1_048_576,
        accounts=_accounts(rng, release),
        packages={**release.packages, "openssh-server": level.ssh},
        mail_domain=domain,
        organisation=organisation,
        seed=rng.getrandbits(63),
    )


def systems() -> frozenset[str]:
    """Return what ``distribution`` may be."""
    return frozenset(
        name for row in releases.RELEASES for name in (row.distribution, f"{row.distribution}:{row.release}")
    )


def with_people(persona: Persona, names: Iterable[str]) -> Persona:
    """Return the machine with accounts for these log-in names too, as far as a machine would have them."""
    taken = {account.name for account in persona.accounts}
    uid = max((a.uid for a in persona.accounts if a.uid < NOBODY_UID), default=0)
    uid = max(uid + 1, FIRST_PERSON_UID)
    missing = [name for name in dict.fromkeys(names) if name not in taken and _LOGIN.fullmatch(name)]
    people = [_person(name, uid + index, "") for index, name in enumerate(missing)]
    return evolve(persona, accounts=(*persona.accounts, *people))


def with_services(persona: Persona, services: Mapping[str, int]) -> Persona:
    """Return the machine that serves these (name of the service -> port), with the accounts their programs run as."""
    accounts = persona.accounts
    for name, home, comment in _daemons(persona, services):
        if all(account.name != name for account in accounts):
            uid = max((a.uid for a in accounts if a.uid < FIRST_PERSON_UID), default=100) + 1
            made = Account(name=name, uid=uid, gid=uid + 2, home=home, shell=NOLOGIN, comment=comment)
            accounts = (*accounts, made)
    return evolve(persona, services=dict(services), accounts=accounts)


def _daemons(persona: Persona, services: Mapping[str, int]) -> Iterable[tuple[str, str, str]]:
    """Yield name, home and comment of the accounts that packages of services make."""
    if "redis" in services:
        yield "redis", "/var/lib/redis", ""
    if "ftp" in services and persona.ftp_server == "proftpd-core":
        yield "proftpd", "/run/proftpd", ""
    if "ftp" in services and persona.ftp_server in {"vsftpd", "proftpd-core"}:
        yield "ftp", "/srv/ftp", "ftp daemon"


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


def _release(rng: random.Random, now: float, wanted: str | None) -> tuple[Release, Level]:
    distribution, _, number = (wanted or "").partition(":")
    rows = [row for row in releases.RELEASES if distribution in {"", row.distribution} and number in {"", row.release}]
    if not rows:
        raise ValueError(f"unknown distribution {wanted!r}")
    old_enough = [row for row in rows if row.levels[0].date < now - 10 * DAY] or rows[:1]
    release = rng.choices(old_enough, [row.weight for row in old_enough])[0]
    levels = [level for level in release.levels if level.date < now - 5 * DAY] or release.levels[:1]
    return release, rng.choice(levels[-4:])


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


def _hostname(rng: random.Random, site: random.Random, release: Release) -> str:
    """Return a name in the style of this installation; some machines break the style, as real ones do."""
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


def _accounts(rng: random.Random, release: Release) -> tuple[Account, ...]:
    rows = [Account(name=n, uid=u, gid=g, home=h, shell=s, comment=c) for n, u, g, h, s, c in _STATIC]
    ubuntu = release.distribution == "ubuntu"
    comments = ("_apt:/nonexistent", "systemd-network:/run/systemd", "systemd-resolve:/run/systemd")
    extra = [*comments, "messagebus:/nonexistent", "systemd-timesync:/run/systemd", "sshd:/run/sshd"]
    if ubuntu:
        extra += ["syslog:/home/syslog", "uuidd:/run/uuidd", "tcpdump:/nonexistent", "pollinate:/var/cache/pollinate"]
    if rng.random() < 0.5:  # noqa: PLR2004  every second server
        extra.append("postfix:/var/spool/postfix")
    uid = 100
    for row in extra:
        name, _, home = row.partition(":")
        group = 65534 if name in {"_apt", "sshd"} else uid + 2
        rows.append(Account(name=name, uid=uid, gid=group, home=home, shell=NOLOGIN))
        uid += 1
    rows.extend(_people(rng, release))
    return tuple(rows)


def _people(rng: random.Random, release: Release) -> list[Account]:
    people: list[Account] = []
    style = rng.randrange(3)
    cloud = release.distribution if rng.random() < 0.35 else ""  # noqa: PLR2004  images made for clouds
    taken = {cloud}
    if cloud:
        people.append(_person(cloud, FIRST_PERSON_UID, cloud.title()))
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
        login = (first, f"{first[0]}{last}", f"{first}.{last}")[style]
        if login not in taken:
            taken.add(login)
            people.append(_person(login, FIRST_PERSON_UID + len(people), f"{first.title()} {last.title()}"))
    return people


def _person(name: str, uid: int, comment: str) -> Account:
    return Account(  # noqa: S604  a field, not a call of a shell
        name=name,
        uid=uid,
        gid=uid,
        home=f"/home/{name}",
        shell="/bin/bash",
        comment=f"{comment},,,",
    )
