"""This module compares who and what lives on a machine: accounts, processes, addresses, ports, packages, services."""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from attrs import frozen

from decnet_actors.machine.coherence.surfaces import Contradiction, Surfaces, rows
from decnet_actors.machine.daemons import running, served
from decnet_actors.machine.tree import etc

_SHELLS = ("/bin/sh", "/bin/bash", "/bin/ash")
_SKEW = 5.0  # seconds between what a service said and the look at it
# The version a service tells: where it is in its greeting, and the package it is of.
_TOLD: Mapping[str, tuple[tuple[bytes, str], ...]] = {
    "ssh": ((rb"OpenSSH_([0-9.]+)", "openssh-server"), (rb"dropbear_([0-9.]+)", "dropbear")),
    "http": (
        (rb"nginx/([0-9.]+)", "nginx"), (rb"Apache/([0-9.]+) \((?:Debian|Ubuntu)\)", "apache2"),
        (rb"Apache/([0-9.]+) \(Rocky", "httpd"), (rb"lighttpd/([0-9.]+)", "lighttpd"),
        (rb"mini_httpd/([0-9.]+)", "mini-httpd"),
    ),
    "redis": ((rb"redis_version:([0-9.]+)", "redis"),),
}  # fmt: skip


def accounts(s: Surfaces) -> Iterator[Contradiction]:
    """Compare passwd with group, shadow and the homes."""
    known = [line.split(":") for line in s.read("/etc/passwd").splitlines()]
    groups = [line.split(":") for line in s.read("/etc/group").splitlines()]
    names = [row[0] for row in known]
    numbers = {row[2] for row in groups}
    yield from s.same("accounts", {"persona": " ".join(one.name for one in s.persona.accounts),
                                   "/etc/passwd": " ".join(names)})  # fmt: skip
    yield from s.all_in("group", "/etc/passwd", {f"group {row[3]} of {row[0]}": row[3] in numbers for row in known})
    members = {name for row in groups for name in row[3].split(",") if name}
    yield from s.all_in("account", "/etc/group", {name: name in names for name in sorted(members)})
    for what in ("shadow", "gshadow"):
        listed = [line.partition(":")[0] for line in s.read(f"/etc/{what}").splitlines()]
        of = names if what == "shadow" else [row[0] for row in groups]
        yield from s.same(what, {"passwd and group": " ".join(of), f"/etc/{what}": " ".join(listed)})
    shells = s.read("/etc/shells").split()
    for name, _, uid, gid, _, home, shell in known:
        if shell in _SHELLS:
            yield from s.all_in("shell", f"/etc/passwd of {name}", {shell: s.has(shell)})
            found = s.machine.files.stat(home) if s.has(home) else None
            owner = "" if found is None else f"{found.uid}:{found.gid}"
            yield from s.same("home", {"/etc/passwd": f"{home} {uid}:{gid}", "the folder": f"{home} {owner}"})
            yield from s.all_in("shell", f"/etc/passwd of {name}", {f"{shell} in /etc/shells": shell in shells})
    first = s.persona.accounts[0]
    told = re.match(r"uid=(\d+)\((\S+)\) gid=(\d+)", s.run(f"id {first.name}"))
    if told:
        yield from s.same(
            "account", {"/etc/passwd": f"{first.uid} {first.name} {first.gid}", "id": " ".join(told.groups())}
        )


@frozen
class _Row:
    """A row of ps."""

    pid: str
    user: str
    command: str


def _processes(s: Surfaces) -> list[_Row]:
    """Return the process table, whichever ps it is of."""
    table = rows(s.run("ps aux" if s.persona.userland == "gnu" else "ps"))
    if not table:
        return []
    head = table[0]
    last = len(head) - 1
    at, who = head.index("PID"), head.index("USER") if "USER" in head else None
    return [
        _Row(words[at], "" if who is None else words[who], " ".join(words[last:]))
        for words in table[1:]
        if len(words) > last
    ]


def processes(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the process table with the programs, /proc, the pid files and the accounts."""
    table = _processes(s)
    numbers = [row.pid for row in table]
    yield from s.same("process ids", {"ps": str(len(numbers)), "ps, each once": str(len(set(numbers)))})
    shown = {row.pid: row for row in table}
    for one in running(s.persona):
        row = shown.get(str(one.pid))
        if one.pid > 1:
            comm = s.read(f"/proc/{one.pid}/comm").strip()
            yield from s.same("process", {"daemons": one.daemon.name[:15], f"/proc/{one.pid}/comm": comm or "none"})
            yield from s.same(
                "process", {"daemons": one.daemon.command, f"ps of {one.pid}": row.command if row else "none"}
            )
        path = one.daemon.program
        yield from s.all_in("program", "ps", {path: s.has(path)} if path else {})
        names = {account.name for account in s.persona.accounts}
        yield from s.all_in("account", "ps", {one.daemon.user: one.daemon.user in names})
    for folder in ("/run", "/var/run"):
        for name in s.names(folder):
            if name.endswith(".pid") and s.read(f"{folder}/{name}").strip() not in numbers:
                text = s.read(f"{folder}/{name}").strip()
                yield Contradiction(fact="process", here=f"{folder}/{name}", says=text, there="ps", but="none")
    first = shown.get("1")
    comm = s.read("/proc/1/comm").strip()
    listed = first is not None and (comm in first.command or comm == "systemd")  # which calls itself /sbin/init
    yield from s.all_in("process 1", "/proc/1/comm", {comm: listed})


def network(s: Surfaces) -> Iterator[Contradiction]:
    """Compare addresses, cards and routes."""
    p = s.persona
    nic = etc.interface(p)
    listed = re.findall(r"inet (?:addr:)?([0-9.]+)", s.run(f"ifconfig {nic}"))
    shown = re.findall(r"inet ([0-9.]+)/\d+ brd", s.run("ip addr"))
    told = {
        "persona": p.address, "ifconfig": " ".join(listed), "ip addr": " ".join(shown),
        "hostname -I": s.run("hostname -I").strip() if p.userland == "gnu" else "",
    }  # fmt: skip
    yield from s.same("address", told if "." in p.address else {})
    connection = f"/etc/NetworkManager/system-connections/{nic}.nmconnection"
    written = re.findall(r"address1?[ =]([0-9.]+)/", s.read("/etc/network/interfaces") + s.read(connection))
    yield from s.same("address", {"persona": p.address, "its configuration": " ".join(written)})
    told = {
        "persona": p.mac,
        f"/sys/class/net/{nic}/address": s.read(f"/sys/class/net/{nic}/address").strip(),
        "ip link": " ".join(re.findall(r"link/ether ([0-9a-f:]+)", s.run("ip link"))),
        "ifconfig": " ".join(re.findall(r"(?:ether|HWaddr) ([0-9A-Fa-f:]+)", s.run(f"ifconfig {nic}"))).lower(),
    }
    yield from s.same("network card", told)
    cards = [words[0].rstrip(":") for words in rows(s.read("/proc/net/dev"))[2:]]
    yield from s.same("interfaces", {"/sys/class/net": " ".join(sorted(s.names("/sys/class/net"))),
                                     "/proc/net/dev": " ".join(sorted(cards))})  # fmt: skip
    gateway = next((words[2] for words in rows(s.read("/proc/net/route"))[1:] if words[1] == "00000000"), "")
    route = re.search(r"default via (\S+)", s.run("ip route"))
    table = next((words[1] for words in rows(s.run("route -n")) if words[0] == "0.0.0.0"), "")  # noqa: S104  a route
    told = {
        "/proc/net/route": ".".join(str(byte) for byte in reversed(bytes.fromhex(gateway))) if gateway else "",
        "ip route": route[1] if route else "",
        "route -n": table,
        "/proc/net/arp": next((words[0] for words in rows(s.read("/proc/net/arp"))[1:]), ""),
    }
    yield from s.same("gateway", told if "." in p.address else {})


def ports(s: Surfaces) -> Iterator[Contradiction]:
    """Compare what listens, by whom, with what is served."""
    wanted = sorted({one.port for one in served(s.persona) if one.port})
    netstat = {
        int(found)
        for found in re.findall(r"(?m)^tcp\s.*?[0-9.]+:(\d+)\s+0\.0\.0\.0:\*\s+LISTEN", s.run("netstat -ltn"))
    }
    listening = {int(found) for found in re.findall(r"LISTEN.*?0\.0\.0\.0:(\d+) ", s.run("ss -ltn"))}
    kernel = [words[1].partition(":")[2] for words in rows(s.read("/proc/net/tcp"))[1:] if words[3] == "0A"]
    told = {
        "served": repr(wanted),
        "netstat": repr(sorted(netstat)) if s.run("netstat -ltn") else "",
        "ss": repr(sorted(listening)) if s.run("ss -ltn") else "",
        "/proc/net/tcp": repr(sorted(int(port, 16) for port in kernel)),
    }
    yield from s.same("ports", told)
    pids = {row.pid for row in _processes(s)}
    owners = re.findall(r"LISTEN\s+(\d+)/", s.run("netstat -ltnp"))
    yield from s.all_in("process", "netstat -ltnp", {number: number in pids for number in owners})


def packages(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the list of packages, and what programs say of themselves, with what is installed."""
    p = s.persona
    match p.package_manager:
        case "apt":
            here, text = "/var/lib/dpkg/status", s.read("/var/lib/dpkg/status")
            found = dict(re.findall(r"(?m)^Package: (\S+)\n(?:.+\n)*?Version: (\S+)", text))
        case "apk":
            here, text = "/lib/apk/db/installed", s.read("/lib/apk/db/installed")
            found = dict(re.findall(r"(?m)^P:(\S+)\nV:(\S+)", text))
        case _:
            here, found = "", {}
    if here:
        yield from s.same("packages", {"persona": repr(sorted(p.packages.items())), here: repr(sorted(found.items()))})
    if p.userland == "busybox":
        told = re.match(r"BusyBox v([0-9.]+)", s.run("busybox"))
        yield from s.same("busybox", {"installed": re.split(r"[ -]", p.packages["busybox"])[0],
                                      "busybox": told[1] if told else "none"})  # fmt: skip


def services(s: Surfaces) -> Iterator[Contradiction]:
    """Compare what the services say to a peer with what the machine is."""
    p = s.persona
    for service, said in s.greetings.items():
        for pattern, package in _TOLD.get(service, ()):
            if told := re.search(pattern, said):
                installed = p.packages.get(package, "not installed")
                version = re.sub(r"^\d+:", "", installed)
                if not version.startswith(told[1].decode()):
                    yield Contradiction(
                        fact="version", here=f"{service} says", says=told[0].decode(), there=package, but=installed
                    )
    yield from _names(s)
    if found := re.search(rb"(?m)^Date: ([^\r\n]+)", s.greetings.get("http", b"")):
        moment = parsedate_to_datetime(found[1].decode("latin-1")).timestamp()
        if abs(moment - s.now) > _SKEW:
            yield Contradiction(
                fact="time", here="http says", says=found[1].decode("latin-1"), there="clock", but=f"{s.now:.0f}"
            )


def _names(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the names of system and machine in greetings."""
    p, ssh, telnet = s.persona, s.greetings.get("ssh", b""), s.greetings.get("telnet", b"")
    vendor = {"debian": b"Debian", "ubuntu": b"Ubuntu"}.get(p.distribution)
    text = ssh + s.greetings.get("http", b"").partition(b"\r\n\r\n")[0]
    for name in (b"Debian", b"Ubuntu", b"Alpine", b"Rocky"):
        mine = vendor or p.distribution.title().encode()
        if name in text and name != mine:
            yield Contradiction(
                fact="release", here="a greeting", says=name.decode(), there="persona", but=p.distribution
            )
    if ssh and (b"dropbear" in ssh) != (p.ssh_server == "dropbear"):
        yield Contradiction(
            fact="ssh server", here="ssh says", says=ssh[:60].decode("latin-1"), there="persona", but=p.ssh_server
        )
    prompt = re.search(rb"(\S+) login: $", telnet)
    told = {"persona": p.hostname, "telnet": prompt[1].decode("latin-1") if prompt else ""}
    yield from s.same("hostname", told)
    shown = re.search(rb"Linux (\d\S+)", telnet)
    yield from s.same("kernel", {"persona": p.kernel, "telnet": shown[1].decode("latin-1") if shown else ""})
    if (found := re.search(rb"os:Linux (\S+) (\S+)", s.greetings.get("redis", b""))) is not None:
        told = {"persona": f"{p.kernel} {p.architecture}", "redis": f"{found[1].decode()} {found[2].decode()}"}
        yield from s.same("kernel", told)


def windows(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the facts that services of Windows tell, and look for daemons of another system."""
    p = s.persona
    if p.family != "windows":
        return
    yield from s.all_in("build", "kernel", {p.kernel_build: p.kernel_build.startswith(p.kernel.rpartition(".")[2])})
    for daemon in served(p):
        yield Contradiction(fact="service", here="persona", says="windows", there="daemons", but=daemon.name)
    for service, said in s.greetings.items():
        if found := re.search(rb"OpenSSH_\S+ (?:Debian|Ubuntu)|nginx|Apache/\S+ \(|Linux", said):
            yield Contradiction(
                fact="service", here="persona", says="windows", there=service, but=found[0].decode("latin-1")
            )
