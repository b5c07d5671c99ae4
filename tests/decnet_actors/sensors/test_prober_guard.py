import pytest

from decnet_actors.sensors.prober_guard import MAX_REMEMBERED, MINUTE, Guard
from decnet_actors.sensors.prober_settings import ProberSettings

SOURCES = ("198.51.101.5", "2a00:1450::5")
OURS = ("93.184.216.34", "2606:2800::34")


def guard(permitted=(), **settings):
    return Guard(ProberSettings(enabled=True, source=SOURCES, **settings), lambda: OURS, permitted=permitted)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "no IP address"),
        ("example.com", "no IP address"),
        ("93.184.216.34", "an address of ours"),
        ("2606:2800::34", "an address of ours"),
        ("127.0.0.1", "an address of ours"),
        ("93.184.216.99", "next to an address of ours"),
        ("198.51.101.99", "next to an address of ours"),
        ("2a00:1450::99", "next to an address of ours"),
        ("10.0.0.1", "10.0.0.1 is no address of the Internet"),
        ("192.168.1.1", "192.168.1.1 is no address of the Internet"),
        ("169.254.169.254", "169.254.169.254 is no address of the Internet"),
        ("240.0.0.1", "240.0.0.1 is no address of the Internet"),
        ("::ffff:8.8.8.8", "an IPv4 address written as one of IPv6"),
        ("fe80::1", "fe80::1 is no address of the Internet"),
    ],
)
def test_ourselves_neighbours_and_private_networks_are_left_alone(address, reason):
    assert reason == guard().refusal(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2a01:4f8::1", "93.184.217.1"])
def test_the_internet_is_looked_at(address):
    assert "" == guard().refusal(address)


def test_what_is_allowed_may_be_private_or_a_neighbour_but_never_ours():
    allowing = guard(allow=("10.0.0.0/8", "93.184.216.0/24"))

    assert ["", "", "an address of ours"] == [
        allowing.refusal(address) for address in ("10.0.0.1", "93.184.216.99", "93.184.216.34")
    ]


def test_what_is_denied_is_denied_whatever_else_is_said():
    denying = guard(allow=("10.0.0.0/8",), deny=("10.1.0.0/16", "8.8.8.0/24"), permitted=("10.1.2.3",))

    assert ["denied", "denied", ""] == [denying.refusal(address) for address in ("10.1.2.3", "8.8.8.8", "10.2.0.1")]


def test_without_a_source_of_its_family_an_address_is_left_alone():
    one = Guard(ProberSettings(enabled=True, source=SOURCES[:1]), lambda: OURS)

    assert ["", "no source address of its family"] == [one.refusal("8.8.8.8"), one.refusal("2a01:4f8::1")]
    assert (SOURCES[0], None) == (one.source("8.8.8.8"), one.source("2a01:4f8::1"))


def test_only_so_many_a_minute():
    asked = guard(per_minute=2)

    assert [True, True, False] == [asked.take(address, 0.0) for address in ("8.8.8.8", "8.8.8.9", "8.8.8.10")]
    assert asked.take("8.8.8.10", MINUTE)


def test_an_address_is_left_alone_for_a_while_and_takes_no_place_meanwhile():
    asked = guard(per_minute=1, again_after=600.0)

    assert [True, False, False, True] == [asked.take("8.8.8.8", now) for now in (0.0, MINUTE, 599.0, 600.0)]
    assert asked.take("8.8.8.9", 600.0 + MINUTE)


def test_a_flood_of_addresses_grows_nothing():
    asked = guard(per_minute=10**9)
    for number in range(MAX_REMEMBERED + 10):
        asked.take(str(number), 0.0)

    assert asked.take("0", 0.0)  # the oldest was forgotten
    assert not asked.take(str(MAX_REMEMBERED), 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"enabled": True}, "source: say which address of this machine attackers are to see"),
        ({"source": ("here",)}, "source: 'here' does not appear to be an IPv4 or IPv6 address"),
        ({"source": ("192.0.2.1", "192.0.2.2")}, "source: one address of each family at most"),
        ({"allow": ("10.0.0.1/8",)}, "allow: 10.0.0.1/8 has host bits set"),
        ({"ssh_ports": (0,)}, "ssh_ports: a port is a number from 1 to 65535"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ProberSettings(**settings)
