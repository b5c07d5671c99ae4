"""The graph: what comes out depends on what is in it, never on the order, and every union has its reasons."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decnet_actors.analysis.commodity import shipped
from decnet_actors.analysis.linker import Linker
from decnet_actors.analysis.links import HUB, Decision
from decnet_actors.analysis.observations import Observation, observation_id
from decnet_actors.analysis.reconcile import Names
from decnet_actors.analysis.similarity import ENOUGH, SameActor


def node(number: int, **features: Iterable[str]) -> Observation:
    client = next(iter(features.get("ssh", ())), "")
    source = f"192.0.2.{number}"
    return Observation(
        id=f"{number:032x}",
        source=source,
        client=f"ssh:{client}" if client else "",
        first=1000.0 + number,
        last=2000.0,
        features={kind: frozenset(values) for kind, values in features.items()},
    )


KINDS = ("payload", "c2", "ssh", "credential", "command.discovery", "address", "ssh_key")
VALUES = st.sets(st.sampled_from("abc"), min_size=1, max_size=2)
NODES = st.lists(
    st.tuples(st.integers(1, 12), st.dictionaries(st.sampled_from(KINDS), VALUES, max_size=4)),
    max_size=14,
    unique_by=lambda item: item[0],
).map(lambda items: [node(number, **features) for number, features in items])


def partition(linker: Linker[Observation]) -> set[frozenset[str]]:
    return set(linker.members.values())


def whole(nodes: Iterable[Observation], decisions: Iterable[Decision] = ()) -> Linker[Observation]:
    linker = Linker(SameActor())
    linker.update(nodes, decided=decisions)
    return linker


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(NODES, st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_nodes_and_their_repetition_change_nothing(nodes, rng, size) -> None:
    once = whole(nodes)
    again = Linker(SameActor())
    shuffled = [*nodes, *rng.sample(nodes, len(nodes) // 2)]
    rng.shuffle(shuffled)
    for start in range(0, len(shuffled), size):
        again.update(shuffled[start : start + size])

    assert partition(again) == partition(once)
    assert again.founder == once.founder
    assert again.edges == once.edges


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(NODES, NODES)
def test_taking_out_what_was_put_in_gives_back_what_there_was(nodes, more) -> None:
    before = whole(nodes)
    there = {one.id for one in nodes}
    new = [one for one in more if one.id not in there]
    after = whole(nodes)
    after.update(new)
    after.update(gone=[one.id for one in new])

    assert (partition(after), after.edges) == (partition(before), {k: v for k, v in before.edges.items() if v})


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(NODES)
def test_nobody_is_put_together_without_evidence(nodes) -> None:
    linker = whole(nodes)

    for members in linker.members.values():
        for ident in members:
            ties = [edge for edge in linker.edges.get(ident, {}).values() if {edge.one, edge.other} <= members]
            assert bool(ties) == (len(members) > 1)
            assert all(edge.reasons and edge.weight >= ENOUGH - 1e-6 for edge in ties)
            assert all(sum(reason.weight for reason in edge.reasons) >= ENOUGH - 1e-6 for edge in ties)


SIDES = st.lists(st.sets(st.integers(1, 12), min_size=1, max_size=2), min_size=2, max_size=2)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(NODES, SIDES, st.randoms(use_true_random=False))
def test_whom_operators_keep_apart_never_meets_and_may_meet_again(nodes, sides, rng) -> None:
    one, other = sides
    decision = Decision(
        "d",
        together=False,
        sides=(tuple(f"{n:032x}" for n in sorted(one)), tuple(f"{n:032x}" for n in sorted(other - one))),
    )
    linker = whole(nodes)
    free = partition(linker)
    linker.update(decided=[decision])
    for members in linker.members.values():
        assert not (members & set(decision.sides[0]) and members & set(decision.sides[1]))
    late = Linker(SameActor())
    late.update(decided=[decision])
    rest = list(nodes)
    rng.shuffle(rest)
    for item in rest:
        late.update([item])

    assert partition(late) == partition(linker)
    linker.update(withdrawn=["d"])
    assert partition(linker) == free


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(NODES, st.sets(st.integers(1, 12), min_size=2, max_size=4))
def test_whom_operators_put_together_stays_together_until_that_is_withdrawn(nodes, chosen) -> None:
    linker = whole(nodes)
    free = partition(linker)
    idents = tuple(f"{n:032x}" for n in sorted(chosen))
    linker.update(decided=[Decision("d", together=True, sides=(idents,))])
    here = {linker.founder[ident] for ident in idents if ident in linker.nodes}

    assert len(here) <= 1
    linker.update(withdrawn=["d"])
    assert partition(linker) == free


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(NODES, min_size=1, max_size=3))
def test_names_of_components_follow_from_them_and_a_loser_leads_to_its_winner(batches) -> None:
    linker, names = Linker(SameActor()), Names("identity")
    for batch in batches:
        names.reconcile(linker.update(batch))
    current = {names.name_of(founder) for founder in linker.members}

    assert {name for name, into in names.known.items() if not into} == current
    for name in names.known:
        seen = set()
        while names.known[name]:
            assert name not in seen
            seen.add(name)
            name = names.known[name]  # noqa: PLW2901  followed to its end
        assert name in current


def test_merging_forms_merges_and_unmerges() -> None:
    one, two = node(1, payload="a"), node(2, payload="b")
    bridge = node(3, payload="ab")
    linker, names = Linker(SameActor()), Names("identity")
    formed = names.reconcile(linker.update([one, two]))
    merged = names.reconcile(linker.update([bridge]))
    apart = names.reconcile(linker.update(gone=[bridge.id]))

    assert [item.nodes for item in formed.formed] == [(one.id,), (two.id,)] or len(formed.formed) == 2
    assert [(item.winner, item.loser) for item in merged.merged] == [(names.name_of(one.id), names.name_of(two.id))]
    assert [(item.id, item.former) for item in apart.unmerged] == [(names.name_of(two.id), names.name_of(one.id))]
    assert partition(linker) == {frozenset((one.id,)), frozenset((two.id,))}


def test_a_rare_client_with_rare_commands_is_one_and_a_common_one_is_not() -> None:
    few = [node(n, ssh=["rare"], **{"command.discovery": ["ls /opt/x"]}) for n in range(1, 4)]
    many = [node(n, ssh=["common"], **{"command.discovery": ["ls /opt/y"]}) for n in range(10, 10 + HUB + 1)]
    linker = whole([*few, *many])

    assert frozenset(one.id for one in few) in partition(linker)
    assert all(frozenset((one.id,)) in partition(linker) for one in many)


def test_a_payload_that_hundreds_share_makes_one_identity_with_few_edges() -> None:
    swarm = [node(n, payload=["loader"]) for n in range(1, 400)]
    linker = whole(swarm)

    assert partition(linker) == {frozenset(one.id for one in swarm)}
    assert sum(map(len, linker.edges.values())) == 2 * (len(swarm) - 1)


def test_an_id_of_an_observation_follows_from_what_it_is_of() -> None:
    assert observation_id("192.0.2.1", "ssh:a") != observation_id("192.0.2.1", "")
    assert observation_id("192.0.2.1", "ssh:a") == observation_id("192.0.2.1", "ssh:a")


def test_the_shipped_list_is_read_and_written_as_facts_are_compared() -> None:
    from decnet_actors.analysis.traces import normal

    known = shipped()
    assert ("root", b"root") in known.credentials
    assert "SSH-2.0-Go" in known.clients
    assert [line for line in known.commands if normal(line) != line] == []
