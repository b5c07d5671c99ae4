"""This module describes TCP/IP stacks other than this host's: which switches and packet rewrites make one.

Written by hand from what the systems were seen to do. Nothing is taken from a scanner's database, and nothing here
comes from a peer: a stack is chosen by name.

A SYN-ACK's options are re-ordered in place by whole 16-bit words, which leaves the checksum as it is. The window scale
that is told must be the real one: the kernel derives it from the third number of ``tcp_rmem`` (and, on hosts with a
larger ``rmem_max``, from the listening socket's own buffer, see ``receive_buffer``).
"""

from collections.abc import Mapping

from attrs import field, frozen

_SCALE_6 = 3_000_000  # bytes of receive buffer that lead to a window scale of 6


@frozen(kw_only=True)
class Personality:
    """A TCP/IP stack. ``rules`` are nft's, with ``{offset}`` where each decky counts from a number of its own."""

    name: str
    sysctls: Mapping[str, str]
    rules: str = ""
    receive_buffer: int = 0  # bytes for every listening socket; 0 leaves the kernel's
    vendors: tuple[str, ...] = field(default=())  # whose cards such machines have; see vendors.py


def _sysctls(ttl: int, **own: str) -> dict[str, str]:
    return {
        "net.ipv4.ip_default_ttl": str(ttl),
        "net.ipv6.conf.default.hop_limit": str(ttl),  # of interfaces that are made from now on
        **{f"net.ipv4.{name}": value for name, value in own.items()},
    }


# Answers to what only scanners send: no flags at all, and SYN|FIN|URG|PSH.
_ODD_FLAGS_RESET = """ chain in {
  type filter hook input priority -150; policy accept;
  tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0 reject with tcp reset
  tcp flags & (fin|syn|psh|urg) == fin|syn|psh|urg reject with tcp reset
 }
"""
# ``<< 16``: nft stores the high half of the number.
_WINDOWS_OUT = """ chain out {
  type filter hook output priority -150; policy accept;
  meta nfproto ipv4 ip id set numgen inc mod 65536 offset {offset} << 16
  icmp type echo-reply icmp code set 0
  tcp flags & (syn|ack|rst) == syn|ack jump synack
  tcp flags & (syn|ack|rst|fin) == rst tcp ackseq set tcp sequence
 }
"""
# NOP NOP SACK NOP WS8 -> NOP WS8 NOP NOP SACK
_WINDOWS_10 = (
    "table inet persona {\n"
    + _ODD_FLAGS_RESET
    + _WINDOWS_OUT
    + """ chain synack {
  tcp window set 65535
  tcp option window missing tcp window set 65392
  @th,192,64 0x0101040201030308 @th,192,64 set 0x0103030801010402
 }
}
"""
)
# With timestamps: SACK TS NOP WS8 (or NOP NOP TS NOP WS8, to peers without SACK) -> NOP WS8 SACK TS
_WINDOWS_SERVER_2016 = (
    "table inet persona {\n"
    + _ODD_FLAGS_RESET
    + _WINDOWS_OUT
    + """ chain synack {
  tcp window set 8192
  @th,192,64 0x0101040201030308 @th,192,64 set 0x0103030801010402 return
  @th,192,32 0x0402080a @th,288,32 0x01030308 @th,256,64 set @th,224,64 @th,192,64 set 0x010303080402080a return
  @th,192,32 0x0101080a @th,288,32 0x01030308 @th,256,64 set @th,224,64 @th,192,64 set 0x010303080101080a return
 }
}
"""
)
# As above with a window scale of 6; a SYN among odd flags is taken for a SYN.
_FREEBSD = """table inet persona {
 chain in {
  type filter hook input priority -150; policy accept;
  tcp flags & (fin|syn|psh|urg) == fin|syn|psh|urg tcp flags set syn
 }
 chain out {
  type filter hook output priority -150; policy accept;
  tcp flags & (syn|ack|rst) == syn|ack jump synack
 }
 chain synack {
  tcp window set 65535
  @th,192,64 0x0101040201030306 @th,192,64 set 0x0103030604020000 return
  @th,192,32 0x0402080a @th,288,32 0x01030306 @th,256,64 set @th,224,64 @th,192,64 set 0x010303060402080a return
  @th,192,32 0x0101080a @th,288,32 0x01030306 @th,256,64 set @th,224,64 @th,192,64 set 0x010303060101080a return
 }
}
"""
_CISCO_IOS = """table inet persona {
 chain out {
  type filter hook output priority -150; policy accept;
  meta nfproto ipv4 ip id set numgen random mod 65536 << 16
  tcp flags & (syn|ack|rst) == syn|ack tcp window set 4128
  meta nfproto ipv4 meta l4proto tcp ip frag-off set 0
 }
}
"""
_EMBEDDED = """table inet persona {
 chain out {
  type filter hook output priority -150; policy accept;
  meta nfproto ipv4 ip id set numgen inc mod 65536 offset {offset} << 16
  meta nfproto ipv4 meta l4proto tcp ip frag-off set 0
  tcp flags & (syn|ack|rst) == syn|ack tcp window set 5840
 }
}
"""
_WITHOUT_OPTIONS = {"tcp_timestamps": "0", "tcp_sack": "0", "tcp_window_scaling": "0", "tcp_ecn": "0"}
_SERVERS = ("vmware", "hyperv", "kvm", "xen", "dell", "hpe", "supermicro")

PERSONALITIES: Mapping[str, Personality] = {
    one.name: one
    for one in (
        # Timestamps with an offset of their own for each connection: without, every decky tells this host's uptime.
        Personality(
            name="linux",  # 4.15 to 5.6
            sysctls=_sysctls(64, tcp_timestamps="1", tcp_rmem="4096 131072 6291456"),
            vendors=(*_SERVERS, "virtualbox"),
        ),
        Personality(
            name="windows-10",  # 1709 and later
            sysctls=_sysctls(128, tcp_timestamps="0", tcp_ecn="0", tcp_rmem="4096 131072 16000000"),
            rules=_WINDOWS_10,
            vendors=("dell", "hpe", "intel"),
        ),
        Personality(
            name="windows-server-2016",
            sysctls=_sysctls(128, tcp_timestamps="1", tcp_ecn="2", tcp_rmem="4096 131072 16000000"),
            rules=_WINDOWS_SERVER_2016,
            vendors=_SERVERS,
        ),
        Personality(
            name="windows-server-2019",  # the stack of Windows 10 1809
            sysctls=_sysctls(128, tcp_timestamps="0", tcp_ecn="0", tcp_rmem="4096 131072 16000000"),
            rules=_WINDOWS_10,
            vendors=_SERVERS,
        ),
        Personality(
            name="freebsd",
            sysctls=_sysctls(64, tcp_timestamps="1", tcp_ecn="1", tcp_rmem=f"4096 131072 {_SCALE_6}"),
            rules=_FREEBSD,
            receive_buffer=_SCALE_6,
            vendors=_SERVERS,
        ),
        Personality(
            name="cisco-ios",
            sysctls=_sysctls(255, **_WITHOUT_OPTIONS),
            rules=_CISCO_IOS,
            vendors=("cisco",),
        ),
        Personality(
            name="embedded",  # small stacks of cameras, printers and the like
            sysctls=_sysctls(64, **_WITHOUT_OPTIONS),
            rules=_EMBEDDED,
            vendors=("espressif", "hikvision", "axis", "raspberry"),
        ),
    )
}
