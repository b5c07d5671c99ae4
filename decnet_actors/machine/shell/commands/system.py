"""This module holds the commands that tell about the machine: uname, hostname, uptime, date and the like."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from decnet_actors.machine import dates
from decnet_actors.machine.persona import zone_letters
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.tree import etc, proc

_UNAME = (
    "kernel-name/s",
    "nodename/n",
    "kernel-release/r",
    "kernel-version/v",
    "machine/m",
    "processor/p",
    "hardware-platform/i",
)


def uname(ctx: Context) -> int:
    """Tell the system's name."""
    opts = getopt(ctx, "asnrvmpio", ("all/a", *_UNAME, "operating-system/o", "help", "version"))
    if opts.rest:
        ctx.usage(f"uname: extra operand \u2018{opts.rest[0]}\u2019\nTry 'uname --help' for more information.\n")
    p = ctx.persona
    known = p.distribution in {"ubuntu", "rocky"}
    values = {"s": "Linux", "n": p.hostname, "r": p.kernel, "v": p.kernel_build, "m": p.architecture}
    values |= {
        "p": p.architecture if known else "unknown",
        "i": p.architecture if known else "unknown",
        "o": "Linux" if p.libc == "musl" else "GNU/Linux",
    }
    if "a" in opts:
        wanted = [letter for letter in "snrvmpio" if values[letter] != "unknown"]
    else:
        wanted = [letter for letter in "snrvmpio" if letter in opts] or ["s"]
    ctx.out(" ".join(values[letter] for letter in wanted) + "\n")
    return 0


def arch(ctx: Context) -> int:
    """``arch``."""
    ctx.out(f"{ctx.persona.architecture}\n")
    return 0


def hostname(ctx: Context) -> int:
    """Tell the machine's name or addresses; setting it needs root and is forgotten."""
    p, args = ctx.persona, ctx.args
    if not args or args[0] in {"-s", "--short"}:
        ctx.out(f"{p.hostname}\n")
    elif args[0] in {"-f", "--fqdn", "--long", "-A"}:
        ctx.out(f"{p.hostname}.{p.domain}\n")
    elif args[0] in {"-d", "--domain"}:
        ctx.out(f"{p.domain}\n")
    elif args[0] in {"-I", "--all-ip-addresses"}:
        ctx.out(f"{p.address} \n")
    elif args[0] in {"-i", "--ip-address"}:
        ctx.out("127.0.1.1\n")
    elif args[0].startswith("-"):
        return ctx.fail(f"invalid option -- '{args[0].lstrip('-')[:1]}'", 4)
    elif ctx.sh.uid:
        return ctx.fail("you must be root to change the host name")
    return 0


def span(seconds: float) -> str:
    """Return an uptime as ``uptime`` shows it."""
    total = int(max(seconds, 0))
    days, hours, minutes = total // 86400, total % 86400 // 3600, total % 3600 // 60
    shown = f"{days} day{'s' if days != 1 else ''}, " if days else ""
    return shown + (f"{hours:2d}:{minutes:02d}" if hours else f"{minutes} min")


def uptime_line(ctx: Context) -> str:
    """Return the first line of ``w``."""
    t = dates.local(ctx.persona, ctx.now)
    users = len(ctx.world.visits.present())
    one, five, fifteen = proc.load(ctx.persona, ctx.now)
    return (
        f" {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} up {span(ctx.now - ctx.persona.booted_at)}, "
        f"{users:2d} user{'' if users == 1 else 's'},  load average: {one:.2f}, {five:.2f}, {fifteen:.2f}\n"
    )


def uptime(ctx: Context) -> int:
    """How long the machine runs."""
    opts = getopt(ctx, "psV", ("pretty/p", "since/s"))
    booted = ctx.persona.booted_at
    if "s" in opts:
        t = dates.local(ctx.persona, booted)
        ctx.out(f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}\n")
    elif "p" in opts:
        total = int(ctx.now - booted)
        parts = (
            (total // 604800, "week"),
            (total % 604800 // 86400, "day"),
            (total % 86400 // 3600, "hour"),
            (total % 3600 // 60, "minute"),
        )
        ctx.out("up " + ", ".join(f"{n} {unit}{'s' if n != 1 else ''}" for n, unit in parts if n) + "\n")
    else:
        ctx.out(uptime_line(ctx))
    return 0


def date(ctx: Context) -> int:
    """Tell the time."""
    args = list(ctx.args)
    p, now = ctx.persona, ctx.now
    utc = False
    shown: str | None = None
    while args:
        word = args.pop(0)
        if word in {"-u", "--utc", "--universal"}:
            utc = True
        elif word in {"-R", "--rfc-email"}:
            shown = "+%a, %d %b %Y %H:%M:%S %z"
        elif word.startswith(("-I", "--iso-8601")):
            shown = "+%Y-%m-%dT%H:%M:%S%:z" if "sec" in word or word.endswith("s") else "+%Y-%m-%d"
        elif word in {"-d", "--date", "-r", "-s", "--set"} or word.startswith(("--date=", "-d")):
            inline = word.partition("=")[2] if "=" in word else word.removeprefix("-d")
            value = inline if inline != word and inline else args.pop(0) if args else ""
            moment = _moment(ctx, word, value, utc=utc)
            if moment is None:
                return ctx.fail(f"invalid date \u2018{value}\u2019")
            now = moment
            if word in {"-s", "--set"} and ctx.sh.uid:
                ctx.fail("cannot set date: Operation not permitted")
        elif word.startswith("+"):
            shown = word
        elif word.startswith("-"):
            ctx.usage(f"date: invalid option -- '{word.lstrip('-')[:1]}'\nTry 'date --help' for more information.\n")
        else:
            return ctx.fail(f"invalid date \u2018{word}\u2019")
    if shown is None:
        ctx.out((dates.date(p, now) if not utc else _format(ctx, "%a %b %e %H:%M:%S UTC %Y", now, utc=True)) + "\n")
    else:
        ctx.out(_format(ctx, shown[1:], now, utc=utc) + "\n")
    return 0


_DATE_PARTS = ("year", "month", "day")
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_DAY = r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_CALENDAR = re.compile(rf"(?:{_DAY})?(?:[ T]*{_CLOCK})?(?: ?(?P<zone>UTC|GMT|Z|[-+]\d{{2}}:?\d{{2}}))?")


def _calendar(ctx: Context, text: str, *, utc: bool) -> float | None:
    """Return the moment a day, a time of it or both name, in the machine's zone if they name none."""
    found = _CALENDAR.fullmatch(text)
    if found is None or not (found["year"] or found["hour"]):
        return None
    today = dates.local(ctx.persona, ctx.now)
    zone = found["zone"] or ("Z" if utc else "")
    offset = ctx.persona.utc_offset if not zone else 0
    if zone[:1] in {"+", "-"}:
        offset = (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * (-1 if zone[0] == "-" else 1)
    year, month, day = (int(found[name] or now) for name, now in zip(_DATE_PARTS, today[:3], strict=True))
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() - offset


def _moment(ctx: Context, option: str, text: str, *, utc: bool) -> float | None:
    if option == "-r":
        return ctx.files.stat(ctx.path(text), uid=ctx.sh.uid).modified
    if found := re.fullmatch(r"@(\d{1,11})", text):
        return float(found[1])
    if text in {"now", "today", ""}:
        return ctx.now
    steps = {"yesterday": "-1 day", "tomorrow": "1 day"}
    text = re.sub(r"^(last|next) ", lambda m: "-1 " if m[1] == "last" else "1 ", steps.get(text, text))
    if (moment := _calendar(ctx, text, utc=utc)) is not None:
        return moment
    if found := re.fullmatch(r"([-+]?\d{1,6}) ?(sec|second|min|minute|hour|day|week)s?( ago)?", text):
        scale = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}[found[2]]
        return ctx.now + int(found[1]) * scale * (-1 if found[3] else 1)
    return None


def _format(ctx: Context, form: str, now: float, *, utc: bool) -> str:
    persona = ctx.persona
    t = dates.local(persona, now - (persona.utc_offset if utc else 0))
    zone = "+0000" if utc else dates.offset(persona)
    month, day = dates.MONTHS[t.tm_mon - 1], dates.DAYS[t.tm_wday]
    long_months = (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    )
    long_days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    values = {
        "%": "%", "Y": f"{t.tm_year}", "m": f"{t.tm_mon:02d}", "d": f"{t.tm_mday:02d}", "e": f"{t.tm_mday:2d}",
        "H": f"{t.tm_hour:02d}", "M": f"{t.tm_min:02d}", "S": f"{t.tm_sec:02d}", "s": f"{int(now)}",
        "N": f"{int(now % 1 * 1e9):09d}", "y": f"{t.tm_year % 100:02d}",
        "F": f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}", "T": clock, "R": clock[:5], "a": day,
        "A": long_days[t.tm_wday], "b": month, "h": month, "B": long_months[t.tm_mon - 1], "j": f"{t.tm_yday:03d}",
        "u": f"{t.tm_wday + 1}", "w": f"{(t.tm_wday + 1) % 7}", "z": zone,
        "Z": "UTC" if utc else zone_letters(persona), "n": "\n", "t": "\t", "p": ("AM", "PM")[t.tm_hour // 12],
        "I": f"{(t.tm_hour + 11) % 12 + 1:02d}", "D": f"{t.tm_mon:02d}/{t.tm_mday:02d}/{t.tm_year % 100:02d}",
        "c": f"{day} {month} {t.tm_mday:2d} " f"{clock} {t.tm_year}",
        "x": f"{t.tm_mon:02d}/{t.tm_mday:02d}/{t.tm_year % 100:02d}", "X": clock, "C": f"{t.tm_year // 100:02d}",
        "k": f"{t.tm_hour:2d}",
    }  # fmt: skip
    form = form.replace("%:z", f"{zone[:3]}:{zone[3:]}")
    return re.sub(
        r"%-?([A-Za-z%])",
        lambda m: values.get(m[1], m[0]).lstrip("0") or "0" if m[0][1] == "-" else values.get(m[1], m[0]),
        form,
    )


def lsb_release(ctx: Context) -> int:
    """Tell the distribution."""
    p = ctx.persona
    flags = "".join(ctx.args)
    name = p.distribution.title()
    rows = {
        "i": ("Distributor ID", name),
        "d": ("Description", p.pretty_name),
        "r": ("Release", p.release),
        "c": ("Codename", p.codename),
    }
    short = "s" in flags
    ctx.err("" if not flags or "a" not in flags else "No LSB modules are available.\n")
    for letter, (label, value) in rows.items():
        if letter in flags or "a" in flags:
            ctx.out(f"{value}\n" if short else f"{label}:\t{value}\n")
    return 0


def hostnamectl(ctx: Context) -> int:
    """Tell name, system and kernel."""
    p = ctx.persona
    virtual = {"vmware": "vmware", "kvm": "kvm", "virtualbox": "oracle", "hyperv": "microsoft", "xen": "xen"}.get(
        etc.platform(p)
    )
    machine_id = ctx.files.read("/etc/machine-id").decode().strip()
    rows = [
        ("Static hostname", p.hostname),
        ("Icon name", "computer-vm" if virtual else "computer-server"),
        ("Chassis", "vm" if virtual else "server"),
    ]
    rows += [("Machine ID", machine_id), ("Boot ID", f"{p.seed:032x}"[-32:])]
    rows += [("Virtualization", virtual)] if virtual else []
    rows += [("Operating System", p.pretty_name), ("Kernel", f"Linux {p.kernel}"), ("Architecture", "x86-64")]
    ctx.out("".join(f"{label:>16}: {value}\n" for label, value in rows))
    return 0


COMMANDS: Mapping[str, Function] = {
    "uname": uname, "arch": arch, "hostname": hostname, "uptime": uptime, "date": date, "lsb_release": lsb_release,
    "hostnamectl": hostnamectl,
}  # fmt: skip
