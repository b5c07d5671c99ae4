"""This module holds programs that look something up: getent, hostid, logname, runlevel, locale, journalctl, getcap."""

import socket
from collections.abc import Mapping

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt

_DATABASES: Mapping[str, str] = {  # of the name service switch, and the file behind each
    "passwd": "/etc/passwd",
    "group": "/etc/group",
    "shadow": "/etc/shadow",
    "gshadow": "/etc/gshadow",
    "hosts": "/etc/hosts",
    "services": "/etc/services",
    "protocols": "/etc/protocols",
    "networks": "/etc/networks",
}
_BY_WORDS = frozenset({"hosts", "services", "protocols", "networks"})  # fields are apart by blanks
_NOT_FOUND = 2
_CATEGORIES = (
    "CTYPE", "NUMERIC", "TIME", "COLLATE", "MONETARY", "MESSAGES", "PAPER", "NAME", "ADDRESS", "TELEPHONE",
    "MEASUREMENT", "IDENTIFICATION",
)  # fmt: skip


def getent(ctx: Context) -> int:
    """Look names up as the C library does."""
    opts = getopt(ctx, "s:i", ("service=/s", "no-idn/i"), status=64)
    if not opts.rest:
        ctx.usage(
            "getent: wrong number of arguments\nTry `getent --help' or `getent --usage' for more information.\n", 1
        )
    database, names = opts.rest[0], opts.rest[1:]
    known = {"ahosts": "hosts", "ahostsv4": "hosts"}.get(database, database)
    if known not in _DATABASES:
        ctx.usage(f"Unknown database: {database}\nTry `getent --help' or `getent --usage' for more information.\n", 1)
    try:
        text = ctx.read_file(_DATABASES[known]).decode("utf-8", "surrogateescape")
    except OSError:
        return _NOT_FOUND
    rows = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not names:
        ctx.out("".join(f"{_shown(known, row)}\n" for row in rows))
        return 0
    status = 0
    for name in names:
        found = [row for row in rows if _is_named(known, row, name)]
        ctx.out("".join(f"{_shown(known, row)}\n" for row in found[:1]))
        status = status if found else _NOT_FOUND
    return status


def _fields(database: str, row: str) -> list[str]:
    return row.partition("#")[0].split() if database in _BY_WORDS else row.split(":")


def _is_named(database: str, row: str, name: str) -> bool:
    fields = _fields(database, row)
    if database in {"passwd", "group"}:
        return name == (fields[2] if name.isdigit() else fields[0])
    return name in fields if database in _BY_WORDS else name == fields[0]


def _shown(database: str, row: str) -> str:
    fields = _fields(database, row)
    if database == "hosts":
        return f"{fields[0]:<15} {' '.join(fields[1:])}"
    return f"{fields[0]:<21} {' '.join(fields[1:])}" if database in _BY_WORDS else row


def hostid(ctx: Context) -> int:
    """Tell the number of the host, which is its address in an odd order."""
    address = socket.inet_aton("127.0.1.1" if ctx.persona.package_manager == "apt" else ctx.persona.address)
    ctx.out((address[1::-1] + address[:1:-1]).hex() + "\n")
    return 0


def logname(ctx: Context) -> int:
    """Tell who logged in."""
    if ctx.world.tty is None:
        return ctx.fail("no login name")
    ctx.out(f"{ctx.world.login.user}\n")
    return 0


def runlevel(ctx: Context) -> int:
    """Tell what the machine was started to."""
    ctx.out("N 5\n" if ctx.persona.init == "systemd" else "N 3\n")
    return 0


def locale(ctx: Context) -> int:
    """Tell the language."""
    if "-a" in ctx.args:
        ctx.out("C\nC.utf8\nPOSIX\n")
        return 0
    variables = ctx.sh.environment()
    language, override = variables.get("LANG", ""), variables.get("LC_ALL", "")
    ctx.out(f"LANG={language}\nLANGUAGE={variables.get('LANGUAGE', '')}\n")
    for category in _CATEGORIES:
        own = variables.get(f"LC_{category}", "")
        ctx.out(
            f"LC_{category}={own}\n" if own and not override else f'LC_{category}="{override or language or "POSIX"}"\n'
        )
    ctx.out(f"LC_ALL={override}\n")
    return 0


def journalctl(ctx: Context) -> int:
    """Tell that there is no journal: the machine keeps its logs in files."""
    if ctx.sh.uid:
        ctx.err(
            "Hint: You are currently not seeing messages from other users and the system.\n"
            "      Users in groups 'adm', 'systemd-journal' can see all messages.\n"
            "      Pass -q to turn off this notice.\n"
        )
    ctx.err("No journal files were found.\n")
    ctx.out("-- No entries --\n")
    return 0


def getcap(ctx: Context) -> int:
    """Tell the capabilities of files; the usual ones of a fresh machine."""
    opts = getopt(ctx, "hlnrv")
    if not opts.rest:
        ctx.usage(
            "usage: getcap [-h] [-l] [-n] [-r] [-v] <filename> [<filename> ...]\n\n"
            "\tdisplays the capabilities on the queried file(s).\n"
        )
    status = 0
    for name in opts.rest:
        try:
            resolved = ctx.files.resolve(ctx.path(name))
            ctx.files.stat(resolved, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"{name} ({error.strerror})")
            continue
        folder = name.rstrip("/")
        for path in ("/usr/bin/ping",):
            if _is_there(ctx, path) and (
                resolved == path or ("r" in opts and f"{path}/".startswith(f"{resolved.rstrip('/')}/"))
            ):
                ctx.out(f"{path if resolved != path else folder} cap_net_raw=ep\n")
    return status


def _is_there(ctx: Context, path: str) -> bool:
    try:
        ctx.files.stat(path)
    except OSError:
        return False
    return True


COMMANDS: Mapping[str, Function] = {
    "getent": getent,
    "hostid": hostid,
    "logname": logname,
    "runlevel": runlevel,
    "locale": locale,
    "journalctl": journalctl,
    "getcap": getcap,
}
