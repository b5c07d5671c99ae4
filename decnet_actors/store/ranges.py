"""This module turns what somebody looks for into a range of ``seq``, which is the only index of the journal."""

from attrs import frozen
from sqlalchemy import ColumnElement, LargeBinary, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.domain.registry import FACTS, snake_case
from decnet_actors.store.projector import projected
from decnet_actors.store.tables import fact, minute, session, source

_KINDS = {snake_case(name): name for name in FACTS} | {name.lower(): name for name in FACTS}


@frozen(kw_only=True)
class Filter:
    """Which facts; ``None`` means any."""

    decky: str | None = None
    service: str | None = None
    source: str | None = None
    session: str | None = None
    kinds: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    q: str | None = None

    @property
    def narrow(self) -> bool:
        """Whether it asks for more than a span of time."""
        return any((self.decky, self.service, self.source, self.session, self.kinds, self.q))


@frozen
class SeqRange:
    """From ``low`` to ``high``, both included; empty when ``low > high``."""

    low: int
    high: int


def parse_kinds(text: str | None) -> tuple[str, ...]:
    """Return the names of fact classes, written in any of the usual ways, separated by commas.

    Raises:
        OperatorError: DN5001, there is no such class.

    """
    names = []
    for word in (text or "").split(","):
        if part := word.strip():
            name = _KINDS.get(part.lower())
            if name is None:
                detail = f"/kind: there is no such fact{did_you_mean(part, FACTS)}"
                raise OperatorError(CATALOGUE["DN5001"], detail, errors=(detail,))
            names.append(name)
    return tuple(names)


async def seq_range(connection: AsyncConnection, wanted: Filter) -> SeqRange:
    """Return the range outside of which no fact matches; what the small tables do not know yet is always inside."""
    low, high = (await connection.execute(select(func.min(fact.c.seq), func.max(fact.c.seq)))).one()
    if low is None:
        return SeqRange(1, 0)
    found = SeqRange(low, high)
    known = await projected(connection)
    if wanted.since is not None:
        query = select(func.min(minute.c.first_seq)).where(minute.c.minute >= int(wanted.since // 60))
        first = (await connection.execute(query)).scalar()
        found = SeqRange(max(found.low, known + 1 if first is None else first), found.high)
    if wanted.until is not None:
        query = select(func.max(minute.c.last_seq)).where(minute.c.minute <= int(wanted.until // 60))
        last = (await connection.execute(query)).scalar()
        found = _upto(found, last or 0, known)
    for table, key, value in ((session, session.c.id, wanted.session), (source, source.c.address, wanted.source)):
        if value is not None:
            row = (await connection.execute(select(table.c.first_seq, table.c.last_seq).where(key == value))).first()
            first, last = (known + 1, known) if row is None else row
            found = _upto(SeqRange(max(found.low, first), found.high), last, known)
    return found


def _upto(found: SeqRange, last: int, known: int) -> SeqRange:
    """Return the range up to ``last``, or to its end when there are facts behind ``known``."""
    return found if found.high > known else SeqRange(found.low, min(found.high, last))


def conditions(wanted: Filter, dialect: str) -> list[ColumnElement[bool]]:
    """Return what a row of ``fact`` must fulfil."""
    where: list[ColumnElement[bool]] = []
    for column, value in (
        (fact.c.decky, wanted.decky),
        (fact.c.service, wanted.service),
        (fact.c.source, wanted.source),
        (fact.c.session, wanted.session),
    ):
        if value is not None:
            where.append(column == value)
    if wanted.kinds:
        where.append(fact.c.kind.in_(wanted.kinds))
    if wanted.since is not None:
        where.append(fact.c.time >= wanted.since)
    if wanted.until is not None:
        where.append(fact.c.time < wanted.until)
    if wanted.q:
        needle = literal(wanted.q.encode("utf-8", "surrogateescape"), LargeBinary)
        if dialect == "postgresql":
            where.append(func.position(needle.op("IN")(fact.c.payload)) > 0)
        else:
            where.append(func.instr(fact.c.payload, needle) > 0)
    return where
