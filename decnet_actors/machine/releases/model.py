"""This module defines what is known of a release: a distribution, a device's firmware, a Windows.

Facts from the distributions' public changelogs: a level is what a machine that was last updated around
``date`` reports. Services read versions from ``packages``; kernels and packages of one level belong together.
"""

from collections.abc import Mapping

from attrs import field, frozen

DAY = 86400.0


@frozen(kw_only=True)
class Level:
    """What a machine of a release runs that was updated around ``date`` (Unix seconds)."""

    date: float
    point: str  # 12.5, 22.04.3
    kernel: str
    build: str  # uname -v
    ssh: str  # full version of openssh-server
    packages: Mapping[str, str] = field(factory=dict)  # what differs from the release's


@frozen(kw_only=True)
class Board:
    """What is soldered into a device: its processor with its memory, flash and network port."""

    system: str  # the maker's name of the board: "system type" or "Hardware" in /proc/cpuinfo
    cpu: str  # "cpu model" or "Processor"
    cpus: int
    bogomips: float
    architecture: str  # uname -m
    machine: str  # what its binaries are built for
    memory_kib: tuple[int, ...]  # MemTotal of the models
    flash_kib: int
    flash: str  # type of the root file system
    data: str  # type of the file system that can be written, and where it is
    interface: str
    cards: tuple[str, ...]  # vendor prefixes of its network port
    features: str  # "ASEs implemented" or "Features"
    details: tuple[tuple[str, str], ...] = ()  # further rows of a processor in /proc/cpuinfo


@frozen(kw_only=True)
class Release:
    """One release of a distribution, of a device's firmware, or of Windows."""

    distribution: str
    release: str
    codename: str
    pretty: str  # with {point}
    released: float
    levels: tuple[Level, ...]  # oldest first
    packages: Mapping[str, str]
    php: str = ""  # minor version, "" when the release has none
    python: str = ""
    weight: int = field(default=1)  # how often it is met; 0: only when it is asked for
    family: str = "linux"
    userland: str = "gnu"
    libc: str = "glibc"
    package_manager: str = "apt"
    init: str = "systemd"
    board: Board | None = None  # of a device
    hostnames: tuple[str, ...] = ()  # what a device calls itself; empty: its owner names it
    logins: tuple[str, ...] = ()  # of a device, besides root

    @property
    def name(self) -> str:
        """What an operator writes for it: ``debian:12``."""
        return f"{self.distribution}:{self.release}"


def level(date: float, point: str, kernel: str, build: str, ssh: str = "", **packages: str) -> Level:
    """Return a level."""
    return Level(date=date, point=point, kernel=kernel, build=build, ssh=ssh, packages=packages)
