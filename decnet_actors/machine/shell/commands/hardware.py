"""This module holds the commands that tell about hardware: free, df, mount, lscpu, lsblk, dmesg."""

from collections.abc import Mapping, Sequence

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.tree import etc, proc, storage


def free(ctx: Context) -> int:
    """Tell how much memory is used."""
    opts = getopt(ctx, "bkmghtwls:c:", ("bytes/b", "kibi/k", "mebi/m", "gibi/g", "human/h", "total/t", "wide/w"))
    m = proc.memory(ctx.persona, ctx.now)
    used = m["MemTotal"] - m["MemFree"] - m["Buffers"] - m["Cached"] - m["SReclaimable"]
    used = used if used > 0 else m["MemTotal"] - m["MemFree"] - m["Buffers"] - m["Cached"]
    cache = m["Buffers"] + m["Cached"] + m["SReclaimable"]

    def shown(kib: int) -> str:
        if "h" in opts:
            return human(kib * 1024, suffix="i")
        if "b" in opts:
            return str(kib * 1024)
        return str(kib // (1024 if "m" in opts else 1 << 20 if "g" in opts else 1))

    row = (m["MemTotal"], used, m["MemFree"], m["Shmem"], cache, m["MemAvailable"])
    ctx.out("               total        used        free      shared  buff/cache   available\n")
    ctx.out("Mem:    " + "".join(f"{shown(value):>12}" for value in row) + "\n")
    ctx.out("Swap:   " + "".join(f"{shown(value):>12}" for value in (m["SwapTotal"], 0, m["SwapFree"])) + "\n")
    return 0


def human(size: int, *, suffix: str = "") -> str:
    """Return a size as ``-h`` shows it: two digits, rounded up."""
    if size < 1024:  # noqa: PLR2004  a kibibyte
        return f"{size}B" if suffix else f"{size}"
    value = float(size)
    for unit in "KMGTP":
        value /= 1024
        if value < 1024 or unit == "P":  # noqa: PLR2004  as above
            up = -(-value * 10 // 1) / 10 if value < 9.95 else -(-value // 1)  # noqa: PLR2004  one decimal below ten
            return f"{up:.1f}{unit}{suffix}" if value < 9.95 else f"{up:.0f}{unit}{suffix}"  # noqa: PLR2004  as above
    return ""


def df(ctx: Context) -> int:
    """Tell how full the file systems are."""
    opts = getopt(
        ctx,
        "ahHkmTliPx:t:",
        ("human-readable/h", "all/a", "print-type/T", "inodes/i", "si/H", "portability/P", "total"),
    )
    volumes = [one for one in storage.volumes(ctx.persona, ctx.now, ctx.files.used[0]) if one.size]
    if opts.rest:
        for name in opts.rest:
            ctx.files.stat(ctx.path(name), uid=ctx.sh.uid)
        volumes = [one for one in volumes if one.place == "/"]
    unit = "h" in opts or "H" in opts
    kind = "T" in opts
    head = (
        "Size  Used Avail Use%"
        if unit
        else "  1M-blocks      Used Available Use%"
        if "m" in opts
        else "1K-blocks      Used Available Use%"
    )
    table: list[tuple[str, str, str, str, str, str, str]] = []
    for volume in volumes:
        device, fs, size, taken, left = volume.device, volume.kind, volume.size, volume.used, volume.free
        share = f"{-(-taken * 100 // max(taken + left, 1))}%"
        cells = (human(v * 1024) if unit else str(v // (1024 if "m" in opts else 1)) for v in (size, taken, left))
        big, used_text, left_text = (cell if cell != "0" or not unit else "0" for cell in cells)
        table.append((device, fs, big, used_text, left_text, share, volume.place))
    wide = max(14, *(len(row[0]) for row in table))
    type_head = "Type     " if kind else ""
    ctx.out(f"{'Filesystem':<{wide}} {type_head}{' ' if unit else ''}{head} Mounted on\n")
    for device, fs, big, used_text, left_text, share, place in table:
        type_text = f"{fs:<8} " if kind else ""
        widths = 5 if unit else 9
        ctx.out(
            f"{device:<{wide}} {type_text}{big:>{widths}} {used_text:>{widths}} {left_text:>{widths}} "
            f"{share:>4} {place}\n"
        )
    return 0


def mount(ctx: Context) -> int:
    """Show what is mounted; mounting something fails."""
    words = [word for word in ctx.args if not word.startswith("-")]
    if not words:
        ctx.out(
            "".join(
                f"{device} on {place} type {kind} ({flags})\n"
                for device, place, kind, flags in proc.mounts(ctx.persona)
            )
        )
        return 0
    if ctx.sh.uid:
        ctx.err(f"{ctx.name}: {words[-1]}: must be superuser to use {ctx.name}.\n")
        return 32
    if "remount" in " ".join(ctx.args):
        return 0
    ctx.err(f"{ctx.name}: {words[-1]}: {'mount point does not exist.' if ctx.name == 'mount' else 'not mounted.'}\n")
    return 32


def lscpu(ctx: Context) -> int:
    """Tell about the processors."""
    p = ctx.persona
    family, model, stepping = proc.cpu_numbers(p)
    mhz = proc.clock_mhz(p)
    maker = "AuthenticAMD" if "AMD" in p.cpu_model else "GenuineIntel"
    kind = {"vmware": "VMware", "kvm": "KVM", "virtualbox": "KVM", "hyperv": "Microsoft", "xen": "Xen"}.get(
        etc.platform(p), ""
    )
    rows = [
        ("Architecture", p.architecture), ("  CPU op-mode(s)", "32-bit, 64-bit"),
        ("  Address sizes", "46 bits physical, 48 bits virtual"), ("  Byte Order", "Little Endian"),
        ("CPU(s)", str(p.cpu_count)), ("  On-line CPU(s) list", f"0-{p.cpu_count - 1}" if p.cpu_count > 1 else "0"),
        ("Vendor ID", maker), ("  Model name", p.cpu_model), ("    CPU family", str(family)),
        ("    Model", str(model)), ("    Thread(s) per core", "1"), ("    Core(s) per socket", str(p.cpu_count)),
        ("    Socket(s)", "1"), ("    Stepping", str(stepping)), ("    BogoMIPS", f"{mhz * 2:.2f}"),
    ]  # fmt: skip
    if kind:
        rows += [("Virtualization features", ""), ("  Hypervisor vendor", kind), ("  Virtualization type", "full")]
    rows += [
        ("NUMA", ""),
        ("  NUMA node(s)", "1"),
        ("  NUMA node0 CPU(s)", f"0-{p.cpu_count - 1}" if p.cpu_count > 1 else "0"),
    ]
    width = max(len(name) for name, _ in rows) + 2
    ctx.out("".join(f"{name + ':':<{width}}{value}".rstrip() + "\n" for name, value in rows))
    return 0


def nproc(ctx: Context) -> int:
    """Tell the number of processors."""
    ctx.out(f"{ctx.persona.cpu_count}\n")
    return 0


def dmesg(ctx: Context) -> int:
    """Show the kernel's messages."""
    if ctx.sh.uid:
        return ctx.fail("read kernel buffer failed: Operation not permitted")
    p = ctx.persona
    lines = (
        f"Linux version {proc.version(p).strip().removeprefix('Linux version ')}",
        f"Command line: {proc.command_line(p)}",
        *(_of_device(p) if p.embedded else _of_pc(p)),
        f"{etc.interface(p)}: link up, {p.mac}",
    )
    ctx.out("".join(f"[{index * 0.37:12.6f}] {line}\n" for index, line in enumerate(lines)))
    return 0


def _of_pc(p: Persona) -> Sequence[str]:
    kind = "XFS" if storage.root_type(p) == "xfs" else "EXT4-fs"
    return (
        "x86/fpu: Supporting XSAVE feature 0x001: 'x87 floating point registers'",
        f"DMI: {etc.platform(p)}",
        f"tsc: Detected {proc.clock_mhz(p):.3f} MHz processor",
        f"Memory: {p.memory_kib - 200_000}K/{p.memory_kib + 90_000}K available",
        f"smpboot: CPU0: {p.cpu_model}",
        f"{kind} ({etc.disk(p)}1): mounted filesystem with ordered data mode. Quota mode: none.",
    )


def _of_device(p: Persona) -> Sequence[str]:
    parts = [part.name for part in storage.partitions(p)]
    return (
        f"CPU: {p.cpu_model}",
        f"Machine: {p.board}",
        f"Memory: {p.memory_kib - 2_400}k/{p.memory_kib + 4_100}k available",
        f"{len(parts)} MTD partitions found",
        "VFS: Mounted root (squashfs filesystem) readonly on device 31:2.",
    )


def lsblk(ctx: Context) -> int:
    """Show the disks."""
    disk, *parts = storage.partitions(ctx.persona)
    ctx.out("NAME   MAJ:MIN RM  SIZE RO TYPE MOUNTPOINTS\n")
    ctx.out(f"{disk.name:<6} {disk.major:3d}:{disk.minor:<3d}  0 {human(disk.size * 1024):>5}  0 disk \n")
    for part in parts:
        mark = "\u2514\u2500" if part is parts[-1] else "\u251c\u2500"
        size = human(part.size * 1024)
        ctx.out(f"{mark}{part.name:<4} {part.major:3d}:{part.minor:<3d}  0 {size:>5}  0 part {part.place}\n")
    return 0


COMMANDS: Mapping[str, Function] = {
    "free": free, "df": df, "mount": mount, "umount": mount, "lscpu": lscpu, "nproc": nproc, "dmesg": dmesg,
    "lsblk": lsblk,
}  # fmt: skip
