"""This module makes what belongs on a host, and records it first."""

import os
import stat
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import assert_never

from attrs import define, evolve, field

from decnet_actors.ctl.install.errors import ConflictError, ToolError
from decnet_actors.ctl.install.files import content_of, owned, place_of, status_of, write
from decnet_actors.ctl.install.host import Host
from decnet_actors.ctl.install.layout import UNITS, Account, Content, Enabled, File, Folder, Item, Started
from decnet_actors.ctl.install.manifest import (
    KEPT_SUMS,
    MadeAccount,
    MadeFile,
    MadeFolder,
    MadeService,
    Manifest,
)
from decnet_actors.ctl.install.steps import Outlook

MAX_BACKUPS = 100
SHARED_MODE = 0o755


def name_of(item: Item) -> str:
    """Return what an item is called in the list of steps."""
    match item:
        case Folder(path=path):
            return f"folder {path}"
        case File(path=path):
            return f"file {path}"
        case Account(name=name):
            return f"account {name}"
        case Enabled(unit=unit):
            return f"service {unit} enabled"
        case Started(unit=unit):
            return f"service {unit} started"
        case _:
            assert_never(item)


@define(kw_only=True)
class Making:
    """Makes items one by one; each sees what those before it left."""

    host: Host
    manifest: Manifest
    force: bool = False
    start: bool = True
    _written: set[str] = field(factory=set, init=False)  # paths, by this run

    def look(self, item: Item) -> Outlook:
        """Return what an item needs.

        Raises:
            InstallError: something is in the way.
            OSError: the host cannot be read.

        """
        match item:
            case Folder():
                return self._folder(item)
            case File():
                return self._file(item)
            case Account():
                return self._account(item)
            case Enabled():
                return self._enabled(item)
            case Started():
                return self._started(item)
            case _:
                assert_never(item)

    # Folders.

    def _folder(self, folder: Folder) -> Outlook:
        place = place_of(self.host.root, folder.path, follow=True)
        found = status_of(place, follow=True)
        wanted = owned(folder.mode, folder.owner, folder.group)
        if found is None:
            return Outlook(detail=wanted, act=partial(self._make_folder, folder, place))
        if not stat.S_ISDIR(found.st_mode):
            raise ConflictError(f"{place} is not a folder", fix=(f"mv {place} {place}.old",))
        if stat.S_IMODE(found.st_mode) == folder.mode and self._belongs(found, folder):
            return Outlook()
        if folder.content is Content.EVIDENCE and not self._belongs(found, folder) and any(place.iterdir()):
            raise ConflictError(
                f"{place} holds data of user {found.st_uid}, which {folder.owner} could not use",
                fix=(f"chown -R {folder.owner}:{folder.group} {place}",),
            )
        known = self.manifest.get(f"folder {folder.path}")
        if not (isinstance(known, MadeFolder) and known.made):  # half made is not how it was before
            wanted = f"{wanted}, was {owned(found.st_mode, found.st_uid, found.st_gid)}"
        return Outlook(detail=wanted, act=partial(self._mend_folder, folder, place, found))

    def _make_folder(self, folder: Folder, place: Path) -> None:
        self._make_parents(place)
        self.manifest.remember(MadeFolder(path=folder.path, content=folder.content, owner=folder.owner))
        place.mkdir(0o700, exist_ok=True)  # the record's own is there by now
        self._settle(folder, place)

    def _mend_folder(self, folder: Folder, place: Path, found: os.stat_result) -> None:
        self.manifest.remember(
            MadeFolder(
                path=folder.path,
                content=folder.content,
                owner=folder.owner,
                made=False,
                mode=stat.S_IMODE(found.st_mode),
                uid=found.st_uid,
                gid=found.st_gid,
            )
        )
        self._settle(folder, place)

    def _settle(self, folder: Folder, place: Path) -> None:
        os.chown(place, *self._ids(folder.owner, folder.group))
        place.chmod(folder.mode)

    def _make_parents(self, place: Path) -> None:
        for parent in reversed(place.parents):
            if not parent.is_dir():
                path = f"/{parent.relative_to(self.host.root)}"
                self.manifest.remember(MadeFolder(path=path, content=Content.SHARED))
                parent.mkdir(SHARED_MODE, exist_ok=True)  # the first record makes its own
                parent.chmod(SHARED_MODE)  # whatever the umask is

    # Files.

    def _file(self, file: File) -> Outlook:
        place = place_of(self.host.root, file.path, follow=False)
        found, wanted = content_of(place), file.text.encode()
        if found == wanted:
            return Outlook()
        if found is None:
            return Outlook(detail=file.note, act=partial(self._write, file, place))
        if self._untouched(file.path, found):
            return Outlook(detail="brought up to date", act=partial(self._write, file, place))
        if not self.force:
            return Outlook(detail="differs and is kept; --force writes it anew beside a .bak")
        backup = self._backup_of(file.path, place)
        act = partial(self._write, file, place, backup)
        return Outlook(detail=f"the former one is {backup}", act=act)

    def _write(self, file: File, place: Path, backup: str = "") -> None:
        self._make_parents(place)
        text = file.text.encode()
        known = self.manifest.get(f"file {file.path}")
        if backup and isinstance(known, MadeFile) and known.backup != backup:  # somebody changed ours: that is theirs
            self.manifest.remember(MadeFile(path=backup))
        made = known if isinstance(known, MadeFile) else MadeFile(path=file.path, backup=backup)
        digest = sha256(text).hexdigest()
        sums = (*(one for one in made.sums if one != digest), digest)[-KEPT_SUMS:]
        self.manifest.put(evolve(made, sums=sums))
        if backup:
            place.rename(place_of(self.host.root, backup, follow=False))
        write(place, text, mode=file.mode, owner=self._ids("root", file.group))
        self._written.add(file.path)

    def _untouched(self, path: str, found: bytes) -> bool:
        """Return whether a file is as an installation wrote it."""
        known = self.manifest.get(f"file {path}")
        return isinstance(known, MadeFile) and sha256(found).hexdigest() in known.sums

    def _backup_of(self, path: str, place: Path) -> str:
        """Return a free name for the file that is in the way."""
        names = (f"{path}.bak", *(f"{path}.bak{number}" for number in range(2, MAX_BACKUPS)))
        for name in names:
            if status_of(place.with_name(Path(name).name), follow=False) is None:
                return name
        raise ConflictError(f"{place} has {MAX_BACKUPS} backups", fix=(f"rm {place}.bak*",))

    # Accounts.

    def _account(self, account: Account) -> Outlook:
        if self.host.user(account.name) is not None:
            return Outlook()
        if not self.host.privileged:
            return Outlook(detail=f"only root can make it; {account.file} does when the system starts")
        return Outlook(act=partial(self._add_account, account))

    def _add_account(self, account: Account) -> None:
        self.manifest.remember(MadeAccount(name=account.name, group=self.host.group(account.name) is None))
        self.host.add_accounts(account.file)
        if self.host.user(account.name) is None:
            raise ToolError(f"{account.file} makes no user {account.name}", fix=(f"cat {account.file}",))

    # Services.

    def _enabled(self, enabled: Enabled) -> Outlook:
        if not self.start:
            return Outlook(detail="--no-start")
        if self.host.enabled(enabled.unit):
            return Outlook()
        return Outlook(act=partial(self._enable, enabled.unit))

    def _enable(self, unit: str) -> None:
        self._remember_service(unit)
        self.host.enable(unit)

    def _started(self, started: Started) -> Outlook:
        unit = started.unit
        if not self.start:
            return Outlook(detail="--no-start")
        if asleep := self.host.asleep():
            return Outlook(detail=asleep)
        if not self.host.active(unit):
            return Outlook(detail="next: decnetctl user setup-link", act=partial(self._start, unit))
        if f"{UNITS}/{unit}" in self._written:
            detail = f"runs as before until: systemctl restart {unit}"
            return Outlook(detail=detail, act=self.host.reload_units)
        return Outlook()

    def _start(self, unit: str) -> None:
        self._remember_service(unit)
        self.host.reload_units()
        self.host.start(unit)

    def _remember_service(self, unit: str) -> None:
        self.manifest.remember(MadeService(unit=unit, enabled=self.host.enabled(unit), active=self.host.active(unit)))

    # Owners.

    def _belongs(self, found: os.stat_result, folder: Folder) -> bool:
        if not self.host.privileged:
            return True  # only root gives files away
        user = self.host.user(folder.owner)
        return user is not None and (found.st_uid, found.st_gid) == (user.uid, self.host.group(folder.group))

    def _ids(self, owner: str, group: str) -> tuple[int, int]:
        """Return the numbers of an owner, as chown takes them: -1 where files cannot be given away."""
        if not self.host.privileged:
            return -1, -1
        user, gid = self.host.user(owner), self.host.group(group)
        if user is None or gid is None:
            missing = f"user {owner}" if user is None else f"group {group}"
            raise ConflictError(f"there is no {missing}", fix=(f"getent passwd {owner}; getent group {group}",))
        return user.uid, gid
