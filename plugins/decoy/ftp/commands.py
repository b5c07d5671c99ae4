"""This module answers the commands of somebody who has logged in, in the words of the daemon."""

import errno
import stat
from collections.abc import Callable, Mapping
from typing import TypeAlias

from decnet_actors.wire import ftp
from plugins.decoy.ftp import channels, listings
from plugins.decoy.ftp.client import Client
from plugins.decoy.ftp.transfers import Download, Transfers, Upload

Command: TypeAlias = Callable[[Client, Transfers, str, float], None]


def _type(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    kind, _, form = argument.upper().partition(" ")
    current = "A" if client.ascii else "I"
    if kind == "A" and form in {"", "N"}:
        client.ascii = True
    elif kind == "I" or (kind == "L" and form in {"8", ""}):
        client.ascii = False
    else:
        client.say(
            f"type.unknown.{current}" if f"type.unknown.{current}" in client.dialect.texts else "type.unknown",
            arg=argument,
        )
        return
    client.say(f"type.{kind}")


def _mode(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    letter = argument.upper()
    client.say(
        "mode.S" if letter == "S" else "mode.unsupported" if letter in {"B", "C"} else "mode.unknown", arg=argument
    )


def _stru(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    letter = argument.upper()
    client.say(
        "stru.F" if letter == "F" else "stru.unsupported" if letter in {"R", "P"} else "stru.unknown", arg=argument
    )


def _pwd(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, argument, now
    client.say("pwd.ok", quoted=_quoted(client, client.here.cwd))


def _cwd(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    here = client.here
    try:
        if not stat.S_ISDIR(here.stat(argument or "~").mode):
            raise FileNotFoundError(2, "No such file or directory")
        here.files.list(here.path(argument or "~"), uid=here.uid)
    except OSError as error:
        client.fail("cwd", argument, error)
        return
    here.cwd = here.shown(argument or "~")
    client.say("cwd.ok", path=here.cwd)


def _cdup(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, argument, now
    here = client.here
    here.cwd = here.shown("..")
    client.say("cdup.ok", path=here.cwd)


def _mkd(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers
    here = client.here
    if not _may_write(client, "mkd", argument):
        return
    try:
        here.files.mkdir(here.path(argument), now=now, uid=here.uid, gid=here.gid, mode=0o777 & ~client.umask)
    except OSError as error:
        client.fail("mkd", argument, error)
        return
    client.say("mkd.ok", quoted=_quoted(client, here.shown(argument)), arg=argument)


def _rmd(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers
    _removed(client, "rmd", argument, now)


def _dele(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers
    _removed(client, "dele", argument, now)


def _removed(client: Client, verb: str, argument: str, now: float) -> None:
    """Remove a directory (``rmd``) or a file (``dele``), and say what came of it."""
    here = client.here
    if not _may_write(client, verb, argument):
        return
    remove = here.files.rmdir if verb == "rmd" else here.files.remove
    try:
        remove(here.path(argument), now=now, uid=here.uid)
    except OSError as error:
        client.fail(verb, argument, error)
        return
    client.say(f"{verb}.ok", arg=argument)


def _rnfr(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    if not _may_write(client, "rnfr", argument):
        return
    try:
        if not argument:
            raise FileNotFoundError(2, "No such file or directory")
        client.here.stat(argument, follow=False)
    except OSError as error:
        client.fail("rnfr", argument, error)
        return
    client.renaming = client.here.path(argument)
    client.say("rnfr.ok")


def _rnto(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers
    here = client.here
    if not client.renaming:
        client.say("rnto.early")
        return
    old, client.renaming = client.renaming, ""
    try:
        here.files.rename(old, here.path(argument), now=now, uid=here.uid)
    except OSError as error:
        client.fail("rnto", argument, error)
        return
    client.say("rnto.ok")


def _size(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    if client.ascii and not client.dialect.ascii_sizes:
        client.say("size.ascii")
        return
    try:
        found = client.here.stat(argument)
    except OSError as error:
        client.fail("size", argument, error)
        return
    client.say("size.ok" if stat.S_ISREG(found.mode) else "size.irregular", size=found.size, arg=argument)


def _mdtm(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    when, _, name = argument.partition(" ")
    if "MDTM" in client.dialect.sets_time and name and ftp.parse_stamp(when) is not None:
        _mfmt(client, transfers, argument, now)
        return
    try:
        found = client.here.stat(argument)
    except OSError as error:
        client.fail("mdtm", argument, error)
        return
    client.say(
        "mdtm.ok" if stat.S_ISREG(found.mode) else "mdtm.irregular", time=ftp.stamp(found.modified), arg=argument
    )


def _mfmt(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers
    here = client.here
    when, _, name = argument.partition(" ")
    seconds = ftp.parse_stamp(when)
    if seconds is None or not name:
        client.fail("mfmt", argument, OSError(errno.EINVAL, "no time and name"))
        return
    if not _may_write(client, "mfmt", name):
        return
    try:
        here.files.touch(here.path(name), now=now, accessed=seconds, modified=seconds, uid=here.uid)
    except OSError as error:
        client.fail("mfmt", argument, error)
        return
    client.say("mfmt.ok", time=when, arg=name)


def _rest(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers, now
    digits = argument.isascii() and argument.isdigit()
    if not digits and "rest.bad" in client.dialect.texts:
        client.offset = 0
        client.say("rest.bad")
        return
    client.offset = min(int(argument[:12]), 1 << 40) if digits else 0
    client.say("rest.ok", offset=client.offset)


def _retr(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    if not transfers.ready:
        client.say("data.none")
        return
    here, offset = client.here, client.offset
    client.offset = 0
    try:
        found = here.stat(argument)
        if not stat.S_ISREG(found.mode):
            raise IsADirectoryError(21, "Is a directory")
        here.files.read(here.path(argument), uid=here.uid, size=1)
    except OSError as error:
        transfers.drop()
        client.fail("retr", argument, error)
        return
    path = here.path(argument)
    transfers.start(Download(argument=argument, path=path, size=found.size, offset=min(offset, found.size)), now)


def _stor(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    _take(client, transfers, argument, now, "stor.ok")


def _appe(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    _take(client, transfers, argument, now, "stor.ok", append=True)


def _stou(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    name = client.dialect.unique(argument, client.host.rng, now)
    _take(client, transfers, name, now, "stou.ok")


def _take(client: Client, transfers: Transfers, argument: str, now: float, first: str, *, append: bool = False) -> None:
    if not transfers.ready:
        client.say("data.none")
        return
    if not _may_write(client, "stor", argument):
        transfers.drop()
        return
    here, offset = client.here, client.offset
    client.offset = 0
    path = here.path(argument)
    if (append or offset) and not client.dialect.appends:
        transfers.drop()
        client.say("stor.restart", arg=argument)
        return
    tail = b""
    try:
        if append or offset:
            tail = _room(client, path, offset, now, append=append)
        else:
            here.files.write(path, b"", now=now, uid=here.uid, gid=here.gid, mode=0o666 & ~client.umask)
    except OSError as error:
        transfers.drop()
        client.fail("stor", argument, error)
        return
    transfers.start(Upload(argument=argument, path=path, first=first, tail=tail), now)


def _room(client: Client, path: str, offset: int, now: float, *, append: bool) -> bytes:
    """Make a file ready to go on in it; return what is behind the place where that begins."""
    here = client.here
    mode = 0o666 & ~client.umask
    here.files.write(path, b"", now=now, uid=here.uid, gid=here.gid, append=True, mode=mode)
    if append:
        return b""
    size = here.files.stat(path).size
    behind = here.files.read(path, uid=here.uid, offset=offset) if client.dialect.keeps_tail and offset < size else b""
    here.files.truncate(path, min(offset, size), now=now, uid=here.uid)
    return behind


def _site(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    del transfers
    verb, _, rest = argument.partition(" ")
    match verb.upper():
        case "":
            client.say("site.empty")
        case "HELP":
            client.say("site.help")
        case _ if client.visitor is None:
            client.say("login.first")
        case "CHMOD":
            _chmod(client, rest, now)
        case "UMASK" if "site.umask" in client.dialect.texts:
            if rest and all(digit in "01234567" for digit in rest[:4]):
                client.umask = int(rest[:4], 8) & 0o777
                client.say("site.umask.set", umask=f"{client.umask:03o}")
            else:
                client.say("site.umask", umask=f"{client.umask:03o}")
        case other:
            client.say_first(f"site.{other}", "site.unknown", arg=other[:100])


def _chmod(client: Client, argument: str, now: float) -> None:
    here = client.here
    mode, _, name = argument.partition(" ")
    if not name:
        client.say("site.chmod.empty")
        return
    octal = bool(mode) and all(digit in "01234567" for digit in mode[:6])
    if not octal and "site.chmod.bad" in client.dialect.texts:
        client.say("site.chmod.bad", mode=mode)
        return
    if not _may_write(client, "site.chmod", name):
        return
    try:
        here.files.chmod(here.path(name), int(mode[:6], 8) & 0o777 if octal else 0, now=now, uid=here.uid)
    except OSError as error:
        client.fail("site.chmod", name, error)
        return
    client.say("site.chmod.ok", arg=name)


def _may_write(client: Client, verb: str, argument: str) -> bool:
    """Return whether this visitor may change anything; if not, say so."""
    if client.host.writable and not client.guest:
        return True
    client.say_first(
        *[f"{verb}.denied"] if client.guest else [], "denied", f"{verb}.failed", arg=argument, error="Permission denied"
    )
    return False


def _quoted(client: Client, path: str) -> str:
    return ftp.quoted(path, doubled=client.dialect.doubles_quotes)


COMMANDS: Mapping[str, Command] = {
    "TYPE": _type,
    "MODE": _mode,
    "STRU": _stru,
    "PWD": _pwd,
    "XPWD": _pwd,
    "CWD": _cwd,
    "XCWD": _cwd,
    "CDUP": _cdup,
    "XCUP": _cdup,
    "MKD": _mkd,
    "XMKD": _mkd,
    "RMD": _rmd,
    "XRMD": _rmd,
    "DELE": _dele,
    "RNFR": _rnfr,
    "RNTO": _rnto,
    "SIZE": _size,
    "MDTM": _mdtm,
    "MFMT": _mfmt,
    "REST": _rest,
    "PASV": channels.pasv,
    "EPSV": channels.epsv,
    "PORT": channels.port,
    "EPRT": channels.eprt,
    "LIST": listings.list_,
    "NLST": listings.nlst,
    "MLSD": listings.mlsd,
    "MLST": listings.mlst,
    "STAT": listings.stat_,
    "RETR": _retr,
    "STOR": _stor,
    "APPE": _appe,
    "STOU": _stou,
    "SITE": _site,
}
