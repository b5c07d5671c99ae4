"""Each command makes of the fleet there is the one that is asked for, and touches nothing else."""

import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.fleet import edits
from decnet_actors.fleet.decky_operations import DeckyCreateArgs, DeckyEditArgs, DeckyOptionsArgs, DeckyServiceArgs
from decnet_actors.fleet.settings import DeckySettings
from tests.decnet_actors.fleet.fleets import INSTALLED

WEB = DeckySettings(name="web-01", services={"ssh": {"port": 2022}, "http": {}}, address="127.0.0.9", mac="")
DB = DeckySettings(name="db-01", archetype="database-server")
FLEET = (WEB, DB)


def refused(code, work, *args):
    with pytest.raises(OperatorError) as caught:
        work(*args)
    assert caught.value.kind.code == code
    return caught.value


def test_a_new_decky_stands_at_the_end():
    made = edits.created(FLEET, DeckyCreateArgs(name="x", services=("ssh",), weak_credentials=0))

    assert (*FLEET, DeckySettings(name="x", services={"ssh": {}}, weak_credentials=0)) == made
    assert edits.created((), DeckyCreateArgs(name="x", archetype="deaddeck"))[0].services == {}
    refused("DN4009", edits.created, FLEET, DeckyCreateArgs(name="db-01"))


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [({"name": "Web"}, "/name"), ({"address": "127.0.0.256"}, "/address"), ({"weak_credentials": 11}, "/")],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(bad, pointer):
    error = refused("DN5001", edits.created, FLEET, DeckyCreateArgs(**({"name": "x"} | bad)))

    assert error.errors[0].startswith(f"{pointer}")


def test_an_edit_changes_what_it_says_and_keeps_the_options_of_services_that_stay():
    edited, other = edits.edited(FLEET, DeckyEditArgs(name="web-01", services=("ssh", "redis"), address=""))

    assert (edited.services, edited.address) == ({"ssh": {"port": 2022}, "redis": {}}, "")
    assert other is DB
    assert "did you mean" in refused("DN2001", edits.edited, FLEET, DeckyEditArgs(name="web-1")).detail


def test_a_decky_goes_stops_and_starts():
    assert edits.without(FLEET, "web-01") == (DB,)
    stopped = edits.stopped(FLEET, "db-01")

    assert ["running", "stopped"] == [settings.state for settings in stopped]
    assert edits.started(stopped, "db-01") == FLEET


def test_services_come_change_and_go():
    meaning = INSTALLED.option
    add = DeckyOptionsArgs(name="web-01", service="redis", option=("password=1234", "port=7000", "noisy=yes"))
    added = edits.service_added(FLEET, add, (), meaning)
    change = DeckyOptionsArgs(name="web-01", service="ssh", option=("port=", "banner=a=b"))
    changed = edits.service_set(FLEET, change, (), meaning)

    assert added[0].services == {**WEB.services, "redis": {"password": "1234", "port": 7000, "noisy": True}}  # type: ignore[dict-item]  # tables
    assert changed[0].services == {"ssh": {"banner": "a=b"}, "http": {}}
    assert edits.service_removed(FLEET, DeckyServiceArgs(name="web-01", service="http"), ())[0].services == {
        "ssh": {"port": 2022}
    }
    refused("DN4009", edits.service_added, FLEET, DeckyOptionsArgs(name="web-01", service="ssh"), (), meaning)
    refused("DN3001", edits.service_set, FLEET, DeckyOptionsArgs(name="web-01", service="htp"), (), meaning)
    wrong = DeckyOptionsArgs(name="web-01", service="ssh", option=("port",))
    assert "KEY=VALUE" in refused("DN5001", edits.service_set, FLEET, wrong, (), meaning).detail


def test_what_an_archetype_serves_is_where_its_services_begin():
    meaning, usual = INSTALLED.option, ("redis",)
    added = edits.service_added(FLEET, DeckyOptionsArgs(name="db-01", service="ssh"), usual, meaning)

    assert added[1].services == {"redis": {}, "ssh": {}}
    last = DeckyServiceArgs(name="db-01", service="redis")
    assert "decnetctl decky stop db-01" in refused("DN4010", edits.service_removed, FLEET, last, usual).fix


def test_a_group_grows_like_its_last_and_shrinks_from_its_end():
    fleet = (*FLEET, DeckySettings(name="web-07", services=("ssh",), address="127.0.0.3", mac="52:54:00:00:00:01"))
    grown = edits.scaled(fleet, "web", 4)

    assert [settings.name for settings in grown] == ["web-01", "db-01", "web-07", "web-08", "web-09"]
    assert grown[-1] == DeckySettings(name="web-09", services=("ssh",))
    assert edits.scaled(grown, "web", 1) == FLEET
    assert edits.scaled(fleet, "web", 2) == fleet
    assert 'did you mean "web"?' in refused("DN2001", edits.scaled, fleet, "wbe", 2).detail


def test_a_decky_serves_exactly_what_is_chosen_for_it():
    assert edits.serving(FLEET, "web-01", ("ssh", "telnet"))[0].services == {"ssh": {"port": 2022}, "telnet": {}}
