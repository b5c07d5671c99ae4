"""This module knows which programs serve the services of a decky, so that its shell shows what the network shows."""

from collections.abc import Sequence

from attrs import frozen

from decnet_actors.domain.persona import Persona

SSH_ONLY = {"ssh": 22}  # what a machine serves that was told of no services


@frozen(kw_only=True)
class Daemon:
    """A program that serves. Sizes are KiB."""

    name: str  # as in ``comm`` and netstat
    command: str
    user: str
    unit: str  # systemd's name
    text: str  # systemd's description
    port: int  # 0: a worker that inherits its parent's socket
    rss: int
    vsz: int


def served(persona: Persona) -> Sequence[Daemon]:
    """Return the programs behind the services of a persona, in the order they start."""
    found: list[Daemon] = []
    for service, port in (persona.services or SSH_ONLY).items():
        match service:
            case "ssh":
                found.append(
                    Daemon(
                        name="sshd",
                        command="sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
                        user="root",
                        unit="ssh",
                        text="OpenBSD Secure Shell server",
                        port=port,
                        rss=9_100,
                        vsz=15_400,
                    )
                )
            case "http":
                found += _web(port, apache=persona.web_server == "apache")
            case "ftp":
                found.append(_ftp(port, persona.ftp_server))
            case "redis":
                found.append(
                    Daemon(
                        name="redis-server",
                        command=f"/usr/bin/redis-server 0.0.0.0:{port}",
                        user="redis",
                        unit="redis-server",
                        text="Advanced key-value store",
                        port=port,
                        rss=11_800,
                        vsz=66_900,
                    )
                )
            case "telnet":
                found.append(
                    Daemon(
                        name="inetutils-inetd",
                        command="/usr/sbin/inetutils-inetd",
                        user="root",
                        unit="inetutils-inetd",
                        text="internet superserver",
                        port=port,
                        rss=1_200,
                        vsz=3_100,
                    )
                )
            case _:
                pass  # a service this machine has no program for, such as somebody else's plugin
    return found


def _ftp(port: int, server: str) -> Daemon:
    match server:
        case "proftpd-core":
            name, command, user = "proftpd", "proftpd: (accepting connections)", "proftpd"
            text, rss, vsz = "ProFTPD FTP Server", 4_900, 22_600
        case "pure-ftpd":
            name, command, user = "pure-ftpd", "pure-ftpd (SERVER)", "root"
            text, rss, vsz = "LSB: pure-ftpd FTP server", 2_100, 9_400
        case _:
            name, command, user = "vsftpd", "/usr/sbin/vsftpd /etc/vsftpd.conf", "root"
            text, rss, vsz = "vsftpd FTP server", 3_300, 9_800
    return Daemon(name=name, command=command, user=user, unit=name, text=text, port=port, rss=rss, vsz=vsz)


def _web(port: int, *, apache: bool) -> Sequence[Daemon]:
    if apache:
        name, unit, text = "apache2", "apache2", "The Apache HTTP Server"
        master = worker = "/usr/sbin/apache2 -k start"
    else:
        name, unit, text = "nginx", "nginx", "A high performance web server and a reverse proxy server"
        master, worker = (
            "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;",
            "nginx: worker process",
        )
    return (
        Daemon(name=name, command=master, user="root", unit=unit, text=text, port=port, rss=1_900, vsz=10_300),
        Daemon(name=name, command=worker, user="www-data", unit=unit, text=text, port=0, rss=3_600, vsz=10_900),
    )
