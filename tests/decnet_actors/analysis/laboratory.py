"""This module lets the analyses of identities and campaigns follow a real journal on SQLite, for tests."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.analysis.campaign_study import CampaignStudy
from decnet_actors.analysis.identities import IdentityStudy
from decnet_actors.contracts.analysis import Findings, Study
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.findings import Finding
from decnet_actors.domain.records import Record
from decnet_actors.store import tables
from decnet_actors.store.identity_tables import CampaignTables, IdentityTables
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.reader import Reader
from tests.corpus import Corpus
from tests.decnet_actors.store.journals import Harness

Labels = dict[str, str]


class Laboratory:
    """A journal with both analyses, which follow it when they are told to."""

    def __init__(self, engine: AsyncEngine, harness: Harness, asns: Mapping[str, str]) -> None:
        numbers = itertools.count(1)
        self.engine = engine
        self.harness = harness
        self.reader = Reader(engine)
        self.ledger = JournalLedger(engine, harness.intake, host="manager", new_id=lambda: f"f{next(numbers):031x}")
        self.asns = asns
        self.restart()

    def restart(self) -> None:
        """Forget what the analyses have in memory."""
        self.identities = IdentityStudy(IdentityTables(self.engine), lambda address: self.asns.get(address, ""))
        self.campaigns = CampaignStudy(CampaignTables(self.engine))

    async def record(self, records: Sequence[Record]) -> None:
        number = 0
        for start in range(0, len(records), 1000):
            for item in records[start : start + 1000]:
                number = self.harness.writer.put(item)
            await self.harness.writer.durable(number)

    async def decide(self, fact: Fact) -> None:
        last = Record(id="d" * 32, time=1.9e9, host="manager", decky="", service="", fact=fact)
        await self.record([last])

    async def follow(self, page: int = 1000) -> None:
        """Let both read to the end."""
        for study in (self.identities, self.campaigns, self.identities):
            while await self.step(study, page):
                pass

    async def step(self, study: Study, page: int) -> bool:
        """Let one read a page and keep what it finds; whether there was anything."""
        position = await self.ledger.position(study.name)
        entries = await self.reader.read(after=position, limit=page)
        if not entries:
            return False
        findings: Findings = await study.study(entries)
        await self.ledger.keep(study.name, findings, before=position, seq=entries[-1].seq)
        return any(not isinstance(entry.record.fact, Finding) for entry in entries) or study is self.campaigns

    async def labels(self) -> tuple[Labels, Labels]:
        """Return the identity and the campaign of each observation; one that has none stands for itself."""
        seen, member = tables.observation, tables.campaign_member
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(seen.c.id, seen.c.identity))).all()
            campaigns = dict(
                tuple(row) for row in await connection.execute(select(member.c.identity, member.c.campaign))
            )
        identities = {row.id: row.identity or row.id for row in rows}
        return identities, {ident: campaigns.get(name, ident) for ident, name in identities.items()}

    async def told(self) -> list[Finding]:
        """Return every finding, in order."""
        entries = await self.reader.read(after=0, limit=1_000_000)
        return [entry.record.fact for entry in entries if isinstance(entry.record.fact, Finding)]

    async def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows of the tables that say what is, not what was."""
        names = ("trace", "observation", "identity_edge", "identity_decision", "campaign_edge")
        found: dict[str, list[tuple[object, ...]]] = {}
        async with self.engine.connect() as connection:
            for name in names:
                table = tables.metadata.tables[name]
                columns = [column for column in table.c if column.name != "state"]
                rows = await connection.execute(select(*columns).order_by(*table.primary_key.columns))
                found[name] = [tuple(row) for row in rows]
            for group in (tables.identity, tables.campaign):
                query = select(group).where(group.c.members > 0).order_by(group.c.id)
                found[group.name] = [tuple(row) for row in await connection.execute(query)]
        return found


@asynccontextmanager
async def laboratory(engine: AsyncEngine, asns: Mapping[str, str] | None = None) -> AsyncIterator[Laboratory]:
    """Yield one on an empty database."""
    harness = Harness(engine)
    await harness.start()
    try:
        yield Laboratory(engine, harness, asns or {})
    finally:
        await harness.aclose()


async def labelled(engine: AsyncEngine, corpus: Corpus, page: int = 1000) -> tuple[Labels, Labels]:
    """Return what both analyses make of a corpus."""
    async with laboratory(engine, corpus.asns) as bench:
        await bench.record(corpus.records)
        await bench.follow(page)
        identities, campaigns = await bench.labels()
    alone = {ident: ident for ident in corpus.truth.identity}
    return alone | identities, alone | campaigns
