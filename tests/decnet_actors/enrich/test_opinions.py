"""What providers say together, what is kept of it, and what is told."""

from itertools import permutations

import pytest
from attrs import evolve

from decnet_actors.contracts.intel import Known, Opinion
from decnet_actors.domain.findings import AttackerEnriched
from decnet_actors.domain.intel import Verdict, together
from decnet_actors.enrich.correspondent import Failure
from decnet_actors.enrich.opinions import Outcome, outcome

A, NOW, TTL, RETRY = "45.83.64.1", 1000.0, 86_400.0, 900.0
U, B, S, M = Verdict.UNKNOWN, Verdict.BENIGN, Verdict.SUSPICIOUS, Verdict.MALICIOUS
OLD = Known(
    address=A, provider="one", asked=1.0, answered=1.0, expires=2.0, wanted=1.0, verdict=M, fields={"score": 90}
)


def of(known: dict[str, Known], /, good_for: dict[str, float] | None = None, **replies) -> Outcome:
    return outcome(
        {A: known},
        {name: {A: reply} for name, reply in replies.items()},
        good_for=dict.fromkeys(("one", "two", "three"), TTL) if good_for is None else good_for,
        wanted={A: 990.0},
        now=NOW,
        retry=RETRY,
    )


def opinion(verdict: Verdict, **fields) -> Opinion:
    return Opinion(verdict=verdict, fields=fields)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [((), U), ((U,), U), ((U, B), B), ((B, S), S), ((U, B, S), S), ((S, M), M), ((U, B, M), M), ((B, S, M), M)],
)
def test_the_worst_outweighs_the_others_in_any_order(verdicts, expected):
    assert {expected} == {together(order) for order in permutations(verdicts)}


def test_two_providers_down_still_yield_a_verdict():
    down = Failure(reason="it took too long", again=0.0, asked=True)
    done = of({}, one=down, two=opinion(S), three=down)

    assert {A: (S, NOW)} == done.verdicts
    assert {"one": NOW + RETRY, "two": NOW + TTL, "three": NOW + RETRY} == {
        row.provider: row.expires for row in done.rows
    }
    (found,) = done.found
    finding = found.finding
    assert isinstance(finding, AttackerEnriched)
    assert (A, S, ["two"]) == (finding.address, finding.verdict, [one.provider for one in finding.opinions])
    assert NOW == found.time


def test_when_all_fail_nothing_is_told_and_they_are_asked_again_soon():
    done = of({}, one=Failure(reason="no", again=0.0, asked=True), two=Failure(reason="no", again=7200.0, asked=True))

    assert ((), {}) == (done.found, done.verdicts)
    assert [NOW + RETRY, NOW + 7200.0] == [row.expires for row in done.rows]
    assert [U, U] == [row.verdict for row in done.rows]


def test_an_older_opinion_stays_when_it_cannot_be_had_anew():
    (row,) = of({"one": OLD}, one=Failure(reason="no", again=0.0, asked=True)).rows

    assert evolve(OLD, asked=NOW, expires=NOW + RETRY, wanted=990.0, error="no") == row


def test_who_was_not_asked_is_not_counted_as_asked():
    (row,) = of({}, one=Failure(reason="it waits for its turn", again=60.0, asked=False)).rows

    assert (None, NOW + 60.0) == (row.asked, row.expires)


def test_the_same_opinion_again_is_kept_and_not_told():
    done = of({"one": OLD}, one=opinion(M, score=90))

    assert ((), {A: (M, NOW)}) == (done.found, done.verdicts)
    assert NOW == done.rows[0].answered
    assert 1 == len(of({"one": OLD}, one=opinion(M, score=91)).found)


def test_what_is_known_of_others_counts_and_what_left_providers_said_does_not():
    assert {A: (M, NOW)} == of({"one": OLD}, two=opinion(U)).verdicts
    assert {A: (U, NOW)} == of({"one": OLD}, good_for={"two": TTL}, two=opinion(U)).verdicts
