"""This module closes a container's way out: only sockets that we opened in its network namespace may send.

Ours carry a mark, which the connections they accept inherit and which nobody without CAP_NET_ADMIN can set; a container
has no capability at all. So no connection tracking is needed, and the container can neither call anybody nor answer for
itself. The rules are put in from outside by libnftables (Debian's ``libnftables1``) and cannot be seen from inside.
"""

from decnet_actors.kernel import nftables
from decnet_actors.kernel.nftables import NftablesError

MARK = 0xDEC0
_TABLE = "table inet decnet"
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


def close() -> None:
    """Let only marked packets out of the calling thread's namespace; may be done again.

    Raises:
        NftablesError: it cannot be enforced here.

    """
    nftables.apply(_RULES)


def is_closed() -> bool:
    """Whether the calling thread's namespace is closed."""
    try:
        return f"{_TABLE} {{" in nftables.listing()
    except NftablesError:
        return False
