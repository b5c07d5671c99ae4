"""This module gathers the changes of a decky's tree for the store: of many changes of a node by one hand, the last."""

from collections.abc import Iterator, Sequence

from attrs import define

from decnet_actors.contracts.decky_files import ENTRIES, Author, Content, FileVersion, Kept, Told
from decnet_actors.machine.layer import Layer, Upper

LARGE = 1 << 20  # bytes: files of more are taken when they have stopped growing
PATIENCE = 20  # times that one is not taken


@define
class _Draft:
    """A change of a node that is not taken yet."""

    layer: Layer
    upper: Upper
    author: Author
    action: str
    path: str
    time: float
    fresh: bool = True  # it changed since it was looked at
    passed: int = 0  # how often it was not taken


class ChangeLedger:
    """Implements ``contracts.decky_files.Ledger``.

    Args:
        decky: whose tree.
        numbers: of the versions to come.
        told: who takes the changes; without one none are gathered.

    """

    def __init__(self, decky: str, numbers: Iterator[int], told: Told | None) -> None:
        self.decky = decky
        self._numbers = numbers
        self._told = told
        self._drafts: dict[int, _Draft] = {}  # by identity of the node
        self._done: list[FileVersion] = []
        self._waiting: dict[int, Upper] = {}  # nodes whose content is in memory, by number of the version

    def before(self, upper: Upper, author: Author) -> None:
        """Keep what somebody else did to a node before it is changed again."""
        draft = self._drafts.get(id(upper))
        if draft is not None and draft.author != author:
            self._finish(draft)

    def note(self, layer: Layer, upper: Upper, author: Author, action: str, path: str, now: float) -> None:
        """Take note of a change that was made."""
        upper.author = author
        if self._told is None:
            return
        draft = self._drafts.get(id(upper))
        if draft is None:
            self._drafts[id(upper)] = _Draft(layer, upper, author, action, path, now)
        else:
            draft.time, draft.fresh = now, True
            if action != ENTRIES:
                draft.action = draft.action if draft.action == "create" and not upper.removed else action
                draft.path = path
        self._told.tell(self)

    def take(self, *, everything: bool) -> Sequence[FileVersion]:
        for draft in list(self._drafts.values()):
            growing = draft.fresh and draft.passed < PATIENCE and draft.upper.length() > LARGE
            if growing and not everything:
                draft.fresh = False
                draft.passed += 1
            else:
                self._finish(draft)
        if self._drafts and self._told is not None:
            self._told.tell(self)
        done, self._done = self._done, []
        return done

    def stored(self, version: FileVersion, content: Content) -> None:
        upper = self._waiting.pop(version.number, None)
        if upper is not None and upper.version == version.number and upper.content is version.content:
            upper.content = content
            upper.size = version.size

    def _finish(self, draft: _Draft) -> None:
        del self._drafts[id(draft.upper)]
        upper = draft.upper
        gone = upper.removed or upper.key not in draft.layer.uppers
        number = next(self._numbers)
        version = FileVersion(
            number=number,
            supersedes=upper.version,
            live=draft.layer.lasting and upper.key in draft.layer.uppers,
            layer=draft.layer.name,
            node=upper.key,
            inherited=upper.inherited,
            removed=gone,
            time=draft.time,
            author=draft.author,
            action=draft.action,
            path=draft.path,
            parent=upper.parent,
            name=upper.name,
            inode=upper.inode,
            mode=upper.mode,
            uid=upper.uid,
            gid=upper.gid,
            accessed=upper.atime,
            modified=upper.mtime,
            changed=upper.ctime,
            target=upper.target,
            size=upper.length(),
            content=_content(upper) if not gone else None,
        )
        upper.version = number
        if isinstance(version.content, bytes):
            self._waiting[number] = upper
        self._done.append(version)


def _content(upper: Upper) -> Content | None:
    """Return the content of a file that is the layer's own, from now on unchangeable in memory."""
    if not (upper.is_file and upper.own):
        return None
    content = upper.content
    if isinstance(content, Kept):
        return content
    upper.content = whole = bytes(upper.data())
    return whole
