"""This module holds the commands that steer services and timers: systemctl, service, crontab."""

from collections.abc import Mapping

from decnet_actors.machine import dates
from decnet_actors.machine.daemons import running
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import Work
from decnet_actors.machine.tree import etc


def systemctl(ctx: Context) -> int:
    """``systemctl`` and ``service``: the units a small server has."""
    words = [word for word in ctx.args if not word.startswith("-")]
    if ctx.name.endswith("service"):
        words = [words[1], words[0]] if len(words) > 1 else ["--status-all"]
    verb, names = (words[0], words[1:]) if words else ("list-units", [])
    rows = [row for row in running(ctx.persona) if row.daemon.unit and not row.daemon.worker]
    programs = {row.daemon.unit: row.pid for row in rows}
    units = {row.daemon.unit: row.daemon.text for row in rows}
    if verb in {"list-units", "--status-all"}:
        ctx.out("  UNIT                       LOAD   ACTIVE SUB     DESCRIPTION\n")
        ctx.out("".join(f"  {name + '.service':<26} loaded active running {text}\n" for name, text in units.items()))
        return 0
    status = 0
    for full in names:
        name = full.removesuffix(".service")
        name = {"sshd": "ssh"}.get(name, name) if name not in units else name  # Debian's unit has an alias
        if verb == "is-active":
            ctx.out("active\n" if name in units else "inactive\n")
            status = 0 if name in units else 3
        elif name not in units:
            text = f"Unit {full.removesuffix('.service')}.service could not be found.\n"
            ctx.err(
                text
                if verb == "status"
                else f"Failed to {verb} {full}: {text}".replace("could not be found", "not loaded")
            )
            status = 4 if verb == "status" else 5
        elif verb == "status":
            since = dates.date(ctx.persona, ctx.persona.booted_at + 9)
            ctx.out(
                f"\u25cf {name}.service - {units[name]}\n     Loaded: loaded (/lib/systemd/system/{name}.service;"
                " enabled; preset: enabled)\n"
                f"     Active: active (running) since {since}\n   Main PID: "
                f"{programs[name]}\n"
                "      Tasks: 1 (limit: 4557)\n"
            )
        elif ctx.sh.uid and verb in {"start", "stop", "restart", "enable", "disable", "reload"}:
            ctx.err(f"Failed to {verb} {full}: Interactive authentication required.\n")
            status = 1
    return status


def crontab(ctx: Context) -> Work:
    """Show, replace or remove the user's table; what is put there is kept and captured."""
    folder = "/var/spool/cron" if ctx.persona.package_manager == "dnf" else "/var/spool/cron/crontabs"
    path = f"{folder}/{ctx.sh.user}"
    args = ctx.args[2:] if ctx.args[:1] == ["-u"] else list(ctx.args)
    if args[:1] == ["-l"]:
        try:
            ctx.write(ctx.files.read(path))
        except OSError:
            ctx.err(f"no crontab for {ctx.sh.user}\n")
            return 1
        return 0
    if args[:1] == ["-r"]:
        try:
            ctx.files.remove(path, now=ctx.now)
        except OSError:
            ctx.err(f"no crontab for {ctx.sh.user}\n")
            return 1
        return 0
    if args[:1] == ["-e"]:
        ctx.err(f"no crontab for {ctx.sh.user} - using an empty one\n")
        return 0
    if args and args[0] != "-":
        try:
            data = ctx.read_file(args[0])
        except OSError as error:
            ctx.err(f"{args[0]}: {error.strerror}\n")
            return 1
    else:
        data = yield from ctx.stdin.read_all()
    ctx.files.write(path, data, now=ctx.now, uid=0, gid=etc.CRONTAB_GID, mode=0o600)
    ctx.world.drop(path, "crontab", whole=True)
    return 0


COMMANDS: Mapping[str, Function] = {"systemctl": systemctl, "service": systemctl, "crontab": crontab}
