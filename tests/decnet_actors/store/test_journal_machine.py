"""The journal against the dumbest possible model: a list."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from decnet_actors.domain.records import Record
from decnet_actors.store.engine import make_engine
from decnet_actors.store.migrations import migrate
from decnet_actors.store.reader import Reader
from supervisors.testing import settle
from tests.decnet_actors.store.journals import Harness
from tests.decnet_actors.store.samples import login, record


class JournalMachine(RuleBasedStateMachine):
    """Observers put, wait, and are cut off; the journal actor and the whole process die at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.engine = make_engine(f"sqlite:///{self.folder}/decnet.db")
        self.sent: list[Record] = []  # everything put in this process and, before it, everything that was stored
        self.durable = 0  # of those, how many somebody was told to be durable
        self.runner.run(self.begin())

    async def begin(self) -> None:
        await migrate(self.engine)
        self.harness = Harness(self.engine)
        self.base = 0  # records of earlier processes
        await self.harness.start()

    @rule(steps=st.integers(0, 6), credential=st.booleans())
    def put(self, steps: int, credential: bool) -> None:
        item = record(len(self.sent), login() if credential else None)
        self.sent.append(item)
        self.harness.writer.put(item)
        self.runner.run(settle(steps))

    @rule()
    def wait(self) -> None:
        if len(self.sent) > self.base:
            self.runner.run(self.harness.writer.durable(len(self.sent) - self.base))
            self.durable = len(self.sent)

    @rule(steps=st.integers(0, 20))
    def kill_the_journal(self, steps: int) -> None:
        async def kill() -> None:
            self.harness.intake.hurry()
            await settle(steps)
            await self.harness.kill()
            await self.harness.start()

        self.runner.run(kill())

    @rule()
    def stop_the_journal(self) -> None:
        async def stop() -> None:
            await self.harness.stop()
            await self.harness.start()

        self.runner.run(stop())
        self.durable = len(self.sent)

    @rule(steps=st.integers(0, 20))
    def kill_the_process(self, steps: int) -> None:
        """Lose what was only in memory: nothing of it was durable for anybody."""

        async def kill() -> list[str]:
            self.harness.intake.hurry()
            await settle(steps)
            await self.harness.kill()
            self.harness.new_process()
            await self.harness.start()
            return [ident for *_, ident in await self.harness.stored()]

        stored = self.runner.run(kill())
        assert self.durable <= len(stored)
        assert stored == [item.id for item in self.sent[: len(stored)]]
        del self.sent[len(stored) :]
        self.base = self.durable = len(stored)

    @invariant()
    def what_is_stored_is_a_prefix_of_what_was_sent(self) -> None:
        rows = self.runner.run(self.harness.stored())
        assert [seq for seq, *_ in rows] == list(range(1, len(rows) + 1))
        assert [ident for *_, ident in rows] == [item.id for item in self.sent[: len(rows)]]
        assert len(rows) >= self.durable

    @invariant()
    def replay_equals_live(self) -> None:
        live = {entry.seq: entry.record for entry in self.harness.published}
        replayed = self.runner.run(Reader(self.engine).read(after=0, limit=10_000))
        for entry in replayed:
            assert live.get(entry.seq, entry.record) == entry.record

    def teardown(self) -> None:
        async def end() -> None:
            await self.harness.stop()
            live = {entry.seq: entry.record for entry in self.harness.published}
            replayed = await Reader(self.engine).read(after=0, limit=10_000)
            assert [entry.record for entry in replayed] == self.sent
            # Whatever the last process committed it also published.
            assert all(live.get(entry.seq) == entry.record for entry in replayed[self.base :])
            await self.engine.dispose()

        self.runner.run(end())
        self.runner.close()
        shutil.rmtree(self.folder)


TestJournal = pytest.mark.slow(JournalMachine.TestCase)
TestJournal.settings = settings(
    max_examples=settings().max_examples // 4,  # each example has a database of its own
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
