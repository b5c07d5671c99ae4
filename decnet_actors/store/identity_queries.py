"""This module answers questions about identities and campaigns."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.store import identity_operations as ops
from decnet_actors.store.tables import (
    campaign,
    campaign_edge,
    campaign_member,
    identity,
    identity_decision,
    identity_edge,
    observation,
)

MAX_MEMBERS = 500  # shown with an identity or a campaign
MAX_LINKS = 500
MAX_HOPS = 64  # from a merged one to the one it is now
AfterRow = tuple[float, str]
_reasons = msgspec.json.Decoder(tuple[tuple[str, float, str, float], ...]).decode


class IdentityQueries:
    """Reads identities and campaigns."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def identities(self, args: ops.IdentityListArgs, *, after: AfterRow | None) -> Sequence[ops.IdentityRow]:
        """Return the identities that stand for themselves, the last seen first."""
        query = _listed(identity, args.least, args.since, after).limit(args.limit)
        query = query.add_columns(campaign_member.c.campaign).outerjoin(
            campaign_member, campaign_member.c.identity == identity.c.id
        )
        if args.campaign is not None:
            query = query.where(campaign_member.c.campaign == args.campaign)
        if args.source is not None:
            seen = select(observation.c.identity).where(observation.c.source == args.source)
            query = query.where(identity.c.id.in_(seen))
        return [_identity(row) for row in await self._rows(query)]

    async def identity(self, ident: str) -> ops.IdentityDetail | None:
        """Return an identity, or the one it is part of now."""
        name = await self._canonical(identity, ident)
        query = select(identity, campaign_member.c.campaign).outerjoin(
            campaign_member, campaign_member.c.identity == identity.c.id
        )
        rows = await self._rows(query.where(identity.c.id == name))
        if not rows:
            return None
        row = _identity(rows[0])
        return ops.IdentityDetail(
            id=row.id,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            observations=row.observations,
            weakest=row.weakest,
            merged_into=row.merged_into,
            campaign=row.campaign,
            members=await self.members(name, MAX_MEMBERS),
            merged=await self._merged(identity, name),
            decisions=await self.decisions(name),
        )

    async def members(self, name: str, limit: int) -> tuple[ops.ObservationItem, ...]:
        """Return the observations of an identity, the oldest first."""
        of = observation.c
        query = select(of.id, of.source, of.client, of.first_seen, of.last_seen).where(of.identity == name)
        rows = await self._rows(query.order_by(of.first_seen, of.id).limit(limit))
        return tuple(
            ops.ObservationItem(
                id=row.id, source=row.source, client=row.client, first_seen=row.first_seen, last_seen=row.last_seen
            )
            for row in rows
        )

    async def decisions(self, name: str) -> tuple[ops.DecisionItem, ...]:
        """Return what operators decided about observations of an identity."""
        of = identity_decision.c
        query = (
            select(identity_decision)
            .join(observation, observation.c.id == of.observation)
            .where(observation.c.identity == name)
            .order_by(of.time, of.id, of.observation)
            .limit(MAX_LINKS)
        )
        found: dict[str, list[Row[*tuple[Any, ...]]]] = {}  # Any: columns of many types
        for row in await self._rows(query):
            found.setdefault(row.id, []).append(row)
        return tuple(
            ops.DecisionItem(
                id=ident,
                together=rows[0].together,
                time=rows[0].time,
                author=rows[0].author,
                reason=rows[0].reason,
                observations=tuple(row.observation for row in rows),
            )
            for ident, rows in found.items()
        )

    async def sides(self, observations: Sequence[str]) -> dict[str, tuple[bool, dict[str, int]]]:
        """Return the decisions about observations: whether they put together, and on which side each is."""
        of = identity_decision.c
        found: dict[str, tuple[bool, dict[str, int]]] = {}
        for row in await self._rows(select(identity_decision).where(of.observation.in_(observations))):
            found.setdefault(row.id, (row.together, {}))[1][row.observation] = row.side
        return found

    async def evidence(self, name: str, *, limit: int, after: tuple[str, str] | None) -> Sequence[ops.EvidenceRow]:
        """Return the edges between observations of an identity."""
        edge, one, other = identity_edge.c, observation.alias(), observation.alias()
        query = (
            select(identity_edge, one.c.source.label("one_source"), other.c.source.label("other_source"))
            .join(one, one.c.id == edge.one)
            .join(other, other.c.id == edge.other)
            .where(one.c.identity == name, other.c.identity == name)
            .order_by(edge.one, edge.other)
            .limit(limit)
        )
        if after is not None:
            query = query.where(or_(edge.one > after[0], and_(edge.one == after[0], edge.other > after[1])))
        return [
            ops.EvidenceRow(
                one=row.one,
                other=row.other,
                one_source=row.one_source,
                other_source=row.other_source,
                weight=row.weight,
                reasons=(reasons := _items(row.reasons)),
                why=", ".join(f"{item.family} {item.weight:.2f} ({item.value})" for item in reasons),
            )
            for row in await self._rows(query)
        ]

    async def campaigns(self, args: ops.CampaignListArgs, *, after: AfterRow | None) -> Sequence[ops.CampaignRow]:
        """Return the campaigns that stand for themselves, the last seen first."""
        rows = await self._rows(_listed(campaign, args.least, args.since, after).limit(args.limit))
        return [_campaign(row) for row in rows]

    async def campaign(self, ident: str) -> ops.CampaignDetail | None:
        """Return a campaign, or the one it is part of now."""
        name = await self._canonical(campaign, ident)
        rows = await self._rows(select(campaign).where(campaign.c.id == name))
        if not rows:
            return None
        member = campaign_member.c
        members = await self._rows(
            select(member.identity).where(member.campaign == name).order_by(member.identity).limit(MAX_MEMBERS)
        )
        row = _campaign(rows[0])
        return ops.CampaignDetail(
            id=row.id,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            identities=row.identities,
            weakest=row.weakest,
            merged_into=row.merged_into,
            members=tuple(found.identity for found in members),
            merged=await self._merged(campaign, name),
            links=await self._links(name),
        )

    async def _links(self, name: str) -> tuple[ops.LinkItem, ...]:
        edge, one, other = campaign_edge.c, campaign_member.alias(), campaign_member.alias()
        query = (
            select(campaign_edge)
            .join(one, one.c.identity == edge.one)
            .join(other, other.c.identity == edge.other)
            .where(one.c.campaign == name, other.c.campaign == name)
            .order_by(edge.one, edge.other)
            .limit(MAX_LINKS)
        )
        return tuple(
            ops.LinkItem(one=row.one, other=row.other, weight=row.weight, reasons=_items(row.reasons))
            for row in await self._rows(query)
        )

    async def _canonical(self, table: Table, ident: str) -> str:
        for _ in range(MAX_HOPS):
            rows = await self._rows(select(table.c.merged_into).where(table.c.id == ident))
            if not rows or not rows[0].merged_into:
                break
            ident = rows[0].merged_into
        return ident

    async def _merged(self, table: Table, name: str) -> tuple[str, ...]:
        query = select(table.c.id).where(table.c.merged_into == name).order_by(table.c.id).limit(MAX_MEMBERS)
        return tuple(row.id for row in await self._rows(query))

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[Row[*tuple[Any, ...]]]:  # Any: of many types
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).all()


def _listed(
    table: Table, least: int, since: float | None, after: AfterRow | None
) -> Select[*tuple[Any, ...]]:  # Any: columns of many types
    of = table.c
    query = select(table).where(of.merged_into == "", of.members >= max(least, 1))
    if since is not None:
        query = query.where(of.last_seen >= since)
    if after is not None:
        query = query.where(or_(of.last_seen < after[0], and_(of.last_seen == after[0], of.id > after[1])))
    return query.order_by(of.last_seen.desc(), of.id)


def _identity(row: Row[*tuple[Any, ...]]) -> ops.IdentityRow:  # Any: columns of many types
    return ops.IdentityRow(
        id=row.id,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        observations=row.members,
        weakest=row.weakest,
        merged_into=row.merged_into,
        campaign=row.campaign or "",
    )


def _campaign(row: Row[*tuple[Any, ...]]) -> ops.CampaignRow:  # Any: columns of many types
    return ops.CampaignRow(
        id=row.id,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        identities=row.members,
        weakest=row.weakest,
        merged_into=row.merged_into,
    )


def _items(reasons: bytes) -> tuple[ops.ReasonItem, ...]:
    found = sorted(_reasons(bytes(reasons)), key=lambda reason: -reason[1])
    return tuple(ops.ReasonItem(family=one, weight=two, value=three, rarity=four) for one, two, three, four in found)
