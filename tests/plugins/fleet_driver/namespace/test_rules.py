"""Tests of what the helper permits, and of where the driver puts deckies within that."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.kernel.personality import PERSONALITIES
from decnet_actors.machine.names import CARDS
from plugins.fleet_driver.namespace.addresses import choose, choose_mac
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.netd import parser
from plugins.fleet_driver.namespace.rules import Rules
from plugins.fleet_driver.namespace.vendors import PREFIXES, prefixes_of

LAN = Rules.of(
    parent="eth0",
    networks=["192.168.1.0/24", "fd00::/64"],
    ranges=["192.168.1.128/25", "fd00::/64"],
    gateways=["192.168.1.1", "192.168.1.130"],
    reserved=["192.168.1.200", "fd00::11"],
)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("192.168.1.5", "outside"),  # on the link, not in the range
        ("10.0.0.1", "outside"),
        ("fd01::1", "outside"),
        ("192.168.1.130", "reserved"),
        ("192.168.1.200", "reserved"),
        ("192.168.1.255", "no host"),
        ("fd00::", "no host"),
        ("192.168.1.150/24", "not an IP"),
        ("192.168.1.150%eth0", "not an IP"),
        ("fd00::1%1", "scope"),
        ("::ffff:192.168.1.150", "outside"),
        ("", "not an IP"),
    ],
)
def test_an_address_that_is_no_deckys_is_refused(address, why):
    with pytest.raises(RefusedError, match=why):
        LAN.interfaces([address])


def test_an_address_gets_the_prefix_of_its_network():
    found = LAN.interfaces(["192.168.1.129", "fd00::5"])

    assert ["192.168.1.129/24", "fd00::5/64"] == [str(one) for one in found]


@pytest.mark.parametrize("addresses", [[], ["192.168.1.129"] * 2, [f"192.168.1.{n}" for n in range(140, 145)]])
def test_a_decky_has_a_few_different_addresses(addresses):
    with pytest.raises(RefusedError):
        LAN.interfaces(addresses)


@pytest.mark.parametrize(
    "mac", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:01", "525400123456", "52:54:00:AA:00:01", "52:54"]
)
def test_a_mac_that_is_no_deckys_is_refused(mac):
    with pytest.raises(RefusedError):
        LAN.check_mac(mac)


def test_every_card_a_persona_may_have_is_permitted():
    for prefix, _, _ in CARDS:
        LAN.check_mac(f"{prefix}:12:34:56")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("parent", "../etc", "interface"),
        ("parent", "", "interface"),
        ("networks", [], "no network"),
        ("networks", ["10.0.0.1/8"], "host bits"),
        ("networks", ["10.0.0.0/8"] * 17, "at most"),
        ("ranges", ["11.0.0.0/24"], "lies in none"),
        ("ranges", ["fd00::/65"], "lies in none"),
        ("gateways", ["11.0.0.1"], "lies in none"),
        ("egress", "some", "Egress"),
        ("max_deckies", 0, "between 1"),
    ],
)
def test_rules_that_make_no_sense_are_told(field, value, why):
    good = {"parent": "eth0", "networks": ["10.0.0.0/8"]}
    with pytest.raises(ValueError, match=why):
        Rules.of(**{**good, field: value})


def test_the_command_line_of_the_helper_says_the_same_rules():
    options = parser().parse_args(LAN.arguments())
    again = Rules.of(
        parent=options.parent,
        networks=options.network,
        ranges=options.range,
        gateways=options.gateway,
        reserved=options.reserve,
        egress=options.egress,
        max_deckies=options.max_deckies,
    )

    assert again == LAN
    assert again.digest == LAN.digest
    assert again.digest != Rules.of(parent="eth0", networks=["192.168.1.0/24"]).digest


def test_deckies_fill_a_range_without_what_is_reserved():
    got = [choose(LAN, "d", index, "")[0] for index in range(125)]

    assert [f"192.168.1.{n}" for n in range(128, 255) if n not in {130, 200}] == got
    with pytest.raises(OSError, match=r"d: no address left in 192\.168\.1\.128/25"):
        choose(LAN, "d", 125, "")


def test_a_decky_has_one_address_of_each_family():
    assert [("192.168.1.128", "fd00::10"), ("192.168.1.129", "fd00::12")] == [choose(LAN, "d", n, "") for n in (0, 1)]
    assert choose(LAN, "d", 0, "fd00::99") == ("fd00::99", "192.168.1.128")


@given(prefix=st.integers(16, 29), indexes=st.sets(st.integers(0, 9_999), max_size=30), block=st.integers(0, 2**16 - 1))
def test_no_two_deckies_share_an_address_or_a_mac_and_all_are_permitted(prefix, indexes, block):
    network = ipaddress.ip_network((f"10.{block >> 8}.{block & 255}.0", prefix), strict=False)
    gateway = network[1]
    rules = Rules.of(parent="eth0", networks=[str(network)], gateways=[str(gateway)])
    found: list[str] = []
    for index in indexes:
        try:
            found += choose(rules, "d", index, "")
        except OSError:  # full
            assert index >= network.num_addresses // 256 * 254 - 3 - (network.num_addresses < 256)
    rules.interfaces(found[:4] or [str(network[2])])

    assert len(set(found)) == len(found)
    assert str(gateway) not in found
    assert not [one for one in found if one.endswith((".0", ".255"))] or prefix > 24
    assert len({choose_mac(rules, f"d{index}", index, "linux") for index in indexes}) == len(indexes)


@pytest.mark.parametrize("stack", PERSONALITIES)
def test_every_stack_has_vendors_whose_macs_are_permitted(stack):
    assert prefixes_of(stack)
    LAN.check_mac(choose_mac(LAN, "d", 7, stack))
    assert set(prefixes_of(stack)) <= PREFIXES
