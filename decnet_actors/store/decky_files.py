"""This module keeps the changes of deckies' files: a row for each version of a node, large content as artifacts."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from decnet_actors.contracts.decky_files import ENTRIES, Author, Content, FileVersion, Hand, Kept, StoredFiles
from decnet_actors.contracts.file_history import DeckyFilesArgs, FileChange
from decnet_actors.domain.text import escaped
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.tables import ADDRESS, ID, NAME, decky_file
from decnet_actors.store.texts import storable

INLINE = 4096  # bytes of content kept in the row itself
HISTORY = 5000  # versions of a decky among which those that are no longer true are kept
PRUNE = 500  # versions after which older ones are removed
CHUNK = 500  # numbers in one statement
_SHOWN = tuple(column for column in decky_file.c if column.name not in {"state", "decky"})


class _State(msgspec.Struct, array_like=True, forbid_unknown_fields=False):
    """A node as a row has it; names are bytes, because peers choose them."""

    node: bytes
    inherited: bool
    removed: bool
    parent: bytes
    name: bytes
    inode: int
    mode: int
    uid: int
    gid: int
    accessed: float
    modified: float
    changed: float
    target: bytes
    inline: bytes | None


_decode = msgspec.msgpack.Decoder(_State).decode


class DeckyFileTable:
    """Keeps versions in the database.

    Args:
        engine: of the store.
        artifacts: keeps content that is too large for a row.

    """

    def __init__(self, engine: AsyncEngine, artifacts: ArtifactStore) -> None:
        self._engine = engine
        self._artifacts = artifacts
        self._numbers: dict[str, Iterator[int]] = {}  # by decky; all its trees draw from one

    async def load(self, deckies: Sequence[str]) -> Mapping[str, StoredFiles]:
        """Return what there is of some deckies' files."""
        found: dict[str, list[FileVersion]] = {name: [] for name in deckies}
        async with self._engine.connect() as connection:
            for names in _chunks(deckies):
                newest = select(decky_file.c.decky, func.max(decky_file.c.number).label("newest"))
                counted = newest.where(decky_file.c.decky.in_(names)).group_by(decky_file.c.decky)
                for row in await connection.execute(counted):
                    self._numbers.setdefault(row.decky, itertools.count(row.newest + 1))
                query = select(decky_file).where(decky_file.c.decky.in_(names), decky_file.c.live)
                ordered = query.order_by(decky_file.c.decky, decky_file.c.number)
                async with connection.stream(ordered.execution_options(yield_per=CHUNK)) as result:
                    async for rows in result.partitions(CHUNK):  # others have a turn in between
                        for row in rows:
                            found[row.decky].append(self._version(row))
        return {
            name: StoredFiles(versions=versions, numbers=self._numbers.setdefault(name, itertools.count(1)))
            for name, versions in found.items()
        }

    async def add(self, decky: str, versions: Sequence[FileVersion]) -> Sequence[Content | None]:
        """Make versions durable in one transaction; return where the content of each is now.

        Those that are there already, because the answer of an earlier try was lost, stay as they are.
        """
        contents = [await self._kept(version.content) for version in versions]
        over = {version.supersedes for version in versions}
        last = versions[-1].number
        async with self._engine.begin() as connection:
            known = await self._known(connection, decky, [version.number for version in versions])
            rows = [
                _row(decky, version, content, live=version.live and version.number not in over)
                for version, content in zip(versions, contents, strict=True)
                if version.number not in known
            ]
            if rows:
                await connection.execute(insert(decky_file), rows)
            here = decky_file.c.decky == decky
            for numbers in _chunks(sorted(over - {0})):
                await connection.execute(
                    update(decky_file).where(here, decky_file.c.number.in_(numbers)).values(live=False)
                )
            if last // PRUNE != (versions[0].number - 1) // PRUNE:
                old = decky_file.c.number <= last - HISTORY
                await connection.execute(delete(decky_file).where(here, old, decky_file.c.live.is_(False)))
        return contents

    async def knows(self, decky: str) -> bool:
        """Return whether anything was ever kept of a decky's files."""
        query = select(decky_file.c.number).where(decky_file.c.decky == decky).limit(1)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def page(self, args: DeckyFilesArgs, *, before: int | None) -> Sequence[FileChange]:
        """Return changes, newest first."""
        here = (decky_file.c.decky == args.name, decky_file.c.action != ENTRIES)  # a directory's times are no news
        query = select(*_SHOWN).where(*here).order_by(decky_file.c.number.desc())
        if args.path:
            path = escaped(args.path.rstrip("/"))
            below = decky_file.c.path.startswith(f"{path}/", autoescape=True)
            query = query.where((decky_file.c.path == path) | below)
        if args.source is not None:
            query = query.where(decky_file.c.source == args.source)
        if args.hand is not None:
            query = query.where(decky_file.c.hand == args.hand.value)
        if args.current:
            query = query.where(decky_file.c.live)
        if before is not None:
            query = query.where(decky_file.c.number < before)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query.limit(args.limit))).mappings()
            return tuple(FileChange(**{str(key): value for key, value in row.items()}) for row in rows)

    async def _kept(self, content: Content | None) -> Content | None:
        if not isinstance(content, bytes) or len(content) <= INLINE:
            return content
        sha256 = await self._artifacts.keep(content, times=0)
        return Kept(sha256=sha256, size=len(content), read=self._artifacts.read)

    @staticmethod
    async def _known(connection: AsyncConnection, decky: str, numbers: Sequence[int]) -> set[int]:
        query = select(decky_file.c.number).where(
            decky_file.c.decky == decky, decky_file.c.number >= numbers[0], decky_file.c.number <= max(numbers)
        )
        return set((await connection.execute(query)).scalars())

    def _version(self, row: Row[*tuple[Any, ...]]) -> FileVersion:  # Any: columns of many types
        state = _decode(bytes(row.state))
        content: Content | None = state.inline
        if content is None and row.sha256 is not None:
            content = Kept(sha256=row.sha256, size=row.size, read=self._artifacts.read)
        return FileVersion(
            number=row.number,
            live=row.live,
            layer=row.layer,
            node=_text(state.node),
            inherited=state.inherited,
            removed=state.removed,
            time=row.time,
            author=Author(hand=Hand(row.hand), source=row.source, session=row.session, name=row.author),
            action=row.action,
            path=row.path,
            parent=_text(state.parent),
            name=_text(state.name),
            inode=state.inode,
            mode=state.mode,
            uid=state.uid,
            gid=state.gid,
            accessed=state.accessed,
            modified=state.modified,
            changed=state.changed,
            target=_text(state.target),
            size=row.size,
            content=content,
        )


def _row(decky: str, version: FileVersion, content: Content | None, *, live: bool) -> dict[str, Any]:  # Any: columns
    inline = content if isinstance(content, bytes) else None
    state = _State(
        node=_bytes(version.node),
        inherited=version.inherited,
        removed=version.removed,
        parent=_bytes(version.parent),
        name=_bytes(version.name),
        inode=version.inode,
        mode=version.mode,
        uid=version.uid,
        gid=version.gid,
        accessed=version.accessed,
        modified=version.modified,
        changed=version.changed,
        target=_bytes(version.target),
        inline=inline,
    )
    author = version.author
    return {
        "decky": decky,
        "number": version.number,
        "live": live,
        "layer": version.layer,
        "time": version.time,
        "hand": author.hand.value,
        "source": storable(author.source, ADDRESS),
        "session": storable(author.session, ID),
        "author": storable(author.name, NAME),
        "action": version.action,
        "path": escaped(version.path),
        "size": version.size,
        "sha256": None if content is None else _digest(content),
        "state": msgspec.msgpack.encode(state),
    }


def _digest(content: Content) -> str:
    return content.sha256 if isinstance(content, Kept) else hashlib.sha256(content).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:  # Any: names or numbers
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
