"""This module generates ``/proc`` when it is read: what moves on a real machine moves here."""

import math
from collections.abc import Callable

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.daemons import running, served
from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.builder import put
from decnet_actors.machine.tree.cpu import clock_mhz, cpu_numbers, cpuinfo
from decnet_actors.machine.tree.elf import binary
from decnet_actors.machine.tree.programs import BUSYBOX
from decnet_actors.machine.tree.storage import disk, flash_parts, partitions, root_type, swap, volumes
from decnet_actors.machine.tree.versions import version

__all__ = ["clock_mhz", "cpu_numbers", "version"]  # for who asks here for all that /proc tells


def memory(persona: Persona, now: float) -> dict[str, int]:
    """Return sizes in KiB, as ``/proc/meminfo`` names them; slowly changing, always adding up."""
    total = persona.memory_kib
    rng = derived(persona.seed, "memory")
    base = rng.uniform(0.18, 0.45)
    wave = 0.02 * math.sin(now / 307 + rng.random() * 6) + 0.004 * math.sin(now / 7.3) + 0.001 * math.sin(now * 1.7)
    used = int(total * (base + wave))
    cached = int(total * rng.uniform(0.2, 0.4)) + int(now) % 997
    buffers = int(total * 0.02) + int(now / 3) % 211
    swapped = swap(persona)
    return {
        "MemTotal": total,
        "MemFree": total - used - cached - buffers,
        "MemAvailable": int((total - used) * 0.96),
        "Buffers": buffers,
        "Cached": cached,
        "SwapCached": 0,
        "Active": int(used * 0.7 + cached * 0.3),
        "Inactive": int(cached * 0.6),
        "SwapTotal": swapped,
        "SwapFree": swapped,
        "Dirty": int(now * 3) % 400,
        "Shmem": int(total * 0.003),
        "Slab": int(total * 0.03),
        "SReclaimable": int(total * 0.02),
        "CommitLimit": swapped + total // 2,
        "VmallocTotal": 34_359_738_367,
    }


def load(persona: Persona, now: float) -> tuple[float, float, float]:
    """Return the three load averages."""
    phase = persona.seed % 1000
    base = 0.04 + persona.seed % 7 * 0.02
    return (
        max(base + 0.12 * math.sin(now / 61 + phase) + 0.05 * math.sin(now / 13), 0.0),
        max(base + 0.06 * math.sin(now / 301 + phase), 0.01),
        max(base + 0.02 * math.sin(now / 903 + phase), 0.0),
    )


def traffic(persona: Persona, now: float) -> tuple[int, int, int, int]:
    """Return bytes and packets received, then sent, since the start."""
    up = max(now - persona.booted_at, 1.0)
    received = int(up * (900 + persona.seed % 4000)) + persona.seed % 1_000_000
    sent = int(up * (300 + persona.seed % 1700)) + persona.seed % 700_000
    return received, received // 311, sent, sent // 402


def mounts(persona: Persona) -> tuple[tuple[str, str, str, str], ...]:
    """Return device, place, type and options of what is mounted."""
    return tuple((one.device, one.place, one.kind, one.options) for one in volumes(persona, persona.booted_at))


def proc(persona: Persona, now: Callable[[], float]) -> dict[str, Node]:
    """Return the children of ``/proc``."""
    booted = persona.booted_at
    made: dict[str, Callable[[], str]] = {
        "version": lambda: version(persona),
        "cpuinfo": lambda: cpuinfo(persona),
        "meminfo": lambda: "".join(f"{name + ':':<15}{size:>9} kB\n" for name, size in memory(persona, now()).items()),
        "uptime": lambda: _uptime(persona, now()),
        "loadavg": lambda: _loadavg(persona, now()),
        "mounts": lambda: "".join(f"{d} {p} {t} {o} 0 0\n" for d, p, t, o in mounts(persona)),
        "cmdline": lambda: f"{command_line(persona)}\n",
        "filesystems": lambda: (
            f"nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\n\t{root_type(persona)}\n\tvfat\n"
        ),
        "stat": lambda: _stat(persona, now()),
        "swaps": lambda: _swaps(persona),
        "modules": lambda: "ext4 970752 1 - Live 0x0000000000000000\nvirtio_net 65536 0 - Live 0x0000000000000000\n",
        "partitions": lambda: _partitions(persona),
        "net/dev": lambda: _net_dev(persona, now()),
        "net/arp": lambda: _arp(persona),
        "net/route": lambda: _route(persona),
        "net/tcp": lambda: _sockets(persona),
        "sys/kernel/hostname": lambda: f"{persona.hostname}\n",
        "sys/kernel/osrelease": lambda: f"{persona.kernel}\n",
        "sys/kernel/version": lambda: f"{persona.kernel_build}\n",
        "sys/kernel/ostype": lambda: "Linux\n",
        "sys/kernel/pid_max": lambda: "32768\n" if persona.embedded else "4194304\n",
        "sys/net/ipv4/ip_forward": lambda: "1\n" if persona.distribution == "router" else "0\n",
        "sys/vm/swappiness": lambda: "60\n",
        "self/cmdline": lambda: "cat\0/proc/self/cmdline\0",
        "self/status": lambda: "Name:\tcat\nUmask:\t0022\nState:\tR (running)\n",
    }
    if persona.embedded:
        made["mtd"] = lambda: _mtd(persona)
        made["modules"] = str
    else:
        made["self/cgroup"] = lambda: "0::/user.slice/user-0.slice/session-3.scope\n"
        made["1/cgroup"] = lambda: "0::/init.scope\n"
    out: dict[str, Node] = {}
    for path, text in made.items():
        put(out, path, file(_encoded(text), 0o444, booted))
    put(out, "self/mounts", file(_encoded(made["mounts"]), 0o444, booted))
    own, size = ("busybox", BUSYBOX) if persona.userland == "busybox" else ("cat", 44_016)
    put(out, "self/exe", file(lambda: binary(own, size, persona), 0o755, booted, size=0))
    put(out, "self/fd", directory(0o500, booted))
    put(out, "mounts", symlink("self/mounts", booted))
    init, path = first_process(persona)
    put(out, "1/comm", file(f"{init}\n".encode(), 0o444, booted))
    put(out, "1/cmdline", file(b"/sbin/init\0" if not persona.embedded else b"init\0", 0o444, booted))
    put(out, "1/exe", symlink(path, booted))
    for row in running(persona):
        if row.pid > 1:
            put(out, f"{row.pid}/comm", file(f"{row.daemon.name[:15]}\n".encode(), 0o444, booted))
            words = row.daemon.command.replace(" ", "\0") + "\0"
            put(out, f"{row.pid}/cmdline", file(words.encode(), 0o444, booted))
    _make_virtual(out, booted)
    return out


def command_line(persona: Persona) -> str:
    """Return what the boot loader told the kernel."""
    if persona.embedded:
        memory_mib = persona.memory_kib // 1024
        return f"console=ttyS0,115200 root=/dev/mtdblock2 rootfstype={root_type(persona)} mem={memory_mib}M"
    image = "vmlinuz-virt" if persona.distribution == "alpine" else f"vmlinuz-{persona.kernel}"
    tail = {"alpine": f"modules=sd-mod,usb-storage,ext4 rootfstype={root_type(persona)}"}.get(
        persona.distribution, "ro quiet"
    )
    return f"BOOT_IMAGE=/boot/{image} root=/dev/{disk(persona)}1 {tail}"


def first_process(persona: Persona) -> tuple[str, str]:
    """Return name and program of process 1."""
    return ("systemd", "/usr/lib/systemd/systemd") if persona.init == "systemd" else ("init", "/bin/busybox")


def _encoded(text: Callable[[], str]) -> Callable[[], bytes]:
    return lambda: text().encode()


def _make_virtual(children: dict[str, Node], booted: float) -> None:
    for node in children.values():
        node.virtual = True
        if node.is_dir:
            node.mode = node.mode & ~0o777 | 0o555
            node.size = 0
            node.mtime = booted
            _make_virtual(node.entries(), booted)


def _uptime(persona: Persona, now: float) -> str:
    up = max(now - persona.booted_at, 0.0)
    return f"{up:.2f} {up * persona.cpu_count * 0.985:.2f}\n"


def _loadavg(persona: Persona, now: float) -> str:
    one, five, fifteen = load(persona, now)
    last = 1200 + int((now - persona.booted_at) / 2.7) % 3_000_000
    return f"{one:.2f} {five:.2f} {fifteen:.2f} 1/{96 + persona.seed % 80} {last}\n"


def _stat(persona: Persona, now: float) -> str:
    ticks = int(max(now - persona.booted_at, 1) * 100)
    user, system, idle = ticks // 140, ticks // 210, int(ticks * 0.985)
    count = persona.cpu_count
    line = f"cpu  {user * count} 0 {system * count} {idle * count} 1200 0 310 0 0 0\n"
    line += "".join(f"cpu{i} {user + i * 7} 0 {system + i * 3} {idle - i * 11} 300 0 80 0 0 0\n" for i in range(count))
    return (
        f"{line}ctxt {ticks * 3}\nbtime {int(persona.booted_at)}\nprocesses {ticks // 270}\n"
        "procs_running 1\nprocs_blocked 0\n"
    )


def _partitions(persona: Persona) -> str:
    return "major minor  #blocks  name\n\n" + "".join(
        f"{one.major:4d} {one.minor:8d} {one.size:10d} {one.name}\n" for one in partitions(persona)
    )


def _swaps(persona: Persona) -> str:
    head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
    place = f"/dev/{disk(persona)}2"
    return f"{head}{place:<40}partition\t{swap(persona)}\t\t0\t\t-2\n" if swap(persona) else head


def _mtd(persona: Persona) -> str:
    rows = enumerate(flash_parts(persona))
    return "dev:    size   erasesize  name\n" + "".join(
        f'mtd{index}: {size * 1024:08x} 00010000 "{name}"\n' for index, (name, size, _) in rows
    )


def _sockets(persona: Persona) -> str:
    """Return ``/proc/net/tcp``: who listens."""
    out = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    uids = {account.name: account.uid for account in persona.accounts}
    ports = [(one.port, uids.get(one.user, 0)) for one in served(persona) if one.port]
    for index, (port, uid) in enumerate(ports):
        inode = 11_000 + persona.seed % 5000 + index * 7
        out += (
            f"{index:4d}: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 "
            f"{uid:5d}        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        )
    return out


def _net_dev(persona: Persona, now: float) -> str:
    received, packets_in, sent, packets_out = traffic(persona, now)
    local = 84_000 + int(now - persona.booted_at) // 7
    head = "Inter-|   Receive                                                |  Transmit\n"
    head += (
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop fifo colls carrier compressed\n"
    )
    row = (
        "{:>6}: {:7d} {:7d}    0    0    0     0          0         0 {:8d} {:7d}    0    0    0   "
        "  0       0          0\n"
    )
    return (
        head
        + row.format("lo", local, local // 84, local, local // 84)
        + row.format(etc.interface(persona), received, packets_in, sent, packets_out)
    )


def _arp(persona: Persona) -> str:
    head = "IP address       HW type     Flags       HW address            Mask     Device\n"
    return (
        f"{head}{etc.gateway(persona):<16} 0x1         0x2         {etc.gateway_mac(persona)}     "
        f"*        {etc.interface(persona)}\n"
    )


def _route(persona: Persona) -> str:
    def little(address: str) -> str:
        parts = address.split(".")
        return "".join(f"{int(part):02X}" for part in reversed(parts)) if len(parts) == 4 else "00000000"  # noqa: PLR2004  IPv4

    nic = etc.interface(persona)
    network = persona.address.rpartition(".")[0] + ".0"
    return (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        f"{nic}\t00000000\t{little(etc.gateway(persona))}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        f"{nic}\t{little(network)}\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
