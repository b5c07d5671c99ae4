"""Tests of the addresses that deckies in containers get."""

import ipaddress

import pytest

from plugins.fleet_driver.docker.addresses import choose, choose_mac

WIDE, HALF = ipaddress.IPv4Network("10.99.4.0/22"), ipaddress.IPv4Network("192.168.1.128/25")


@pytest.mark.parametrize(
    ("pool", "index", "address"),
    [
        (WIDE, 0, "10.99.4.1"),
        (WIDE, 253, "10.99.4.254"),
        (WIDE, 254, "10.99.5.1"),
        (WIDE, 4 * 254 - 1, "10.99.7.254"),
        (HALF, 0, "192.168.1.128"),
        (HALF, 126, "192.168.1.254"),
    ],
)
def test_addresses_look_like_hosts(pool, index, address):
    assert address == choose(pool, "web-01", index, "")


@pytest.mark.parametrize(("pool", "index"), [(WIDE, 4 * 254), (HALF, 127), (HALF, 10_000)])
def test_a_pool_is_used_up_and_then_refused(pool, index):
    with pytest.raises(OSError, match=f"web-01: no address left in {pool}"):
        choose(pool, "web-01", index, "")


def test_a_wanted_address_is_given():
    assert choose(WIDE, "web-01", 7, "10.99.0.9") == "10.99.0.9"


@pytest.mark.parametrize("address", ["fd00::1", "web", "10.99.0.300"])
def test_what_is_no_ipv4_address_is_refused(address):
    with pytest.raises(ValueError, match=f"web-01: '{address}' is not an IPv4 address"):
        choose(WIDE, "web-01", 0, address)


def test_a_mac_is_the_one_the_engine_would_give():
    assert choose_mac("172.17.0.2") == "02:42:ac:11:00:02"
