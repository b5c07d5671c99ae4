"""This module defines the persona: one coherent machine that every service of a decky speaks for."""

from collections.abc import Mapping

from attrs import field, frozen


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

    ``packages`` maps a Debian (or vendor) source name to its full version, and is the one place a service
    reads its version from: ``openssh-server`` -> ``1:9.2p1-2+deb12u3``.
    """

    decky: str
    hostname: str
    domain: str
    family: str  # linux
    distribution: str  # debian, ubuntu
    release: str  # 12, 22.04
    codename: str
    pretty_name: str
    kernel: str  # uname -r
    kernel_build: str  # uname -v
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
    seed: int = field(default=0, repr=False)  # of this decky; derive further choices with random.Random(f"{seed}/x")

    @property
    def web_server(self) -> str:
        """Which web server runs: nginx, unless only Apache is installed."""
        return "apache" if "apache2" in self.packages and "nginx" not in self.packages else "nginx"

    @property
    def ftp_server(self) -> str:
        """The package of the FTP server that runs: one of those there are, vsftpd on most machines."""
        found = [name for name in ("vsftpd", "vsftpd", "proftpd-core", "pure-ftpd") if name in self.packages]
        return found[self.seed % len(found)] if found else "vsftpd"
