"""This module is vsftpd 3.0, as Debian and Ubuntu package it, with ``write_enable``.

Recorded from Debian 12's 3.0.3-13+b2; see tests/plugins/decoy/ftp/recorded. 3.0.5 differs in its name only.
"""

import random
import stat

from plugins.decoy.ftp.dialect import Dialect, Listed, Shown

_LOGIN = "530 Please login with USER and PASS."
_HELP = """214-The following commands are recognized.
 ABOR ACCT ALLO APPE CDUP CWD  DELE EPRT EPSV FEAT HELP LIST MDTM MKD
 MODE NLST NOOP OPTS PASS PASV PORT PWD  QUIT REIN REST RETR RMD  RNFR
 RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE USER XCUP XCWD XMKD
 XPWD XRMD
214 Help OK."""
_TEXTS = {
    "greeting": "220 ({text})",
    "login.first": _LOGIN,
    "unknown": "500 Unknown command.",
    "overlong": "500 Input line too long.",
    "timeout": "421 Timeout.",
    "denied": "550 Permission denied.",
    "user.ok": "331 Please specify the password.",
    "user.again": "331 Any password will do.",
    "user.other": "530 Can't change to another user.",
    "user.guest.again": "530 Can't change from guest user.",
    "pass.ok": "230 Login successful.",
    "pass.again": "230 Already logged in.",
    "pass.early": "503 Login with USER first.",
    "pass.refused": "530 Login incorrect.",
    "quit": "221 Goodbye.",
    "feat": "211-Features:\n EPRT\n EPSV\n MDTM\n PASV\n REST STREAM\n SIZE\n TVFS\n211 End",
    "feat.tls": "211-Features:\n AUTH TLS\n EPRT\n EPSV\n MDTM\n PASV\n PBSZ\n PROT\n"
    " REST STREAM\n SIZE\n TVFS\n211 End",
    "help": _HELP,
    "opts.UTF8 ON": "200 Always in UTF8 mode.",
    "opts.unknown": "501 Option not understood.",
    "auth.off": "500 Unknown command.",
    "auth.ok": "234 Proceed with negotiation.",
    "auth.unknown": "504 Unknown AUTH type.",
    "pbsz.off": "550 Permission denied.",
    "pbsz.plain": "503 PBSZ needs a secure connection.",
    "pbsz.ok": "200 PBSZ set to 0.",
    "prot.off": "550 Permission denied.",
    "prot.plain": "503 PROT needs a secure connection.",
    "prot.P": "200 PROT now Private.",
    "prot.C": "200 PROT now Clear.",
    "prot.unknown": "504 PROT not recognized.",
    "syst": "215 UNIX Type: L8",
    "noop": "200 NOOP ok.",
    "allo": "202 ALLO command ignored.",
    "acct": "502 ACCT not implemented.",
    "smnt": "502 SMNT not implemented.",
    "rein": "502 REIN not implemented.",
    "abor": "225 No transfer to ABOR.",
    "type.A": "200 Switching to ASCII mode.",
    "type.I": "200 Switching to Binary mode.",
    "type.L": "200 Switching to Binary mode.",
    "type.unknown": "500 Unrecognised TYPE command.",
    "mode.S": "200 Mode set to S.",
    "mode.unsupported": "504 Bad MODE command.",
    "mode.unknown": "504 Bad MODE command.",
    "stru.F": "200 Structure set to F.",
    "stru.unsupported": "504 Bad STRU command.",
    "stru.unknown": "504 Bad STRU command.",
    "pwd.ok": "257 {quoted} is the current directory",
    "cwd.ok": "250 Directory successfully changed.",
    "cwd.empty": "550 Failed to change directory.",
    "cwd.failed": "550 Failed to change directory.",
    "cdup.ok": "250 Directory successfully changed.",
    "mkd.ok": "257 {quoted} created",
    "mkd.empty": "550 Create directory operation failed.",
    "mkd.failed": "550 Create directory operation failed.",
    "rmd.ok": "250 Remove directory operation successful.",
    "rmd.empty": "550 Remove directory operation failed.",
    "rmd.failed": "550 Remove directory operation failed.",
    "dele.ok": "250 Delete operation successful.",
    "dele.empty": "550 Delete operation failed.",
    "dele.failed": "550 Delete operation failed.",
    "rnfr.ok": "350 Ready for RNTO.",
    "rnfr.failed": "550 RNFR command failed.",
    "rnto.early": "503 RNFR required first.",
    "rnto.ok": "250 Rename successful.",
    "rnto.failed": "550 Rename failed.",
    "size.ok": "213 {size}",
    "size.empty": "550 Could not get file size.",
    "size.irregular": "550 Could not get file size.",
    "size.failed": "550 Could not get file size.",
    "mdtm.ok": "213 {time}",
    "mdtm.empty": "550 Could not get file modification time.",
    "mdtm.irregular": "550 Could not get file modification time.",
    "mdtm.failed": "550 Could not get file modification time.",
    "mfmt.ok": "213 File modification time set.",
    "mfmt.failed": "550 Could not set file modification time.",
    "rest.ok": "350 Restart position accepted ({offset}).",
    "data.none": "425 Use PORT or PASV first.",
    "data.passive": "{text}",
    "data.unavailable": "425 Failed to establish connection.",
    "data.active": "425 Failed to establish connection.",
    "data.timeout": "425 Failed to establish connection.",
    "data.aborted": "426 Failure writing network stream.",
    "pasv.ok": "227 Entering Passive Mode ({place}).",
    "pasv.extended": "550 Permission denied.",
    "pasv.ipv6": "550 Permission denied.",
    "epsv.ok": "229 Entering Extended Passive Mode (|||{port}|)",
    "epsv.all": "200 EPSV ALL ok.",
    "epsv.family": "522 Bad network protocol.",
    "port.ok": "200 PORT command successful. Consider using PASV.",
    "port.bad": "500 Illegal PORT command.",
    "port.foreign": "500 Illegal PORT command.",
    "port.low": "500 Illegal PORT command.",
    "port.extended": "550 Permission denied.",
    "eprt.ok": "200 EPRT command successful. Consider using EPSV.",
    "eprt.bad": "500 Bad EPRT command.",
    "eprt.family": "500 Bad EPRT protocol.",
    "eprt.version": "500 Bad EPRT protocol.",
    "eprt.foreign": "500 Illegal EPRT command.",
    "eprt.low": "500 Illegal EPRT command.",
    "eprt.extended": "550 Permission denied.",
    "list.ok": "150 Here comes the directory listing.",
    "list.done": "226 Directory send OK.",
    "nlst.ok": "150 Here comes the directory listing.",
    "nlst.done": "226 Directory send OK.",
    "retr.ok": "150 Opening BINARY mode data connection for {arg} ({size} bytes).",
    "retr.failed": "550 Failed to open file.",
    "retr.done": "226 Transfer complete.",
    "stor.ok": "150 Ok to send data.",
    "stor.failed": "553 Could not create file.",
    "stor.done": "226 Transfer complete.",
    "stou.ok": "150 FILE: {arg}",
    "store.failed": "451 Failure writing to local file.",
    "stat.server": "211-FTP server status:\n     Connected to {peer}\n     Logged in as {user}\n     TYPE: {type}\n"
    "     No session bandwidth limit\n     Session timeout in seconds is 300\n     Control connection is plain text\n"
    "     Data connections will be plain text\n     At session startup, client count was 1\n"
    "     vsFTPd 3.0.3 - secure, fast, stable\n211 End of status",
    "stat.file": "213-Status follows:\n{rows}213 End of status",
    "stat.indent": "",
    "site.empty": "500 Unknown SITE command.",
    "site.unknown": "500 Unknown SITE command.",
    "site.help": "214 CHMOD UMASK HELP",
    "site.chmod.ok": "200 SITE CHMOD command ok.",
    "site.chmod.empty": "500 SITE CHMOD needs 2 arguments.",
    "site.chmod.failed": "550 SITE CHMOD command failed.",
    "site.umask": "200 Your current UMASK is {umask}",
    "site.umask.set": "200 UMASK set to {umask}",
}
_VERBS = (
    "ABOR ACCT ALLO APPE AUTH CDUP CWD DELE EPRT EPSV FEAT HELP LIST MDTM MKD MODE NLST NOOP OPTS PASS PASV PBSZ PORT"
    " PROT PWD QUIT REIN REST RETR RMD RNFR RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE USER"
)


def row(entry: Listed, shown: Shown, now: float) -> str:
    """Return a line of LIST: ids are numbers (``text_userdb_names`` is off)."""
    found = entry.found
    date = shown.date(found.modified, now, "%b %d  %Y")
    target = f" -> {found.target}" if stat.S_ISLNK(found.mode) else ""
    mode = stat.filemode(found.mode)
    return f"{mode} {found.links:4d} {found.uid:<8d} {found.gid:<8d} {found.size:8d} {date} {entry.name}{target}"


def _unique(asked: str, chance: random.Random, now: float) -> str:
    del chance, now
    return f"{asked or 'STOU'}.1"


def vsftpd(version: str) -> Dialect:
    """Return the daemon.

    Args:
        version: as it calls itself, such as 3.0.3.

    """
    texts = {**_TEXTS, "stat.server": _TEXTS["stat.server"].replace("3.0.3", version)}
    return Dialect(
        name="vsftpd",
        texts=texts,
        verbs=frozenset(_VERBS.split()),
        early=frozenset({"USER", "PASS", "QUIT", "FEAT", "OPTS"}),
        early_with_tls=frozenset({"AUTH", "PBSZ", "PROT"}),
        hides_unknown=True,
        row=row,
        facts=None,
        tries=3,  # max_login_fails
        delay=lambda _: 1.0,  # delay_failed_login
        greeting=lambda _address, _now: f"vsFTPd {version}",
        idle=300.0,  # idle_session_timeout
        umask=0o077,  # local_umask
        dots_in_stat=True,
        filters=True,
        any_port=True,  # pasv_min_port is 0: from 1024 on
        sets_time=("MDTM",),
        unique=_unique,
    )
