"""A host whose accounts and services are remembered instead of made, and ways to look at what is below a root."""

import os
import stat
from hashlib import sha256
from pathlib import Path

from decnet_actors.ctl.install.errors import ToolError
from decnet_actors.ctl.install.host import Ids

UIDS = {"decnet": 54321, "decnet-netd": 54322}


class RecordingHost:
    """Says what it was asked; files are given to its users for real, which takes root."""

    def __init__(self, root, *, privileged=None, live=False, asleep="", hides=""):
        self.root = Path(root)
        self.privileged = os.geteuid() == 0 if privileged is None else privileged
        self.live = live
        self.asked = []
        self.broken = set()
        self.users = {"root": Ids(uid=0, gid=0)}
        self.groups = {"root": 0}
        self.on = set()
        self.running = set()
        self._asleep = asleep
        self._hides = hides

    def hides(self, programs):
        return self._hides

    def user(self, name):
        return self.users.get(name)

    def group(self, name):
        return self.groups.get(name)

    def add_accounts(self, file):
        self._ask("add", Path(file).name)
        for line in (self.root / file.lstrip("/")).read_text().splitlines():
            kind, name, *_ = line.split(maxsplit=2)
            if kind == "u":
                self.groups.setdefault(name, UIDS[name])
                self.users[name] = Ids(uid=UIDS[name], gid=self.groups[name])

    def remove_account(self, name, *, group):
        self._ask("remove", name)
        self.users.pop(name, None)
        if group:
            self.groups.pop(name, None)

    def asleep(self):
        return self._asleep

    def enabled(self, unit):
        return unit in self.on

    def enable(self, unit):
        self._ask("enable", unit)
        self.on.add(unit)

    def disable(self, unit):
        self._ask("disable", unit)
        self.on.discard(unit)

    def active(self, unit):
        return unit in self.running

    def start(self, unit):
        self._ask("start", unit)
        self.running.add(unit)

    def stop(self, unit):
        self._ask("stop", unit)
        self.running.discard(unit)

    def reload_units(self):
        self._ask("reload")

    def _ask(self, *what):
        if what[0] in self.broken:
            raise ToolError(f"{what[0]} is broken", fix=(f"mend {what[0]}",))
        self.asked.append(what)


def listing(root, *, without=()):
    """Return everything below a root: kind, mode, owner, and content of each path."""
    found = {}
    for place in sorted(Path(root).rglob("*")):
        path = str(place.relative_to(root))
        if path in without:
            continue
        status = place.lstat()
        if stat.S_ISLNK(status.st_mode):
            content = str(place.readlink())
        else:
            content = sha256(place.read_bytes()).hexdigest() if place.is_file() else "folder"
        found[path] = (stat.filemode(status.st_mode), status.st_uid, status.st_gid, content)
    return found
