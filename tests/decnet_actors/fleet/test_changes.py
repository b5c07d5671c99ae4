"""Differences tell all that is different between two fleets, and nothing of secrets."""

import pytest
from attrs import evolve
from hypothesis import given

from decnet_actors.contracts.fleet import Bait
from decnet_actors.fleet.changes import ABSENT, HIDDEN, differences, flat, shown, summary
from decnet_actors.fleet.document import Document, numbered
from decnet_actors.fleet.fleet_operations import Action, FieldChange
from decnet_actors.fleet.plan import expand
from decnet_actors.fleet.settings import DeckySettings
from tests.decnet_actors.fleet.fleets import INSTALLED, few_names

WEB = DeckySettings(name="web-01", services={"ssh": {"banner": "hi", "password": "hunter2"}, "http": {}})


def told(old, new):
    found = differences(numbered(old), numbered(new, numbered(old)))
    return shown(found, expand(new, INSTALLED), INSTALLED.is_secret)


def applied(old: Document, found) -> dict[str, dict[str, object]]:
    """Return the fields of every decky after the differences, by name."""
    fleet = {item.name: flat(item) for item in old.deckies}
    for one in found:
        if one.action is Action.REMOVED:
            del fleet[one.name]
            continue
        fields = fleet.setdefault(one.name, flat(DeckySettings(name=one.name)))
        for path, before, after in one.fields:
            assert fields.get(path, ABSENT) == before or path == "number"
            fields[path] = after
        fleet[one.name] = {path: value for path, value in fields.items() if value != ABSENT and path != "number"}
    return fleet


@pytest.mark.slow
@given(few_names, few_names)
def test_the_old_fleet_with_its_differences_is_the_new_one(old, new):
    before = numbered(old)
    after = numbered(new, before)

    assert {item.name: flat(item) for item in after.deckies} == applied(before, differences(before, after))


@pytest.mark.slow
@given(few_names)
def test_a_fleet_is_not_different_from_itself(fleet):
    document = numbered(fleet)

    assert differences(document, numbered(fleet, document)) == ()


@pytest.mark.slow
@given(few_names)
def test_another_order_is_a_difference_that_moves_deckies_only(fleet):
    before = numbered(fleet)
    found = differences(before, numbered(fleet[::-1], before))

    assert bool(found) == (len(fleet) > 1)
    assert {Action.MOVED} >= {one.action for one in found}


def test_fields_are_told_by_their_path_from_what_to_what():
    changed = evolve(WEB, distribution="debian:12", services={"ssh": {"banner": "ho"}, "redis": {"password": "x"}})
    ((change),) = told((WEB,), (changed,))

    assert (change.name, change.action, change.services) == ("web-01", "changed", ("redis", "ssh"))
    assert set(change.fields) == {
        FieldChange(field="distribution", old='""', new='"debian:12"'),
        FieldChange(field="services.http", old="present", new=""),
        FieldChange(field="services.redis", old="", new="present"),
        FieldChange(field="services.redis.password", old="", new=HIDDEN),
        FieldChange(field="services.ssh.banner", old='"hi"', new='"ho"'),
        FieldChange(field="services.ssh.password", old=HIDDEN, new=""),
    }


def test_a_secret_that_changes_is_a_change_without_the_secret():
    bait = Bait(user="deploy", secret="Winter2024", service="ssh")
    old = evolve(WEB, bait=(bait,))
    new = evolve(WEB, bait=(evolve(bait, secret="Summer2025"),))
    (change,) = told((old,), (new,))

    assert change.fields == (FieldChange(field="bait", old='["deploy@ssh"]', new='["deploy@ssh"]'),)


def test_an_option_nobody_knows_any_more_may_be_a_secret():
    assert INSTALLED.is_secret("gone", "port")
    assert INSTALLED.is_secret("ssh", "gone")
    assert not INSTALLED.is_secret("ssh", "banner")


def test_a_decky_that_gets_another_number_is_changed():
    old = Document(deckies=(WEB,), numbers={"web-01": 0})
    new = Document(deckies=(WEB,), numbers={"web-01": 4})

    assert [("number", 0, 4)] == list(differences(old, new)[0].fields)


def test_the_sum_counts_each_action():
    fleet = (WEB, evolve(WEB, name="b"))
    new = (evolve(WEB, stack="linux"), evolve(WEB, name="c"), evolve(WEB, name="d"))

    before, after = numbered(fleet), numbered(new, numbered(fleet))
    rests = evolve(before, paused=True)

    assert summary(before, after, differences(before, after)) == "2 created, 1 changed, 1 removed"
    assert summary(before, before, ()) == ""
    assert (summary(before, rests, ()), summary(rests, before, ())) == ("paused", "resumed")
