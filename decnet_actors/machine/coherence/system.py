"""This module compares what a machine tells of its system: kernel, processor, name, release, time, memory, disks."""

import re
from collections.abc import Iterator

from decnet_actors.machine import dates
from decnet_actors.machine.coherence.surfaces import Contradiction, Surfaces, column, rows, value
from decnet_actors.machine.releases import find
from decnet_actors.machine.tree.elf import interpreter, runs_on

_DRIFT = 2.0  # seconds that rounding and the time between two looks may make
_FOLDERS = ("/", "/etc", "/var", "/var/log", "/bin", "/usr/bin", "/usr/sbin", "/root", "/run")
_HEADER = 4096  # bytes of a program that are looked at
_OWN_FILES = {
    "/etc/debian_version": frozenset({"debian", "ubuntu"}), "/etc/redhat-release": frozenset({"rocky"}),
    "/etc/alpine-release": frozenset({"alpine"}), "/etc/lsb-release": frozenset({"ubuntu"}),
}  # fmt: skip
_MANAGERS = {"/usr/bin/dpkg": "apt", "/usr/bin/rpm": "dnf", "/sbin/apk": "apk"}


def kernel(s: Surfaces) -> Iterator[Contradiction]:
    """Compare release and build of the kernel."""
    version = s.read("/proc/version")
    modules = s.names("/lib/modules")
    told = {
        "persona": s.persona.kernel,
        "uname -r": s.run("uname -r").strip(),
        "/proc/version": version.split()[2] if version else "",
        "/proc/sys/kernel/osrelease": s.read("/proc/sys/kernel/osrelease").strip(),
        "/lib/modules": " ".join(modules),
        "hostnamectl": value(s.run("hostnamectl"), "Kernel").removeprefix("Linux "),
    }
    yield from s.same("kernel", told)
    build = s.run("uname -v").strip()
    told = {
        "persona": s.persona.kernel_build,
        "uname -v": build,
        "/proc/version": version.strip()[-len(build) :] if version else "",
        "/proc/sys/kernel/version": s.read("/proc/sys/kernel/version").strip(),
    }
    yield from s.same("kernel build", told)
    first = s.run("dmesg").partition("\n")[0]
    yield from s.same("kernel", {"/proc/version": version.strip(), "dmesg": first.partition("] ")[2].strip()})


def architecture(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the processor with what the programs are built for."""
    p = s.persona
    told = {"persona": p.architecture, "uname -m": s.run("uname -m").strip(), "arch": s.run("arch").strip()}
    yield from s.same("architecture", told)
    loader = interpreter(p)
    yield from s.all_in("interpreter", "ELF header", {loader: s.has(loader)})
    for path in ("/bin/sh", "/bin/ls", "/bin/busybox"):
        data = s.first(path, _HEADER)
        if data and not (runs_on(data, p.machine) and loader.encode() in data):
            yield Contradiction(
                fact="architecture", here="uname -m", says=p.architecture, there=path, but=data[:20].hex()
            )


def processors(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the number and the name of the processors."""
    info, counted = s.read("/proc/cpuinfo"), column(s.read("/proc/stat"), "cpu", below="cpu")
    del counted
    listed = len(re.findall(r"(?mi)^processor\s*:", info))
    told = {
        "persona": str(s.persona.cpu_count),
        "/proc/cpuinfo": str(listed),
        "/proc/stat": str(len(re.findall(r"(?m)^cpu\d", s.read("/proc/stat")))),
        "nproc": s.run("nproc").strip(),
        "lscpu": value(s.run("lscpu"), "CPU(s)"),
    }
    yield from s.same("processors", told)
    model = value(s.run("lscpu"), "Model name")
    yield from s.same("processor", {"lscpu": model, "/proc/cpuinfo": value(info, "model name")})


def name(s: Surfaces) -> Iterator[Contradiction]:
    """Compare what the machine calls itself."""
    told = {
        "persona": s.persona.hostname,
        "hostname": s.run("hostname").strip(),
        "uname -n": s.run("uname -n").strip(),
        "/proc/sys/kernel/hostname": s.read("/proc/sys/kernel/hostname").strip(),
        "/etc/hostname": s.read("/etc/hostname").strip(),
        "hostnamectl": value(s.run("hostnamectl"), "Static hostname"),
    }
    for log in ("syslog", "messages", "auth.log", "secure"):
        words = s.read(f"/var/log/{log}").partition("\n")[0].split()
        told[f"/var/log/{log}"] = words[3] if len(words) > 3 else ""  # noqa: PLR2004  after month, day and time
    yield from s.same("hostname", told)
    if not s.persona.embedded:
        yield from s.all_in("hostname", "/etc/hostname", {"in /etc/hosts": s.persona.hostname in s.read("/etc/hosts")})


def release(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the names of the system, and look for what only others have."""
    text = s.read("/etc/os-release")
    told = {
        "persona": "" if s.persona.embedded else s.persona.pretty_name,
        "/etc/os-release": value(text, "PRETTY_NAME", separator="="),
        "hostnamectl": value(s.run("hostnamectl"), "Operating System"),
        "lsb_release -d": value(s.run("lsb_release -d"), "Description"),
        "/etc/lsb-release": value(s.read("/etc/lsb-release"), "DISTRIB_DESCRIPTION", separator="="),
    }
    yield from s.same("release", told)
    number = value(text, "VERSION_ID", separator="=")
    told = {
        "/etc/os-release": number,
        "/etc/alpine-release": s.read("/etc/alpine-release").strip(),
        "/etc/redhat-release": " ".join(s.read("/etc/redhat-release").split()[3:4]),
        "/etc/debian_version": s.read("/etc/debian_version").partition(".")[0].strip()
        if s.persona.distribution == "debian"
        else "",
    }
    yield from s.same("release number", told)
    for path, owners in _OWN_FILES.items():
        if s.has(path) != (s.persona.distribution in owners):
            yield Contradiction(
                fact="release", here="persona", says=s.persona.distribution, there=path,
                but="there" if s.has(path) else "not there",
            )  # fmt: skip
    managers = [kind for path, kind in _MANAGERS.items() if s.has(path)]
    yield from s.same("package manager", {"persona": s.persona.package_manager or "none",
                                          "programs": " ".join(managers) or "none"})  # fmt: skip


def time(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the clock and the zone."""
    told = {"the clock": str(int(s.now)), "date +%s": s.run("date +%s").strip()}
    yield from s.same("time", told)
    offset = dates.offset(s.persona)
    yield from s.same("time zone", {"persona": offset, "date +%z": s.run("date +%z").strip()})
    link = "" if s.persona.embedded else s.machine.files.stat("/etc/localtime", follow=False).target
    told = {
        "persona": "" if s.persona.embedded else s.persona.timezone,
        "/etc/timezone": s.read("/etc/timezone").strip(),
        "/etc/localtime": link.partition("zoneinfo/")[2],
    }
    yield from s.same("time zone", told)


def uptime(s: Surfaces) -> Iterator[Contradiction]:
    """Compare when the machine was started."""
    booted = s.persona.booted_at
    t = dates.local(s.persona, booted)
    stamp = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}"
    found = s.read("/proc/uptime").split()
    if not found or abs(float(found[0]) - (s.now - booted)) > _DRIFT:
        yield Contradiction(
            fact="uptime", here="persona", says=f"{s.now - booted:.0f}", there="/proc/uptime", but=" ".join(found)
        )
    told = {
        "persona": str(int(booted)),
        "/proc/stat": next((words[1] for words in rows(s.read("/proc/stat")) if words[0] == "btime"), ""),
    }
    yield from s.same("start", told)
    when = s.run("who -b").split()[-2:]
    since = "" if s.persona.userland == "busybox" else s.run("uptime -s").strip()[:16]
    told = {"persona": stamp, "uptime -s": since, "who -b": " ".join(when)}
    yield from s.same("start", told)
    days = int(s.now - booted) // 86_400
    shown = re.search(r"up\s+(\d+) day", s.run("uptime"))
    told = {"persona": str(days), "uptime": shown[1] if shown else "0" if s.run("uptime") else ""}
    yield from s.same("uptime in days", told)
    month = f"{dates.MONTHS[t.tm_mon - 1]} {t.tm_mday}"
    reboot = next((words for words in rows(s.run("last")) if words[0] == "reboot"), ())
    told = {"persona": month, "last": " ".join(reboot[5:7]) if reboot else ""}
    yield from s.same("start", told)
    if s.run("wtmp") or s.persona.installed_at >= booted:
        yield Contradiction(fact="start", here="install", says=f"{s.persona.installed_at:.0f}", there="boot", but=stamp)


def memory(s: Surfaces) -> Iterator[Contradiction]:
    """Compare the sizes of memory and swap."""
    info = {words[0].rstrip(":"): int(words[1]) for words in rows(s.read("/proc/meminfo"))}
    free = {words[0]: words[1:] for words in rows(s.run("free")) if len(words) > 1}
    told = {
        "persona": str(s.persona.memory_kib),
        "/proc/meminfo": str(info.get("MemTotal", "")),
        "free": (free.get("Mem:") or [""])[0],
    }
    yield from s.same("memory", told)
    swaps = sum(int(words[2]) for words in rows(s.read("/proc/swaps"))[1:])
    fstab = [words for words in rows(s.read("/etc/fstab")) if words[2:3] == ["swap"]]
    told = {
        "/proc/meminfo": str(info.get("SwapTotal", "")),
        "free": (free.get("Swap:") or [""])[0],
        "/proc/swaps": str(swaps),
    }
    yield from s.same("swap", told)
    if not s.persona.embedded:
        yield from s.same("swap", {"/proc/swaps": str(bool(swaps)), "/etc/fstab": str(bool(fstab))})
    parts = sum(info.get(key, 0) for key in ("MemFree", "Buffers", "Cached"))
    if not 0 < info.get("MemFree", 0) <= parts <= info.get("MemTotal", 0) or info["MemAvailable"] > info["MemTotal"]:
        yield Contradiction(
            fact="memory", here="MemTotal", says=str(info.get("MemTotal")), there="its parts", but=str(parts)
        )


def disks(s: Surfaces) -> Iterator[Contradiction]:
    """Compare what is mounted, how large it is, and on what."""
    mounted = [(words[0], words[1], words[2]) for words in rows(s.read("/proc/mounts"))]
    shown = [(words[0], words[2], words[4]) for words in rows(s.run("mount")) if len(words) > 4]  # noqa: PLR2004  through the type
    yield from s.same("mounts", {"/proc/mounts": repr(sorted(mounted)), "mount": repr(sorted(shown))})
    yield from s.all_in("mounts", "/proc/mounts", {place: s.has(place) for _, place, _ in mounted})
    sizes = {words[3]: int(words[2]) for words in rows(s.read("/proc/partitions"))[1:]}
    places = {(device, place) for device, place, _ in mounted}
    for words in rows(s.run("df"))[1:]:
        device, place = words[0], words[5]
        size, used, left = (int(word) for word in words[1:4])
        disk = device.removeprefix("/dev/")
        if (device, place) not in places and not place.startswith("/run/user/"):
            yield Contradiction(
                fact="mounts", here="df", says=f"{device} {place}", there="/proc/mounts", but="not there"
            )
        if used + left > size or size > sizes.get(disk, size):
            text = f"{size} {used} {left}"
            yield Contradiction(fact="disk", here=f"df {place}", says=text, there=disk, but=str(sizes.get(disk)))
    blocks = [word.lstrip("├─└`|-") for word in column(s.run("lsblk"), "NAME")]
    names = " ".join(sorted(sizes))
    yield from s.same("disk", {"/proc/partitions": names, "lsblk": " ".join(sorted(blocks))})
    yield from s.all_in("disk", "/proc/partitions", {f"/dev/{part}": s.has(f"/dev/{part}") for part in sizes})
    board = find(s.persona.distribution, s.persona.release).board
    kinds = {place: kind for _, place, kind in mounted}
    told = {"persona": board.flash if board is not None else "", "/proc/mounts": kinds.get("/", "")}
    yield from s.same("root file system", told if board is not None else {})


def ages(s: Surfaces) -> Iterator[Contradiction]:
    """Look for files from the future, and for programs younger than the start."""
    for folder in _FOLDERS:
        limit = s.persona.booted_at if folder.endswith("bin") else s.now + _DRIFT
        for entry in s.names(folder):
            path = f"{folder.rstrip('/')}/{entry}"
            found = s.machine.files.stat(path, follow=False)
            if found.modified > limit:
                yield Contradiction(
                    fact="age", here=path, says=f"{found.modified:.0f}", there="newest", but=f"{limit:.0f}"
                )
