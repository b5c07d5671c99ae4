"""This module holds the commands about the network: ifconfig, ip, netstat, ss, route, arp, ping, iptables."""

import ipaddress
from collections.abc import Mapping, Sequence

from decnet_actors.machine.daemons import served
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import Sleep, Work
from decnet_actors.machine.tree import etc, proc


def link_local(mac: str) -> str:
    """Return the IPv6 address a card gives itself (RFC 4291, appendix A)."""
    parts = [int(part, 16) for part in mac.split(":")]
    words = (parts[0] ^ 2) << 8 | parts[1], parts[2] << 8 | 0xFF, 0xFE00 | parts[3], parts[4] << 8 | parts[5]
    return str(ipaddress.IPv6Address(0xFE80 << 112 | words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3]))


def broadcast(address: str) -> str:
    """Return the address of everybody in the network of an address."""
    return f"{address.rpartition('.')[0]}.255"


def ifconfig(ctx: Context) -> int:
    """Show the interfaces."""
    p = ctx.persona
    nic = etc.interface(p)
    words = [word for word in ctx.args if not word.startswith("-")]
    if words and words[0] not in {nic, "lo"}:
        ctx.err(f"{words[0]}: error fetching interface information: Device not found\n")
        return 1
    if len(words) > 1 and ctx.sh.uid:
        ctx.err("SIOCSIFADDR: Operation not permitted\nSIOCSIFFLAGS: Operation not permitted\n")
        return 255
    received, packets_in, sent, packets_out = proc.traffic(p, ctx.now)
    local = 84_000 + int(ctx.now - p.booted_at) // 7
    if not words or words[0] == nic:
        ctx.out(
            f"{nic}: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n"
            f"        inet {p.address}  netmask 255.255.255.0  broadcast {broadcast(p.address)}\n"
            f"        inet6 {link_local(p.mac)}  prefixlen 64  scopeid 0x20<link>\n        ether "
            f"{p.mac}  txqueuelen 1000  (Ethernet)\n"
            f"        RX packets {packets_in}  bytes {received} ({received / 1e6:.1f} MB)\n        RX "
            "errors 0  dropped 0  overruns 0  frame 0\n"
            f"        TX packets {packets_out}  bytes {sent} ({sent / 1e6:.1f} MB)\n"
            "        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0\n\n"
        )
    if not words or words[0] == "lo":
        ctx.out(
            "lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n        inet 127.0.0.1  netmask 255.0.0.0\n"
            "        inet6 ::1  prefixlen 128  scopeid 0x10<host>\n        loop  txqueuelen 1000  (Local Loopback)\n"
            f"        RX packets {local // 84}  bytes {local} ({local / 1000:.1f} KB)\n        RX errors "
            "0  dropped 0  overruns 0  frame 0\n"
            f"        TX packets {local // 84}  bytes {local} ({local / 1000:.1f} KB)\n"
            "        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0\n\n"
        )
    return 0


def ip(ctx: Context) -> int:
    """``ip addr``, ``ip link``, ``ip route``, ``ip neigh``."""
    p = ctx.persona
    nic = etc.interface(p)
    words = [word for word in ctx.args if not word.startswith("-")]
    flags = [word for word in ctx.args if word.startswith("-")]
    thing = words[0] if words else ""
    changing = len(words) > 1 and words[1] in {"add", "del", "set", "flush", "replace", "change"}
    if changing and ctx.sh.uid:
        ctx.err("RTNETLINK answers: Operation not permitted\n")
        return 2
    if changing:
        return 0
    if thing and "address".startswith(thing):
        if any(flag.startswith("-br") for flag in flags):
            ctx.out(
                f"lo               UNKNOWN        127.0.0.1/8 ::1/128 \n{nic:<16} UP             "
                f"{p.address}/24 {link_local(p.mac)}/64 \n"
            )
            return 0
        _addresses(ctx, nic, addresses=True)
    elif thing and "link".startswith(thing):
        _addresses(ctx, nic, addresses=False)
    elif thing and "route".startswith(thing):
        network = f"{p.address.rpartition('.')[0]}.0/24"
        ctx.out(
            f"default via {etc.gateway(p)} dev {nic} onlink \n{network} dev {nic} proto kernel scope "
            f"link src {p.address} \n"
        )
    elif thing and "neighbour".startswith(thing):
        ctx.out(f"{etc.gateway(p)} dev {nic} lladdr {etc.gateway_mac(p)} REACHABLE\n")
    elif not thing:
        ctx.usage("Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n", 255)
    else:
        ctx.err(f'Object "{thing}" is unknown, try "ip help".\n')
        return 1
    return 0


def _addresses(ctx: Context, nic: str, *, addresses: bool) -> None:
    p = ctx.persona
    ctx.out(
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN "
        + ("group default qlen 1000\n" if addresses else "mode DEFAULT group default qlen 1000\n")
    )
    ctx.out("    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n")
    if addresses:
        ctx.out("    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n")
        ctx.out("    inet6 ::1/128 scope host noprefixroute \n       valid_lft forever preferred_lft forever\n")
    ctx.out(
        f"2: {nic}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP "
        + ("group default qlen 1000\n" if addresses else "mode DEFAULT group default qlen 1000\n")
    )
    ctx.out(
        f"    link/ether {p.mac} brd ff:ff:ff:ff:ff:ff\n    altname enp0s3\n"
        if nic.startswith("ens")
        else f"    link/ether {p.mac} brd ff:ff:ff:ff:ff:ff\n"
    )
    if addresses:
        ctx.out(
            f"    inet {p.address}/24 brd {broadcast(p.address)} scope global {nic}\n       valid_lft "
            "forever preferred_lft forever\n"
        )
        ctx.out(f"    inet6 {link_local(p.mac)}/64 scope link \n       valid_lft forever preferred_lft forever\n")


def _sockets(ctx: Context) -> Sequence[tuple[str, str, str, str, int, str]]:
    """Return protocol, state, local and remote address, pid and program."""
    p, login = ctx.persona, ctx.world.login
    listening = [(one, etc.pid(p, one.name)) for one in served(p) if one.port]
    rows = [("tcp", "LISTEN", f"0.0.0.0:{one.port}", "0.0.0.0:*", number, one.name) for one, number in listening]
    rows.append(
        (
            "tcp",
            "ESTABLISHED",
            f"{login.local_address}:{login.local_port}",
            f"{login.address}:{login.port}",
            ctx.sh.pid - 9,
            "sshd" if login.service == "ssh" else "telnetd",
        )
    )
    rows += [
        ("tcp6", "LISTEN", f":::{one.port}", ":::*", number, one.name)
        for one, number in listening
        if one.name != "inetutils-inetd"  # it listens on IPv4 only as packaged
    ]
    return rows


def netstat(ctx: Context) -> int:
    """Show sockets, routes or counters."""
    flags = "".join(word.lstrip("-") for word in ctx.args)
    if "r" in flags:
        return route(ctx)
    if "i" in flags:
        received, packets_in, sent, packets_out = proc.traffic(ctx.persona, ctx.now)
        del received, sent
        ctx.out(
            "Kernel Interface table\nIface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n"
        )
        ctx.out(
            f"{etc.interface(ctx.persona):<8} 1500 {packets_in:8d}      0      0 0      {packets_out:8d} "
            "     0      0      0 BMRU\n"
        )
        return 0
    listening, both = "l" in flags, "a" in flags
    shown = "(only servers)" if listening else "(servers and established)" if both else "(w/o servers)"
    program = "p" in flags
    ctx.out(
        f"Active Internet connections {shown}\nProto Recv-Q Send-Q Local Address           Foreign "
        f"Address         State      {' PID/Program name    ' if program else ''}\n"
    )
    for protocol, state, local, remote, pid, name in _sockets(ctx):
        if both or (state == "LISTEN") == listening:
            owner = f" {pid}/{name}" if ctx.sh.uid == 0 else " -"
            ctx.out(f"{protocol:<5}      0      0 {local:<23} {remote:<23} {state:<11}{owner if program else ''}\n")
    return 0


def ss(ctx: Context) -> int:
    """Show sockets."""
    flags = "".join(word.lstrip("-") for word in ctx.args)
    if "s" in flags:
        ctx.out("Total: 142\nTCP:   4 (estab 1, closed 0, orphaned 0, timewait 0)\n")
        return 0
    listening = "l" in flags
    ctx.out("State     Recv-Q    Send-Q       Local Address:Port        Peer Address:Port    Process\n")
    for protocol, state, local, remote, pid, name in _sockets(ctx):
        if "a" in flags or (state == "LISTEN") == listening:
            label = {"ESTABLISHED": "ESTAB"}.get(state, state)
            here, there = local.replace(":::", "[::]:"), remote.replace(":::", "[::]:")
            owner = f'    users:(("{name}",pid={pid},fd=3))' if "p" in flags and ctx.sh.uid == 0 else ""
            queue = 128 if state == "LISTEN" else 0
            del protocol
            ctx.out(f"{label:<9} 0         {queue:<6} {here:>24}      {there:>16}{owner}\n")
    return 0


def route(ctx: Context) -> int:
    """Show the routes."""
    p = ctx.persona
    nic = etc.interface(p)
    network = f"{p.address.rpartition('.')[0]}.0"
    any_address = "0.0.0.0" if "-n" in ctx.args else "default"  # noqa: S104  a routing table
    ctx.out("Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n")
    ctx.out(f"{any_address:<15} {etc.gateway(p):<15} 0.0.0.0         UG    0      0        0 {nic}\n")
    ctx.out(f"{network:<15} 0.0.0.0         255.255.255.0   U     0      0        0 {nic}\n")
    return 0


def arp(ctx: Context) -> int:
    """Show the neighbours."""
    p = ctx.persona
    nic = etc.interface(p)
    if any("a" in word for word in ctx.args):
        ctx.out(f"? ({etc.gateway(p)}) at {etc.gateway_mac(p)} [ether] on {nic}\n")
    else:
        ctx.out("Address                  HWtype  HWaddress           Flags Mask            Iface\n")
        ctx.out(f"{etc.gateway(p):<24} ether   {etc.gateway_mac(p)}   C                     {nic}\n")
    return 0


def ping(ctx: Context) -> Work:
    """Ask and hear nothing, but from the machine itself and its gateway."""
    args = list(ctx.args)
    count = 4
    words: list[str] = []
    while args:
        word = args.pop(0)
        if word == "-c" and args:
            text = args.pop(0)
            count = min(int(text[:4]), 100) if text.isdecimal() else 4
        elif word in {"-i", "-w", "-W", "-s", "-I"} and args:
            args.pop(0)
        elif not word.startswith("-"):
            words.append(word)
    if not words:
        ctx.usage("ping: usage error: Destination address required\n")
    host = words[-1]
    ctx.world.download(f"icmp://{host}", "ping")
    address = {"localhost": "127.0.0.1", ctx.persona.hostname: "127.0.1.1"}.get(host, host)
    try:
        ipaddress.ip_address(address)
    except ValueError:
        yield Sleep(8.0)
        ctx.err(f"ping: {host}: Temporary failure in name resolution\n")
        return 2
    near = address.startswith("127.") or address in {ctx.persona.address, etc.gateway(ctx.persona)}
    ctx.out(f"PING {host} ({address}) 56(84) bytes of data.\n")
    times: list[float] = []
    for number in range(1, count + 1):
        if near:
            times.append(0.03 + ctx.world.rng.random() * (0.02 if address.startswith("127.") else 0.6))
            ctx.out(f"64 bytes from {address}: icmp_seq={number} ttl=64 time={times[-1]:.3f} ms\n")
        yield Sleep(1.0)
    lost = 0 if near else 100
    ctx.out(
        f"\n--- {host} ping statistics ---\n{count} packets transmitted, {len(times)} received, {lost}% "
        f"packet loss, time {count * 1015}ms\n"
    )
    if times:
        ctx.out(f"rtt min/avg/max/mdev = {min(times):.3f}/{sum(times) / len(times):.3f}/{max(times):.3f}/0.041 ms\n")
    return int(not near)


def iptables(ctx: Context) -> int:
    """Show empty chains; rules are taken and forgotten."""
    if ctx.sh.uid:
        ctx.err(
            f"{ctx.name} v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied "
            "(you must be root)\n"
        )
        return 4
    if any(word in {"-L", "--list", "-nL", "-vnL", "-nvL", "-vL"} for word in ctx.args):
        ctx.out(
            "\n".join(
                f"Chain {chain} (policy ACCEPT)\ntarget     prot opt source               destination         \n"
                for chain in ("INPUT", "FORWARD", "OUTPUT")
            )
        )
    elif "-S" in ctx.args:
        ctx.out("-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n")
    return 0


def resolve(ctx: Context) -> Work:
    """``dig``, ``host``, ``nslookup``: no server answers."""
    words = [word for word in ctx.args if not word.startswith(("-", "+", "@"))]
    ctx.world.download(f"dns://{words[0] if words else ''}", ctx.name)
    yield Sleep(10.0)
    ctx.out(";; connection timed out; no servers could be reached\n" + ("\n" if ctx.name == "nslookup" else ""))
    return 9 if ctx.name == "dig" else 1


COMMANDS: Mapping[str, Function] = {
    "ifconfig": ifconfig, "ip": ip, "netstat": netstat, "ss": ss, "route": route, "arp": arp, "ping": ping,
    "iptables": iptables, "ip6tables": iptables, "iptables-nft": iptables, "dig": resolve, "host": resolve,
    "nslookup": resolve,
}  # fmt: skip
