"""Tests of what is told before anything is done: what a driver cannot give, what contradicts the machine behind."""

import pytest

from decnet_actors.app.placing import contradiction, refusals, shortfalls
from decnet_actors.contracts.fleet import Bait, DeckyPlan
from decnet_actors.contracts.inside import System
from decnet_actors.domain.persona import Account
from plugins.fleet_driver.loopback.driver import LoopbackDriver, Shift
from plugins.fleet_driver.namespace import NamespaceConfig
from plugins.fleet_driver.namespace.driver import NamespaceDriver

LOOPBACK = LoopbackDriver(network="127.5.0.0/16", shift=Shift.AUTO)
NAMESPACE = NamespaceDriver(NamespaceConfig(parent="lan0", networks=("10.66.0.0/16",)))


def planned(*stacks: str, address: str = "") -> list[DeckyPlan]:
    return [
        DeckyPlan(name=f"d-{index}", index=index, services=(), stack=stack, address=address)
        for index, stack in enumerate(stacks)
    ]


def test_stacks_that_a_driver_does_not_have_are_told_once_each():
    plans = planned("", "linux", "freebsd", *["windows-10"] * 7)

    why = 'this fleet driver has none, they show this host\'s; [fleet] driver = "namespace" has'

    assert (
        f"no TCP/IP stack freebsd for d-2: {why}",
        f"no TCP/IP stack windows-10 for d-3, d-4, d-5, d-6, d-7 and 2 more: {why}",
    ) == shortfalls(LOOPBACK, plans)
    assert () == shortfalls(NAMESPACE, plans)


def test_a_lease_is_refused_where_there_is_no_network_and_is_nobodys_twice():
    plans = planned("linux", "linux", address="dhcp")

    assert {"d-0", "d-1"} == set(refusals(LOOPBACK, plans))
    assert 'd-0: address = "dhcp" is for [fleet] driver = "namespace"' in refusals(LOOPBACK, plans)["d-0"]
    assert {} == refusals(NAMESPACE, plans)


def system(distribution="debian", release="12"):
    root = Account(name="root", uid=0, gid=0, home="/root", shell="/bin/bash")
    return System(
        distribution=distribution,
        release=release,
        name="",
        kernel="6.1.0",
        kernel_build="#1",
        architecture="x86_64",
        accounts=(root,),
    )


def plan(**fields):
    return DeckyPlan(name="web-01", index=0, services=(), **fields)


@pytest.mark.parametrize("distribution", ["", "debian", "debian:12"])
def test_what_agrees_with_the_image_is_taken(distribution):
    baits = (Bait(user="root", secret="hunter2"), Bait(user="app", secret="hunter2", service="redis"))

    assert contradiction(plan(distribution=distribution, baits=baits), system()) == ""
    assert contradiction(plan(distribution=distribution), system(distribution="")) == ""


@pytest.mark.parametrize(
    ("fields", "image", "said"),
    [
        ({"distribution": "ubuntu"}, {}, "its distribution is ubuntu and its image has debian:12; leave"),
        ({"distribution": "debian:11"}, {}, "its distribution is debian:11 and its image has debian:12; leave"),
        ({}, {"distribution": "gentoo", "release": "2.17"}, "no service speaks for gentoo:2.17, which its image has"),
        ({"baits": (Bait(user="ops", secret="hunter2"),)}, {}, "its image has no account ops for the baits to let in"),
    ],
)
def test_what_contradicts_it_is_refused_with_what_to_do(fields, image, said):
    assert contradiction(plan(**fields), system(**image)).startswith(f"web-01: {said}")
