"""This module makes what the kernel shows in ``/dev`` and ``/sys``."""

import stat

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.node import Node, device, directory, file, symlink
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.storage import partitions

_STICKY = 0o1777
_ENDLESS = 65_536  # bytes one read of an endless device gives when nobody says how much


def devices(persona: Persona) -> dict[str, Node]:
    """Return the children of ``/dev``."""
    booted, char = persona.booted_at, stat.S_IFCHR
    noise = (derived(persona.seed, "urandom", number).randbytes(4096) for number in (1, 2))
    out: dict[str, Node] = {
        "console": device(char, 0o600, booted),
        "null": device(char, 0o666, booted),
        "full": device(char, 0o666, booted, content=b"\0"),
        "zero": device(char, 0o666, booted, content=b"\0"),
        "random": device(char, 0o666, booted, content=next(noise)),
        "urandom": device(char, 0o666, booted, content=next(noise)),
        "tty": device(char, 0o666, booted, gid=5),
        "ptmx": device(char, 0o666, booted, gid=5),
        "kmsg": device(char, 0o644, booted),
        "mem": device(char, 0o640, booted),
        "pts": directory(0o755, booted),
    }
    for name in ("full", "zero", "random", "urandom"):
        out[name].size = _ENDLESS
    if persona.embedded:
        parts = partitions(persona)
        out |= {f"mtd{part.minor}": device(char, 0o600, booted) for part in parts}
        out |= {name: device(char, 0o660, booted) for name in ("ttyS0", "watchdog", "gpio")}
    else:
        out |= {name: symlink(f"/proc/self/fd{tail}", booted) for name, tail in _STREAMS.items()}
        out |= {"shm": directory(_STICKY, booted + 20), "mqueue": directory(_STICKY, booted)}
        out |= {name: directory(0o755, booted) for name in ("net", "disk")}
        out |= {f"tty{number}": device(char, 0o620, booted, gid=5) for number in range(8)}
        out |= {f"loop{number}": device(stat.S_IFBLK, 0o660, booted, gid=6) for number in range(2)}
    out |= {part.name: device(stat.S_IFBLK, 0o660, booted, gid=6) for part in partitions(persona)}
    return out


_STREAMS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}


def sysfs(persona: Persona) -> dict[str, Node]:
    """Return the children of ``/sys``."""
    booted = persona.booted_at
    names = "block bus class dev devices firmware fs kernel module power"
    names += " hypervisor" if etc.is_virtual(persona) else ""
    out: dict[str, Node] = {name: directory(0o755, booted) for name in names.split()}
    cards = {
        etc.interface(persona): {"address": persona.mac, "operstate": "up", "mtu": "1500"},
        "lo": {"address": "00:00:00:00:00:00", "operstate": "unknown", "mtu": "65536"},
    }
    out["class"].children = {"net": _folder({name: _values(values, booted) for name, values in cards.items()}, booted)}
    if not persona.embedded:
        out["kernel"].children = {"security": _folder({}, booted)}
        out["fs"].children = {"cgroup": _folder({}, booted)}
    for node in out.values():
        node.virtual, node.size = True, 0
    return out


def _values(values: dict[str, str], booted: float) -> Node:
    files = {name: file(f"{text}\n".encode(), 0o444, booted, size=4096) for name, text in values.items()}
    for one in files.values():
        one.virtual = True
    return _folder(files, booted)


def _folder(children: dict[str, Node], booted: float) -> Node:
    node = directory(0o755, booted)
    node.children, node.virtual, node.size = children, True, 0
    return node
