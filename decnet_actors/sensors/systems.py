"""This module guesses which system sent a SYN, by rules of our own: the first that fits counts.

What scanners send is theirs alone: the rules for them come first. Options tell systems apart far better than TTL and
window, which settings and routers change.
"""

from collections.abc import Callable

from attrs import frozen

from decnet_actors.wire.packets import Packet
from decnet_actors.wire.syn import Options, initial_ttl

_NMAP_WINDOWS = frozenset({1024, 2048, 3072, 4096})  # one of them at random, nmap: scan_engine_raw.cc
_ZMAP_ID = 54_321  # of every packet zmap sends
_MASSCAN_WINDOW = 1024
_FULL_WINDOW = 65_535
_LINUX_LEAST, _LINUX_SCALES = 5000, range(15)
_OPENBSD_WINDOWS = frozenset({16_384, 16_960})
_UNIX, _WINDOWS, _NETWORK = 64, 128, 255  # initial TTLs


@frozen
class Rule:
    """A system and how its SYNs are known."""

    system: str
    fits: Callable[[Packet, Options], bool]


def _order(*names: str) -> tuple[str, ...]:
    return names


_LINUX = {
    _order("mss", "sok", "ts", "nop", "ws"),
    _order("mss", "nop", "nop", "sok", "nop", "ws"),  # net.ipv4.tcp_timestamps = 0
}
_APPLE = {_order("mss", "nop", "ws", "nop", "nop", "ts", "sok", "eol"), _order("mss", "nop", "ws", "sok", "eol")}
_FREEBSD = {_order("mss", "nop", "ws", "sok", "ts")}
_OPENBSD = {_order("mss", "nop", "nop", "sok", "nop", "ws", "nop", "nop", "ts")}


def _is_linux(packet: Packet, said: Options) -> bool:
    return (
        initial_ttl(packet.ttl) == _UNIX
        and said.order[:5] == _order("mss", "sok", "ts", "nop", "ws")
        and packet.window >= _LINUX_LEAST
        and said.scale in _LINUX_SCALES
    )


RULES = (
    Rule("zmap", lambda p, _: p.ident == _ZMAP_ID and p.window == _FULL_WINDOW),
    Rule("masscan", lambda p, o: p.window == _MASSCAN_WINDOW and not o.order),
    Rule("nmap", lambda p, o: p.window in _NMAP_WINDOWS and o.order == ("mss",) and not p.df),
    Rule("macos", lambda p, o: initial_ttl(p.ttl) == _UNIX and o.order in _APPLE and p.window == _FULL_WINDOW),
    Rule("freebsd", lambda p, o: initial_ttl(p.ttl) == _UNIX and o.order in _FREEBSD and p.window == _FULL_WINDOW),
    Rule("linux", _is_linux),
    Rule("openbsd", lambda p, o: initial_ttl(p.ttl) == _UNIX and o.order in _OPENBSD and p.window in _OPENBSD_WINDOWS),
    Rule("linux", lambda p, o: initial_ttl(p.ttl) == _UNIX and o.order in _LINUX),
    Rule("windows", lambda p, _: initial_ttl(p.ttl) == _WINDOWS),
    Rule("embedded", lambda p, _: initial_ttl(p.ttl) == _NETWORK),
)


def guess(packet: Packet, said: Options) -> str:
    """Return the system that sent a SYN; empty if none of the rules fits."""
    return next((rule.system for rule in RULES if rule.fits(packet, said)), "")
