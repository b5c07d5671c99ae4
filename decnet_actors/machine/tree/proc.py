"""This module generates ``/proc`` when it is read: what moves on a real machine moves here."""

import math
import re
from collections.abc import Callable

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.daemons import served
from decnet_actors.machine.names import CPUS, KVM_CPUS
from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.elf import binary

SWAPLESS = 9_000_000  # KiB: machines with more are set up without swap


def memory(persona: Persona, now: float) -> dict[str, int]:
    """Return sizes in KiB, as ``/proc/meminfo`` names them; slowly changing, always adding up."""
    total = persona.memory_kib
    rng = derived(persona.seed, "memory")
    base = rng.uniform(0.18, 0.45)
    wave = 0.02 * math.sin(now / 307 + rng.random() * 6) + 0.004 * math.sin(now / 7.3) + 0.001 * math.sin(now * 1.7)
    used = int(total * (base + wave))
    cached = int(total * rng.uniform(0.2, 0.4)) + int(now) % 997
    buffers = int(total * 0.02) + int(now / 3) % 211
    swap = 999_420 if persona.memory_kib < SWAPLESS else 0
    return {
        "MemTotal": total,
        "MemFree": total - used - cached - buffers,
        "MemAvailable": int((total - used) * 0.96),
        "Buffers": buffers,
        "Cached": cached,
        "SwapCached": 0,
        "Active": int(used * 0.7 + cached * 0.3),
        "Inactive": int(cached * 0.6),
        "SwapTotal": swap,
        "SwapFree": swap,
        "Dirty": int(now * 3) % 400,
        "Shmem": int(total * 0.003),
        "Slab": int(total * 0.03),
        "SReclaimable": int(total * 0.02),
        "CommitLimit": swap + total // 2,
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
    size = persona.memory_kib
    return (
        ("sysfs", "/sys", "sysfs", "rw,nosuid,nodev,noexec,relatime"),
        ("proc", "/proc", "proc", "rw,nosuid,nodev,noexec,relatime"),
        ("udev", "/dev", "devtmpfs", f"rw,nosuid,relatime,size={size // 2 - 32000}k,nr_inodes={size // 8},mode=755"),
        ("devpts", "/dev/pts", "devpts", "rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000"),
        ("tmpfs", "/run", "tmpfs", f"rw,nosuid,nodev,noexec,relatime,size={size // 10}k,mode=755"),
        (f"/dev/{etc.disk(persona)}1", "/", "ext4", "rw,relatime,errors=remount-ro"),
        ("securityfs", "/sys/kernel/security", "securityfs", "rw,nosuid,nodev,noexec,relatime"),
        ("tmpfs", "/dev/shm", "tmpfs", "rw,nosuid,nodev"),  # noqa: S108  a mount table
        ("tmpfs", "/run/lock", "tmpfs", "rw,nosuid,nodev,noexec,relatime,size=5120k"),
        ("cgroup2", "/sys/fs/cgroup", "cgroup2", "rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot"),
        ("mqueue", "/dev/mqueue", "mqueue", "rw,nosuid,nodev,noexec,relatime"),
    )


def proc(persona: Persona, now: Callable[[], float]) -> dict[str, Node]:
    """Return the children of ``/proc``."""
    booted = persona.booted_at
    made: dict[str, Callable[[], str]] = {
        "version": lambda: version(persona),
        "cpuinfo": lambda: _cpuinfo(persona),
        "meminfo": lambda: "".join(f"{name + ':':<15}{size:>9} kB\n" for name, size in memory(persona, now()).items()),
        "uptime": lambda: _uptime(persona, now()),
        "loadavg": lambda: _loadavg(persona, now()),
        "mounts": lambda: "".join(f"{d} {p} {t} {o} 0 0\n" for d, p, t, o in mounts(persona)),
        "cmdline": lambda: f"BOOT_IMAGE=/boot/vmlinuz-{persona.kernel} root=/dev/{etc.disk(persona)}1 ro quiet\n",
        "filesystems": lambda: (
            "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevpts\n\text4\n\tvfat\n"
        ),
        "stat": lambda: _stat(persona, now()),
        "swaps": lambda: "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
        "modules": lambda: "ext4 970752 1 - Live 0x0000000000000000\nvirtio_net 65536 0 - Live 0x0000000000000000\n",
        "partitions": lambda: _partitions(persona),
        "net/dev": lambda: _net_dev(persona, now()),
        "net/arp": lambda: _arp(persona),
        "net/route": lambda: _route(persona),
        "net/tcp": lambda: (
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        ),
        "sys/kernel/hostname": lambda: f"{persona.hostname}\n",
        "sys/kernel/osrelease": lambda: f"{persona.kernel}\n",
        "sys/kernel/ostype": lambda: "Linux\n",
        "sys/kernel/pid_max": lambda: "4194304\n",
        "sys/net/ipv4/ip_forward": lambda: "0\n",
        "sys/vm/swappiness": lambda: "60\n",
        "self/cmdline": lambda: "cat\0/proc/self/cmdline\0",
        "self/status": lambda: "Name:\tcat\nUmask:\t0022\nState:\tR (running)\n",
        "self/cgroup": lambda: "0::/user.slice/user-0.slice/session-3.scope\n",
        "1/cmdline": lambda: "/sbin/init\0",
        "1/comm": lambda: "systemd\n",
        "1/cgroup": lambda: "0::/init.scope\n",
    }
    out: dict[str, Node] = {}
    for path, text in made.items():
        etc.put(out, path, file(_encoded(text), 0o444, booted))
    etc.put(out, "self/mounts", file(_encoded(made["mounts"]), 0o444, booted))
    build = f"{persona.distribution}{persona.release}"
    etc.put(out, "self/exe", file(lambda: binary("cat", 44_016, persona.architecture, build), 0o755, booted, size=0))
    etc.put(out, "self/fd", directory(0o500, booted))
    etc.put(out, "1/exe", symlink("/usr/lib/systemd/systemd", booted))
    etc.put(out, "mounts", symlink("self/mounts", booted))
    for daemon in ("cron", "rsyslogd", "dbus-daemon", *(one.name for one in served(persona) if one.port)):
        etc.put(out, f"{etc.pid(persona, daemon)}/comm", file(f"{daemon}\n".encode(), 0o444, booted))
    _make_virtual(out, booted)
    return out


def version(persona: Persona) -> str:
    """Return ``/proc/version``."""
    if persona.distribution == "debian":
        gcc = {"11": "gcc-10 (Debian 10.2.1-6) 10.2.1 20210110", "12": "gcc-12 (Debian 12.2.0-14) 12.2.0"}[
            persona.release
        ]
        binutils = {"11": "2.35.2", "12": "2.40"}[persona.release]
        return (
            f"Linux version {persona.kernel} (debian-kernel@lists.debian.org) ({gcc}, GNU ld (GNU "
            f"Binutils for Debian) {binutils}) "
            f"{persona.kernel_build}\n"
        )
    gcc, binutils = {
        "20.04": ("gcc version 9.4.0 (Ubuntu 9.4.0-1ubuntu1~20.04.2)", ""),
        "22.04": ("x86_64-linux-gnu-gcc-11 (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0", "2.38"),
        "24.04": ("x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0", "2.42"),
    }[persona.release]
    tools = f"{gcc}, GNU ld (GNU Binutils for Ubuntu) {binutils}" if binutils else gcc
    builder = derived(0, persona.kernel).randrange(10, 120)
    return f"Linux version {persona.kernel} (buildd@lcy02-amd64-{builder:03d}) ({tools}) {persona.kernel_build}\n"


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


def clock_mhz(persona: Persona) -> float:
    """Return the processor's clock, from its name where that tells it."""
    found = re.search(r"([\d.]+)GHz", persona.cpu_model)
    base = float(found[1]) * 1000 if found else 2000 + persona.seed % 9 * 100
    return round(base - 0.5 + persona.seed % 1000 / 1000, 3)


def cpu_numbers(persona: Persona) -> tuple[int, int, int]:
    """Return family, model and stepping."""
    for name, family, model, stepping in (*CPUS, *KVM_CPUS):
        if name == persona.cpu_model:
            return family, model, stepping
    return 6, 85, 4


def _cpuinfo(persona: Persona) -> str:
    family, model, stepping = cpu_numbers(persona)
    vendor = "AuthenticAMD" if "AMD" in persona.cpu_model else "GenuineIntel"
    mhz = clock_mhz(persona)
    flags = (
        "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr "
        "sse sse2 ht syscall nx rdtscp lm "
    )
    flags += (
        "constant_tsc rep_good nopl cpuid pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe "
        "popcnt aes xsave avx rdrand"
    )
    flags += " hypervisor lahf_lm" if etc.is_virtual(persona) else " lahf_lm"
    return "".join(
        f"processor\t: {i}\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel "
        f"name\t: {persona.cpu_model}\n"
        f"stepping\t: {stepping}\nmicrocode\t: 0x1\ncpu MHz\t\t: {mhz:.3f}\ncache size\t: 16384 KB\n"
        f"physical id\t: 0\nsiblings\t: {persona.cpu_count}\n"
        f"core id\t\t: {i}\ncpu cores\t: {persona.cpu_count}\napicid\t\t: {i}\nfpu\t\t: yes\nfpu_exception\t: "
        "yes\ncpuid level\t: 13\nwp\t\t: yes\n"
        f"flags\t\t: {flags}\nbogomips\t: {mhz * 2:.2f}\nclflush size\t: 64\ncache_alignment\t: 64\n"
        "address sizes\t: 46 bits physical, 48 bits virtual\npower management:\n\n"
        for i in range(persona.cpu_count)
    )


def _partitions(persona: Persona) -> str:
    name, major = etc.disk(persona), {"vda": 254, "xvda": 202}.get(etc.disk(persona), 8)
    rows = ((0, persona.disk_kib, name), (1, persona.disk_kib - 1_000_448, f"{name}1"), (2, 999_424, f"{name}2"))
    return "major minor  #blocks  name\n\n" + "".join(
        f"{major:4d} {minor:8d} {size:10d} {label}\n" for minor, size, label in rows
    )


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
