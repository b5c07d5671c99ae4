"""This module closes a container's way out, to all but sockets of ours, and gives it the stack of another system.

Ours carry a mark, which the connections they accept inherit and which nobody without CAP_NET_ADMIN can set; a container
has no capability at all. So no connection tracking is needed, and the container can neither call anybody nor answer for
itself. The rules are put in from outside by libnftables (Debian's ``libnftables1``) and cannot be seen from inside.
"""

from attrs import frozen

from decnet_actors.contracts.fleet_driver import Tier, tier_of
from decnet_actors.kernel import stack

MARK = 0xDEC0
_NAME = "decnet"
_TABLE = f"table inet {_NAME}"
# A new namespace forwards packets when the host does, and a host with Docker does: the deckies are no routers.
# Docker's own resolver listens on 127.0.0.11 and would ask the world on the container's behalf. What the kernel itself
# answers, such as that a port is closed, has no socket and so no mark: a reset or ICMP error of its own is no call.
_RULES = f"""add {_TABLE}
delete {_TABLE}
{_TABLE} {{
 chain out {{
  type filter hook output priority -140; policy drop;
  ip daddr 127.0.0.11 drop
  oifname "lo" accept
  meta mark {MARK} accept
  tcp flags & rst == rst accept
  icmp type {{ echo-reply, timestamp-reply, destination-unreachable }} accept
 }}
 chain through {{
  type filter hook forward priority -140; policy drop;
 }}
}}
"""


_SWITCHES = {"net.ipv4.ip_forward": "0"}


@frozen(kw_only=True)
class Applied:
    """What a container's namespace was found to have."""

    tier: Tier
    detail: str  # why the stack is not all there
    is_closed: bool


def apply(name: str, mac: str) -> Applied:
    """Let only marked packets out of the calling thread's namespace, and make its stack another's; may be done again.

    Raises:
        NftablesError: the way out cannot be closed here.

    """
    return _applied(stack.apply(name, mac, switches=_SWITCHES, rules=_RULES, again=True))


def in_force(name: str, mac: str) -> Applied:
    """Return what is in force in the calling thread's namespace."""
    return _applied(stack.in_force(name, mac))


def _applied(found: stack.Found) -> Applied:
    tier, detail = tier_of(found.wrong, found.missing)
    return Applied(tier=tier, detail=detail, is_closed=_NAME in found.tables)
