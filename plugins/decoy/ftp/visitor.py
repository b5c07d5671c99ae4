"""This module is who is logged in: an account of the machine, a root and a working directory."""

from datetime import UTC, datetime

from decnet_actors.contracts.machine import FileSystem, Machine, Stat
from decnet_actors.domain.persona import Account
from plugins.decoy.ftp.dialect import Listed

_HALF_YEAR = 182 * 24 * 60 * 60.0
_NOBODY = 65_534


class Visitor:
    """A log-in. ``root`` is what it sees as ``/``."""

    def __init__(self, machine: Machine, user: str, *, root: str = "") -> None:
        persona = machine.persona
        account = account_of(machine, user)
        self.user = user
        self.uid = account.uid if account else _NOBODY
        self.gid = account.gid if account else _NOBODY
        self.home = "/" if root or account is None else account.home
        self.cwd = self.home
        self.files: FileSystem = machine.files
        self._root = root
        self._offset = persona.utc_offset
        # Below a root of its own a daemon finds no names.
        self._users = {} if root else {one.uid: one.name for one in persona.accounts}
        self._groups = {} if root else _groups(machine.files)

    def shown(self, argument: str) -> str:
        """Return the path that an argument means, as the visitor sees it."""
        if argument == "~" or argument.startswith("~/"):
            argument = self.home + argument[1:]
        return self.files.resolve(argument, cwd=self.cwd)

    def path(self, argument: str) -> str:
        """Return the path that an argument means, on the machine."""
        return self.files.resolve(self._root + self.shown(argument))

    def stat(self, argument: str, *, follow: bool = True) -> Stat:
        """Return what is known of a node.

        Raises:
            OSError: it is not there, or not to be seen.

        """
        return self.files.stat(self.path(argument), follow=follow, uid=self.uid)

    def entries(self, argument: str, *, hidden: bool, dots: bool) -> list[Listed]:
        """Return a directory's entries, sorted by name.

        Raises:
            OSError: it cannot be read.

        """
        folder = self.path(argument)
        names = [name for name in self.files.list(folder, uid=self.uid) if hidden or not name.startswith(".")]
        found = [Listed(name=name, found=self._entry(folder, name)) for name in names]
        if dots:
            above = self.files.resolve("..", cwd=folder) if self.shown(argument) != "/" else folder
            own = Listed(name=".", found=self.files.stat(folder), role="cdir")
            found = [own, Listed(name="..", found=self.files.stat(above), role="pdir"), *found]
        return found

    def name(self, number: int) -> str:
        """Return the name of a user id, or the number."""
        return self._users.get(number, str(number))

    def group(self, number: int) -> str:
        """Return the name of a group id, or the number."""
        return self._groups.get(number, str(number))

    def date(self, seconds: float, now: float, old: str) -> str:
        """Return a time as ``ls`` shows it."""
        when = datetime.fromtimestamp(seconds + self._offset, UTC)
        return when.strftime("%b %d %H:%M" if now - _HALF_YEAR < seconds <= now else old)

    def _entry(self, folder: str, name: str) -> Stat:
        return self.files.stat(self.files.resolve(name, cwd=folder), follow=False, uid=self.uid)


def account_of(machine: Machine, user: str) -> Account | None:
    """Return somebody's account."""
    return next((one for one in machine.persona.accounts if one.name == user), None)


def _groups(files: FileSystem) -> dict[int, str]:
    """Return the names of the groups, as the machine's ``/etc/group`` has them."""
    try:
        text = files.read("/etc/group").decode("utf-8", "replace")
    except OSError:
        return {}
    rows = [line.split(":") for line in text.splitlines()]
    return {int(row[2]): row[0] for row in rows if len(row) > 2 and row[2].isdigit()}  # noqa: PLR2004  name:x:gid
