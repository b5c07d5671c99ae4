"""This module puts a stack personality and egress rules into the calling thread's namespace, and reads both back."""

import functools
import os
import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from decnet_actors.contracts.fleet_driver import Tier
from decnet_actors.kernel import nftables
from decnet_actors.kernel.nftables import NftablesError
from plugins.fleet_driver.namespace import netns, sysctl
from plugins.fleet_driver.namespace.personality import PERSONALITIES, Personality
from plugins.fleet_driver.namespace.rules import Egress, Network

_OFFSET = 4711  # stands for a decky's own where listings are compared

# What every decky needs, whatever its stack.
_HOUSE = {
    "net.ipv4.ip_unprivileged_port_start": "0",  # the helper has no CAP_NET_BIND_SERVICE
    "net.ipv6.conf.default.accept_ra": "0",  # addresses are given, never learnt
    # A new namespace forwards when the host does, and a host with containers does: deckies are no routers.
    "net.ipv4.ip_forward": "0",
    "net.ipv6.conf.all.forwarding": "0",
}

# Answers leave, nothing else does. UDP has no connections: an answer goes where something came from within a minute.
# No connection tracking, whose table all deckies and the host would share.
# ``{lease}``: a decky that leases its address asks for that first.
_GUARD = """table inet guard {
 set asked4 {
  type ipv4_addr . inet_service . inet_service; flags dynamic,timeout; timeout 60s; size 65536;
 }
 set asked6 {
  type ipv6_addr . inet_service . inet_service; flags dynamic,timeout; timeout 60s; size 65536;
 }
 chain in {
  type filter hook input priority -140; policy accept;
  meta nfproto ipv4 meta l4proto udp update @asked4 { ip saddr . udp sport . udp dport }
  meta nfproto ipv6 meta l4proto udp update @asked6 { ip6 saddr . udp sport . udp dport }
 }
 chain through {
  type filter hook forward priority -140; policy drop;
 }
 chain out {
  type filter hook output priority -140; policy drop;
  oifname "lo" accept
{lease}  tcp flags & (syn|ack) == syn drop
  meta l4proto tcp accept
  ip daddr . udp dport . udp sport @asked4 accept
  ip6 daddr . udp dport . udp sport @asked6 accept
  icmp type { echo-reply, timestamp-reply, destination-unreachable, time-exceeded, parameter-problem } accept
  icmpv6 type { echo-reply, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
  icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
 }
}
"""


# Servers answer to the address they offer, which is nobody's yet: the kernel hears what is sent to everybody.
_LEASE = """table inet lease {
 chain in {
  type filter hook prerouting priority -300; policy accept;
  udp sport 67 udp dport 68 ip daddr set 255.255.255.255
 }
}
"""


@frozen(kw_only=True)
class Applied:
    """What a namespace was found to have."""

    tier: Tier
    detail: str = ""  # why the stack is not all there
    is_contained: bool  # nothing leaves that is no answer
    hears_leases: bool  # what DHCP servers answer arrives


def guard() -> None:
    """Let nothing out of the namespace that is no answer.

    Raises:
        NftablesError: it cannot be enforced here.

    """
    nftables.apply(_guard(()))


def apply(stack: str, mac: str, egress: Egress, servers: Sequence[Network]) -> Applied:
    """Apply a personality as far as this machine allows, and the egress rules; return what is in force then.

    Args:
        stack: a name in ``PERSONALITIES``.
        mac: the decky's; what must differ from decky to decky follows from it.
        egress: what may leave.
        servers: networks DHCP servers may be in; none for a decky that leases no address.

    Raises:
        NftablesError: the egress rules cannot be enforced here.

    """
    personality = PERSONALITIES[stack]
    wrong = [name for name in sysctl.set_all({**_HOUSE, **personality.sysctls}) if name in personality.sysctls]
    rules = _rules(personality, _offset(mac)) + (_LEASE if servers else "")
    try:
        # At once: the kernel waits for a grace period between one change of rules and the next.
        nftables.apply(rules if egress is Egress.ANY else rules + _guard(servers))
    except NftablesError:  # without the stack's rules, then; reading back tells
        if egress is Egress.NONE:
            nftables.apply(_guard(servers))
    return _in_force(personality, mac, wrong, servers)


def in_force(stack: str, mac: str, servers: Sequence[Network]) -> Applied:
    """Return what is in force in the namespace; the arguments are those of ``apply``."""
    personality = PERSONALITIES[stack]
    return _in_force(personality, mac, sysctl.differing(personality.sysctls), servers)


def _in_force(personality: Personality, mac: str, wrong: Sequence[str], servers: Sequence[Network]) -> Applied:
    missing, contained, hears = "", False, not servers
    try:
        tables = _tables(nftables.listing().replace(f"offset {_offset(mac)} ", f"offset {_OFFSET} "))
        contained = tables.get("guard") == _tried(_guard(servers))["guard"]
        hears = hears or tables.get("lease") == _tried(_LEASE)["lease"]
        if personality.rules and tables.get("persona") != _expected(personality.name):
            missing = "the packet rules are not those of the stack"
    except NftablesError as error:
        missing = str(error) if personality.rules else ""
    if wrong:
        tier, missing = Tier.NONE, f"{', '.join(wrong)} cannot be set"
    else:
        tier = Tier.SYSCTL if missing else Tier.EXACT
    return Applied(tier=tier, detail=missing, is_contained=contained, hears_leases=hears)


def _offset(mac: str) -> int:
    return int(mac[-5:].replace(":", ""), 16) | 1  # not 0, which listings leave out


def _rules(personality: Personality, offset: int) -> str:
    return personality.rules.replace("{offset}", str(offset))


def _guard(servers: Sequence[Network]) -> str:
    if not servers:
        return _GUARD.replace("{lease}", "")
    where = ", ".join(("255.255.255.255", *map(str, servers)))
    return _GUARD.replace("{lease}", f"  udp sport 68 udp dport 67 ip daddr {{ {where} }} accept\n")


def _tables(listing: str) -> Mapping[str, str]:
    """Return the text of each table by its name."""
    parts = re.split(r"^(?=table )", listing, flags=re.MULTILINE)
    return {part.split()[2]: part.strip() for part in parts if part.startswith("table ")}


def _expected(stack: str) -> str:
    """Return how this kernel and library list a stack's rules, tried out in a namespace of their own.

    Raises:
        NftablesError: they cannot be loaded here.

    """
    return _tried(_rules(PERSONALITIES[stack], _OFFSET))["persona"]


@functools.cache
def _tried(text: str) -> Mapping[str, str]:
    with netns.new() as scratch:
        os.close(scratch)
        nftables.apply(text)
        return _tables(nftables.listing())
