"""This module knows which programs run on a machine, so that its shell shows what the network shows."""

import zlib
from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, frozen

from decnet_actors.domain.persona import Persona

SSH_ONLY = {"ssh": 22}  # what a machine serves that was told of no services


@frozen(kw_only=True)
class Daemon:
    """A program that runs for ever. Sizes are KiB."""

    name: str  # as in ``comm`` and netstat
    command: str
    user: str = "root"
    unit: str = ""  # the name its init system knows it by; empty: none of its own
    text: str = ""  # systemd's description
    port: int = 0  # 0: serves nothing, or inherits its parent's socket
    worker: bool = False  # a child of the one before
    both: bool = True  # whether it listens on IPv6 too
    tty: str = "?"
    rss: int = 900
    vsz: int = 5_800

    @property
    def program(self) -> str:
        """The path of its program; empty when the command does not tell."""
        words = self.command.split(" ")
        titled = words[0].endswith(":")  # it has written something else over its command line
        return next((word for word in words if word.startswith("/")), "") if titled or words[0][:1] == "/" else ""


@frozen(kw_only=True)
class Running:
    """A daemon with its place in the process table."""

    pid: int
    parent: int
    daemon: Daemon


def running(persona: Persona) -> Sequence[Running]:
    """Return the daemons of a machine in the order they were started, with stable process ids."""
    rows: list[Running] = []
    number = _first(persona)
    master = 1
    for index, one in enumerate((*resident(persona), *served(persona))):
        if one.name == "systemd":  # it listens for others
            rows.append(Running(pid=1, parent=0, daemon=one))
            continue
        number += 1 if one.worker else 3 + zlib.crc32(f"{persona.seed}{index}{one.name}".encode()) % 19
        master = master if one.worker else number
        rows.append(Running(pid=number, parent=master if one.worker else 1, daemon=one))
    return rows


def resident(persona: Persona) -> Sequence[Daemon]:
    """Return what runs whatever the machine serves."""
    if persona.embedded:
        return _RESIDENT.get(persona.distribution, ())
    if persona.init == "openrc":
        return _OPENRC
    if persona.package_manager == "dnf":
        return _ROCKY
    logger = "root" if persona.distribution == "debian" else "syslog"
    return [evolve(one, user=logger) if one.name == "rsyslogd" else one for one in _DEBIAN]


def served(persona: Persona) -> Sequence[Daemon]:
    """Return the programs behind the services of a persona, in the order they start."""
    found: list[Daemon] = []
    if persona.family != "linux":
        return found
    for service, port in (persona.services or SSH_ONLY).items():
        make = _SERVED.get(service)  # none: a service this machine has no program for, such as another plugin's
        if make is not None:
            found += make(persona, port)
    return found


def _first(persona: Persona) -> int:
    """Return the process id after which the daemons begin: a device has fewer kernel threads before them."""
    return 60 + persona.seed % 70 if persona.embedded else 240 + persona.seed % 300


def _systemd(name: str, text: str, rss: int, vsz: int, user: str = "root", folder: str = "/lib/systemd") -> Daemon:
    return Daemon(name=name, command=f"{folder}/{name}", user=user, unit=name, text=text, rss=rss, vsz=vsz)


_GETTY = Daemon(
    name="agetty", command="/sbin/agetty -o -p -- \\u --noclear - linux", unit="getty@tty1", text="Getty on tty1",
    tty="tty1", rss=1_000, vsz=5_800,
)  # fmt: skip
_RSYSLOG = Daemon(
    name="rsyslogd", command="/usr/sbin/rsyslogd -n -iNONE", unit="rsyslog", text="System Logging Service",
    rss=5_900, vsz=222_000,
)  # fmt: skip
_DBUS = "D-Bus System Message Bus"
_DEBIAN = (
    _systemd("systemd-journald", "Journal Service", 14_300, 33_100),
    _systemd("systemd-udevd", "Rule-based Manager for Device Events and Files", 6_100, 27_000),
    _systemd("systemd-timesyncd", "Network Time Synchronization", 6_600, 90_100, "systemd-timesync"),
    Daemon(
        name="cron", command="/usr/sbin/cron -f", unit="cron", text="Regular background program processing daemon",
        rss=2_600, vsz=6_600,
    ),
    Daemon(
        name="dbus-daemon", command="/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile",
        user="messagebus", unit="dbus", text=_DBUS, rss=4_500, vsz=9_100,
    ),
    _RSYSLOG,
    _systemd("systemd-logind", "User Login Management", 7_900, 25_400),
    _GETTY,
)  # fmt: skip
_ROCKY = (
    _systemd("systemd-journald", "Journal Service", 15_900, 36_200, folder="/usr/lib/systemd"),
    _systemd(
        "systemd-udevd", "Rule-based Manager for Device Events and Files", 9_800, 34_600, folder="/usr/lib/systemd"
    ),
    Daemon(
        name="auditd", command="/sbin/auditd", unit="auditd", text="Security Auditing Service", rss=2_400, vsz=18_200
    ),
    Daemon(
        name="dbus-broker-launch", command="/usr/bin/dbus-broker-launch --scope system --audit", user="dbus",
        unit="dbus-broker", text=_DBUS, rss=2_300, vsz=10_600,
    ),
    Daemon(name="chronyd", command="/usr/sbin/chronyd -F 2", user="chrony", unit="chronyd", text="NTP client/server",
           rss=3_100, vsz=84_500),
    _systemd("systemd-logind", "User Login Management", 11_200, 21_700, folder="/usr/lib/systemd"),
    Daemon(
        name="NetworkManager", command="/usr/sbin/NetworkManager --no-daemon", unit="NetworkManager",
        text="Network Manager", rss=19_800, vsz=257_900,
    ),
    evolve(_RSYSLOG, command="/usr/sbin/rsyslogd -n"),
    Daemon(name="crond", command="/usr/sbin/crond -n", unit="crond", text="Command Scheduler", rss=1_900, vsz=9_300),
    _GETTY,
)  # fmt: skip
_OPENRC = (
    Daemon(name="syslogd", command="/sbin/syslogd -t -n", unit="syslog", rss=400, vsz=1_640),
    Daemon(name="acpid", command="/sbin/acpid -f", unit="acpid", rss=400, vsz=1_636),
    Daemon(name="chronyd", command="/usr/sbin/chronyd -f /etc/chrony/chrony.conf", user="chrony", unit="chronyd",
           rss=1_600, vsz=3_900),
    Daemon(name="crond", command="/usr/sbin/crond -c /etc/crontabs -f", unit="crond", rss=500, vsz=1_640),
    *(
        Daemon(name="getty", command=f"/sbin/getty 38400 tty{number}", tty=f"tty{number}", rss=400, vsz=1_636)
        for number in range(1, 7)
    ),
)  # fmt: skip


def _small(command: str, rss: int = 300, vsz: int = 1_900) -> Daemon:
    return Daemon(name=command.partition(" ")[0].rpartition("/")[2], command=command, rss=rss, vsz=vsz)


_RESIDENT: Mapping[str, Sequence[Daemon]] = {
    "router": (
        _small("/sbin/syslogd -C"), _small("/sbin/klogd"), _small("/usr/sbin/dnsmasq", 420, 1_300),
        _small("/usr/sbin/hostapd /tmp/hostapd.conf", 820, 2_500), _small("/usr/bin/wscd -a"),
        _small("udhcpc -i eth1 -p /tmp/udhcpc.pid", 340, 1_500), _small("/usr/sbin/ntpclient -l"),
    ),
    "dvr": (
        _small("/bin/watchdogd -t 5"), _small("/usr/bin/dvrmain", 24_300, 88_200),
        _small("/usr/bin/recd -c 8", 6_400, 31_500), _small("/sbin/syslogd -C64"),
    ),
    "camera": (
        _small("/bin/watchdogd -t 5"), _small("/usr/bin/ipcam", 9_700, 41_300),
        _small("/usr/bin/rtspd -p 554", 2_600, 11_800), _small("udhcpc -i eth0 -b", 340, 1_500),
    ),
    "controller": (
        _small("/usr/bin/plcd -r", 8_900, 46_100), _small("/usr/bin/iod", 2_100, 12_400),
        _small("/sbin/syslogd -C"), _small("/bin/watchdogd -t 5"),
    ),
    "printer": (
        _small("/usr/bin/engined", 7_400, 39_800), _small("/usr/bin/spoold -q raw", 2_800, 14_200),
        _small("/sbin/syslogd -C"), _small("udhcpc -i eth0 -b", 340, 1_500),
    ),
}  # fmt: skip


def _ssh(persona: Persona, port: int) -> Sequence[Daemon]:
    if not persona.ssh_server:
        return ()
    if persona.ssh_server == "dropbear":
        return (Daemon(name="dropbear", command=f"/usr/sbin/dropbear -p {port}", port=port, rss=620, vsz=2_100),)
    rss = 9_100 if persona.libc == "glibc" else 3_900
    detached = " -D" if persona.init == "systemd" else ""
    return (
        Daemon(
            name="sshd", command=f"sshd: /usr/sbin/sshd{detached} [listener] 0 of 10-100 startups",
            unit="ssh" if persona.package_manager == "apt" else "sshd",
            text="OpenBSD Secure Shell server" if persona.package_manager == "apt" else "OpenSSH server daemon",
            port=port, rss=rss, vsz=rss + 6_300,
        ),
    )  # fmt: skip


def _telnet(persona: Persona, port: int) -> Sequence[Daemon]:
    if persona.userland == "busybox":
        return (
            Daemon(
                name="telnetd", command=f"/usr/sbin/telnetd -p {port}", unit="telnetd", port=port, rss=380, vsz=1_640
            ),
        )
    if persona.package_manager == "dnf":
        return (
            Daemon(name="systemd", command="", unit="telnet.socket", text="Telnet Server Activation Socket", port=port),
        )
    return (
        Daemon(
            name="inetutils-inetd", command="/usr/sbin/inetutils-inetd", unit="inetutils-inetd",
            text="internet superserver", port=port, both=False, rss=1_200, vsz=3_100,  # IPv4 only as packaged
        ),
    )  # fmt: skip


def _redis(_: Persona, port: int) -> Sequence[Daemon]:
    return (
        Daemon(
            name="redis-server", command=f"/usr/bin/redis-server 0.0.0.0:{port}", user="redis", unit="redis-server",
            text="Advanced key-value store", port=port, rss=11_800, vsz=66_900,
        ),
    )  # fmt: skip


def _web(persona: Persona, port: int) -> Sequence[Daemon]:
    match persona.web_server, persona.package_manager:
        case "apache", "dnf":
            return _workers("httpd", "The Apache HTTP Server", "apache", port, "/usr/sbin/httpd -DFOREGROUND")
        case "apache", _:
            return _workers("apache2", "The Apache HTTP Server", "www-data", port, "/usr/sbin/apache2 -k start")
        case "nginx", "apk":
            master = "nginx: master process /usr/sbin/nginx -c /etc/nginx/nginx.conf"
            return _workers("nginx", "", "nginx", port, master, "nginx: worker process")
        case "nginx", _:
            master = "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"
            text = "A high performance web server and a reverse proxy server"
            return _workers("nginx", text, "www-data", port, master, "nginx: worker process")
        case "lighttpd", _:
            return (_server("/usr/sbin/lighttpd -f /etc/lighttpd/lighttpd.conf", port),)
        case "mini-httpd", _:
            return (_server("/usr/sbin/mini_httpd -d /www -c cgi-bin/*", port),)
        case _:
            return ()


def _server(command: str, port: int) -> Daemon:
    return evolve(_small(command, 780, 2_700), port=port)


def _workers(name: str, text: str, user: str, port: int, master: str, worker: str = "") -> Sequence[Daemon]:
    first = Daemon(name=name, command=master, unit=name, text=text, port=port, rss=1_900, vsz=10_300)
    second = evolve(first, command=worker or master, user=user, port=0, worker=True, rss=3_600, vsz=10_900)
    return first, second


def _ftp(persona: Persona, port: int) -> Sequence[Daemon]:
    user = "root"
    match persona.ftp_server:
        case "proftpd-core":
            name, command, user = "proftpd", "proftpd: (accepting connections)", "proftpd"
            text, rss, vsz = "ProFTPD FTP Server", 4_900, 22_600
        case "pure-ftpd":
            name, command = "pure-ftpd", "pure-ftpd (SERVER)"
            text, rss, vsz = "LSB: pure-ftpd FTP server", 2_100, 9_400
        case _:
            folder = "vsftpd/" if persona.package_manager == "dnf" else ""
            name, command = "vsftpd", f"/usr/sbin/vsftpd /etc/{folder}vsftpd.conf"
            text, rss, vsz = "vsftpd FTP server", 3_300, 9_800
    return (Daemon(name=name, command=command, user=user, unit=name, text=text, port=port, rss=rss, vsz=vsz),)


_SERVED: Mapping[str, Callable[[Persona, int], Sequence[Daemon]]] = {
    "ssh": _ssh, "http": _web, "redis": _redis, "telnet": _telnet, "ftp": _ftp,
}  # fmt: skip
