"""This module answers the operations on identities and campaigns.

What an operator decides is recorded as a fact; the analysis reads it in its turn, so that it holds when all is
replayed.
"""

import math
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.findings import IdentityDecided
from decnet_actors.domain.text import escaped
from decnet_actors.store import identity_operations as ops
from decnet_actors.store.handlers import MAX_NAME, Table
from decnet_actors.store.identity_queries import AfterRow, IdentityQueries
from decnet_actors.store.paging import decode_cursor, encode_cursor

MAX_SIDES = 1000  # observations of a decision: the oldest of an identity


def bind_operations(
    table: Table,
    engine: AsyncEngine,
    *,
    record: Callable[[IdentityDecided], Awaitable[None]],
    new_id: Callable[[], str],
) -> None:
    """Bind the operations.

    Args:
        table: of the daemon.
        engine: of a migrated database.
        record: puts a decision into the journal and returns when it is durable.
        new_id: makes identifiers.

    """
    handlers = IdentityHandlers(IdentityQueries(engine), record, new_id)
    table.bind(ops.IDENTITY_LIST, handlers.identity_list)
    table.bind(ops.IDENTITY_SHOW, handlers.identity_show)
    table.bind(ops.IDENTITY_EVIDENCE, handlers.identity_evidence)
    table.bind(ops.IDENTITY_MERGE, handlers.identity_merge)
    table.bind(ops.IDENTITY_SPLIT, handlers.identity_split)
    table.bind(ops.CAMPAIGN_LIST, handlers.campaign_list)
    table.bind(ops.CAMPAIGN_SHOW, handlers.campaign_show)


class IdentityHandlers:
    """The handlers; ``bind_operations`` tells what the arguments are."""

    def __init__(
        self,
        queries: IdentityQueries,
        record: Callable[[IdentityDecided], Awaitable[None]],
        new_id: Callable[[], str],
    ) -> None:
        self._queries = queries
        self._record = record
        self._new_id = new_id

    async def identity_list(self, args: ops.IdentityListArgs, _caller: Caller) -> Page[ops.IdentityRow]:
        rows = await self._queries.identities(args, after=_after(args.cursor))
        return Page(items=rows, next=_next(rows, args.limit))

    async def identity_show(self, args: ops.IdentityArgs, _caller: Caller) -> ops.IdentityDetail:
        return await self._identity(args.id)

    async def identity_evidence(self, args: ops.IdentityEvidenceArgs, _caller: Caller) -> Page[ops.EvidenceRow]:
        found = await self._identity(args.id)
        after = None
        if args.cursor is not None:
            one, other = decode_cursor(args.cursor, str, str)
            after = (str(one), str(other))
        rows = await self._queries.evidence(found.id, limit=args.limit, after=after)
        full = len(rows) == args.limit
        return Page(items=rows, next=encode_cursor(rows[-1].one, rows[-1].other) if full else None)

    async def identity_merge(self, args: ops.IdentityMergeArgs, caller: Caller) -> ops.IdentityDecision:
        one, other = await self._identity(args.id), await self._identity(args.other)
        if one.id == other.id:
            raise OperatorError(
                CATALOGUE["DN5001"],
                f"/other: {escaped(args.other, MAX_NAME)} is the same identity already",
                fix=(f"decnetctl identity show {one.id}",),
                errors=("/other: is the same identity",),
            )
        ours, theirs = await self._members(one.id), await self._members(other.id)
        known = await self._queries.sides((*ours, *theirs))
        withdrawn = tuple(sorted(ident for ident, (together, _) in known.items() if not together))
        return await self._decide((ours + theirs,), withdrawn, args.reason, caller, together=True)

    async def identity_split(self, args: ops.IdentitySplitArgs, caller: Caller) -> ops.IdentityDecision:
        found = await self._identity(args.id)
        members = await self._members(found.id)
        away = tuple(ident for ident in members if ident in args.observation)
        rest = tuple(ident for ident in members if ident not in args.observation)
        foreign = sorted(set(args.observation) - set(members))
        if foreign or not away or not rest:
            problem = f"{escaped(foreign[0], MAX_NAME)} is none of it" if foreign else "some must go and some must stay"
            raise OperatorError(
                CATALOGUE["DN5001"],
                f"/observation: {problem}",
                fix=(f"decnetctl identity show {found.id}",),
                errors=(f"/observation: {problem}",),
            )
        known = await self._queries.sides(members)
        withdrawn = tuple(
            sorted(
                ident
                for ident, (together, sides) in known.items()
                if together and sides.keys() & set(away) and sides.keys() & set(rest)
            )
        )
        return await self._decide((away, rest), withdrawn, args.reason, caller, together=False)

    async def campaign_list(self, args: ops.CampaignListArgs, _caller: Caller) -> Page[ops.CampaignRow]:
        rows = await self._queries.campaigns(args, after=_after(args.cursor))
        return Page(items=rows, next=_next(rows, args.limit))

    async def campaign_show(self, args: ops.CampaignArgs, _caller: Caller) -> ops.CampaignDetail:
        found = await self._queries.campaign(args.id)
        if found is None:
            raise _missing("campaign", args.id)
        return found

    async def _identity(self, ident: str) -> ops.IdentityDetail:
        found = await self._queries.identity(ident)
        if found is None:
            raise _missing("identity", ident)
        return found

    async def _members(self, name: str) -> tuple[str, ...]:
        return tuple(item.id for item in await self._queries.members(name, MAX_SIDES))

    async def _decide(
        self,
        sides: tuple[tuple[str, ...], ...],
        withdrawn: tuple[str, ...],
        reason: str,
        caller: Caller,
        *,
        together: bool,
    ) -> ops.IdentityDecision:
        decision = self._new_id()
        await self._record(
            IdentityDecided(
                decision=decision,
                together=together,
                sides=sides,
                withdraws=withdrawn,
                author=escaped(caller.name, MAX_NAME),
                reason=escaped(reason, ops.MAX_REASON),
            )
        )
        return ops.IdentityDecision(decision=decision, observations=sum(map(len, sides)), withdrawn=withdrawn)


def _missing(what: str, ident: str) -> OperatorError:
    return OperatorError(
        CATALOGUE["DN3001"], f"there is no {what} {escaped(ident, MAX_NAME)}", fix=(f"decnetctl {what} list",)
    )


def _next(rows: Sequence[ops.IdentityRow] | Sequence[ops.CampaignRow], limit: int) -> str | None:
    return encode_cursor(repr(rows[-1].last_seen), rows[-1].id) if len(rows) == limit else None


def _after(cursor: str | None) -> AfterRow | None:
    if cursor is None:
        return None
    seen, ident = decode_cursor(cursor, str, str)
    try:
        moment = float(seen)
    except ValueError:
        moment = math.nan
    if not math.isfinite(moment):
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is not the next of a page", errors=("/cursor: unknown",))
    return moment, str(ident)
