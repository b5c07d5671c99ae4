"""This module keeps tags of techniques, open sequences, and what operators say of rules (``TechniqueTags``)."""

import json
from collections.abc import Iterable, Mapping, Sequence

import attrs
from sqlalchemy import bindparam, delete, distinct, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.techniques import Mode, RuleState, Seen, Tag, Window
from decnet_actors.store.statements import compiled, upsert
from decnet_actors.store.tables import technique_rule, technique_tag, technique_window
from decnet_actors.store.texts import storable
from decnet_actors.store.transaction import Work

_TAG = tuple(column.name for column in technique_tag.columns)
_WINDOW = tuple(column.name for column in technique_window.columns)
_MERGE_TAG = {"seq": "least"}  # what comes again comes later
_MERGE_WINDOW = {"touched": "new", "state": "new"}
_MERGE_RULE = dict.fromkeys(("mode", "ceiling", "until", "reason", "author", "time"), "new")
CHUNK = 500  # values of one question


class TechniqueTagTable:
    """Keeps what the techniques' study finds in the database.

    Args:
        engine: of the store.

    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        dialect = engine.dialect
        self._keep_tag = compiled(upsert(technique_tag, _MERGE_TAG, dialect), _TAG, dialect)
        self._keep_window = compiled(upsert(technique_window, _MERGE_WINDOW, dialect), _WINDOW, dialect)
        self._forget = str(
            delete(technique_window).where(technique_window.c.key == bindparam("key")).compile(dialect=dialect)
        )

    def work(self, tags: Sequence[Tag], windows: Sequence[Window], gone: Sequence[str]) -> Work:
        rows = [
            (
                self._keep_tag,
                [tuple(_stored(getattr(tag, name)) for name in _TAG) for tag in tags],
            ),
            (self._keep_window, [tuple(getattr(one, name) for name in _WINDOW) for one in windows]),
            (self._forget, [(key,) for key in gone]),
        ]
        return [(sql, values) for sql, values in rows if values]

    async def windows(self) -> Sequence[Window]:
        query = select(technique_window).order_by(technique_window.c.touched)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return tuple(Window(key=row.key, touched=row.touched, state=row.state) for row in rows)

    async def known(self, pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        asked, of = list(pairs), technique_tag.c
        found: set[tuple[str, str]] = set()
        async with self._engine.connect() as connection:
            for begin in range(0, len(asked), CHUNK):
                some = tuple_(of.source, of.technique).in_(asked[begin : begin + CHUNK])
                rows = await connection.execute(select(of.source, of.technique).where(some).distinct())
                found.update((row.source, row.technique) for row in rows)
        return frozenset(found)

    async def states(self) -> Mapping[str, RuleState]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(technique_rule))
            return {
                row.rule: RuleState(
                    rule=row.rule,
                    mode=Mode(row.mode),
                    ceiling=row.ceiling,
                    until=row.until,
                    reason=row.reason,
                    author=row.author,
                    time=row.time,
                )
                for row in rows
            }

    async def set_state(self, state: RuleState) -> None:
        values = attrs.asdict(state) | {"mode": state.mode.value, "reason": storable(state.reason)}
        async with self._engine.begin() as connection:
            await connection.execute(upsert(technique_rule, _MERGE_RULE, self._engine.dialect), values)

    async def matrix(self, *, source: str | None = None, since: float | None = None) -> Sequence[Seen]:
        of = technique_tag.c
        query = select(
            of.technique,
            of.tactic,
            func.count(distinct(of.event)).label("events"),
            func.count(distinct(of.source)).label("sources"),
            func.min(of.time).label("first"),
            func.max(of.time).label("last"),
            func.max(of.confidence).label("confidence"),
        ).group_by(of.technique, of.tactic)
        if source is not None:
            query = query.where(of.source == source)
        if since is not None:
            query = query.where(of.time >= since)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by(of.tactic, of.technique))
            return tuple(Seen(**{str(name): value for name, value in row.items()}) for row in rows.mappings())

    async def fired(self) -> Mapping[str, tuple[int, float]]:
        of = technique_tag.c
        query = select(of.rule, func.count(distinct(of.event)), func.max(of.time)).group_by(of.rule)
        async with self._engine.connect() as connection:
            return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}

    async def tags(
        self,
        techniques: Sequence[str],
        *,
        source: str | None = None,
        since: float | None = None,
        before: tuple[int, str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[Tag]:
        of = technique_tag.c
        query = select(technique_tag).where(of.technique.in_(techniques))
        if source is not None:
            query = query.where(of.source == source)
        if since is not None:
            query = query.where(of.time >= since)
        if before is not None:
            query = query.where(tuple_(of.seq, of.rule, of.technique) < tuple_(*before))
        query = query.order_by(of.seq.desc(), of.rule.desc(), of.technique.desc()).limit(limit)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings()
            return tuple(Tag(**{**row, "evidence": json.loads(row["evidence"])}) for row in rows)


def _stored(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    return json.dumps(value) if isinstance(value, Mapping) else value
