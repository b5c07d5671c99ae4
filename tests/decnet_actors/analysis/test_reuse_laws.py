"""Order, batches and repetition change nothing: the tables say what was tried, not how it came."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.reuse import Planted
from decnet_actors.domain.records import Record
from decnet_actors.store.engine import make_engine
from decnet_actors.store.migrations import migrate
from tests.decnet_actors.store.reusing import clear, contents, follow
from tests.decnet_actors.store.samples import login, record

BAITS = (
    Planted(decky="web-01", user="root", secret=b"Kx7!vQ2z", since=0.0),
    Planted(decky="db-01", user="root", secret=b"Kx7!vQ2z", since=1_800_000_010.0),
)


def attempt(number: int, user: str | None, secret: bytes, source: int, decky: str, accepted: bool) -> Record:
    return record(number, login(user, secret, accepted=accepted), source=f"203.0.113.{source}", decky=decky)


attempts = st.builds(
    attempt,
    st.integers(0, 40),
    st.sampled_from(["root", "admin", None]),
    st.sampled_from([b"Kx7!vQ2z", b"zz9 Plural", b"admin", b"\xff\x00"]),
    st.integers(1, 4),
    st.sampled_from(["web-01", "db-01", "cam-07"]),
    st.booleans(),
)
# an id is that of one event, however often the event comes
corpora = st.lists(attempts, min_size=1, max_size=25, unique_by=lambda one: one.id)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with asyncio.Runner() as runner:
        engine: AsyncEngine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('laws')}/decnet.db")
        runner.run(migrate(engine))

        async def rows(batches: Sequence[Sequence[Record]]) -> dict[str, list[tuple[object, ...]]]:
            await clear(engine)
            await follow(engine, batches, BAITS)
            return await contents(engine)

        yield lambda batches: runner.run(rows(batches))
        runner.run(engine.dispose())


@pytest.mark.slow
@given(corpora, st.data())
@settings(max_examples=25, deadline=None)
def test_order_batches_and_repetition_change_nothing(run: Any, corpus: list[Record], data: st.DataObject) -> None:
    expected = run([corpus])
    again = data.draw(st.lists(st.sampled_from(corpus), max_size=10))
    shuffled = data.draw(st.permutations([*corpus, *again]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(shuffled)), max_size=6)))
    batches = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]

    assert expected == run([batch for batch in batches if batch])


@pytest.mark.slow
@given(corpora)
@settings(max_examples=25, deadline=None)
def test_the_counts_are_those_of_the_rows(run: Any, corpus: list[Record]) -> None:
    rows = run([corpus[:7], corpus[7:]] if len(corpus) > 7 else [corpus])
    kept = [one for one in corpus if one.fact.secret != b"admin"]  # type: ignore[attr-defined]  # all are attempts

    assert len(kept) == len(rows["reuse_attempt"])
    for digest, _, _, _, attempted, accepted, sources, targets, first, last in rows["reuse_secret"]:
        by = [row for row in rows["reuse_source"] if row[0] == digest]
        at = [row for row in rows["reuse_target"] if row[0] == digest]
        assert (sources, targets) == (len(by), len(at))
        assert attempted == sum(row[2] for row in by) == sum(row[3] for row in at)
        assert accepted == sum(row[3] for row in by) == sum(row[4] for row in at)
        assert (first, last) == (min(row[4] for row in by), max(row[6] for row in at))
    for address, secrets, _ in rows["reuse_guesser"]:
        assert secrets == sum(row[1] == address for row in rows["reuse_source"])
