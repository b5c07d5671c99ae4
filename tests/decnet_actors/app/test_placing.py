"""What a fleet driver cannot give is told before anything is done."""

from decnet_actors.app.placing import refusals, shortfalls
from decnet_actors.contracts.fleet import DeckyPlan
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
