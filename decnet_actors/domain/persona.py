"""This module defines the persona: one coherent machine that every service of a decky speaks for."""

from collections.abc import Mapping, Sequence

from attrs import Factory, field, frozen

# The first one that is installed is the web server that runs: package -> what the plugins call it.
_WEB_SERVERS = {
    "nginx": "nginx", "apache2": "apache", "httpd": "apache", "lighttpd": "lighttpd", "mini-httpd": "mini-httpd",
}  # fmt: skip
_COMPUTER_NAME = 15  # characters of a NetBIOS name (RFC 1001, 14.1)


@frozen(kw_only=True)
class Account:
    """A user of the machine, as in ``/etc/passwd``."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    comment: str = ""


@frozen(kw_only=True)
class Persona:
    """A machine that could exist. Generated from the installation's seed and the decky's name.

    ``packages`` maps the system's own name of a package to its full version, and is the one place a service
    reads its version from: ``openssh-server`` -> ``1:9.2p1-2+deb12u3``. A device's firmware is listed alike.
    """

    decky: str
    hostname: str
    domain: str
    family: str  # linux, windows
    distribution: str  # debian, ubuntu, rocky, alpine; router, dvr, camera, printer; windows
    release: str  # 12, 22.04, mipsel, server-2019
    codename: str
    pretty_name: str
    kernel: str  # uname -r; of Windows its version, 10.0.17763
    kernel_build: str  # uname -v; of Windows its build, 17763.6659
    architecture: str  # uname -m
    timezone: str  # IANA name
    utc_offset: int  # seconds east of UTC
    installed_at: float  # Unix seconds
    booted_at: float  # Unix seconds
    address: str
    mac: str
    cpu_model: str
    cpu_count: int
    memory_kib: int
    disk_kib: int
    accounts: tuple[Account, ...]
    packages: Mapping[str, str] = field(factory=dict)
    services: Mapping[str, int] = field(factory=dict)  # what it serves: name of the service -> port it claims
    mail_domain: str = ""
    organisation: str = ""
    userland: str = "gnu"  # gnu, busybox; empty: no Unix commands
    libc: str = "glibc"  # glibc, musl, uclibc; empty: none
    package_manager: str = "apt"  # apt, dnf, apk; empty: none
    init: str = "systemd"  # systemd, openrc, busybox; empty: another one
    machine: str = Factory(lambda self: self.architecture, takes_self=True)  # what its binaries are for: mipsel
    shell: str = "/bin/bash"  # of those who log in
    board: str = ""  # the processor board of a device; empty: a computer
    workgroup: str = ""  # NetBIOS name of the domain or workgroup
    seed: int = field(default=0, repr=False)  # of this decky; derive further choices with random.Random(f"{seed}/x")

    @property
    def embedded(self) -> bool:
        """Whether it is a device with firmware, rather than a computer with a distribution."""
        return bool(self.board)

    @property
    def computer_name(self) -> str:
        """Its NetBIOS name."""
        return self.hostname.partition(".")[0][:_COMPUTER_NAME].upper()

    @property
    def people(self) -> Sequence[Account]:
        """Who has a home and a shell on it, besides root."""
        return [one for one in self.accounts if one.home.startswith("/home/") and one.shell == self.shell]

    @property
    def web_server(self) -> str:
        """Which web server runs: ``nginx``, ``apache``, ``lighttpd`` or ``mini-httpd``; empty: none."""
        return next((name for package, name in _WEB_SERVERS.items() if package in self.packages), "")

    @property
    def ssh_server(self) -> str:
        """Which SSH server runs: ``openssh`` or ``dropbear``; empty: none."""
        servers = {"dropbear": "dropbear", "openssh-server": "openssh"}
        return next((name for package, name in servers.items() if package in self.packages), "")

    @property
    def ftp_server(self) -> str:
        """The package of the FTP server that runs: one of those there are, vsftpd on most machines."""
        found = [name for name in ("vsftpd", "vsftpd", "proftpd-core", "pure-ftpd") if name in self.packages]
        return found[self.seed % len(found)] if found else "vsftpd"
