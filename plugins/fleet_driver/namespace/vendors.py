"""This module lists a few of the MAC prefixes that makers of network cards and hypervisors use."""

from collections.abc import Mapping

from decnet_actors.kernel.personality import PERSONALITIES

VENDORS: Mapping[str, tuple[str, ...]] = {
    "axis": ("00:40:8c", "ac:cc:8e"),
    "cisco": ("00:1b:54", "00:26:0b", "58:8d:09"),
    "dell": ("d0:94:66", "24:6e:96", "f8:bc:12"),
    "espressif": ("24:0a:c4", "a4:cf:12"),
    "hikvision": ("44:19:b6", "c0:56:e3"),
    "hpe": ("94:18:82", "3c:d9:2b"),
    "hyperv": ("00:15:5d",),
    "intel": ("3c:97:0e", "00:1b:21"),
    "kvm": ("52:54:00",),
    "proxmox": ("bc:24:11",),  # of 2023: older scanners do not know it, so it is taken but never chosen
    "raspberry": ("b8:27:eb", "dc:a6:32"),
    "supermicro": ("3c:ec:ef", "ac:1f:6b"),
    "virtualbox": ("08:00:27",),
    "vmware": ("00:50:56", "00:0c:29"),
    "xen": ("00:16:3e",),
}
PREFIXES = frozenset(prefix for prefixes in VENDORS.values() for prefix in prefixes)


def prefixes_of(stack: str) -> tuple[str, ...]:
    """Return the prefixes that machines with this stack have."""
    return tuple(prefix for vendor in PERSONALITIES[stack].vendors for prefix in VENDORS[vendor])
