"""This module writes what a log-in shows before the first prompt."""

from decnet_actors.contracts.machine import Login
from decnet_actors.machine import dates
from decnet_actors.machine.shell.context import World
from decnet_actors.machine.tree import etc, proc
from decnet_actors.machine.tree.applets import shell_banner
from decnet_actors.machine.tree.services import DEBIAN_MOTD
from decnet_actors.machine.tree.storage import volumes


def banner(world: World, login: Login) -> str:
    """Return message of the day and last log-in, in the order of the service."""
    match world.persona.distribution:
        case "ubuntu":
            message = _ubuntu(world, login)
        case "debian":
            message = _debian(world)
        case _:
            message = _motd(world)
    if world.persona.userland == "busybox":
        return message  # its login keeps no record
    latest = _last_login(world, login)
    return f"{latest}{message}" if login.service == "telnet" else f"{message}{latest}"


def _debian(world: World) -> str:
    p = world.persona
    return f"Linux {p.hostname} {p.kernel} {p.kernel_build} {p.architecture}\n{DEBIAN_MOTD}"


def _motd(world: World) -> str:
    """Return ``/etc/motd``; a device starts its shell with BusyBox's own words."""
    if world.persona.embedded:
        return shell_banner(world.persona)
    try:
        return world.files.read("/etc/motd").decode("utf-8", "replace")
    except OSError:
        return ""


def _ubuntu(world: World, login: Login) -> str:
    p = world.persona
    memory = proc.memory(p, world.now)
    used = 100 * (memory["MemTotal"] - memory["MemAvailable"]) // memory["MemTotal"]
    one = proc.load(p, world.now)[0]
    root = next(one for one in volumes(p, world.now, world.files.used[0]) if one.place == "/")
    size = root.size / (1 << 20)
    rows = (
        (f"System load:  {one:.2f}", f"Processes:             {96 + p.seed % 80}"),
        (
            f"Usage of /:   {100 * root.used / root.size:.1f}% of {size:.2f}GB",
            f"Users logged in:       {max(len(world.visits.present()) - 1, 0)}",
        ),
        (f"Memory usage: {used}%", f"IPv4 address for {etc.interface(p)}: {login.local_address}"),
        ("Swap usage:   0%", ""),
    )
    table = "".join(f"  {left:<34}{right}".rstrip() + "\n" for left, right in rows)
    support = "https://ubuntu.com/pro" if p.release != "20.04" else "https://ubuntu.com/advantage"
    return (
        f"Welcome to {p.pretty_name} (GNU/Linux {p.kernel} {p.architecture})\n\n"
        " * Documentation:  https://help.ubuntu.com\n * Management:     https://landscape.canonical.com\n"
        f" * Support:        {support}\n\n  System information as of {dates.date(p, world.now)}\n\n{table}\n"
        f"{3 + p.seed % 60} updates can be applied immediately.\n\n\n"
    )


def _last_login(world: World, login: Login) -> str:
    visit = world.visits.last_of(login.user)
    if visit is None:
        visit = next((row for row in world.visits.past(world.now) if row.user == login.user and row.handle == 0), None)
    if visit is None:
        return ""
    where = f" on {visit.tty}" if login.service == "telnet" else ""
    return f"Last login: {dates.asctime(world.persona, visit.since)} from {visit.address}{where}\n"
