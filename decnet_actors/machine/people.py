"""This module lists the accounts of a machine: what its system creates, and who works there."""

import random
from collections.abc import Mapping, Sequence

from attrs import evolve

from decnet_actors.domain.persona import Account, Persona
from decnet_actors.machine import names
from decnet_actors.machine.releases import Release

NOLOGIN = "/usr/sbin/nologin"
FIRST_PERSON_UID = 1000
NOBODY_UID = 65_534
SHELLS = {"gnu": "/bin/bash", "busybox": "/bin/ash"}  # of a computer's people

Row = tuple[str, int, int, str, str, str]  # name, uid, gid, home, shell, comment

# What the distributions create on every machine (base-passwd and friends).
_DEBIAN: tuple[Row, ...] = (
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
_ROCKY: tuple[Row, ...] = (
    ("root", 0, 0, "/root", "/bin/bash", "root"),
    ("bin", 1, 1, "/bin", "/sbin/nologin", "bin"),
    ("daemon", 2, 2, "/sbin", "/sbin/nologin", "daemon"),
    ("adm", 3, 4, "/var/adm", "/sbin/nologin", "adm"),
    ("lp", 4, 7, "/var/spool/lpd", "/sbin/nologin", "lp"),
    ("sync", 5, 0, "/sbin", "/bin/sync", "sync"),
    ("shutdown", 6, 0, "/sbin", "/sbin/shutdown", "shutdown"),
    ("halt", 7, 0, "/sbin", "/sbin/halt", "halt"),
    ("mail", 8, 12, "/var/spool/mail", "/sbin/nologin", "mail"),
    ("operator", 11, 0, "/root", "/sbin/nologin", "operator"),
    ("games", 12, 100, "/usr/games", "/sbin/nologin", "games"),
    ("ftp", 14, 50, "/var/ftp", "/sbin/nologin", "FTP User"),
    ("nobody", 65534, 65534, "/", "/sbin/nologin", "Kernel Overflow User"),
    ("systemd-coredump", 999, 997, "/", "/sbin/nologin", "systemd Core Dumper"),
    ("dbus", 81, 81, "/", "/sbin/nologin", "System message bus"),
    ("polkitd", 998, 996, "/", "/sbin/nologin", "User for polkitd"),
    ("sssd", 997, 995, "/", "/sbin/nologin", "User for sssd"),
    ("chrony", 996, 994, "/var/lib/chrony", "/sbin/nologin", "chrony system user"),
    ("sshd", 74, 74, "/usr/share/empty.sshd", "/sbin/nologin", "Privilege-separated SSH"),
    ("tcpdump", 72, 72, "/", "/sbin/nologin", ""),
)
_ALPINE: tuple[Row, ...] = (
    ("root", 0, 0, "/root", "/bin/ash", "root"),
    ("bin", 1, 1, "/bin", "/sbin/nologin", "bin"),
    ("daemon", 2, 2, "/sbin", "/sbin/nologin", "daemon"),
    ("adm", 3, 4, "/var/adm", "/sbin/nologin", "adm"),
    ("lp", 4, 7, "/var/spool/lpd", "/sbin/nologin", "lp"),
    ("sync", 5, 0, "/sbin", "/bin/sync", "sync"),
    ("shutdown", 6, 0, "/sbin", "/sbin/shutdown", "shutdown"),
    ("halt", 7, 0, "/sbin", "/sbin/halt", "halt"),
    ("mail", 8, 12, "/var/mail", "/sbin/nologin", "mail"),
    ("news", 9, 13, "/usr/lib/news", "/sbin/nologin", "news"),
    ("uucp", 10, 14, "/var/spool/uucppublic", "/sbin/nologin", "uucp"),
    ("cron", 16, 16, "/var/spool/cron", "/sbin/nologin", "cron"),
    ("ftp", 21, 21, "/var/lib/ftp", "/sbin/nologin", ""),
    ("sshd", 22, 22, "/dev/null", "/sbin/nologin", "sshd"),
    ("games", 35, 35, "/usr/games", "/sbin/nologin", "games"),
    ("ntp", 123, 123, "/var/empty", "/sbin/nologin", "NTP"),
    ("guest", 405, 100, "/dev/null", "/sbin/nologin", "guest"),
    ("nobody", 65534, 65534, "/", "/sbin/nologin", "nobody"),
    ("klogd", 100, 101, "/dev/null", "/sbin/nologin", "klogd"),
    ("chrony", 101, 102, "/var/log/chrony", "/sbin/nologin", "chrony"),
)
_STATIC: Mapping[str, tuple[Row, ...]] = {"debian": _DEBIAN, "ubuntu": _DEBIAN, "rocky": _ROCKY, "alpine": _ALPINE}
# The accounts of programs that serve: service -> name, fixed uid (0: the next free one), home.
# (distribution, service) -> name, uid (0: the next one), home, comment. An FTP service is named with its server.
_VSFTPD = ("ftp", 0, "/srv/ftp", "ftp daemon")
_OF_SERVICES: Mapping[tuple[str, str], tuple[tuple[str, int, str, str], ...]] = {
    ("debian", "redis"): (("redis", 0, "/var/lib/redis", ""),),
    ("debian", "ftp:vsftpd"): (_VSFTPD,),
    ("debian", "ftp:proftpd-core"): (("proftpd", 0, "/run/proftpd", ""), _VSFTPD),
    ("ubuntu", "redis"): (("redis", 0, "/var/lib/redis", ""),),
    ("ubuntu", "ftp:vsftpd"): (_VSFTPD,),
    ("rocky", "redis"): (("redis", 995, "/var/lib/redis", ""),),
    ("rocky", "http"): (("apache", 48, "/usr/share/httpd", ""),),
    ("alpine", "redis"): (("redis", 0, "/var/lib/redis", ""),),
    ("alpine", "http"): (("nginx", 0, "/var/lib/nginx", ""),),
}


def accounts(rng: random.Random, release: Release) -> tuple[Account, ...]:
    """Return who is on a machine that was just installed and given to its people."""
    if release.board is not None:
        return _of_device(release)
    if release.family == "windows":
        return _of_windows(rng)
    rows = [_account(row) for row in _STATIC[release.distribution]]
    if release.package_manager == "apt":
        rows += _of_debian(rng, release)
    rows.extend(_people(rng, release))
    return tuple(rows)


def person(name: str, uid: int, comment: str, shell: str) -> Account:
    """Return the account of somebody who works on the machine."""
    return Account(name=name, uid=uid, gid=uid, home=f"/home/{name}", shell=shell, comment=comment)


def newcomer(persona: Persona, name: str, uid: int) -> Account:
    """Return the account of somebody more on a machine of this kind."""
    if persona.embedded:  # all log-ins of such firmware are root
        return evolve(persona.accounts[0], name=name, comment=name)
    if persona.family == "windows":
        return _local(name, uid)
    return person(name, uid, ",,," if persona.package_manager == "apt" else "", persona.shell)


def of_services(distribution: str, services: Sequence[str], taken: Sequence[Account]) -> Sequence[Account]:
    """Return the accounts that the programs of these services run as, as far as they are missing."""
    found: list[Account] = []
    rows = [row for service in services for row in _OF_SERVICES.get((distribution, service), ())]
    for name, uid, home, comment in rows:
        if any(one.name == name for one in taken):
            continue
        number = uid or max((a.uid for a in (*taken, *found) if 100 <= a.uid < 400), default=100) + 1  # noqa: PLR2004  where systems put programs
        shell = next(one.shell for one in taken if one.name == "nobody")
        group = number if uid else number + 2
        found.append(Account(name=name, uid=number, gid=group, home=home, shell=shell, comment=comment))
    return found


def _account(row: Row) -> Account:
    name, uid, gid, home, shell, comment = row
    return Account(name=name, uid=uid, gid=gid, home=home, shell=shell, comment=comment)


def _of_debian(rng: random.Random, release: Release) -> Sequence[Account]:
    extra = [
        "_apt:/nonexistent", "systemd-network:/run/systemd", "systemd-resolve:/run/systemd", "messagebus:/nonexistent",
        "systemd-timesync:/run/systemd", "sshd:/run/sshd",
    ]  # fmt: skip
    if release.distribution == "ubuntu":
        extra += ["syslog:/home/syslog", "uuidd:/run/uuidd", "tcpdump:/nonexistent", "pollinate:/var/cache/pollinate"]
    if rng.random() < 0.5:  # noqa: PLR2004  every second server
        extra.append("postfix:/var/spool/postfix")
    rows: list[Account] = []
    for uid, row in enumerate(extra, 100):
        name, _, home = row.partition(":")
        group = NOBODY_UID if name in {"_apt", "sshd"} else uid + 2
        rows.append(Account(name=name, uid=uid, gid=group, home=home, shell=NOLOGIN))
    return rows


def _of_device(release: Release) -> tuple[Account, ...]:
    """Return its log-ins, which are all root, and nobody."""
    rows = [("root", 0, 0, "/root", "/bin/sh", "root")]
    rows += [(name, 0, 0, "/root", "/bin/sh", name) for name in release.logins]
    return tuple(_account(row) for row in (*rows, ("nobody", 99, 99, "/", "/bin/false", "nobody")))


def _of_windows(rng: random.Random) -> tuple[Account, ...]:
    """Return the local accounts; ``uid`` is the last part of their SID."""
    rows = [("Administrator", 500), ("Guest", 501), ("DefaultAccount", 503), ("WDAGUtilityAccount", 504)]
    first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
    rows.append((f"{first}.{last}", 1001))
    return tuple(_local(name, rid) for name, rid in rows)


def _local(name: str, rid: int) -> Account:
    return Account(name=name, uid=rid, gid=513, home=f"C:\\Users\\{name}", shell="")


def _people(rng: random.Random, release: Release) -> list[Account]:
    found: list[Account] = []
    style = rng.randrange(3)
    shell = SHELLS[release.userland]
    tail = ",,," if release.package_manager == "apt" else ""  # adduser asks for room and telephone too
    cloud = release.distribution if rng.random() < 0.35 else ""  # noqa: PLR2004  images made for clouds
    taken = {cloud}
    if cloud:
        found.append(person(cloud, FIRST_PERSON_UID, f"{cloud.title()}{tail}", shell))
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
        login = (first, f"{first[0]}{last}", f"{first}.{last}")[style]
        if login not in taken:
            taken.add(login)
            comment = f"{first.title()} {last.title()}{tail}"
            found.append(person(login, FIRST_PERSON_UID + len(found), comment, shell))
    return found
