"""Tests of what a container is to be and of what the engine tells of one."""

import pytest
from attrs import evolve

from decnet_actors.contracts.fleet_driver import Place
from plugins.fleet_driver.docker.config import DockerConfig
from plugins.fleet_driver.docker.container import DIGEST, name_of, read_container, wanted_container

CONFIG = DockerConfig(image="base:1", network="lan", pool="10.99.4.0/22")
PLACE = Place(decky="web-01", address="10.99.4.1", addresses=("10.99.4.1",), mac="02:42:0a:63:04:01")
STATE = {
    "Status": "running",
    "Running": True,
    "Paused": False,
    "OOMKilled": False,
    "Pid": 17,
    "ExitCode": 0,
    "Error": "",
    "StartedAt": "2026-11-21T12:00:00.1Z",
}


def told(labels, **state):
    return {
        "Id": "c0ffee",
        "Name": "/decnet-web-01",
        "Config": {"Labels": labels, "Hostname": "srv"},
        "State": {**STATE, **state},
        "NetworkSettings": {"Networks": {"lan": {"IPAddress": PLACE.address, "MacAddress": PLACE.mac}}},
    }


def digest(config=CONFIG, place=PLACE, hostname="srv"):
    return wanted_container(config, place, hostname)["Labels"][DIGEST]


def test_the_digest_stands_for_everything_it_is_made_with():
    changed = [
        digest(hostname="other"),
        digest(place=evolve(PLACE, address="10.99.4.2")),
        digest(place=evolve(PLACE, mac="02:42:0a:63:04:02")),
        digest(place=evolve(PLACE, decky="web-02")),
        digest(evolve(CONFIG, image="base:2")),
        digest(evolve(CONFIG, network="wan")),
        digest(evolve(CONFIG, installation="other")),
        digest(evolve(CONFIG, idle=("cat",))),
        digest(evolve(CONFIG, memory=2**26)),
        digest(evolve(CONFIG, processes=9)),
        digest(evolve(CONFIG, cpu_percent=1)),
        digest(evolve(CONFIG, read_only=False)),
    ]

    assert digest() == digest()
    assert len({digest(), *changed}) == len(changed) + 1


def test_what_was_made_is_read_back():
    container = read_container(told(wanted_container(CONFIG, PLACE, "srv")["Labels"]))

    assert PLACE == container.place
    assert ("c0ffee", "decnet-web-01", "srv", 17) == (container.id, container.name, container.hostname, container.pid)
    assert {"lan": (PLACE.address, PLACE.mac)} == container.addresses
    assert container.is_of("decnet")
    assert not container.is_of("other")
    assert container.name == name_of("decnet", "web-01")


@pytest.mark.parametrize("labels", [None, {}, {"decnet.installation": "decnet"}])
def test_what_lacks_a_label_of_ours_is_not_ours(labels):
    assert not read_container(told(labels)).is_of("decnet")


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ({}, ""),
        ({"Paused": True}, "its container is paused"),
        ({"Running": False, "Status": "exited", "ExitCode": 137}, "its container is exited, exit status 137"),
        ({"Running": False, "OOMKilled": True}, "its container was out of memory"),
        ({"Running": False, "Error": "no such program"}, "its container did not start: no such program"),
    ],
)
def test_why_it_does_not_run_is_told(state, fault):
    container = read_container(told({}, **state))

    assert (fault, not fault) == (container.fault, container.running)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("pool", "10.0.0.1/8"),
        ("pool", "fd00::/64"),
        ("pool", "10.0.0.0/31"),
        ("socket", "docker.sock"),
        ("socket", "/" + 100 * "x"),
        ("network", "../x"),
        ("installation", ""),
        ("image", ""),
        ("idle", ()),
        ("memory", 1),
        ("processes", 0),
        ("cpu_percent", 0),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_its_name(option, value):
    with pytest.raises(ValueError, match=option):
        evolve(CONFIG, **{option: value})
