"""This module keeps the record of what was made on a host, so that just that can be undone.

Each change is recorded before it is made: whatever interrupts an installation, what it left is known. The record
lies in ``/etc/decnet``, where only root can write: undoing removes what it names, and the daemon's user, who faces
attackers, must not choose that.
"""

import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from attrs import define, field, frozen

from decnet_actors.ctl.install.errors import ManifestError
from decnet_actors.ctl.install.files import write
from decnet_actors.ctl.install.layout import CONFIG, Content

NAME = "installed.json"
PATH = f"{CONFIG}/{NAME}"
FORMAT = 1
MAX_SIZE = 1 << 20  # bytes
KEPT_SUMS = 8  # of one file's former texts of ours
FIRST_MODE = 0o700  # of its folder, until the installation gives it its own


@frozen(kw_only=True)
class MadeFolder:
    """A folder that was made, or whose mode and owner were changed."""

    path: str
    content: Content = Content.OPERATORS
    owner: str = "root"
    made: bool = True
    mode: int = 0  # before, as uid and gid; of one that was not made
    uid: int = 0
    gid: int = 0


@frozen(kw_only=True)
class MadeFile:
    """A file that was written, with the sums of every text of ours it had."""

    path: str
    sums: tuple[str, ...] = ()  # SHA-256; none for what somebody else wrote and we moved aside
    backup: str = ""  # where the file is that was there before


@frozen(kw_only=True)
class MadeAccount:
    """A user that was made."""

    name: str
    group: bool  # whether its group was made too


@frozen(kw_only=True)
class MadeService:
    """A unit that was enabled and started, and what it was before."""

    unit: str
    enabled: bool
    active: bool


Made: TypeAlias = MadeFolder | MadeFile | MadeAccount | MadeService

_KINDS: dict[str, type[Made]] = {"folder": MadeFolder, "file": MadeFile, "account": MadeAccount, "service": MadeService}


def key_of(made: Made) -> str:
    """Return what tells an entry from all others."""
    match made:
        case MadeFolder(path=path):
            return f"folder {path}"
        case MadeFile(path=path):
            return f"file {path}"
        case MadeAccount(name=name):
            return f"account {name}"
        case MadeService(unit=unit):
            return f"service {unit}"


@define
class Manifest:
    """The entries in the order they were made, and on disk after each change."""

    root: Path
    entries: dict[str, Made] = field(factory=dict)

    @classmethod
    def read(cls, root: Path) -> "Manifest":
        """Return the record of a host; an empty one if it has none.

        Raises:
            ManifestError: it is damaged, or of another version.
            OSError: it cannot be read.

        """
        path = root / PATH.removeprefix("/")
        try:
            with path.open("rb") as file:
                data = file.read(MAX_SIZE + 1)
        except (FileNotFoundError, NotADirectoryError):
            return cls(root)
        try:
            entries = [_entry(row) for row in _rows(data)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ManifestError(
                f"{path} is damaged: {error}", fix=(f"restore it from a backup, or move it away: mv {path} {path}.bad",)
            ) from None
        return cls(root, {key_of(entry): entry for entry in entries})

    def get(self, key: str) -> Made | None:
        """Return an entry."""
        return self.entries.get(key)

    def remember(self, made: Made) -> None:
        """Record what is about to be made; what is known already stays, for it is the first state that is restored."""
        if key_of(made) not in self.entries:
            self.put(made)

    def put(self, made: Made) -> None:
        """Record, in place of what was known."""
        if not self.path.parent.is_dir():
            self._found()
        self.entries[key_of(made)] = made
        self.save()

    def forget(self, key: str) -> None:
        """Strike an entry out: it has been undone."""
        del self.entries[key]
        self.save()

    def remove(self) -> None:
        """Remove the record itself."""
        with suppress(FileNotFoundError):  # nothing was recorded
            self.path.unlink()

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / PATH.removeprefix("/")

    def _found(self) -> None:
        """Make the folder of the record, all or nothing, as the first entries of it."""
        folder = self.path.parent
        missing = [place for place in (folder, *folder.parents) if not place.is_dir()][::-1]
        with ExitStack() as undo:
            for place in missing:
                place.mkdir(FIRST_MODE if place == folder else 0o755)
                content = Content.OPERATORS if place == folder else Content.SHARED
                entry = MadeFolder(path=f"/{place.relative_to(self.root)}", content=content)
                self.entries[key_of(entry)] = entry
                undo.callback(self._unmake, key_of(entry), place)
            self.save()
            undo.pop_all()

    def _unmake(self, key: str, place: Path) -> None:
        del self.entries[key]
        with suppress(OSError):  # the first error is the one to tell
            place.rmdir()

    def save(self) -> None:
        """Write the record."""
        rows = [{"kind": key.partition(" ")[0], **attrs.asdict(made)} for key, made in self.entries.items()]
        text = json.dumps({"format": FORMAT, "made": rows}, indent=1) + "\n"
        write(self.path, text.encode(), mode=0o600)


def _rows(data: bytes) -> list[Any]:  # Any: the shape of JSON
    if len(data) > MAX_SIZE:
        raise ValueError(f"larger than {MAX_SIZE} bytes")
    body = json.loads(data)
    if body["format"] != FORMAT:
        raise ValueError(f"format {body['format']}, this version knows {FORMAT}")
    return list(body["made"])


def _entry(row: dict[str, Any]) -> Made:  # Any: the shape of JSON
    given = dict(row)
    kind = _KINDS[given.pop("kind")]
    if "content" in given:
        given["content"] = Content(given["content"])
    if "sums" in given:
        given["sums"] = tuple(given["sums"])
    if not str(given.get("path", "/")).startswith("/"):
        raise ValueError(f"{given['path']} is not absolute")
    return kind(**given)
