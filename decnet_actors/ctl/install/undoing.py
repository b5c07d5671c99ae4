"""This module undoes what the record says was made, last first; what others changed is kept unless all is to go."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import assert_never

from attrs import define, field

from decnet_actors.ctl.install.files import content_of, place_of, status_of
from decnet_actors.ctl.install.host import Host
from decnet_actors.ctl.install.layout import CONFIG, UNITS, Content
from decnet_actors.ctl.install.manifest import (
    NAME,
    Made,
    MadeAccount,
    MadeFile,
    MadeFolder,
    MadeService,
    Manifest,
    key_of,
)
from decnet_actors.ctl.install.steps import Fate, Outlook


def name_of(made: Made) -> str:
    """Return what undoing an entry is called in the list of steps."""
    return f"{'end' if isinstance(made, MadeService) else 'remove'} {key_of(made)}"


@define(kw_only=True)
class Undoing:
    """Undoes entries one by one.

    Accounts go after what is theirs, and stay if anything does. The folder of the record goes last, and only when
    nothing is left to record.
    """

    host: Host
    manifest: Manifest
    purge: bool = False
    _gone: set[str] = field(factory=set, init=False)  # paths, or that would be in a dry run
    _kept: bool = field(default=False, init=False)  # something was

    def entries(self) -> Iterator[Made]:
        """Yield what was made, in the order to undo it."""
        made = reversed(self.manifest.entries.values())
        yield from sorted(made, key=lambda one: 2 if _holds_record(one) else int(isinstance(one, MadeAccount)))

    def look(self, made: Made) -> Outlook:
        """Return what it takes to undo an entry; afterwards (or in its stead) ``settle`` it.

        Raises:
            InstallError: something is in the way.
            OSError: the host cannot be read.

        """
        match made:
            case MadeFolder():
                return self._folder(made)
            case MadeFile():
                return self._file(made)
            case MadeAccount():
                return self._account(made)
            case MadeService():
                return self._service(made)
            case _:
                assert_never(made)

    def settle(self, made: Made, outlook: Outlook, *, dry: bool) -> None:
        """Strike an undone entry out of the record."""
        if outlook.fate is Fate.KEPT:
            self._kept = True
            return
        if outlook.fate is Fate.GONE and isinstance(made, MadeFolder | MadeFile):
            self._gone.add(made.path)
        if not dry and not _holds_record(made):  # the record is gone with its folder
            self.manifest.forget(key_of(made))

    # Folders.

    def _folder(self, made: MadeFolder) -> Outlook:
        place = place_of(self.host.root, made.path, follow=True)
        found = status_of(place, follow=True)
        if made.path == CONFIG:
            return self._record(made, place)
        if found is None:
            return Outlook()
        left = self._left_in(made.path, place)
        if left and made.content is Content.EVIDENCE and not self.purge:
            return Outlook(detail=f"kept: it holds {left}; --purge removes it", fate=Fate.KEPT)
        if not made.made:
            return Outlook(
                fate=Fate.LEFT,
                detail=f"{made.mode:04o} again",
                act=partial(self._restore_folder, made, place),
            )
        match made.content:
            case Content.SHARED if left:
                fate = Fate.KEPT if self._kept else Fate.LEFT  # what is kept may be in it
                return Outlook(detail="stays: it is not empty", fate=fate)
            case Content.SHARED:
                return Outlook(act=partial(_rmdir, place))
            case Content.PASSING:
                return Outlook(act=partial(shutil.rmtree, place))
            case Content.OPERATORS if left and not self.purge:
                return Outlook(detail=f"kept: it holds {left}; --purge removes it", fate=Fate.KEPT)
            case Content.OPERATORS | Content.EVIDENCE:
                return Outlook(act=partial(shutil.rmtree if left else _rmdir, place))
            case _:
                assert_never(made.content)

    def _record(self, made: MadeFolder, place: Path) -> Outlook:
        """Undo the folder the record is in, and the record."""
        left = self._left_in(made.path, place)
        if self._kept or (left and not self.purge and made.made):
            why = f"it holds {left}" if left else "it records what is kept"
            return Outlook(detail=f"kept: {why}; --purge removes it", fate=Fate.KEPT)
        return Outlook(act=partial(self._end, made, place))

    def _end(self, made: MadeFolder, place: Path) -> None:
        if not made.made:
            self._restore_folder(made, place)
            self.manifest.remove()
        elif self.purge:
            shutil.rmtree(place)
        else:
            self.manifest.remove()
            try:
                _rmdir(place)
            except OSError:
                self.manifest.save()
                raise

    def _restore_folder(self, made: MadeFolder, place: Path) -> None:
        if made.content is Content.EVIDENCE:  # all to go, or there is none
            _empty(place)
        if self.host.privileged:
            os.chown(place, made.uid, made.gid)
        place.chmod(made.mode)

    def _left_in(self, path: str, place: Path) -> str:
        """Return the name of something in a folder that is not undone."""
        if status_of(place, follow=True) is None:
            return ""
        names = sorted(entry.name for entry in place.iterdir())
        ours = {NAME} if path == CONFIG else set[str]()
        return next((name for name in names if name not in ours and f"{path}/{name}" not in self._gone), "")

    # Files.

    def _file(self, made: MadeFile) -> Outlook:
        place = place_of(self.host.root, made.path, follow=False)
        found = content_of(place)
        backup = place_of(self.host.root, made.backup, follow=False) if made.backup else None
        saved = backup is not None and status_of(backup, follow=False) is not None
        if found is None and not saved:
            return Outlook()
        ours = found is None or sha256(found).hexdigest() in made.sums
        if not ours and backup is not None and not saved:
            return Outlook(detail="never replaced", fate=Fate.LEFT)
        if not ours and not self.purge:
            return Outlook(detail="kept: changed since; --purge removes it", fate=Fate.KEPT)
        if backup is not None:
            return Outlook(detail="as it was before", fate=Fate.LEFT, act=partial(_put_back, backup, place))
        if made.path.startswith(f"{UNITS}/"):
            return Outlook(act=partial(self._remove_unit, place))
        return Outlook(act=place.unlink)

    def _remove_unit(self, place: Path) -> None:
        """Remove a unit that somebody may have started by hand."""
        self._end_service(place.name, active=self.host.active(place.name), enabled=self.host.enabled(place.name))
        place.unlink()
        if not self.host.asleep():
            self.host.reload_units()

    # Accounts and services.

    def _account(self, made: MadeAccount) -> Outlook:
        if self.host.user(made.name) is None and not (made.group and self.host.group(made.name) is not None):
            return Outlook()
        if self._kept or (not self.purge and self._config_stays()):
            # Its number would be given to the next account that is made, and with it what is kept.
            return Outlook(detail="kept: files are its own; --purge removes it", fate=Fate.KEPT)
        return Outlook(act=partial(self.host.remove_account, made.name, group=made.group))

    def _config_stays(self) -> bool:
        """Return whether the configuration's folder is ours and holds something of the operator."""
        made = self.manifest.get(f"folder {CONFIG}")
        ours = isinstance(made, MadeFolder) and made.made
        return ours and self._left_in(CONFIG, self.manifest.path.parent) != ""

    def _service(self, made: MadeService) -> Outlook:
        active = self.host.active(made.unit) and not made.active
        enabled = self.host.enabled(made.unit) and not made.enabled
        if not active and not enabled:
            return Outlook(detail=self.host.asleep())
        detail = " and ".join([*["stopped"] * active, *["disabled"] * enabled])
        return Outlook(detail=detail, act=partial(self._end_service, made.unit, active=active, enabled=enabled))

    def _end_service(self, unit: str, *, active: bool, enabled: bool) -> None:
        if active:
            self.host.stop(unit)
        if enabled:
            self.host.disable(unit)


def _holds_record(made: Made) -> bool:
    """Return whether an entry is the folder of the record, or one above it."""
    return isinstance(made, MadeFolder) and PurePosixPath(CONFIG).is_relative_to(made.path)


def _put_back(backup: Path, place: Path) -> None:
    backup.replace(place)


def _empty(place: Path) -> None:
    for entry in place.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _rmdir(place: Path) -> None:
    with suppress(FileNotFoundError):  # somebody was faster
        place.rmdir()
