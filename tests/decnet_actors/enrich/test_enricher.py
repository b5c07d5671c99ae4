"""Addresses that come are asked about once, kept with how far was read, and asked about again when that makes sense."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.app.intel import correspondents
from decnet_actors.contracts.intel import Known
from decnet_actors.contracts.intel_operations import ProviderState
from decnet_actors.domain.findings import AttackerEnriched
from decnet_actors.domain.intel import Verdict
from decnet_actors.enrich.correspondent import Correspondent
from decnet_actors.enrich.enricher import Enricher, Refresh
from decnet_actors.enrich.settings import DAY, IntelSettings
from decnet_actors.store.intel import IntelTable
from decnet_actors.store.ledger import JournalLedger
from decnet_actors.store.reader import Reader
from supervisors.plugin import PluginRegistry
from supervisors.testing import ManualClock, launch
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import login, record
from tests.intel import NOBODY, SCANNER, SERVER, Stubs

WITHIN = 10.0
pytestmark = pytest.mark.slow  # a journal, a database and stand-ins over sockets each


class World:
    """A journal, the providers' stand-ins, and one enricher at a time."""

    def __init__(self, engine: AsyncEngine, stubs: Stubs, **settings) -> None:
        self.clock = ManualClock()
        self.journal = Harness(engine)
        options: dict[str, Any] = {**stubs.options, **settings.pop("options", {})}
        self.settings = IntelSettings(enabled=True, options=options, **settings)
        self.store = IntelTable(engine)
        self.ours: set[str] = set()
        self.asks: Sequence[Correspondent] = ()
        self._numbers = itertools.count(1)
        self.new_process()

    def new_process(self) -> None:
        self.asks = correspondents(self.settings, PluginRegistry("decnet.plugins"), self.clock)

    async def start(self) -> None:
        if self.journal.journal is None:
            await self.journal.start()
        ledger = JournalLedger(
            self.journal.engine, self.journal.intake, host="local", new_id=lambda: f"e{next(self._numbers):031x}"
        )
        reader = Reader(self.journal.engine, self.journal.subscribe)
        self.enricher = Enricher(self.settings, self.asks, self.store, ledger, reader, lambda: self.ours)
        self.ref = launch(self.enricher, "enrich", clock=self.clock)
        await self.enricher.started

    async def kill(self) -> None:
        ended = asyncio.Event()
        self.enricher.add_exit_callback(lambda _reason: ended.set())
        self.enricher.kill()
        await ended.wait()

    async def come(self, *addresses: str) -> None:
        """Have attackers come from these addresses."""
        for address in addresses:
            await self.journal.keep(record(next(self._numbers), login("root", b"x"), source=address))

    async def known(self, address: str, count: int) -> Mapping[str, Known]:
        """Return what is known of an address once so many providers have been asked."""
        async with asyncio.timeout(WITHIN):
            while len(rows := (await self.store.known([address]))[address]) < count:
                await asyncio.sleep(0)
        return rows

    async def refresh(self, address: str) -> None:
        await self.ref.ask(Refresh(address=address), within=WITHIN)

    def told(self) -> list[AttackerEnriched]:
        facts = [entry.record.fact for entry in self.journal.published]
        return [fact for fact in facts if isinstance(fact, AttackerEnriched)]

    def state(self, provider: str) -> ProviderState:
        return next(one.status(enabled=True).state for one in self.asks if one.name == provider)


@pytest.fixture
async def make(engine: AsyncEngine, stubs: Stubs) -> AsyncIterator[Any]:
    made: list[World] = []

    async def world(**settings) -> World:
        settings.setdefault("providers", ("greynoise", "feodo"))
        made.append(World(engine, stubs, **settings))
        await made[-1].start()
        return made[-1]

    yield world
    for one in made:
        await one.kill()
        await one.journal.aclose()


async def test_who_comes_is_asked_about_once_and_told_with_all_that_is_known(make, stubs: Stubs):
    world = await make()
    await world.refresh(NOBODY)  # it follows the journal from now on
    await world.come(SERVER, SCANNER, SCANNER, SERVER)
    await world.known(SERVER, 2)
    rows = await world.known(SCANNER, 2)
    await world.refresh(NOBODY)

    assert (Verdict.MALICIOUS, Verdict.UNKNOWN) == (rows["greynoise"].verdict, rows["feodo"].verdict)
    assert 1 == stubs.asked.count(("greynoise", SCANNER)) == stubs.count("feodo")
    told = {fact.address: fact for fact in world.told()}
    assert {SERVER, SCANNER, NOBODY} == set(told)
    assert (Verdict.MALICIOUS, ("feodo", "greynoise")) == (
        told[SERVER].verdict,
        tuple(one.provider for one in told[SERVER].opinions),
    )
    assert "family=QakBot" in told[SERVER].opinions[0].labels


async def test_private_addresses_and_those_of_deckies_are_never_asked_about(make, stubs: Stubs):
    world = await make(providers=("greynoise",))
    await world.refresh(NOBODY)
    world.ours.add(SERVER)
    await world.come("10.1.2.3", "127.0.0.1", "192.0.2.1", "fd00::1", SERVER, SCANNER)
    await world.known(SCANNER, 1)

    assert {NOBODY, SCANNER} == {address for _, address in stubs.asked}


async def test_an_old_opinion_is_renewed_when_the_address_comes_again(make, stubs: Stubs):
    world = await make(providers=("greynoise",))
    await world.refresh(SCANNER)
    await world.come(SCANNER)
    world.clock.advance(DAY + 1)
    await world.come(SCANNER)
    async with asyncio.timeout(WITHIN):
        while stubs.count("greynoise") < 2:
            await asyncio.sleep(0)

    assert 2 == stubs.count("greynoise")
    await world.refresh(NOBODY)
    assert 1 == sum(fact.address == SCANNER for fact in world.told()), "it said the same again"


async def test_a_provider_that_is_down_is_asked_again_though_nobody_comes(make, stubs: Stubs):
    stubs.fate["greynoise"] = 500
    world = await make(providers=("greynoise",), retry=0.001)
    await world.refresh(SCANNER)
    rows = await world.known(SCANNER, 1)
    assert ("it answers with status 500", None) == (rows["greynoise"].error, rows["greynoise"].answered)
    assert [] == world.told()
    del stubs.fate["greynoise"]
    world.clock.advance(1.0)
    async with asyncio.timeout(WITHIN):
        while (await world.store.known([SCANNER]))[SCANNER]["greynoise"].error:
            await asyncio.sleep(0)

    assert [SCANNER] == [fact.address for fact in world.told()]


async def test_what_waits_is_found_again_after_a_restart(make, stubs: Stubs):
    stubs.fate["greynoise"] = 500
    world = await make(providers=("greynoise",))
    await world.refresh(SCANNER)
    await world.kill()
    del stubs.fate["greynoise"]
    world.clock.advance(1000.0)
    world.new_process()
    await world.start()
    async with asyncio.timeout(WITHIN):
        while not (await world.store.known([SCANNER]))[SCANNER]["greynoise"].answered:
            await asyncio.sleep(0)

    assert 2 == stubs.count("greynoise")


async def test_who_came_while_it_was_down_is_asked_about_and_nobody_twice(make, stubs: Stubs):
    world = await make(providers=("greynoise",))
    await world.refresh(NOBODY)
    await world.come(SCANNER)
    await world.known(SCANNER, 1)
    await world.kill()
    await world.come(SCANNER, SERVER)
    world.new_process()
    await world.start()
    await world.known(SERVER, 1)
    await world.refresh(NOBODY)

    assert (1, 1) == (stubs.asked.count(("greynoise", SCANNER)), stubs.asked.count(("greynoise", SERVER)))
    assert 1 == sum(fact.address == SCANNER for fact in world.told())


async def test_a_kill_in_the_middle_of_a_request_loses_nobody(make, stubs: Stubs):
    stubs.fate["greynoise"] = "slow"
    world = await make(providers=("greynoise",))
    async with asyncio.timeout(WITHIN):
        while await world.store.position() is None:
            await asyncio.sleep(0)
    await world.come(SCANNER)
    async with asyncio.timeout(WITHIN):
        while not stubs.asked:
            await asyncio.sleep(0)
    await world.kill()
    del stubs.fate["greynoise"]
    stubs.released.set()
    await world.start()
    rows = await world.known(SCANNER, 1)

    assert Verdict.MALICIOUS is rows["greynoise"].verdict


async def test_a_provider_that_fails_is_left_alone_and_tried_again_after_the_pause(make, stubs: Stubs):
    stubs.fate["greynoise"] = 500
    world = await make(providers=("greynoise",))
    for address in (SCANNER, SERVER, NOBODY, "9.9.9.11", "9.9.9.12"):
        await world.refresh(address)

    assert (3, ProviderState.PAUSED) == (stubs.count("greynoise"), world.state("greynoise"))
    del stubs.fate["greynoise"]
    world.clock.advance(61.0)
    assert ProviderState.TRYING is world.state("greynoise")
    await world.refresh(SCANNER)
    assert ProviderState.READY is world.state("greynoise")


async def test_who_was_asked_too_often_is_left_alone_as_long_as_it_says(make, stubs: Stubs):
    stubs.fate["greynoise"] = 429
    world = await make(providers=("greynoise",))
    await world.refresh(SCANNER)
    world.clock.advance(7000.0)
    await world.refresh(SCANNER)

    assert (1, ProviderState.PAUSED) == (stubs.count("greynoise"), world.state("greynoise"))


async def test_no_more_is_asked_than_the_budget_allows_not_after_a_restart_either(make, stubs: Stubs):
    world = await make(
        providers=("greynoise",), options={"greynoise": {**stubs.options["greynoise"], "per_day": 4, "interval": 0}}
    )
    for address in (SCANNER, SERVER, NOBODY):
        await world.refresh(address)
    assert (2, ProviderState.SPENT) == (stubs.count("greynoise"), world.state("greynoise"))
    waiting = (await world.store.known([NOBODY]))[NOBODY]["greynoise"]
    assert (None, "it waits for its turn") == (waiting.asked, waiting.error)
    await world.kill()
    world.new_process()
    await world.start()
    await world.refresh(NOBODY)

    assert 2 == stubs.count("greynoise")


@pytest.mark.parametrize("fate", ["redirect", "huge", "garbage"])
async def test_hostile_answers_are_failures_and_the_others_go_on(make, stubs: Stubs, fate: str):
    stubs.fate["greynoise"] = fate
    world = await make()
    await world.refresh(SERVER)
    rows = await world.known(SERVER, 2)

    assert (True, False) == (bool(rows["greynoise"].error), bool(rows["feodo"].error))
    assert [(SERVER, Verdict.MALICIOUS)] == [(fact.address, fact.verdict) for fact in world.told()]


async def test_a_list_that_cannot_be_had_anew_is_used_for_a_day(make, stubs: Stubs):
    world = await make(providers=("feodo",))
    await world.refresh(SERVER)
    stubs.fate["feodo"] = "garbage"
    world.clock.advance(4000.0)
    await world.refresh(SERVER)
    assert (2, "") == (stubs.count("feodo"), (await world.known(SERVER, 1))["feodo"].error)
    world.clock.advance(DAY)
    await world.refresh(SERVER)

    row = (await world.known(SERVER, 1))["feodo"]
    assert (3, True, Verdict.MALICIOUS) == (stubs.count("feodo"), bool(row.error), row.verdict)
