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
from plugins.fleet_driver.namespace.rules import Egress

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
  tcp flags & (syn|ack) == syn drop
  meta l4proto tcp accept
  ip daddr . udp dport . udp sport @asked4 accept
  ip6 daddr . udp dport . udp sport @asked6 accept
  icmp type { echo-reply, timestamp-reply, destination-unreachable, time-exceeded, parameter-problem } accept
  icmpv6 type { echo-reply, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
  icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
 }
}
"""


@frozen(kw_only=True)
class Applied:
    """What a namespace was found to have."""

    tier: Tier
    detail: str = ""  # why the stack is not all there
    is_contained: bool  # nothing leaves that is no answer


def guard() -> None:
    """Let nothing out of the namespace that is no answer.

    Raises:
        NftablesError: it cannot be enforced here.

    """
    nftables.apply(_GUARD)


def apply(stack: str, mac: str, egress: Egress) -> Applied:
    """Apply a personality as far as this machine allows, and the egress rules; return what is in force then.

    Args:
        stack: a name in ``PERSONALITIES``.
        mac: the decky's; what must differ from decky to decky follows from it.
        egress: what may leave.

    Raises:
        NftablesError: the egress rules cannot be enforced here.

    """
    personality = PERSONALITIES[stack]
    wrong = [name for name in sysctl.set_all({**_HOUSE, **personality.sysctls}) if name in personality.sysctls]
    rules = _rules(personality, _offset(mac))
    try:
        # At once: the kernel waits for a grace period between one change of rules and the next.
        nftables.apply(rules if egress is Egress.ANY else rules + _GUARD)
    except NftablesError:  # without the stack's rules, then; reading back tells
        if egress is Egress.NONE:
            guard()
    return _in_force(personality, mac, wrong)


def in_force(stack: str, mac: str) -> Applied:
    """Return what is in force in the namespace."""
    personality = PERSONALITIES[stack]
    return _in_force(personality, mac, sysctl.differing(personality.sysctls))


def _in_force(personality: Personality, mac: str, wrong: Sequence[str]) -> Applied:
    missing, contained = "", False
    try:
        tables = _tables(nftables.listing().replace(f"offset {_offset(mac)} ", f"offset {_OFFSET} "))
        contained = tables.get("guard") == _expected_guard()
        if personality.rules and tables.get("persona") != _expected(personality.name):
            missing = "the packet rules are not those of the stack"
    except NftablesError as error:
        missing = str(error) if personality.rules else ""
    if wrong:
        return Applied(tier=Tier.NONE, detail=f"{', '.join(wrong)} cannot be set", is_contained=contained)
    return Applied(tier=Tier.SYSCTL if missing else Tier.EXACT, detail=missing, is_contained=contained)


def _offset(mac: str) -> int:
    return int(mac[-5:].replace(":", ""), 16) | 1  # not 0, which listings leave out


def _rules(personality: Personality, offset: int) -> str:
    return personality.rules.replace("{offset}", str(offset))


def _tables(listing: str) -> Mapping[str, str]:
    """Return the text of each table by its name."""
    parts = re.split(r"^(?=table )", listing, flags=re.MULTILINE)
    return {part.split()[2]: part.strip() for part in parts if part.startswith("table ")}


@functools.cache
def _expected(stack: str) -> str:
    """Return how this kernel and library list a stack's rules, tried out in a namespace of their own.

    Raises:
        NftablesError: they cannot be loaded here.

    """
    return _tried(_rules(PERSONALITIES[stack], _OFFSET))["persona"]


@functools.cache
def _expected_guard() -> str:
    return _tried(_GUARD)["guard"]


def _tried(text: str) -> Mapping[str, str]:
    with netns.new() as scratch:
        os.close(scratch)
        nftables.apply(text)
        return _tables(nftables.listing())
