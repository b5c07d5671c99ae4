"""This module holds the applets of BusyBox that speak to a network: they record what was asked for, and fail.

As everywhere on the machine nothing is resolved, connected or fetched.
"""

import ipaddress
from collections.abc import Generator, Mapping

from decnet_actors.machine.shell.commands.network import broadcast, link_local
from decnet_actors.machine.shell.commands.transfer import (
    ADDRESS,
    TIMEOUT,
    dns_wait,
    options_and_urls,
    seconds,
    split_url,
)
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import Pause, Sleep, Work
from decnet_actors.machine.tree import etc, proc

MAX_PINGS = 100
UNANSWERED = 4  # pings nobody ends


def _unreachable(ctx: Context, host: str, wait: float = TIMEOUT) -> Work:
    """Wait for a host in vain and say so; returns the status."""
    if not ADDRESS.fullmatch(host):
        yield Sleep(dns_wait(ctx))
        return ctx.fail(f"bad address '{host}'")
    yield Sleep(wait)
    late = "Operation timed out" if ctx.persona.libc == "musl" else "Connection timed out"
    return ctx.fail(f"can't connect to remote host ({host}): {late}")


def wget(ctx: Context) -> Work:
    """Fail to fetch, as the applet does: the first URL that fails ends it."""
    urls, options = options_and_urls(
        ctx, "OoPUTYt", ("header", "post-data", "post-file", "output-document", "timeout", "user-agent")
    )
    if not urls:
        ctx.usage("wget: missing URL\n")
    url = urls[0]
    scheme, host, port, _ = split_url(url)
    ctx.world.download(url if "://" in url else f"http://{url}", "wget")
    if scheme not in {"http", "https", "ftp"} or not host:
        return ctx.fail(f"not an http or ftp url: {url}")
    if ADDRESS.fullmatch(host) and "q" not in options:
        ctx.err(f"Connecting to {host}{f':{port}' if _explicit(url, port) else ''} ({host}:{port})\n")
    wait = seconds(options.get("T") or options.get("timeout"), TIMEOUT)
    if "T" in options and ADDRESS.fullmatch(host):
        yield Sleep(wait)
        return ctx.fail("download timed out")
    return (yield from _unreachable(ctx, host, wait))


def _explicit(url: str, port: int) -> bool:
    return f":{port}" in url.partition("://")[2]


def tftp(ctx: Context) -> Work:
    """Fail to fetch."""
    host, name = "", ""
    args = list(ctx.args)
    while args:
        word = args.pop(0)
        if word.startswith("-") and word[-1:] in {"r", "l", "b"} and args:
            value = args.pop(0)
            name = value if word.endswith("r") or (word.endswith("l") and not name) else name
        elif not word.startswith("-"):
            host = host or word
    if not host or not name:
        ctx.usage("tftp: missing file operand\n")
    ctx.world.download(f"tftp://{host}/{name}", "tftp")
    if not ADDRESS.fullmatch(host):
        yield Sleep(dns_wait(ctx))
        return ctx.fail(f"bad address '{host}'")
    yield Sleep(TIMEOUT)
    return ctx.fail("timeout")


def ftp_transfer(ctx: Context) -> Work:
    """Fail to fetch, or to send: ``ftpget`` and ``ftpput``."""
    words, _ = options_and_urls(ctx, "upP", ())
    if len(words) < 2:  # noqa: PLR2004  host file
        ctx.usage(f"{ctx.name}: missing file operand\n")
    ctx.world.download(f"ftp://{words[0]}/{words[-1].lstrip('/')}", ctx.name)
    return (yield from _unreachable(ctx, words[0]))


def connect(ctx: Context) -> Work:
    """Fail to connect: ``nc`` and ``telnet``; what listens waits."""
    words, options = options_and_urls(ctx, "pwilef" if ctx.name == "nc" else "l", ())
    if ctx.name == "nc" and "l" in options:
        while not ctx.stdin.eof:
            yield from ctx.stdin.read_some()
        return 0
    if not words or (ctx.name == "nc" and len(words) < 2):  # noqa: PLR2004  host port
        ctx.usage(f"{ctx.name}: missing host operand\n")
    ctx.world.download(" ".join([ctx.name, *ctx.args]), ctx.name)
    return (yield from _unreachable(ctx, words[0], seconds(options.get("w"), TIMEOUT)))


def ping(ctx: Context) -> Work:
    """Ask and hear nothing, but from the machine itself and its gateway."""
    words, options = options_and_urls(ctx, "csiIWwtp", ())
    if not words:
        ctx.usage("ping: missing host operand\n")
    host = words[0]
    ctx.world.download(f"icmp://{host}", "ping")
    address = {"localhost": "127.0.0.1", ctx.persona.hostname: "127.0.0.1"}.get(host, host)
    try:
        ipaddress.ip_address(address)
    except ValueError:
        yield Sleep(dns_wait(ctx))
        return ctx.fail(f"bad address '{host}'")
    text = options.get("c", "")
    count = min(int(text[:4]), MAX_PINGS) if text.isdecimal() else UNANSWERED
    near = address.startswith("127.") or address in {ctx.persona.address, etc.gateway(ctx.persona)}
    ctx.out(f"PING {host} ({address}): 56 data bytes\n")
    times = yield from _answers(ctx, address, count, near=near)
    lost = 0 if near else 100
    ctx.out(
        f"\n--- {host} ping statistics ---\n{count} packets transmitted, {len(times)} packets received, "
        f"{lost}% packet loss\n"
    )
    if times:
        middle = sum(times) / len(times)
        ctx.out(f"round-trip min/avg/max = {min(times):.3f}/{middle:.3f}/{max(times):.3f} ms\n")
    return int(not near)


def _answers(ctx: Context, address: str, count: int, *, near: bool) -> Generator[Pause, None, list[float]]:
    times: list[float] = []
    for number in range(count):
        if near:
            times.append(0.08 + ctx.world.rng.random() * (0.05 if address.startswith("127.") else 0.9))
            ctx.out(f"64 bytes from {address}: seq={number} ttl=64 time={times[-1]:.3f} ms\n")
        yield Sleep(1.0)
    return times


def ifconfig(ctx: Context) -> int:
    """Show the interfaces."""
    p = ctx.persona
    nic = etc.interface(p)
    words = [word for word in ctx.args if not word.startswith("-")]
    if words and words[0] not in {nic, "lo"}:
        return ctx.fail(f"{words[0]}: error fetching interface information: Device not found")
    if len(words) > 1:
        return ctx.fail("SIOCSIFADDR: Operation not permitted") if ctx.sh.uid else 0
    received, packets_in, sent, packets_out = proc.traffic(p, ctx.now)
    if not words or words[0] == nic:
        ctx.out(
            f"{nic:<9} Link encap:Ethernet  HWaddr {p.mac.upper()}  \n"
            f"          inet addr:{p.address}  Bcast:{broadcast(p.address)}  Mask:255.255.255.0\n"
        )
        if not p.embedded:
            ctx.out(f"          inet6 addr: {link_local(p.mac)}/64 Scope:Link\n")
        ctx.out("          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n")
        ctx.out(_counters(received, packets_in, sent, packets_out, 1000))
    if not words or words[0] == "lo":
        size = 84_000 + int(ctx.now - p.booted_at) // 7
        ctx.out("lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n")
        if not p.embedded:
            ctx.out("          inet6 addr: ::1/128 Scope:Host\n")
        ctx.out(f"          UP LOOPBACK RUNNING  MTU:{16_436 if p.embedded else 65_536}  Metric:1\n")
        ctx.out(_counters(size, size // 84, size, size // 84, 0 if p.embedded else 1000))
    return 0


def _counters(received: int, packets_in: int, sent: int, packets_out: int, queue: int) -> str:
    return (
        f"          RX packets:{packets_in} errors:0 dropped:0 overruns:0 frame:0\n"
        f"          TX packets:{packets_out} errors:0 dropped:0 overruns:0 carrier:0\n"
        f"          collisions:0 txqueuelen:{queue} \n"
        f"          RX bytes:{received} ({_unit(received)})  TX bytes:{sent} ({_unit(sent)})\n\n"
    )


def _unit(size: int) -> str:
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:  # noqa: PLR2004  of the next unit
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


COMMANDS: Mapping[str, Function] = {
    "wget": wget, "tftp": tftp, "ftpget": ftp_transfer, "ftpput": ftp_transfer, "nc": connect, "telnet": connect,
    "ping": ping, "ping6": ping, "ifconfig": ifconfig,
}  # fmt: skip
