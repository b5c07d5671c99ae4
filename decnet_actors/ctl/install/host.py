"""This module is the host that is set up, as far as it is more than files: accounts, services, who we are."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from decnet_actors.ctl.install.errors import ToolError
from decnet_actors.ctl.install.layout import DAEMON_PROGRAM

ROOT = 0
START = 120.0  # seconds a program may take; decnetd's unit gives it 90 to be ready
MAX_SAID = 300  # characters of what a program said that are shown
HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108  looked at, not used
BOOTED = Path("/run/systemd/system")  # sd_booted(3)
PACKAGES = {"userdel": "passwd", "groupdel": "passwd", "groupadd": "passwd"}


@frozen(kw_only=True)
class Ids:
    """The numbers of an account."""

    uid: int
    gid: int


class Host(Protocol):
    """A host, or a tree that will be one. What changes it raises ``ToolError`` when it cannot be done."""

    @property
    def root(self) -> Path:
        """The folder that is its ``/``."""

    @property
    def live(self) -> bool:
        """Whether it is the running system."""

    @property
    def privileged(self) -> bool:
        """Whether accounts can be made and files given to them."""

    def hides(self, programs: Path) -> str:
        """Return why its units could not run what is in a folder; empty when they can."""

    def user(self, name: str) -> Ids | None:
        """Return the numbers of a user, if there is one."""

    def group(self, name: str) -> int | None:
        """Return the number of a group, if there is one."""

    def add_accounts(self, file: str) -> None:
        """Make the users and groups a sysusers.d file describes."""

    def remove_account(self, name: str, *, group: bool) -> None:
        """Remove a user, and the group of its name if ``group``."""

    def asleep(self) -> str:
        """Return why services cannot be started or stopped; empty when they can."""

    def enabled(self, unit: str) -> bool: ...
    def enable(self, unit: str) -> None: ...
    def disable(self, unit: str) -> None: ...
    def active(self, unit: str) -> bool: ...
    def start(self, unit: str) -> None: ...
    def stop(self, unit: str) -> None: ...
    def reload_units(self) -> None:
        """Let the service manager read units anew."""


@frozen
class SystemHost:
    """A host that is set up with the tools of systemd and passwd."""

    root: Path

    @property
    def privileged(self) -> bool:
        """Whether accounts can be made and files given to them."""
        return os.geteuid() == ROOT

    @property
    def live(self) -> bool:
        """Whether it is the running system."""
        return self.root == Path("/")

    def hides(self, programs: Path) -> str:
        """Return why units of the running system could not run what is in a folder; empty when they can."""
        if not self.live:
            return ""
        if not (programs / DAEMON_PROGRAM).exists():
            return f"there is no {programs / DAEMON_PROGRAM}"
        for place in (programs.resolve(), Path(sys.base_prefix).resolve()):
            if hidden(place):
                return f"{place} is hidden from the daemon's unit, as homes and temporary folders are"
        return ""

    def user(self, name: str) -> Ids | None:
        """Return the numbers of a user in the host's own passwd file; root's are the same everywhere."""
        if name == "root":
            return Ids(uid=ROOT, gid=ROOT)
        fields = self._line("etc/passwd", name)
        return Ids(uid=int(fields[2]), gid=int(fields[3])) if fields else None

    def group(self, name: str) -> int | None:
        """Return the number of a group in the host's own group file; root's is the same everywhere."""
        if name == "root":
            return ROOT
        fields = self._line("etc/group", name)
        return int(fields[2]) if fields else None

    def add_accounts(self, file: str) -> None:
        """Make the users and groups a sysusers.d file describes."""
        _run("systemd-sysusers", f"--root={self.root}", Path(file).name)  # a name is looked up below the root

    def remove_account(self, name: str, *, group: bool) -> None:
        """Remove a user, and the group of its name if ``group``."""
        place = () if self.live else ("--prefix", str(self.root))
        gid = self.group(name)
        if self.user(name) is not None:
            _run("userdel", *place, name)
        now = self.group(name)  # userdel may have taken the group along (login.defs, USERGROUPS_ENAB)
        if group and now is not None:
            _run("groupdel", *place, name)
        if not group and now is None and gid is not None:
            _run("groupadd", *place, "--system", "--gid", str(gid), name)

    def asleep(self) -> str:
        """Return why services cannot be started or stopped; empty when they can."""
        if not self.live:
            return f"{self.root} is not the running system"
        return "" if BOOTED.is_dir() else "systemd does not run here"

    def enabled(self, unit: str) -> bool:
        """Return whether some target wants the unit."""
        wanting = (self.root / "etc/systemd/system").glob("*.wants")
        return any((folder / unit).is_symlink() for folder in wanting)

    def enable(self, unit: str) -> None:
        """Let the unit start with the system; works on a tree too."""
        _run("systemctl", *self._place(), "--quiet", "enable", unit)

    def disable(self, unit: str) -> None:
        """Undo ``enable``."""
        _run("systemctl", *self._place(), "--quiet", "disable", unit)

    def active(self, unit: str) -> bool:
        """Return whether the unit runs."""
        return not self.asleep() and not _status("systemctl", "--quiet", "is-active", unit)

    def start(self, unit: str) -> None:
        """Start the unit and wait until it is ready."""
        try:
            _run("systemctl", "start", unit)
        except ToolError as error:
            raise ToolError(str(error), fix=(f"journalctl -u {unit} -n 20", *error.fix)) from None

    def stop(self, unit: str) -> None:
        """Stop the unit and wait until it is."""
        _run("systemctl", "stop", unit)

    def reload_units(self) -> None:
        """Let the service manager read units anew."""
        _run("systemctl", "daemon-reload")

    def _place(self) -> tuple[str, ...]:
        return () if self.live else (f"--root={self.root}",)

    def _line(self, file: str, name: str) -> Sequence[str]:
        try:
            lines = (self.root / file).read_text("utf-8", "surrogateescape").splitlines()
        except FileNotFoundError:
            return ()
        return next((line.split(":") for line in lines if line.startswith(f"{name}:")), ())


def hidden(place: Path) -> bool:
    """Return whether the units do not see a folder (ProtectHome=yes and PrivateTmp=yes)."""
    return any(place.is_relative_to(folder) for folder in HIDDEN)


def _run(program: str, *arguments: str) -> None:
    said = _status(program, *arguments)
    if said:
        command = " ".join((program, *arguments))
        raise ToolError(f"{command}: {said}", fix=(command,))


def _status(program: str, *arguments: str) -> str:
    """Run a program and return what it complained about; empty when it did what it was asked."""
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        raise ToolError(f"there is no program {program}", fix=(f"apt-get install {PACKAGES.get(program, 'systemd')}",))
    try:
        done = subprocess.run(  # noqa: S603  fixed programs with names of our own
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {START:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
    return " ".join(lines)[:MAX_SAID]
