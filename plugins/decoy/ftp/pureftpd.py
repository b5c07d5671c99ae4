"""This module is Pure-FTPd 1.0, as Debian packages it.

Recorded from Debian 12's 1.0.50-2.1+b2; see tests/plugins/decoy/ftp/recorded.
"""

import random
import stat
from datetime import UTC, datetime

from decnet_actors.wire import ftp
from plugins.decoy.ftp.dialect import Dialect, Listed, Shown

_SITE = """214-The following SITE commands are recognized
 ALIAS
 CHMOD
 IDLE
 UTIME
214 Pure-FTPd - http://pureftpd.org/"""
_FEATURES = (
    "211-Extensions supported:\n UTF8\n EPRT\n IDLE\n MDTM\n SIZE\n MFMT\n REST STREAM\n"
    " MLST type*;size*;sizd*;modify*;UNIX.mode*;UNIX.uid*;UNIX.gid*;unique*;\n MLSD\n PRET\n AUTH TLS\n PBSZ\n PROT\n"
    " TVFS\n ESTA\n PASV\n EPSV\n ESTP\n211 End."
)
_BAD_ADDRESS = "501 Syntax error in IP address"
_TEXTS = {
    "greeting": "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\n"
    "220-You are user number 1 of 50 allowed.\n{text}"
    "220-IPv6 connections are also welcome on this server.\n"
    "220 You will be disconnected after 15 minutes of inactivity.",
    "login.first": "530 You aren't logged in",
    "unknown": "500 Unknown command",
    "overlong": "421 Line too long",
    "http": "500 HTTP command: [{arg}]",
    "timeout": "421 Timeout - try typing a little faster next time",
    "user.ok": "331 User {arg} OK. Password required",
    "user.other": "530 You're already logged in",
    "user.guest.again": "230 Anonymous user logged in",
    "pass.ok": "230 OK. Current directory is {path}",
    "pass.guest": "230 Anonymous user logged in",
    "pass.again": "530 We can't do that in the current session",
    "pass.guest.again": "230 Any password will work",
    "pass.early": "530 Please tell me who you are",
    "pass.refused": "530 Login authentication failed",
    "quit": "221-Goodbye. You uploaded {up} and downloaded {down} kbytes.\n221 Logout.",
    "feat": _FEATURES,
    "feat.tls": _FEATURES,
    "help": _SITE,
    "opts.MLST": "200  MLST OPTS type;size;sizd;modify;UNIX.mode;UNIX.uid;UNIX.gid;unique;",
    "opts.unknown": "504 Unknown command",
    "auth.off": "500 This security scheme is not implemented",
    "auth.ok": "234 AUTH {arg} OK.",
    "auth.late": "500 This security scheme is not implemented",
    "auth.unknown": "500 This security scheme is not implemented",
    "pbsz.off": "503 PBSZ=0",
    "pbsz.ok": "200 PBSZ=0",
    "prot.off": "503 PROT must be preceded by a successful PBSZ command",
    "prot.P": '200 Data protection level set to "private"',
    "prot.C": '200 Data protection level set to "clear"',
    "prot.unknown": "534 Fallback to [C]",
    "ccc": "534 CCC not allowed at this point",
    "syst": "215 UNIX Type: L8",
    "noop": "200 Zzz...",
    "allo.empty": "501 Can't find file size",
    "allo": "200 A L'HUILE",
    "acct": "202 Please tell me who you are",
    "abor": "226 Since you see this ABOR must've succeeded",
    "esta": "520 Active mode is disabled",
    "type.empty": "501-Missing argument\n501-A(scii) I(mage) L(ocal)\n501 TYPE is now ASCII",
    "type.A": "200 TYPE is now ASCII",
    "type.I": "200 TYPE is now 8-bit binary",
    "type.L": "200-Missing argument\n200 TYPE is now 8-bit binary",
    "type.unknown.A": "504-Unknown TYPE: {arg}\n504 TYPE is now ASCII",
    "type.unknown": "504-Unknown TYPE: {arg}\n504 TYPE is now 8-bit binary",
    "mode.empty": "501 Missing argument",
    "mode.S": "200 S OK",
    "mode.unsupported": "504 Please use S(tream) mode",
    "mode.unknown": "504 Please use S(tream) mode",
    "stru.empty": "501 Missing argument",
    "stru.F": "200 F OK",
    "stru.unsupported": "504 Only F(ile) is supported",
    "stru.unknown": "504 Only F(ile) is supported",
    "pwd.ok": "257 {quoted} is your current location",
    "cwd.ok": "250 OK. Current directory is {path}",
    "cwd.failed": "550 Can't change directory to {arg}: {error}",
    "cdup.ok": "250 OK. Current directory is {path}",
    "mkd.ok": '257 "{arg}" : The directory was successfully created',
    "mkd.empty": "501 No directory name",
    "mkd.failed": "550 Can't create directory: {error}",
    "mkd.denied": "550 Sorry, anonymous users are not allowed to create directories",
    "rmd.ok": "250 The directory was successfully removed",
    "rmd.empty": "550 No directory name",
    "rmd.failed": "550 Can't remove directory: {error}",
    "dele.ok": "250 Deleted {arg}",
    "dele.empty": "501 No file name",
    "dele.directory": "550 Could not delete {arg}: Invalid argument",
    "dele.failed": "550 Could not delete {arg}: {error}",
    "dele.denied": "550 Anonymous users can not delete files",
    "rnfr.ok": "350 RNFR accepted - file exists, ready for destination",
    "rnfr.empty": "550 No file name",
    "rnfr.failed": "550 Sorry, but that file doesn't exist",
    "rnto.early": "503 Need RNFR before RNTO",
    "rnto.empty": "550 No file name",
    "rnto.ok": "250 File successfully renamed or moved",
    "rnto.failed": "451 Rename/move failure: {error}",
    "size.ok": "213 {size}",
    "size.empty": "501 Missing argument",
    "size.irregular": "550 I can only retrieve regular files",
    "size.failed": "550 Can't check for file existence",
    "mdtm.ok": "213 {time}",
    "mdtm.empty": "501 Missing argument",
    "mdtm.irregular": "550 I can only retrieve regular files",
    "mdtm.failed": "550 Can't check for file existence",
    "mfmt.ok": "213 UTIME OK",
    "mfmt.empty": "501 No file name",
    "mfmt.failed": "550 {arg}: {error}",
    "rest.ok": "350 Restarting at {offset}",
    "rest.empty": "501 No restart point",
    "rest.bad": "554-REST needs a numeric parameter\n554 Restart offset reset to 0",
    "data.none": "425 No data connection",
    "data.passive": "{text}",
    "data.unavailable": "425 Can't open passive connection",
    "data.active": "425 Could not open data connection to port {port}: Connection refused",
    "data.timeout": "421 Timeout",
    "data.aborted": "426 File transfer aborted",
    "pasv.ok": "227 Entering Passive Mode ({place})",
    "pasv.ipv6": "425 You cannot use PASV on IPv6 connections. Use EPSV instead.",
    "epsv.ok": "229 Extended Passive mode OK (|||{port}|)",
    "epsv.all": "220 Active mode is disabled",
    "port.ok": "200 PORT command successful",
    "port.bad": _BAD_ADDRESS,
    "port.foreign": "500 I won't open a connection to {address} (only to {peer})",
    "port.low": "501 Sorry, but I won't connect to ports < 1024",
    "port.extended": "501 Active mode is disabled",
    "eprt.ok": "200 EPRT command successful",
    "eprt.bad": _BAD_ADDRESS,
    "eprt.nothing": _BAD_ADDRESS,
    "eprt.family": "522 Only IPv4 and IPv6 are supported (1,2)",
    "eprt.foreign": "500 I won't open a connection to {address} (only to {peer})",
    "eprt.low": "501 Sorry, but I won't connect to ports < 1024",
    "eprt.extended": "501 Active mode is disabled",
    "list.ok": "150 Accepted data connection",
    "list.done": "226-Options: {options}\n226 {count} matches total",
    "nlst.ok": "150 Accepted data connection",
    "nlst.done": "226 {count} matches total",
    "mlsd.ok": "150 Accepted data connection",
    "mlsd.failed": "550 Can't check for file existence",
    "mlsd.done": "226 {count} matches total",
    "mlst.ok": "250-Begin\n {facts} {name}\n250 End.",
    "mlst.failed": "550 Can't check for file existence",
    "retr.ok": "150 Accepted data connection",
    "retr.empty": "501 No file name",
    "retr.directory": "550 I can only retrieve regular files",
    "retr.failed": "550 Can't open {arg}: {error}",
    "retr.done": "{warning}226-File successfully transferred\n226 {seconds} seconds (measured here), {rate} per second",
    "stor.ok": "150 Accepted data connection",
    "stor.empty": "501 No file name",
    "stor.failed": "553 Can't open that file: {error}",
    "stor.done": "{warning}226-File successfully transferred\n226 {seconds} seconds (measured here), {rate} per second",
    "appe.empty": "501 No file name",
    "stou.ok": "150-FILE: {arg}\n150 Accepted data connection",
    "store.failed": "552 Disk full - please upload later",
    "stat.server": "211 https://www.pureftpd.org/",
    "stat.file": "213-STAT\n{rows}213 End.",
    "stat.indent": "",
    "site.empty": "500 SITE: Missing argument",
    "site.unknown": "500 SITE {arg} is an unknown extension",
    "site.help": _SITE,
    "site.IDLE": "501 SITE IDLE: Missing argument",
    "site.chmod.ok": "200 Permissions changed on {arg}",
    "site.chmod.empty": "501 Missing argument",
    "site.chmod.failed": "550 Could not change perms on {arg}: {error}",
}
_VERBS = (
    "ABOR ACCT ALLO APPE AUTH CCC CDUP CWD DELE EPRT EPSV ESTA FEAT HELP LIST MDTM MFMT MKD MLSD MLST MODE NLST NOOP"
    " OPTS PASS PASV PBSZ PORT PROT PWD QUIT REST RETR RMD RNFR RNTO SITE SIZE STAT STOR STOU STRU SYST TYPE USER"
)
_EARLY = "ACCT AUTH CCC FEAT HELP NOOP OPTS PASS PBSZ PROT QUIT SYST TYPE USER MODE STRU"
_LATER_DELAY = 4.0  # seconds more for each refusal; measured
_FIRST_DELAY = 3.8


def row(entry: Listed, shown: Shown, now: float) -> str:
    """Return a line of LIST."""
    found = entry.found
    day = shown.date(found.modified, now, "%b %d  %Y")
    date = day if day[4] != "0" else f"{day[:4]} {day[5:]}"
    target = f" -> {found.target}" if stat.S_ISLNK(found.mode) else ""
    owner, group = shown.name(found.uid), shown.group(found.gid)
    mode = stat.filemode(found.mode)
    return f"{mode} {found.links:4d} {owner:<10} {group:<10} {found.size:10d} {date} {entry.name}{target}"


def facts(entry: Listed, shown: Shown) -> str:
    """Return the facts of MLSD and MLST (RFC 3659, 7.5)."""
    del shown
    found = entry.found
    folder = stat.S_ISDIR(found.mode)
    kind = entry.role or (
        "cdir" if entry.name == "." else "dir" if folder else "OS.unix=slink:" if stat.S_ISLNK(found.mode) else "file"
    )
    return (
        f"type={kind};{'sizd' if folder else 'size'}={found.size};modify={ftp.stamp(found.modified)};"
        f"UNIX.mode=0{stat.S_IMODE(found.mode):o};UNIX.uid={found.uid};UNIX.gid={found.gid};"
        f"unique=801g{found.inode:x};"
    )


def _unique(asked: str, chance: random.Random, now: float) -> str:
    del asked
    return f"pureftpd.{int(now):x}.{chance.randrange(2, 999):x}.0000"


def pureftpd(port: int, *, anonymous: bool, utc_offset: int) -> Dialect:
    """Return the daemon.

    Args:
        port: it says it serves.
        anonymous: whether guests are let in, which the greeting tells.
        utc_offset: seconds of the clock it shows.

    """
    closed = "" if anonymous else "220-This is a private system - No anonymous login\n"

    def greeting(address: str, now: float) -> str:
        del address
        clock = datetime.fromtimestamp(now + utc_offset, UTC)
        return f"220-Local time is now {clock:%H:%M}. Server port: {port}.\n{closed}"

    return Dialect(
        name="pure-ftpd",
        texts=_TEXTS,
        verbs=frozenset(_VERBS.split()),
        early=frozenset(_EARLY.split()),
        hides_unknown=True,
        row=row,
        facts=facts,
        tries=6,
        delay=lambda failures: _FIRST_DELAY + _LATER_DELAY * (failures - 1),
        greeting=greeting,
        idle=900.0,  # what its greeting says
        dotted_names=True,
        converts=True,
        keeps_user=True,
        keeps_tail=False,
        doubles_quotes=False,
        resets_on_http=True,
        argument=lambda text: "".join("_" if letter < " " else letter for letter in text),
        guest_needs_password=False,
        unique=_unique,
    )
