"""This module puts a stack personality and egress rules into the calling thread's namespace, and reads both back."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from decnet_actors.contracts.fleet_driver import Tier, tier_of
from decnet_actors.kernel import nftables, stack
from decnet_actors.kernel.nftables import NftablesError
from plugins.fleet_driver.namespace.rules import Egress, Network

# What every decky needs, whatever its stack.
_HOUSE = {
    "net.ipv4.ip_unprivileged_port_start": "0",  # the helper has no CAP_NET_BIND_SERVICE
    "net.ipv6.conf.default.accept_ra": "0",  # addresses are given, never learnt
    # A new namespace forwards when the host does, and a host with containers does: deckies are no routers.
    "net.ipv4.ip_forward": "0",
    "net.ipv6.conf.all.forwarding": "0",
}

# Answers leave, nothing else does. UDP has no connections: an answer goes where something came from within a minute,
# and not only from where that went to: TFTP answers each request from another port.
# No connection tracking, whose table all deckies and the host would share.
# ``{lease}``: a decky that leases its address asks for that first.
_GUARD = """table inet guard {
 set asked4 {
  type ipv4_addr . inet_service; flags dynamic,timeout; timeout 60s; size 65536;
 }
 set asked6 {
  type ipv6_addr . inet_service; flags dynamic,timeout; timeout 60s; size 65536;
 }
 chain in {
  type filter hook input priority -140; policy accept;
  meta nfproto ipv4 meta l4proto udp update @asked4 { ip saddr . udp sport }
  meta nfproto ipv6 meta l4proto udp update @asked6 { ip6 saddr . udp sport }
 }
 chain through {
  type filter hook forward priority -140; policy drop;
 }
 chain out {
  type filter hook output priority -140; policy drop;
  oifname "lo" accept
{lease}  tcp flags & (syn|ack) == syn drop
  meta l4proto tcp accept
  ip daddr . udp dport @asked4 accept
  ip6 daddr . udp dport @asked6 accept
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


def apply(name: str, mac: str, egress: Egress, servers: Sequence[Network]) -> Applied:
    """Apply a personality as far as this machine allows, and the egress rules; return what is in force then.

    Args:
        name: of a stack in ``PERSONALITIES``.
        mac: the decky's; what must differ from decky to decky follows from it.
        egress: what may leave.
        servers: networks DHCP servers may be in; none for a decky that leases no address.

    Raises:
        NftablesError: the egress rules cannot be enforced here.

    """
    rules = (_LEASE if servers else "") + ("" if egress is Egress.ANY else _guard(servers))
    return _applied(stack.apply(name, mac, switches=_HOUSE, rules=rules), servers)


def in_force(name: str, mac: str, servers: Sequence[Network]) -> Applied:
    """Return what is in force in the namespace; the arguments are those of ``apply``."""
    return _applied(stack.in_force(name, mac), servers)


def _applied(found: stack.Found, servers: Sequence[Network]) -> Applied:
    tier, detail = tier_of(found.wrong, found.missing)
    return Applied(
        tier=tier,
        detail=detail,
        is_contained=_has(found.tables, "guard", _guard(servers)),
        hears_leases=not servers or _has(found.tables, "lease", _LEASE),
    )


def _has(tables: Mapping[str, str], name: str, rules: str) -> bool:
    try:
        return tables.get(name) == stack.listed(rules)[name]
    except NftablesError:
        return False


def _guard(servers: Sequence[Network]) -> str:
    if not servers:
        return _GUARD.replace("{lease}", "")
    where = ", ".join(("255.255.255.255", *map(str, servers)))
    return _GUARD.replace("{lease}", f"  udp sport 68 udp dport 67 ip daddr {{ {where} }} accept\n")
