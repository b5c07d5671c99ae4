"""A mutation gives a decky other services that its machine could have."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.fleet.archetypes import ARCHETYPES
from decnet_actors.fleet.mutation import LARGEST, PLAUSIBLE, choose, family, plausible

EVERYTHING = sorted(frozenset().union(*PLAUSIBLE.values()))
stacks = st.sampled_from(("", "linux", "windows-10", "windows-server-2019", "freebsd", "cisco-ios", "embedded", "odd"))
ports = st.dictionaries(st.sampled_from(EVERYTHING), st.integers(1, 40))


@given(stacks, ports, st.sets(st.sampled_from(EVERYTHING)), st.integers())
def test_a_new_set_is_neither_the_old_one_nor_implausible(stack, ports, old, seed):
    chosen = choose(old, stack=stack, ports=ports, rng=random.Random(seed))
    if chosen is None:
        possible = plausible(stack, ports)
        assert not possible or ({ports[name] for name in possible} == {ports[possible[0]]} and len(possible) == 1)
        return

    assert 1 <= len(chosen) <= LARGEST
    assert set(chosen) != old
    assert set(chosen) <= PLAUSIBLE[family(stack)] & set(ports)
    assert len({ports[name] for name in chosen}) == len(chosen)


def test_a_windows_machine_gets_no_linux_daemon():
    ports = {"ssh": 22, "redis": 6379, "telnet": 23, "http": 80, "smb": 445}

    assert plausible("windows-10", ports) == ("http", "smb")


def test_there_may_be_no_other_set():
    assert choose({"ssh"}, stack="linux", ports={"ssh": 22}, rng=random.Random(1)) is None
    assert choose((), stack="odd", ports={"ssh": 22}, rng=random.Random(1)) is None


def test_chance_decides_and_the_same_chance_decides_the_same():
    ports = {"ssh": 22, "redis": 6379, "telnet": 23, "http": 80}
    chosen = {choose({"ssh"}, stack="", ports=ports, rng=random.Random(seed)) for seed in range(50)}

    assert len(chosen) > 5
    assert choose({"ssh"}, stack="", ports=ports, rng=random.Random(7)) == choose(
        {"ssh"}, stack="", ports=ports, rng=random.Random(7)
    )


@pytest.mark.parametrize("archetype", ARCHETYPES.values(), ids=ARCHETYPES)
def test_what_an_archetype_serves_is_plausible_for_its_stack(archetype):
    assert set(archetype.services) == set(plausible(archetype.stack, archetype.services))
    assert archetype.summary.endswith(".")
    assert set(archetype.installed({"ssh"})) | set(archetype.missing({"ssh"})) == set(archetype.services)


def test_every_archetype_knows_which_systems_it_can_be():
    assert len(ARCHETYPES) == 18
    assert all(one.distributions for one in ARCHETYPES.values())
