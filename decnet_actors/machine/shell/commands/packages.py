"""This module holds the package tools of Debian and Ubuntu: what is installed is shown, the archive is out of reach."""

from collections.abc import Mapping

from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Sleep, Work

PATIENCE = 4.0  # seconds a name is asked for before apt gives up
_READING = "Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n"


def dpkg(ctx: Context) -> Work:
    """``dpkg``: list and describe packages."""
    args = list(ctx.args)
    action = args.pop(0) if args else ""
    packages = ctx.persona.packages
    if action in {"-l", "--list"}:
        chosen = [name for name in sorted(packages) if not args or any(patterns.matches(arg, name) for arg in args)]
        missing = [arg for arg in args if arg not in packages and not patterns.has_magic(arg)]
        if chosen:
            ctx.out(_HEAD)
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(ctx.persona.architecture, ctx.persona.architecture)
        for name in chosen:
            if ctx.world.budget.due:
                yield BREATHE
            ctx.out(f"ii  {name:<14} {packages[name]:<12} {architecture:<12} {name}\n")
        ctx.err("".join(f"dpkg-query: no packages found matching {arg}\n" for arg in missing))
        return int(bool(missing))
    if action in {"-s", "--status"}:
        status = 0
        for name in args:
            if name in packages:
                ctx.out(f"Package: {name}\nStatus: install ok installed\nVersion: {packages[name]}\n")
            else:
                ctx.err(f"dpkg-query: package '{name}' is not installed and no information is available\n")
                status = 1
        return status
    if action == "--print-architecture":
        ctx.out("amd64\n" if ctx.persona.architecture == "x86_64" else f"{ctx.persona.architecture}\n")
        return 0
    if action in {"-i", "--install"} and args:
        ctx.err(f"dpkg: error: cannot access archive '{args[0]}': No such file or directory\n")
        return 2
    ctx.err("dpkg: error: need an action option\n\nUse 'dpkg --help' for help about packages [*].\n")
    return 2


_HEAD = (
    "Desired=Unknown/Install/Remove/Purge/Hold\n"
    "| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n"
    "|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n"
    "||/ Name           Version      Architecture Description\n"
    "+++-==============-============-============-=================================\n"
)


def apt(ctx: Context) -> Work:
    """``apt`` and ``apt-get``: packages that are there stay, others cannot be fetched."""
    words = [word for word in ctx.args if not word.startswith("-")]
    action = words[0] if words else ""
    if action in {"update", "install", "upgrade", "dist-upgrade", "remove", "purge", "autoremove"} and ctx.sh.uid:
        ctx.err(
            "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n"
            "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"
        )
        return 100
    match action:
        case "update":
            return (yield from _update(ctx))
        case "install":
            return _install(ctx, words[1:])
        case "remove" | "purge" | "upgrade" | "dist-upgrade" | "autoremove":
            ctx.out(f"{_READING}0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
            return 0
        case "list":
            installed = sorted(ctx.persona.packages.items())
            shown = "".join(f"{name}/now {version} [installed,local]\n" for name, version in installed)
            ctx.out(f"Listing... Done\n{shown}")
            return 0
        case _:
            ctx.err(f"E: Invalid operation {action}\n")
            return 100


def _archive(ctx: Context) -> tuple[str, str]:
    """Return the host of the archive and its first release."""
    if ctx.persona.distribution == "ubuntu":
        return "archive.ubuntu.com", "ubuntu"
    return "deb.debian.org", "debian"


def _update(ctx: Context) -> Work:
    host, folder = _archive(ctx)
    ctx.world.download(f"http://{host}/{folder}/dists", "apt")
    yield Sleep(PATIENCE)
    failed = f"Temporary failure resolving '{host}'"
    ctx.out(f"Err:1 http://{host}/{folder} InRelease\n  {failed}\nReading package lists... Done\n")
    ctx.err(
        f"W: Failed to fetch http://{host}/{folder}/dists/InRelease  Temporary failure resolving '{host}'\n"
        "W: Some index files failed to download. They have been ignored, or old ones used instead.\n"
    )
    return 0


def _install(ctx: Context, names: list[str]) -> int:
    ctx.out(_READING)
    missing = [name for name in names if name not in ctx.persona.packages]
    for name in missing:
        ctx.world.download(f"package:{name}", "apt")
        ctx.err(f"E: Unable to locate package {name}\n")
    if missing:
        return 100
    ctx.out("".join(f"{name} is already the newest version ({ctx.persona.packages[name]}).\n" for name in names))
    ctx.out("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
    return 0


COMMANDS: Mapping[str, Function] = {"dpkg": dpkg, "apt": apt, "apt-get": apt}
