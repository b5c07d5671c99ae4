import random

import pytest

from decnet_actors.machine import generate, with_people
from decnet_actors.machine.names import CARDS
from decnet_actors.machine.persona import full_point, zone_letters
from decnet_actors.machine.releases import RELEASES, find

NOW = 1_795_275_767.0
MANY = [generate(seed, "web01", "10.0.0.5", NOW) for seed in range(200)]


def test_the_same_seed_and_name_give_the_same_machine():
    assert generate(5, "db", "10.0.0.9", NOW) == generate(5, "db", "10.0.0.9", NOW)


def test_who_is_laid_out_as_bait_lives_on_the_machine():
    before = generate(5, "db", "10.0.0.9", NOW)
    after = with_people(before, ["deploy", "root", "deploy", "no such name", "Backup"])
    [added] = after.accounts[len(before.accounts) :]

    assert before.accounts == after.accounts[:-1]
    assert ("deploy", "/home/deploy", "/bin/bash") == (added.name, added.home, added.shell)
    assert added.uid == added.gid == 1 + max(a.uid for a in before.accounts if a.uid != 65_534)


def test_two_deckies_of_one_installation_differ():
    one, two = (generate(5, name, "10.0.0.9", NOW) for name in ("db", "web"))

    assert one.mac != two.mac
    assert one.seed != two.seed
    assert one.organisation == two.organisation


def test_no_two_installations_share_what_identifies_a_machine():
    assert len({p.mac for p in MANY}) == 200
    assert len({p.booted_at for p in MANY}) == 200
    assert len({p.installed_at for p in MANY}) == 200
    assert len({p.hostname for p in MANY}) > 120
    assert len({p.domain for p in MANY}) > 150
    assert len({p.accounts for p in MANY}) > 150


@pytest.mark.parametrize("persona", MANY[:60], ids=lambda p: p.hostname)
def test_a_persona_fits_together(persona):
    release = find(persona.distribution, persona.release)
    level = next(level for level in release.levels if level.kernel == persona.kernel)

    assert level.build == persona.kernel_build
    assert level.ssh == persona.packages["openssh-server"]
    assert release.codename == persona.codename
    assert persona.release in persona.pretty_name
    assert release.released <= persona.installed_at < persona.booted_at < NOW
    assert level.date < persona.booted_at
    assert full_point(persona).startswith(persona.release.partition(".")[0])
    assert zone_letters(persona)
    assert persona.mac[:8] in {prefix for prefix, _, _ in CARDS}
    assert persona.memory_kib % 4 == 0
    names = [account.name for account in persona.accounts]
    uids = [account.uid for account in persona.accounts]
    assert len(names) == len(set(names))
    assert len(uids) == len(set(uids))
    assert persona.people


@pytest.mark.parametrize("row", RELEASES, ids=lambda row: f"{row.distribution}:{row.release}")
def test_a_release_can_be_asked_for(row):
    persona = generate(1, "x", "10.0.0.1", NOW, distribution=f"{row.distribution}:{row.release}")

    assert (row.distribution, row.release) == (persona.distribution, persona.release)


@pytest.mark.parametrize("row", [row for row in RELEASES if row.board], ids=lambda row: row.name)
def test_a_device_is_its_board(row):
    persona = generate(3, "cam", "10.0.0.1", NOW, distribution=row.name)

    assert persona.embedded
    assert (row.board.architecture, row.board.machine) == (persona.architecture, persona.machine)
    assert ("busybox", "uclibc", "") == (persona.userland, persona.libc, persona.package_manager)
    assert persona.mac[:8] in row.board.cards
    assert persona.accounts[0].shell == "/bin/sh"


def test_an_unknown_distribution_is_refused():
    with pytest.raises(ValueError, match="plan9"):
        generate(1, "x", "10.0.0.1", NOW, distribution="plan9")


def test_an_early_clock_gets_an_old_release():
    rng = random.Random(1)
    for _ in range(50):
        now = 1_600_000_000.0 + rng.random() * 1.5e8
        persona = generate(rng.getrandbits(32), "x", "10.0.0.1", now)

        assert persona.installed_at < persona.booted_at < now
