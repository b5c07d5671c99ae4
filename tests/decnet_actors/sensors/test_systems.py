"""The system that sent a SYN is guessed by its options, window and TTL."""

import pytest

from decnet_actors.sensors.systems import guess
from decnet_actors.wire.packets import SYN, Packet, parse
from decnet_actors.wire.syn import options
from tests.pcaps import SYN_OPTIONS, ipv4, tcp

MSS = bytes.fromhex("020405b4")
QUIET_LINUX = bytes.fromhex("020405b40101040201030307")  # without timestamps


@pytest.mark.parametrize(
    ("system", "said", "window", "ip"),
    [
        ("linux", SYN_OPTIONS["linux"], 64_240, {"ttl": 64}),
        ("linux", SYN_OPTIONS["linux"], 29_200, {"ttl": 49}),
        ("linux", QUIET_LINUX, 64_240, {"ttl": 64}),
        ("windows", SYN_OPTIONS["windows"], 64_240, {"ttl": 128}),
        ("windows", SYN_OPTIONS["windows"], 8192, {"ttl": 113}),
        ("macos", SYN_OPTIONS["macos"], 65_535, {"ttl": 64}),
        ("freebsd", SYN_OPTIONS["freebsd"], 65_535, {"ttl": 64}),
        ("openbsd", SYN_OPTIONS["openbsd"], 16_384, {"ttl": 64}),
        ("embedded", MSS, 4128, {"ttl": 255}),
        ("nmap", MSS, 1024, {"ttl": 47, "fragment": 0}),
        ("nmap", MSS, 3072, {"ttl": 58, "fragment": 0}),
        ("zmap", MSS, 65_535, {"ttl": 250, "ident": 54_321, "fragment": 0}),
        ("masscan", b"", 1024, {"ttl": 240, "fragment": 0}),
        ("", SYN_OPTIONS["windows"], 64_240, {"ttl": 64}),  # no system we know sends these
        ("", b"", 512, {"ttl": 64}),
    ],
)
def test_the_table(system, said, window, ip):
    data = ipv4("10.0.0.1", "10.0.0.2", tcp(1, 2, flags=SYN, window=window, options=said), **ip)
    packet = parse(data, 0, len(data))

    assert isinstance(packet, Packet)
    assert system == guess(packet, options(packet.options))
