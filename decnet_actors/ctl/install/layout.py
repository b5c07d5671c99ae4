"""This module lists what an installation puts on a host, in the order it is made."""

import re
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

DAEMON = "decnet"  # user, and the group that may use the control socket
HELPER = "decnet-netd"

CONFIG = "/etc/decnet"
STATE = "/var/lib/decnet"
RUN = "/run/decnet"
UNITS = "/etc/systemd/system"
SHARE = "/usr/local/share"  # where shells look for completions that no package brought

DAEMON_PROGRAM = "decnetd"
HELPER_PROGRAM = "decnet-netd"

_SHIPPED = "conf"  # the package of the files
_PLAIN = re.compile(r"/[A-Za-z0-9_./+-]*")  # a path that means itself in a unit file


class Content(StrEnum):
    """What becomes of what others put into a folder, when the folder is to go."""

    OPERATORS = "operators"  # configuration: kept unless everything is to go
    EVIDENCE = "evidence"  # likewise
    PASSING = "passing"  # sockets: goes
    SHARED = "shared"  # not our folder, only the first to need it: it stays while there is anything in it


@frozen(kw_only=True)
class Folder:
    """A folder with its owner."""

    path: str
    mode: int
    owner: str = "root"
    group: str = "root"
    content: Content = Content.OPERATORS


@frozen(kw_only=True)
class File:
    """A file of root's."""

    path: str
    text: str
    mode: int = 0o644
    group: str = "root"
    note: str = ""  # what to know once it is written


@frozen(kw_only=True)
class Account:
    """A system user with a group of the same name, described by a sysusers.d file that was made before."""

    name: str
    file: str


@frozen(kw_only=True)
class Enabled:
    """A unit that starts with the system."""

    unit: str


@frozen(kw_only=True)
class Started:
    """A unit that runs."""

    unit: str


Item: TypeAlias = Folder | File | Account | Enabled | Started


def layout(programs: Path, *, helper: bool, neighbours: bool, live: bool) -> tuple[Item, ...]:
    """Return everything an installation is.

    Args:
        programs: folder of ``decnetd``, as the host will see it.
        helper: with the privileged network helper.
        neighbours: with larger neighbour tables.
        live: for the running system, not a tree that will be one.

    Raises:
        ValueError: a unit file cannot hold the folder's path.

    """
    if not _PLAIN.fullmatch(str(programs)):
        raise ValueError(f"{programs}: a unit file cannot hold this path; letters, digits and _ . / + - are fine")
    return (
        *_account(DAEMON),
        *_folders(live=live),
        *((*_account(HELPER), *(_unit(name, programs) for name in _HELPER_UNITS)) if helper else ()),
        _unit(f"{DAEMON_PROGRAM}.service", programs),
        *_completions(),
        *((_neighbours(),) if neighbours else ()),
        *(_running(f"{HELPER_PROGRAM}.socket") if helper else ()),
        *_running(f"{DAEMON_PROGRAM}.service"),
    )


def shipped(place: str) -> str:
    """Return the text of a file below ``conf``."""
    return files(_SHIPPED).joinpath(place).read_text(encoding="utf-8")


def unit_text(name: str, programs: Path) -> str:
    """Return a unit as it is installed."""
    return shipped(f"systemd/{name}").replace("@programs@", str(programs))


_HELPER_UNITS = (f"{HELPER_PROGRAM}.service", f"{HELPER_PROGRAM}.socket")


def _account(name: str) -> tuple[Item, ...]:
    path = f"/etc/sysusers.d/{name}.conf"
    return File(path=path, text=shipped(f"sysusers.d/{name}.conf")), Account(name=name, file=path)


def _folders(*, live: bool) -> tuple[Item, ...]:
    passing = Folder(path=RUN, mode=0o750, owner=DAEMON, group=DAEMON, content=Content.PASSING)
    return (
        Folder(path=CONFIG, mode=0o750, group=DAEMON),
        Folder(path=f"{CONFIG}/conf.d", mode=0o750, group=DAEMON),
        Folder(path=f"{CONFIG}/fleet.d", mode=0o750, group=DAEMON),
        Folder(path=f"{CONFIG}/secrets", mode=0o700, owner=DAEMON, group=DAEMON),
        File(path=f"{CONFIG}/decnet.toml", text=shipped("decnet.toml"), mode=0o640, group=DAEMON),
        Folder(path=STATE, mode=0o700, owner=DAEMON, group=DAEMON, content=Content.EVIDENCE),
        File(path="/etc/tmpfiles.d/decnet.conf", text=shipped("tmpfiles.d/decnet.conf")),
        *((passing,) if live else ()),
    )


def _unit(name: str, programs: Path) -> File:
    return File(path=f"{UNITS}/{name}", text=unit_text(name, programs))


def _running(unit: str) -> tuple[Item, ...]:
    return Enabled(unit=unit), Started(unit=unit)


def _completions() -> tuple[Item, ...]:
    from decnet_actors.ctl.completion import script

    places = {
        "bash": f"{SHARE}/bash-completion/completions/decnetctl",
        "zsh": f"{SHARE}/zsh/site-functions/_decnetctl",
        "fish": f"{SHARE}/fish/vendor_completions.d/decnetctl.fish",
    }
    return tuple(File(path=path, text=f"{script(shell).strip()}\n") for shell, path in places.items())


def _neighbours() -> File:
    path = "/etc/sysctl.d/60-decnet.conf"
    return File(path=path, text=shipped("sysctl.d/60-decnet.conf"), note=f"in force with: sysctl -p {path}")
