"""This module knows the disks and file systems of a machine: what df, mount, lsblk, swapon and /proc agree on."""

from collections.abc import Sequence

from attrs import frozen

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.names import CARDS, VIRTUAL
from decnet_actors.machine.releases import find

SWAPLESS = 9_000_000  # KiB of memory: machines with more are set up without swap
SWAP_KIB = 999_420
_SWAP_PARTITION = 999_424
_RESERVED = 1_000_448  # KiB of the disk that are not the root's: swap and the partition table
_MAJORS = {"vda": 254, "xvda": 202}


@frozen(kw_only=True)
class Volume:
    """A mounted file system. Sizes are KiB; one of size 0 is not shown by ``df``."""

    device: str
    place: str
    kind: str
    options: str
    size: int = 0
    used: int = 0
    reserved: int = 0  # for root only

    @property
    def free(self) -> int:
        """What users may still take."""
        return max(self.size - self.reserved - self.used, 0)


@frozen(kw_only=True)
class Partition:
    """A row of ``/proc/partitions``."""

    major: int
    minor: int
    size: int  # KiB
    name: str
    place: str = ""  # where it is mounted; [SWAP]


def platform(persona: Persona) -> str:
    """Return the hypervisor or maker the machine's network card belongs to; empty for a device."""
    if persona.embedded:
        return ""
    return next((kind for prefix, kind, _ in CARDS if persona.mac.startswith(prefix)), "kvm")


def is_virtual(persona: Persona) -> bool:
    """Return whether the machine is a guest."""
    return platform(persona) in VIRTUAL


def disk(persona: Persona) -> str:
    """Return the name of its disk's device."""
    if persona.embedded:
        return "mtdblock"
    return {"kvm": "vda", "xen": "xvda"}.get(platform(persona), "sda")


def swap(persona: Persona) -> int:
    """Return the size of its swap in KiB, 0 if it has none."""
    return SWAP_KIB if persona.memory_kib < SWAPLESS and not persona.embedded else 0


def root_type(persona: Persona) -> str:
    """Return the type of the root file system."""
    board = find(persona.distribution, persona.release).board
    return board.flash if board is not None else "xfs" if persona.distribution == "rocky" else "ext4"


def volumes(persona: Persona, now: float, written: int = 0) -> Sequence[Volume]:
    """Return what is mounted, in the order it was.

    Args:
        persona: whose.
        now: Unix seconds; logs grow.
        written: bytes that visitors have added.

    """
    if persona.embedded:
        return _of_device(persona, written)
    if persona.init == "openrc":
        return _of_alpine(persona, now, written)
    return _of_systemd(persona, now, written)


def partitions(persona: Persona) -> Sequence[Partition]:
    """Return the disk and its parts."""
    name = disk(persona)
    if persona.embedded:
        sizes = flash_parts(persona)
        return [
            Partition(major=31, minor=index, size=size, name=f"mtdblock{index}", place=place)
            for index, (_, size, place) in enumerate(sizes)
        ]
    major = _MAJORS.get(name, 8)
    left = persona.disk_kib - (_RESERVED if swap(persona) else 1024)
    rows = [
        Partition(major=major, minor=0, size=persona.disk_kib, name=name),
        Partition(major=major, minor=1, size=left, name=f"{name}1", place="/"),
    ]
    if swap(persona):
        rows.append(Partition(major=major, minor=2, size=_SWAP_PARTITION, name=f"{name}2", place="[SWAP]"))
    return rows


def flash_parts(persona: Persona) -> Sequence[tuple[str, int, str]]:
    """Return the parts of a device's flash: name, KiB, where it is mounted."""
    boot, kernel, settings = 256, 1792 if persona.disk_kib > 8192 else 1024, 64  # noqa: PLR2004  a small chip
    data = persona.disk_kib // 8
    place = _data_place(persona)[1]
    rest = persona.disk_kib - boot - kernel - settings - data
    return (
        ("boot", boot, ""), ("kernel", kernel, ""), ("rootfs", rest, "/"), ("config", settings, ""),
        ("data", data, place),
    )  # fmt: skip


def _data_place(persona: Persona) -> tuple[str, str]:
    """Return type and place of the file system of a device that can be written."""
    board = find(persona.distribution, persona.release).board
    kind, _, place = (board.data if board is not None else "tmpfs /var").partition(" ")
    return kind, place


def _of_device(persona: Persona, written: int) -> Sequence[Volume]:
    parts = {name: size for name, size, _ in flash_parts(persona)}
    kind, place = _data_place(persona)
    half = persona.memory_kib // 2 // 4 * 4
    data = Volume(
        device="/dev/mtdblock4" if kind == "jffs2" else kind,
        place=place,
        kind=kind,
        options="rw,relatime",
        size=parts["data"] if kind == "jffs2" else half if kind == "tmpfs" else 0,
        used=parts["data"] * 2 // 5 if kind == "jffs2" else 24 if kind == "tmpfs" else 0,
    )
    root = parts["rootfs"] * 7 // 8 // 4 * 4
    return (
        Volume(device="rootfs", place="/", kind="rootfs", options="rw"),
        Volume(device="/dev/root", place="/", kind=root_type(persona), options="ro,relatime", size=root, used=root),
        Volume(device="proc", place="/proc", kind="proc", options="rw,relatime"),
        Volume(device="sysfs", place="/sys", kind="sysfs", options="rw,relatime"),
        Volume(
            device="tmpfs", place="/dev", kind="tmpfs", options="rw,relatime", size=half, used=4 + persona.seed % 2 * 4
        ),
        Volume(device="devpts", place="/dev/pts", kind="devpts", options="rw,relatime,mode=600"),
        Volume(
            device="tmpfs",
            place="/tmp",  # noqa: S108  a mount table
            kind="tmpfs",
            options="rw,relatime",
            size=half,
            used=16 + persona.seed % 40 * 4 + written // 1024,
        ),
        data,
    )


def _root(persona: Persona, now: float, written: int, options: str) -> Volume:
    size = int(partitions(persona)[1].size * 0.98)
    growth = int((now - persona.booted_at) / 31) % (size // 50)
    kind = root_type(persona)
    return Volume(
        device=f"/dev/{disk(persona)}1",
        place="/",
        kind=kind,
        options=options,
        size=size,
        used=int(size * (0.11 + persona.seed % 47 / 100)) + growth + written // 1024,
        reserved=size // 20 if kind == "ext4" else 0,
    )


def _of_systemd(persona: Persona, now: float, written: int) -> Sequence[Volume]:
    memory = persona.memory_kib
    flags = "rw,relatime,errors=remount-ro"
    if root_type(persona) == "xfs":
        flags = "rw,seclabel,relatime,attr2,inode64,logbufs=8,logbsize=32k,noquota"
    plain = "rw,nosuid,nodev,noexec,relatime"
    udev = "udev" if persona.package_manager == "apt" else "devtmpfs"
    devices = memory // 2 - 32_000
    return (
        Volume(device="sysfs", place="/sys", kind="sysfs", options=plain),
        Volume(device="proc", place="/proc", kind="proc", options=plain),
        Volume(
            device=udev,
            place="/dev",
            kind="devtmpfs",
            options=f"rw,nosuid,relatime,size={devices}k,nr_inodes={memory // 8},mode=755",
            size=devices,
        ),
        Volume(
            device="devpts",
            place="/dev/pts",
            kind="devpts",
            options="rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000",
        ),
        Volume(
            device="tmpfs",
            place="/run",
            kind="tmpfs",
            options=f"{plain},size={memory // 10}k,mode=755",
            size=memory // 10,
            used=600 + persona.seed % 900,
        ),
        _root(persona, now, written, flags),
        Volume(device="securityfs", place="/sys/kernel/security", kind="securityfs", options=plain),
        Volume(device="tmpfs", place="/dev/shm", kind="tmpfs", options="rw,nosuid,nodev", size=memory // 2),  # noqa: S108  a mount table
        Volume(device="tmpfs", place="/run/lock", kind="tmpfs", options=f"{plain},size=5120k", size=5120),
        Volume(
            device="cgroup2",
            place="/sys/fs/cgroup",
            kind="cgroup2",
            options=f"{plain},nsdelegate,memory_recursiveprot",
        ),
        Volume(device="mqueue", place="/dev/mqueue", kind="mqueue", options=plain),
    )


def _of_alpine(persona: Persona, now: float, written: int) -> Sequence[Volume]:
    memory = persona.memory_kib
    plain = "rw,nosuid,nodev,noexec,relatime"
    return (
        Volume(device="sysfs", place="/sys", kind="sysfs", options=plain),
        Volume(
            device="devtmpfs",
            place="/dev",
            kind="devtmpfs",
            options=f"rw,nosuid,noexec,relatime,size=10240k,nr_inodes={memory // 8},mode=755",
            size=10_240,
        ),
        Volume(device="proc", place="/proc", kind="proc", options=plain),
        Volume(
            device="devpts",
            place="/dev/pts",
            kind="devpts",
            options="rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000",
        ),
        Volume(
            device="shm",
            place="/dev/shm",  # noqa: S108  a mount table
            kind="tmpfs",
            options="rw,nosuid,nodev,noexec,relatime",
            size=memory // 2,
        ),
        _root(persona, now, written, "rw,relatime"),
        Volume(
            device="tmpfs",
            place="/run",
            kind="tmpfs",
            options=f"rw,nodev,relatime,size={memory // 5}k,mode=755",
            size=memory // 5,
            used=120 + persona.seed % 80,
        ),
    )
