"""This module lists: directories, files and patterns, in the daemon's own form."""

import fnmatch
import stat

from plugins.decoy.ftp.client import Client
from plugins.decoy.ftp.dialect import Listed
from plugins.decoy.ftp.transfers import Transfers, listing

MAX_PATTERN = 64  # characters; matching a long one costs


def list_(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer LIST (RFC 959, 4.1.3)."""
    _start(client, transfers, "list", argument, now)


def nlst(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer NLST (RFC 959, 4.1.3)."""
    _start(client, transfers, "nlst", argument, now)


def _start(client: Client, transfers: Transfers, verb: str, argument: str, now: float) -> None:
    if not transfers.ready:
        client.say("data.none")
        return
    options, name = _options(argument)
    shown = {"options": "".join(f"-{letter} " for letter in sorted({*options, "l"}))}
    hidden = "a" in options or (verb == "nlst" and client.dialect.dotted_names)
    rows = _matching(client, name, hidden=hidden, dots=hidden)
    if rows is None:
        missing = {**shown, "arg": name, "error": "No such file or directory"}
        last = f"{verb}.missing" if f"{verb}.missing" in client.dialect.texts else f"{verb}.done"
        transfers.start(listing([], f"{verb}.ok", last, **missing), now)
        return
    dialect = client.dialect
    if verb == "list":
        lines = [dialect.row(row, client.here, now) for row in rows]
    else:
        prefix = f"{name.rstrip('/')}/" if name and not _is_file(client, name) and "*" not in name else ""
        lines = [prefix + row.name for row in rows]
    transfers.start(listing(lines, f"{verb}.ok", f"{verb}.done", **shown, arg=name), now)


def _options(argument: str) -> tuple[str, str]:
    """Return the letters of leading options, and what is left: the name."""
    letters = ""
    while argument.startswith("-"):
        option, _, argument = argument.partition(" ")
        letters += "".join(letter for letter in option[1:20] if letter.isascii() and letter.isalnum())
    return letters, argument.strip()


def _is_file(client: Client, name: str) -> bool:
    try:
        return not stat.S_ISDIR(client.here.stat(name).mode)
    except OSError:
        return False


def _matching(client: Client, name: str, *, hidden: bool, dots: bool) -> list[Listed] | None:
    """Return what a name or pattern means: a directory's entries, a file, or nothing."""
    here = client.here
    try:
        if any(mark in name for mark in "*?["):
            return _filtered(client, name)
        if stat.S_ISDIR(here.stat(name or ".").mode):
            return here.entries(name or ".", hidden=hidden, dots=dots)
        if client.dialect.filters:
            return _filtered(client, name)
        return [Listed(name=name, found=here.stat(name, follow=False))]
    except OSError:
        return None


def _filtered(client: Client, name: str) -> list[Listed]:
    """Return the entries that a pattern matches, which may have one directory."""
    folder, _, pattern = name.rpartition("/")
    rows = client.here.entries(
        folder or ("/" if name.startswith("/") else "."), hidden=pattern.startswith("."), dots=False
    )
    pattern = pattern[:MAX_PATTERN]
    sees_target = client.dialect.filters  # vsftpd looks at what it would show, which ends in a link's target
    return [
        row
        for row in rows
        if fnmatch.fnmatchcase(row.name, pattern)
        or (sees_target and row.found.target and fnmatch.fnmatchcase(row.found.target, pattern))
    ]


def mlsd(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer MLSD (RFC 3659, 7)."""
    facts = client.dialect.facts
    if facts is None:
        client.say("unknown", arg="MLSD")
        return
    if not transfers.ready:
        client.say("data.none")
        return
    try:
        rows = client.here.entries(argument or ".", hidden=True, dots=True)
    except OSError as error:
        transfers.drop()
        client.fail("mlsd", argument, error)
        return
    lines = [f"{facts(row, client.here)} {row.name}" for row in rows]
    transfers.start(listing(lines, "mlsd.ok", "mlsd.done"), now)


def mlst(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer MLST (RFC 3659, 7)."""
    del transfers, now
    facts = client.dialect.facts
    here = client.here
    if facts is None:
        client.say("unknown", arg="MLST")
        return
    try:
        found = here.stat(argument or ".", follow=False)
    except OSError as error:
        client.fail("mlst", argument, error)
        return
    shown = Listed(name=argument or ".", found=found)
    client.say(
        "mlst.ok", arg=argument or here.cwd, facts=facts(shown, here), path=here.shown(argument), name=shown.name
    )


def stat_(client: Client, transfers: Transfers, argument: str, now: float) -> None:
    """Answer STAT (RFC 959, 4.1.3)."""
    del transfers
    here, dialect = client.here, client.dialect
    options, name = _options(argument)
    if not argument:
        kind = "ASCII" if client.ascii else "BINARY"
        client.say("stat.server", peer=client.peer.address, user=here.user, type=kind)
        return
    dots = dialect.dots_in_stat
    rows = _matching(client, name, hidden=dots or "a" in options, dots=dots)
    if rows is None and "stat.missing" in dialect.texts:
        client.say("stat.missing", arg=name, error="No such file or directory")
        return
    folder = bool(name) and not _is_file(client, name)
    head = "stat.folder" if folder and "stat.folder" in dialect.texts else "stat.file"
    lines = [dialect.row(row, here, now) for row in rows or ()]
    client.say(head, arg=name, rows="".join(f"{dialect.texts['stat.indent']}{line}\n" for line in lines))
