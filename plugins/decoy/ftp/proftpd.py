"""This module is ProFTPD 1.3 with the configuration its Debian package begins with.

Recorded from Debian 12's 1.3.8+dfsg-4+deb12u5; see tests/plugins/decoy/ftp/recorded.
"""

import random
import stat
import string

from decnet_actors.wire import ftp
from plugins.decoy.ftp.dialect import Dialect, Listed, Shown

_FEATURES = """211-Features:{tls}
 CLNT
 CSID
 EPRT
 EPSV
 HOST
 LANG C.UTF-8*
 MDTM
 MFF modify;UNIX.group;UNIX.mode;
 MFMT
 MLST modify*;perm*;size*;type*;unique*;UNIX.group*;UNIX.groupname*;UNIX.mode*;UNIX.owner*;UNIX.ownername*;{tls2}
 RANG STREAM
 REST STREAM
 SIZE
 TVFS
 UTF8
211 End"""
_COMMANDS = (
    "CWD XCWD CDUP XCUP SMNT* QUIT PORT PASV EPRT EPSV ALLO RNFR RNTO DELE MDTM RMD XRMD MKD XMKD PWD XPWD SIZE SYST"
    " HELP NOOP FEAT OPTS HOST CLNT AUTH* CCC* CONF* ENC* MIC* PBSZ* PROT* TYPE STRU MODE RETR STOR STOU APPE REST ABOR"
    " RANG USER PASS ACCT* REIN* LIST NLST STAT SITE MLSD MLST"
)
_ROW = 8  # commands
_HELP = ftp.lines(
    "214-The following commands are recognized (* =>'s unimplemented):",
    [
        "".join(f"{word:<8}" for word in _COMMANDS.split()[at : at + _ROW])
        for at in range(0, len(_COMMANDS.split()), _ROW)
    ],
    "214 Direct comments to root@localhost",
)
_NUMBER = "501 Invalid number of parameters"
_CHANNEL = "150 Opening BINARY mode data connection for file list"
_TEXTS = {
    "greeting": "220 ProFTPD Server (Debian) [{text}]",
    "login.first": "530 Please login with USER and PASS",
    "unknown": "500 {verb} not understood",
    "empty": "500 Invalid command: try being more creative",
    "http": "",
    "timeout": "421 Idle timeout (1200 seconds): closing control connection",
    "user.ok": "331 Password required for {arg}",
    "user.long": "501 Login incorrect.",
    "user.empty": "500 USER: command requires a parameter",
    "user.guest": "331 Anonymous login ok, send your complete email address as your password",
    "user.again": "230 User {arg} logged in",
    "user.other": "501 Reauthentication not supported",
    "pass.ok": "230 User {arg} logged in",
    "pass.guest": "230 Anonymous access granted, restrictions apply",
    "pass.again": "503 You are already logged in",
    "pass.early": "503 Login with USER first",
    "pass.refused": "530 Login incorrect.",
    "quit": "221 Goodbye.",
    "feat.with": _NUMBER,
    "feat": _FEATURES.format(tls="", tls2=""),
    "feat.tls": _FEATURES.format(tls="\n AUTH TLS", tls2="\n PBSZ\n PROT"),
    "help": _HELP,
    "help.FEAT": "214 Syntax: FEAT (returns feature list)",
    "help.LIST": "214 Syntax: LIST [<sp> pathname]",
    "help.SITE": "214-HELP\n CHGRP\n214 CHMOD",
    "help.unknown": "502 Unknown command '{arg}'",
    "opts.empty": _NUMBER,
    "opts.UTF8": "501 'OPTS UTF8' not understood",
    "opts.UTF8 ON": "200 UTF8 set to on",
    "opts.UTF8 OFF": "200 UTF8 set to off",
    "opts.MLST": "200 MLST OPTS {rest}",
    "opts.unknown": "500 OPTS {arg} not understood",
    "auth.off": "500 AUTH not understood",
    "auth.ok": "234 AUTH {arg} successful",
    "auth.unknown": "504 AUTH not supported",
    "pbsz.off": "500 PBSZ not understood",
    "pbsz.ok": "200 PBSZ 0 successful",
    "prot.off": "500 PROT not understood",
    "prot.early": "503 You must issue the PBSZ command prior to PROT",
    "prot.P": "200 Protection set to Private",
    "prot.C": "200 Protection set to Clear",
    "prot.unknown": "504 PROT unsupported protection level.",
    "ccc": "500 CCC not understood",
    "syst": "215 UNIX Type: L8",
    "noop": "200 NOOP command successful",
    "allo": "504 'ALLO' not understood",
    "allo.with": "200 ALLO command successful",
    "acct": "502 ACCT command not implemented",
    "smnt": "502 SMNT command not implemented",
    "rein": "502 REIN command not implemented",
    "abor": "226 Abort successful",
    "clnt": "200 OK",
    "csid": "200 name=ProFTPD;version={version};casesensitive=1;",
    "host.first": "504 {arg}: Unknown hostname provided",
    "host": "503 Bad sequence of commands",
    "lang.first": "200 Using default language C.UTF-8",
    "lang": "500 Unable to handle command",
    "mff": _NUMBER,
    "type.empty": "500 'TYPE' not understood",
    "type.A": "200 Type set to A",
    "type.I": "200 Type set to I",
    "type.L": "200 Type set to L",
    "type.unknown": "504 TYPE not implemented for '{arg}' parameter",
    "mode.empty": "501 'MODE' not understood",
    "mode.S": "200 Mode set to S",
    "mode.unsupported": "504 'MODE {arg}' unsupported transfer mode",
    "mode.unknown": "501 'MODE {arg}' unrecognized transfer mode",
    "stru.empty": "501 'STRU' not understood",
    "stru.F": "200 Structure set to F",
    "stru.unsupported": "504 'STRU {arg}' unsupported structure type",
    "stru.unknown": "501 'STRU {arg}' unrecognized structure type",
    "pwd.ok": "257 {quoted} is the current directory",
    "cwd.ok": "250 {verb} command successful",
    "cwd.empty": _NUMBER,
    "cwd.failed": "550 {arg}: {error}",
    "cdup.ok": "250 {verb} command successful",
    "mkd.ok": "257 {quoted} - Directory successfully created",
    "mkd.empty": _NUMBER,
    "mkd.failed": "550 {arg}: {error}",
    "rmd.ok": "250 {verb} command successful",
    "rmd.empty": _NUMBER,
    "rmd.failed": "550 {arg}: {error}",
    "dele.ok": "250 DELE command successful",
    "dele.empty": _NUMBER,
    "dele.failed": "550 {arg}: {error}",
    "rnfr.ok": "350 File or directory exists, ready for destination name",
    "rnfr.empty": _NUMBER,
    "rnfr.failed": "550 {arg}: {error}",
    "rnto.early": "503 Bad sequence of commands",
    "rnto.empty": _NUMBER,
    "rnto.ok": "250 Rename successful",
    "rnto.failed": "550 {arg}: {error}",
    "size.ok": "213 {size}",
    "size.empty": _NUMBER,
    "size.ascii": "550 SIZE not allowed in ASCII mode",
    "size.irregular": "550 {arg}: not a regular file",
    "size.failed": "550 {arg}: {error}",
    "mdtm.ok": "213 {time}",
    "mdtm.empty": _NUMBER,
    "mdtm.irregular": "550 {arg}: not a plain file",
    "mdtm.failed": "550 {arg}: {error}",
    "mfmt.ok": "213 Modify={time}; {arg}",
    "mfmt.empty": _NUMBER,
    "mfmt.failed": "550 {arg}: {error}",
    "rest.ok": "350 Restarting at {offset}. Send STORE or RETRIEVE to initiate transfer",
    "rest.empty": "500 'REST' not understood",
    "rest.bad": "501 REST requires a value greater than or equal to 0",
    "data.none": "425 Unable to build data connection: Connection refused",
    "data.passive": "{text}",
    "data.unavailable": "425 Unable to build data connection: Cannot assign requested address",
    "data.active": "425 Unable to build data connection: Connection refused",
    "data.timeout": "425 Unable to build data connection: Connection timed out",
    "data.aborted": "426 Transfer aborted. Data connection closed",
    "pasv.ok": "227 Entering Passive Mode ({place}).",
    "pasv.extended": "500 Illegal PASV command, EPSV ALL in effect",
    "pasv.ipv6": "425 Unable to build data connection: Address family not supported by protocol",
    "epsv.ok": "229 Entering Extended Passive Mode (|||{port}|)",
    "epsv.all": "200 EPSV ALL command successful",
    "epsv.2": "",
    "epsv.family": "522 Network protocol not supported, use (1,2)",
    "epsv.odd": "501 EPSV: unknown network protocol",
    "port.ok": "200 PORT command successful",
    "port.empty": _NUMBER,
    "port.bad": "501 Illegal PORT command",
    "port.foreign": "500 Illegal PORT command",
    "port.low": "500 Illegal PORT command",
    "port.extended": "500 Illegal PORT command, EPSV ALL in effect",
    "eprt.ok": "200 EPRT command successful",
    "eprt.empty": _NUMBER,
    "eprt.bad": "501 Illegal EPRT command",
    "eprt.garbage": "522 Network protocol not supported, use (1,2)",
    "eprt.version": "500 Illegal EPRT command",
    "eprt.family": "522 Network protocol not supported, use (1,2)",
    "eprt.foreign": "500 Illegal EPRT command",
    "eprt.low": "500 Illegal EPRT command",
    "eprt.extended": "500 Illegal EPRT command, EPSV ALL in effect",
    "list.ok": _CHANNEL,
    "list.missing": "450 {arg}: {error}",
    "list.done": "226 Transfer complete",
    "nlst.ok": _CHANNEL,
    "nlst.missing": "450 {arg}: {error}",
    "nlst.done": "226 Transfer complete",
    "mlsd.ok": "150 Opening BINARY mode data connection for MLSD",
    "mlsd.failed": "550 {arg}: {error}",
    "mlsd.done": "226 Transfer complete",
    "mlst.ok": "250-Start of list for {arg}\n {facts} {path}\n250 End of list",
    "mlst.failed": "550 '{arg}' cannot be listed",
    "retr.ok": "150 Opening {mode} mode data connection for {arg} ({left} bytes)",
    "retr.empty": "500 'RETR' not understood",
    "retr.directory": "550 {arg}: Not a regular file",
    "retr.failed": "550 {arg}: {error}",
    "retr.done": "226 Transfer complete",
    "stor.ok": "150 Opening {mode} mode data connection for {arg}",
    "stor.empty": "500 'STOR' not understood",
    "stor.directory": "550 {arg}: Not a regular file",
    "stor.failed": "550 {arg}: {error}",
    "stor.restart": "451 {arg}: Append/Restart not permitted, try again",
    "stor.done": "226 Transfer complete",
    "appe.empty": "500 'APPE' not understood",
    "stou.ok": "150 FILE: {arg}",
    "store.failed": "552 Transfer aborted. {error}",
    "stat.server": "211-Status of 'Debian'\n Connected from {peer} ({peer})\n Logged in as {user}\n"
    " TYPE: {type}, STRUcture: File, Mode: Stream\n No data connection\n211 End of status",
    "stat.file": "213-Status of {arg}:\n{rows}213 End of status",
    "stat.folder": "212-Status of {arg}:\n{rows}212 End of status",
    "stat.missing": "450 {arg}: {error}",
    "stat.indent": " ",
    "site.empty": "500 'SITE' requires parameters",
    "site.unknown": "500 'SITE {arg}' not understood",
    "site.help": "214-The following SITE commands are recognized (* =>'s unimplemented)\n HELP\n CHGRP\n CHMOD\n"
    "214 Direct comments to root@localhost",
    "site.chmod.ok": "200 SITE CHMOD command successful",
    "site.chmod.empty": "500-'SITE CHMOD' not understood\n500 SITE not understood",
    "site.chmod.bad": "550 '{mode}': invalid mode",
    "site.chmod.failed": "550 {arg}: {error}",
}
_VERBS = (
    "ABOR ACCT ALLO APPE AUTH CCC CDUP CLNT CSID CWD DELE EPRT EPSV FEAT HELP HOST LANG LIST MDTM MFF MFMT MKD MLSD"
    " MLST MODE NLST NOOP OPTS PASS PASV PBSZ PORT PROT PWD QUIT REIN REST RETR RMD RNFR RNTO SITE SIZE SMNT STAT STOR"
    " STOU STRU SYST TYPE USER"
)
_EARLY = "ACCT AUTH CCC CLNT FEAT HELP HOST LANG NOOP OPTS PASS PBSZ PROT QUIT REIN SITE SMNT SYST TYPE USER"
_LETTERS = string.ascii_letters + string.digits


def row(entry: Listed, shown: Shown, now: float) -> str:
    """Return a line of LIST."""
    found = entry.found
    day = shown.date(found.modified, now, "%b %d  %Y")
    date = day if day[4] != "0" else f"{day[:4]} {day[5:]}"
    target = f" -> {found.target}" if stat.S_ISLNK(found.mode) else ""
    owner, group = shown.name(found.uid), shown.group(found.gid)
    mode = stat.filemode(found.mode)
    return f"{mode} {found.links:3d} {owner:<8} {group:<8} {found.size:8d} {date} {entry.name}{target}"


def facts(entry: Listed, shown: Shown) -> str:
    """Return the facts of MLSD and MLST (RFC 3659, 7.5)."""
    found = entry.found
    folder = stat.S_ISDIR(found.mode)
    kind = entry.role or ("dir" if folder else "OS.unix=symlink" if stat.S_ISLNK(found.mode) else "file")
    size = "" if folder else f"size={found.size};"
    return (
        f"modify={ftp.stamp(found.modified)};perm={'flcdmpe' if folder else 'adfrw'};{size}type={kind};"
        f"unique=801U{found.inode:X};UNIX.group={found.gid};UNIX.groupname={shown.group(found.gid)};"
        f"UNIX.mode=0{stat.S_IMODE(found.mode):o};UNIX.owner={found.uid};UNIX.ownername={shown.name(found.uid)};"
    )


def _unique(asked: str, chance: random.Random, now: float) -> str:
    del asked, now
    return "ftp" + "".join(chance.choices(_LETTERS, k=6))


def proftpd(version: str) -> Dialect:
    """Return the daemon.

    Args:
        version: as it calls itself, such as 1.3.8.

    """
    return Dialect(
        name="proftpd",
        texts={**_TEXTS, "csid": _TEXTS["csid"].replace("{version}", version)},
        verbs=frozenset(_VERBS.split()),
        early=frozenset(_EARLY.split()),
        row=row,
        facts=facts,
        tries=3,  # MaxLoginAttempts
        delay=lambda _: 0.0,
        greeting=lambda address, _now: address if ":" in address else f"::ffff:{address}",  # UseIPv6
        idle=1200.0,  # TimeoutIdle
        dots_in_stat=True,
        ascii_sizes=False,
        converts=True,
        appends=False,  # AllowStoreRestart
        resets_on_http=True,
        trusts_private=True,
        argument=lambda text: text.partition("\r")[0].strip(" "),
        unique=_unique,
    )
