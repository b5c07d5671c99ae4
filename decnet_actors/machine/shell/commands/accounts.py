"""This module holds the commands about people: id, whoami, w, who, last, passwd, chpasswd, useradd."""

import re
from collections.abc import Mapping

from decnet_actors.domain.persona import Account
from decnet_actors.machine import dates
from decnet_actors.machine.releases import DAY
from decnet_actors.machine.shell.commands.system import uptime_line
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import Sleep, Work
from decnet_actors.machine.tree import etc


def whoami(ctx: Context) -> int:
    """Tell the user's name."""
    ctx.out(f"{ctx.sh.user}\n")
    return 0


def _ids(ctx: Context, account: Account) -> tuple[list[tuple[int, str]], str]:
    names = ctx.world.group_names()
    own = names.get(account.gid, str(account.gid))
    more = [
        (number, name)
        for name, (number, members) in etc.groups_of(ctx.persona).items()
        if account.name in members and number != account.gid
    ]
    return [(account.gid, own), *sorted(more)], own


def id_(ctx: Context) -> int:
    """Tell user and groups."""
    opts = getopt(ctx, "ugGnrza", ("user/u", "group/g", "groups/G", "name/n", "real/r", "zero/z"))
    status = 0
    for name in opts.rest or [""]:
        account = ctx.world.account(name or ctx.sh.user)
        if account is None and name:
            status = ctx.fail(f"\u2018{name}\u2019: no such user")
            continue
        if account is None:
            account = Account(name=ctx.sh.user, uid=ctx.sh.uid, gid=ctx.sh.gid, home="/", shell="")
        groups, own = _ids(ctx, account)
        if "u" in opts:
            ctx.out(f"{account.name if 'n' in opts else account.uid}\n")
        elif "g" in opts:
            ctx.out(f"{own if 'n' in opts else account.gid}\n")
        elif "G" in opts:
            ctx.out(" ".join(label if "n" in opts else str(number) for number, label in groups) + "\n")
        elif "n" in opts or "r" in opts:
            ctx.usage("id: cannot print only names or real IDs in default format\n")
        else:
            listed = ",".join(f"{number}({label})" for number, label in groups)
            ctx.out(f"uid={account.uid}({account.name}) gid={account.gid}({own}) groups={listed}\n")
    return status


def groups(ctx: Context) -> int:
    """Tell the groups."""
    account = ctx.world.account(ctx.args[0] if ctx.args else ctx.sh.user)
    if account is None:
        return ctx.fail(f"\u2018{ctx.args[0] if ctx.args else ctx.sh.user}\u2019: no such user")
    listed = " ".join(label for _, label in _ids(ctx, account)[0])
    ctx.out(f"{ctx.args[0]} : {listed}\n" if ctx.args else f"{listed}\n")
    return 0


def _when(ctx: Context, moment: float) -> str:
    t = dates.local(ctx.persona, moment)
    return f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}"


def who(ctx: Context) -> int:
    """Tell who is logged in."""
    if "-b" in ctx.args:
        ctx.out(f"         system boot  {_when(ctx, ctx.persona.booted_at)}\n")
        return 0
    for visit in ctx.world.visits.present():
        ctx.out(f"{visit.user:<8} {visit.tty:<12} {_when(ctx, visit.since)} ({visit.address})\n")
    return 0


def w(ctx: Context) -> int:
    """Tell who is logged in and does what."""
    if "-h" not in ctx.args:
        ctx.out(uptime_line(ctx))
        ctx.out("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n")
    for visit in ctx.world.visits.present():
        t = dates.local(ctx.persona, visit.since)
        mine = visit.address == ctx.world.login.address
        shown = (
            f"{t.tm_hour:02d}:{t.tm_min:02d}"
            if ctx.now - visit.since < DAY
            else f"{dates.DAYS[t.tm_wday]}{t.tm_hour:02d}"
        )
        idle = "1.00s" if mine else f"{int(ctx.now - visit.since) // 60 + 1}:{int(ctx.now) % 60:02d}"
        ctx.out(
            f"{visit.user[:8]:<8} {visit.tty:<8} {visit.address[:16]:<16} {shown}   {idle:>6}  0.03s  "
            f"0.01s {'w' if mine else '-bash'}\n"
        )
    return 0


def last(ctx: Context) -> int:
    """Tell who was logged in."""
    p = ctx.persona
    rows: list[str] = []
    for visit in ctx.world.visits.past(ctx.now):
        t = dates.local(p, visit.since)
        head = (
            f"{visit.user[:8]:<8} {visit.tty:<12} {visit.address[:16]:<16} {dates.DAYS[t.tm_wday]} "
            f"{dates.syslog(p, visit.since)[:12]}"
        )
        if visit.until is None:
            rows.append(f"{head}   still logged in\n")
            continue
        end, stay = dates.local(p, visit.until), int(visit.until - visit.since)
        length = (
            f"{stay // 86400}+{stay % 86400 // 3600:02d}:{stay % 3600 // 60:02d}"
            if stay > DAY
            else f"{stay // 3600:02d}:{stay % 3600 // 60:02d}"
        )
        rows.append(f"{head} - {end.tm_hour:02d}:{end.tm_min:02d}  ({length})\n")
    boot = dates.local(p, p.booted_at)
    rows.append(
        f"reboot   system boot  {p.kernel[:16]:<16} {dates.DAYS[boot.tm_wday]} {dates.syslog(p, p.booted_at)[:12]} "
        "  still running\n"
    )
    count = next((int(word.lstrip("-n")[:6]) for word in ctx.args if word.lstrip("-n").isdecimal()), len(rows))
    ctx.out("".join(rows[:count]))
    ctx.out(f"\nwtmp begins {dates.asctime(p, p.booted_at)}\n")
    return 0


def lastlog(ctx: Context) -> int:
    """Tell everybody's latest log-in."""
    ctx.out("Username         Port     From             Latest\n")
    for account in ctx.persona.accounts:
        visit = next((row for row in ctx.world.visits.past(ctx.now) if row.user == account.name), None)
        if visit is None:
            ctx.out(f"{account.name:<16}                           **Never logged in**\n")
        else:
            stamp = dates.asctime(ctx.persona, visit.since)
            ctx.out(
                f"{account.name:<16} {visit.tty:<8} {visit.address:<16} {stamp[:19]} {dates.offset(ctx.persona)} "
                f"{stamp[-4:]}\n"
            )
    return 0


def passwd(ctx: Context) -> Work:
    """Change a password: asked for, thanked for, forgotten; what was typed is in the terminal's record."""
    names = [word for word in ctx.args if not word.startswith("-")]
    name = names[0] if names else ctx.sh.user
    if ctx.world.account(name) is None:
        return ctx.fail(f"user '{name}' does not exist")
    if ctx.sh.uid and name != ctx.sh.user:
        return ctx.fail(f"You may not view or modify password information for {name}.")
    if ctx.sh.uid:
        ctx.err(f"Changing password for {name}.\nCurrent password: ")
        yield from ctx.secret()
        yield Sleep(1.8)
        ctx.err("\npasswd: Authentication token manipulation error\npasswd: password unchanged\n")
        return 10
    ctx.err("New password: ")
    first = yield from ctx.secret()
    ctx.err("\nRetype new password: " if ctx.stdin.terminal else "Retype new password: ")
    second = yield from ctx.secret()
    if ctx.stdin.terminal:
        ctx.err("\n")
    if first != second:
        ctx.err(
            "Sorry, passwords do not match.\npasswd: Authentication token manipulation error\npasswd: "
            "password unchanged\n"
        )
        return 10
    if not first.strip():
        ctx.err(
            "No password has been supplied.\npasswd: Authentication token manipulation error\npasswd: "
            "password unchanged\n"
        )
        return 10
    ctx.err("passwd: password updated successfully\n")
    return 0


def chpasswd(ctx: Context) -> Work:
    """Change passwords in bulk."""
    if ctx.sh.uid:
        ctx.err("chpasswd: cannot lock /etc/passwd; try again later.\n")
        return 1
    data = (yield from ctx.stdin.read_all()).decode("utf-8", "replace")
    for number, line in enumerate(data.splitlines()[:100], 1):
        name, colon, _ = line.partition(":")
        if not colon:
            ctx.err(f"chpasswd: line {number}: missing new password\n")
            return 1
        if ctx.world.account(name) is None:
            ctx.err(
                f"chpasswd: (user {name}) pam_chauthtok() failed, error:\nAuthentication token manipulation error\n"
            )
            ctx.err(f"chpasswd: (line {number}, user {name}) password not changed\n")
            return 1
    return 0


def useradd(ctx: Context) -> int:
    """``useradd`` and its kin: root's wish is appended to ``/etc/passwd`` so that it shows."""
    words = [word for word in ctx.args if not word.startswith("-")]
    if not words:
        ctx.usage(f"Usage: {ctx.name} [options] LOGIN\n", 2)
    name = words[-1]
    if ctx.sh.uid:
        ctx.err(f"{ctx.name}: Permission denied.\n{ctx.name}: cannot lock /etc/passwd; try again later.\n")
        return 1
    text = ctx.files.read("/etc/passwd").decode("utf-8", "replace")
    exists = any(line.startswith(f"{name}:") for line in text.splitlines())
    if ctx.name in {"userdel", "deluser"}:
        if not exists:
            return ctx.fail(f"user '{name}' does not exist", 6)
        kept = "".join(line + "\n" for line in text.splitlines() if not line.startswith(f"{name}:"))
        ctx.files.write("/etc/passwd", kept.encode(), now=ctx.now)
        return 0
    if ctx.name == "usermod":
        return 0 if exists else ctx.fail(f"user '{name}' does not exist", 6)
    if exists:
        return ctx.fail(f"user '{name}' already exists", 9)
    used = [int(line.split(":")[2]) for line in text.splitlines() if re.match(r"[^:]*:[^:]*:1\d{3,4}:", line)]
    uid = 1 + max(used, default=999)
    shell = ctx.args[ctx.args.index("-s") + 1] if "-s" in ctx.args[:-1] else "/bin/sh"
    ctx.files.write(
        "/etc/passwd",
        f"{name[:32]}:x:{uid}:{uid}::/home/{name[:32]}:{shell[:64]}\n".encode("utf-8", "surrogateescape"),
        now=ctx.now,
        append=True,
    )
    return 0


COMMANDS: Mapping[str, Function] = {
    "whoami": whoami, "id": id_, "groups": groups, "who": who, "w": w, "users": who, "last": last, "lastb": last,
    "lastlog": lastlog, "passwd": passwd, "chpasswd": chpasswd, "useradd": useradd, "adduser": useradd,
    "usermod": useradd, "userdel": useradd, "deluser": useradd,
}  # fmt: skip
