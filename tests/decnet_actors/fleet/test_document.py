"""A fleet's document is canonical, and tells everything of the fleet."""

import datetime as dt
import json

import pytest
from attrs import evolve
from hypothesis import given

from decnet_actors.fleet.document import EMPTY, Document, digest, fingerprint, from_json, normal, numbered, to_json
from decnet_actors.fleet.settings import DeckySettings
from supervisors.config import ConfigError
from tests.decnet_actors.fleet.fleets import fleets

WEB = DeckySettings(name="web-01", services=("ssh", "http"))
DB = DeckySettings(name="db-01", services={"redis": {"password": "x"}})


@pytest.mark.slow
@given(fleets)
def test_a_document_comes_back(fleet):
    document = numbered(fleet)

    assert document == from_json(to_json(document))
    assert to_json(document) == to_json(from_json(to_json(document)))


def test_what_has_its_default_is_left_out_and_services_are_sorted_tables():
    assert to_json(numbered((WEB,))) == '{"deckies":[{"number":0,"name":"web-01","services":{"http":{},"ssh":{}}}]}'


def test_the_same_fleet_written_otherwise_is_the_same_document():
    other = DeckySettings(name="web-01", services={"ssh": {}, "http": {}}, weak_credentials=2)

    assert to_json(numbered((WEB,))) == to_json(numbered((other,)))
    assert fingerprint((WEB,)) == fingerprint((other,))
    assert fingerprint((WEB, DB)) != fingerprint((DB, WEB))
    assert len(digest("")) == 64


def test_a_decky_keeps_its_number_and_a_new_one_gets_the_smallest_free():
    first = numbered((WEB, DB, evolve(WEB, name="c")))
    second = numbered((evolve(WEB, name="new"), evolve(WEB, name="c"), DB, evolve(WEB, name="newer")), first)

    assert {"web-01": 0, "db-01": 1, "c": 2} == first.numbers
    assert {"new": 0, "c": 2, "db-01": 1, "newer": 3} == second.numbers


def test_no_fleet_is_a_document_too():
    assert Document() == EMPTY == from_json(to_json(EMPTY))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), dt.date(2026, 1, 1), [dt.time(1)], {"x": float("nan")}, "\ud800"]
)
def test_a_value_that_cannot_be_kept_is_told_by_its_key(value):
    with pytest.raises(ConfigError) as caught:
        numbered((DeckySettings(name="a", services={"ssh": {"since": value}}),))

    assert caught.value.problems[0].key.startswith("decky.a.services.ssh.since")


def test_settings_that_are_not_valid_any_more_are_refused():
    text = json.dumps({"deckies": [{"number": 0, "name": "a", "services": {"ssh": {}}, "gone": 1}]})

    with pytest.raises(ConfigError, match="gone"):
        from_json(text)


def test_normal_settings_stay_as_they_are():
    assert normal(WEB) == normal(normal(WEB))
