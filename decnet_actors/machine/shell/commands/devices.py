"""This module holds the commands that tell of devices, kernel modules, kernel settings and file attributes."""

import re
import stat
from collections.abc import Mapping

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Work
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.proc import memory

SECTOR = 512  # bytes
_ATTRIBUTES = "aAcCdDeFijmPsStTux"
_PCI = (
    "00:00.0 Host bridge: Intel Corporation 440FX - 82441FX PMC [Natoma] (rev 02)",
    "00:01.0 ISA bridge: Intel Corporation 82371SB PIIX3 ISA [Natoma/Triton II]",
    "00:01.1 IDE interface: Intel Corporation 82371SB PIIX3 IDE [Natoma/Triton II]",
    "00:01.3 Bridge: Intel Corporation 82371AB/EB/MB PIIX4 ACPI (rev 03)",
    "00:02.0 VGA compatible controller: Cirrus Logic GD 5446",
    "00:03.0 Ethernet controller: Red Hat, Inc. Virtio network device",
    "00:04.0 SCSI storage controller: Red Hat, Inc. Virtio block device",
    "00:05.0 Unclassified device [00ff]: Red Hat, Inc. Virtio memory balloon",
)


def lspci(ctx: Context) -> int:
    """Show the PCI devices of a virtual machine."""
    ctx.out("".join(f"{line}\n" for line in _PCI))
    return 0


def lsmod(ctx: Context) -> int:
    """Show the kernel modules that ``/proc/modules`` lists."""
    ctx.out("Module                  Size  Used by\n")
    for line in ctx.files.read("/proc/modules", size=65_536).decode().splitlines():
        name, size, used = line.split()[:3]
        ctx.out(f"{name:<19} {size:>8}  {used}\n")
    return 0


def module(ctx: Context) -> int:
    """``modprobe``, ``insmod``, ``rmmod``: root may, what is not there is said."""
    names = [word for word in ctx.args if not word.startswith("-")]
    if not names:
        return ctx.fail("missing parameters. See -h.", 1)
    if ctx.name.endswith("insmod"):
        try:
            ctx.read_file(names[0], 1)
        except OSError as error:
            return ctx.fail(f"ERROR: could not load module {names[0]}: {error.strerror}")
        why = "Operation not permitted" if ctx.sh.uid else "Invalid module format"
        return ctx.fail(f"ERROR: could not insert module {names[0]}: {why}")
    known = {line.split()[0] for line in ctx.files.read("/proc/modules", size=65_536).decode().splitlines()}
    if names[0] in known:
        return 0 if not ctx.name.endswith("rmmod") else ctx.fail(f"ERROR: Module {names[0]} is in use")
    if ctx.name.endswith("rmmod"):
        return ctx.fail(f"ERROR: Module {names[0]} is not currently loaded")
    return ctx.fail(f"FATAL: Module {names[0]} not found in directory /lib/modules/{ctx.persona.kernel}")


def fdisk(ctx: Context) -> int:
    """``fdisk -l``: the disk and its two partitions."""
    if "-l" not in ctx.args:
        ctx.usage("fdisk: bad usage\nTry 'fdisk --help' for more information.\n")
    if ctx.sh.uid:
        return ctx.fail(f"cannot open /dev/{etc.disk(ctx.persona)}: Permission denied")
    name, size = etc.disk(ctx.persona), ctx.persona.disk_kib * 1024
    sectors, swap = size // SECTOR, 976 << 11
    first = sectors - swap
    ctx.out(
        f"Disk /dev/{name}: {size / (1 << 30):.0f} GiB, {size} bytes, {sectors} sectors\n"
        "Units: sectors of 1 * 512 = 512 bytes\nSector size (logical/physical): 512 bytes / 512 bytes\n"
        "I/O size (minimum/optimal): 512 bytes / 512 bytes\nDisklabel type: dos\n"
        f"Disk identifier: 0x{ctx.persona.seed & 0xFFFFFFFF:08x}\n\n"
        f"{'Device':<{len(name) + 6}} Boot {'Start':>10} {'End':>10} {'Sectors':>10}  Size Id Type\n"
        f"/dev/{name}1 *    {2048:>10} {first - 1:>10} {first - 2048:>10} "
        f"{(first - 2048) / (1 << 21):>4.0f}G 83 Linux\n"
        f"/dev/{name}2      {first:>10} {sectors - 1:>10} {swap:>10}  976M 82 Linux swap / Solaris\n"
    )
    return 0


def attributes(ctx: Context) -> Work:
    """``lsattr``: those every file of ext4 has, and whether it is fixed."""
    opts = getopt(ctx, "RVadlpv")
    status = 0
    for name in opts.rest or ["."]:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            found = ctx.files.stat(ctx.path(name), uid=ctx.sh.uid)
            children = [name]
            if stat.S_ISDIR(found.mode) and "d" not in opts:
                listed = ctx.files.list(ctx.path(name), uid=ctx.sh.uid)
                children = [f"{name.rstrip('/')}/{child}" for child in listed if "a" in opts or child[:1] != "."]
        except OSError as error:
            status = ctx.fail(f"{error.strerror} while trying to stat {name}")
            continue
        yield from ctx.show(f"----{_fixed(ctx, child)}---------e------- {child}" for child in children)
    return status


def _fixed(ctx: Context, name: str) -> str:
    try:
        node = ctx.files.node(ctx.path(name), follow=False, uid=ctx.sh.uid).node
    except OSError:
        return "-"
    return "i" if node.fixed else "-"


def chattr(ctx: Context) -> int:
    """``chattr``: ``i`` is kept and heeded, other attributes are checked only."""
    words = [word for word in ctx.args if word not in {"-R", "-V", "-f"}]
    if len(words) < 2:  # noqa: PLR2004  attributes file
        ctx.usage("Usage: chattr [-RVf] [-+=aAcCdDeijPsStTuFx] [-p project] [-v version] files...\n")
    if not re.fullmatch(rf"[-+=][{_ATTRIBUTES}]{{1,20}}", words[0]):
        ctx.usage("Usage: chattr [-RVf] [-+=aAcCdDeijPsStTuFx] [-p project] [-v version] files...\n")
    status = 0
    for name in words[1:]:
        try:
            ctx.files.stat(ctx.path(name), uid=ctx.sh.uid)
        except OSError as error:
            status = 1
            if "-f" not in ctx.args:
                ctx.fail(f"{error.strerror} while trying to stat {name}")
            continue
        if ctx.sh.uid and set(words[0]) & {"i", "a"}:
            status = ctx.fail(f"Operation not permitted while setting flags on {name}")
        elif "i" in words[0] or words[0][0] == "=":
            ctx.files.fix(ctx.path(name), fixed="i" in words[0] and words[0][0] != "-", now=ctx.now, uid=ctx.sh.uid)
    return status


def sysctl(ctx: Context) -> int:
    """``sysctl``: the settings ``/proc/sys`` has."""
    words = [word for word in ctx.args if not word.startswith("-")]
    status = 0
    for word in words:
        name, equals, value = word.partition("=")
        try:
            held = ctx.files.read(f"/proc/sys/{name.strip().replace('.', '/')}", size=4096).decode()
        except OSError:
            status = 255
            ctx.err(f"sysctl: cannot stat /proc/sys/{name.strip().replace('.', '/')}: No such file or directory\n")
            continue
        if equals and ctx.sh.uid:
            status = 255
            ctx.err(f'sysctl: permission denied on key "{name}", ignoring\n')
        else:
            shown = value.strip() if equals else held.strip()
            ctx.out(f"{shown}\n" if "-n" in ctx.args else f"{name.strip()} = {shown}\n")
    return status


def getconf(ctx: Context) -> int:
    """``getconf``: the values scripts ask for."""
    table = {
        "_NPROCESSORS_ONLN": ctx.persona.cpu_count, "_NPROCESSORS_CONF": ctx.persona.cpu_count, "PAGESIZE": 4096,
        "PAGE_SIZE": 4096, "LONG_BIT": 64, "CLK_TCK": 100, "ARG_MAX": 2_097_152, "OPEN_MAX": 1024, "PATH_MAX": 4096,
        "NAME_MAX": 255, "_PHYS_PAGES": memory(ctx.persona, ctx.now)["MemTotal"] // 4,
    }  # fmt: skip
    name = next((word for word in ctx.args if not word.startswith("-")), "")
    if name not in table:
        ctx.err(f"getconf: Unrecognized variable `{name}'\n")
        return 2
    ctx.out(f"{table[name]}\n")
    return 0


def tty(ctx: Context) -> int:
    """``tty``: which terminal standard input is."""
    terminal = ctx.stdin.terminal
    if "-s" not in ctx.args:
        ctx.out("/dev/pts/0\n" if terminal else "not a tty\n")
    return int(not terminal)


COMMANDS: Mapping[str, Function] = {
    "lspci": lspci, "lsmod": lsmod, "modprobe": module, "insmod": module, "rmmod": module, "fdisk": fdisk,
    "lsattr": attributes, "chattr": chattr, "sysctl": sysctl, "getconf": getconf, "tty": tty,
}  # fmt: skip
