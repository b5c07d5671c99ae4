"""This module holds the package tools of Rocky and Alpine: rpm, dnf and apk.

What is installed is shown as the persona has it; the repositories are out of reach.
"""

from collections.abc import Mapping

from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Sleep, Work

PATIENCE = 4.0  # seconds a name is asked for before a tool gives up
UNLOCKED = 99  # apk's status when it cannot lock its database
_MIRRORS = "mirrors.rockylinux.org"


def rpm(ctx: Context) -> Work:
    """``rpm``: list and describe packages."""
    letters = "".join(word[1:] for word in ctx.args if word.startswith("-") and not word.startswith("--"))
    letters += "".join({"--query": "q", "--all": "a", "--info": "i"}.get(word, "") for word in ctx.args)
    names = [word for word in ctx.args if not word.startswith("-")]
    if "--version" in ctx.args:
        ctx.out("RPM version 4.16.1.3\n")
        return 0
    if "q" not in letters:
        return _rpm_changes(ctx, letters, names)
    if "a" in letters:
        chosen = [one for one in _rpms(ctx).items() if not names or any(patterns.matches(n, one[0]) for n in names)]
        yield from ctx.show(full for _, full in sorted(chosen))
        return 0
    if not names:
        ctx.err("rpm: no arguments given for query\n")
        return 1
    status = 0
    for name in names:
        if ctx.world.budget.due:
            yield BREATHE
        if name not in ctx.persona.packages:
            ctx.out(f"package {name} is not installed\n")
            status += 1
        elif "i" in letters:
            version, _, build = ctx.persona.packages[name].rpartition(":")[2].partition("-")
            ctx.out(f"Name        : {name}\nVersion     : {version}\nRelease     : {build}\n")
            ctx.out(f"Architecture: {ctx.persona.architecture}\n")
        else:
            ctx.out(f"{_rpms(ctx)[name]}\n")
    return min(status, 255)


def _rpms(ctx: Context) -> Mapping[str, str]:
    """Return what rpm calls each package, by its name: without the epoch, with the architecture."""
    packages = ctx.persona.packages
    return {
        name: f"{name}-{version.rpartition(':')[2]}.{ctx.persona.architecture}" for name, version in packages.items()
    }


def _rpm_changes(ctx: Context, letters: str, names: list[str]) -> int:
    if not set(letters) & set("iUFe") or not names:
        ctx.err("rpm: no packages given for install\n" if letters else "RPM version 4.16.1.3\n")
        return 1
    if "e" in letters:
        ctx.err("".join(f"error: package {name} is not installed\n" for name in names))
        return len(names)
    for name in names:
        if "://" in name:
            ctx.world.download(name, "rpm")
            ctx.err(f"curl: (6) Could not resolve host\nerror: skipping {name} - transfer failed\n")
        else:
            ctx.err(f"error: open of {name} failed: No such file or directory\n")
    return min(len(names), 255)


def dnf(ctx: Context) -> Work:
    """``dnf`` and ``yum``: packages that are there are listed, others cannot be fetched."""
    words = [word for word in ctx.args if not word.startswith("-")]
    action = words[0] if words else ""
    if action == "list" and words[1:2] == ["installed"]:
        ctx.out("Installed Packages\n")
        rows = sorted(ctx.persona.packages.items())
        yield from ctx.show(
            f"{f'{name}.{ctx.persona.architecture}':<40} {version:<30} @baseos" for name, version in rows
        )
        return 0
    if action in {"install", "update", "upgrade", "remove", "erase"} and ctx.sh.uid:
        ctx.err("Error: This command has to be run with superuser privileges (under the root user on most systems).\n")
        return 1
    if action in {"remove", "erase"}:
        ctx.err("".join(f"No match for argument: {name}\n" for name in words[1:]))
        ctx.out("Dependencies resolved.\nNothing to do.\nComplete!\n")
        return 0
    if action not in {"install", "update", "upgrade", "makecache", "search", "list", "info", "check-update"}:
        ctx.err(f"No such command: {action}. Please use /usr/bin/{ctx.name} --help\n")
        return 1
    for name in words[1:] if action == "install" else ():
        ctx.world.download(f"package:{name}", ctx.name)
    yield Sleep(PATIENCE)
    url = f"https://{_MIRRORS}/mirrorlist?arch={ctx.persona.architecture}&repo=BaseOS-{ctx.persona.release}"
    why = f"Curl error (6): Couldn't resolve host name for {url} [Could not resolve host: {_MIRRORS}]"
    ctx.out(f"{f'Rocky Linux {ctx.persona.release} - BaseOS':<48}0.0  B/s |   0  B     00:04    \n")
    ctx.err(f"Errors during downloading metadata for repository 'baseos':\n  - {why}\n")
    ctx.err(f"Error: Failed to download metadata for repo 'baseos': Cannot prepare internal mirrorlist: {why}\n")
    return 1


def apk(ctx: Context) -> Work:
    """``apk``: packages that are there are shown, others cannot be fetched."""
    packages = ctx.persona.packages
    words = [word for word in ctx.args if not word.startswith("-")]
    release = packages.get("apk-tools", "2.14.4-r0").partition("-")[0]
    if {"-V", "--version"} & set(ctx.args) or not words:
        ctx.out(f"apk-tools {release}, compiled for {ctx.persona.architecture}.\n")
        return 0 if words or ctx.args else 1
    match words[0]:
        case "info" | "list":
            return (yield from _apk_shown(ctx, words))
        case "add" | "del" | "update" | "upgrade" | "fix" if ctx.sh.uid:
            ctx.err("ERROR: Unable to lock database: Permission denied\n")
            ctx.err("ERROR: Failed to open apk database: Permission denied\n")
            return UNLOCKED
        case "add" | "update" | "upgrade":
            return (yield from _apk_fetched(ctx, words))
        case "del" | "fix":
            ctx.out(f"OK: {_megabytes(ctx)} MiB in {len(packages)} packages\n")
            return 0
        case action:
            ctx.err(f"apk: '{action}' is not an apk command. See 'apk --help'.\n")
            return 1


def _apk_shown(ctx: Context, words: list[str]) -> Work:
    packages = ctx.persona.packages
    names = sorted(name for name in packages if not words[1:] or name in words[1:])
    if words[0] == "list":
        machine = ctx.persona.architecture
        yield from ctx.show(f"{name}-{packages[name]} {machine} {{{name}}} (MIT) [installed]" for name in names)
        return 0
    long = any("v" in word for word in ctx.args if word.startswith("-"))
    yield from ctx.show(f"{name}-{packages[name]}" if long or words[1:] else name for name in names)
    return int(bool(words[1:]) and not names)


def _apk_fetched(ctx: Context, words: list[str]) -> Work:
    packages = ctx.persona.packages
    missing = sorted({name for name in words[1:] if name not in packages})
    if words[0] == "add" and not missing:
        ctx.out(f"OK: {_megabytes(ctx)} MiB in {len(packages)} packages\n")
        return 0
    root = f"https://dl-cdn.alpinelinux.org/alpine/v{ctx.persona.release}"
    for part in ("main", "community"):
        url = f"{root}/{part}"
        ctx.out(f"fetch {url}/{ctx.persona.architecture}/APKINDEX.tar.gz\n")
        yield Sleep(PATIENCE)
        ctx.err(f"WARNING: {'updating and opening' if words[0] == 'add' else 'updating'} {url}: temporary error "
                "(try again later)\n")  # fmt: skip
    if words[0] != "add":
        ctx.out("2 unavailable, 0 stale; 0 distinct packages available\n")
        return 2
    ctx.err("ERROR: unable to select packages:\n")
    for name in missing:
        ctx.world.download(f"package:{name}", "apk")
        ctx.err(f"  {name} (no such package):\n    required by: world[{name}]\n")
    return len(missing) & 0xFF


def _megabytes(ctx: Context) -> int:
    return 9 + 3 * len(ctx.persona.packages)


COMMANDS: Mapping[str, Function] = {"rpm": rpm, "dnf": dnf, "dnf-3": dnf, "yum": dnf, "apk": apk}
