"""This module knows kinds of machines: what each serves in an office, and which systems and stacks are plausible."""

from collections.abc import Collection

from attrs import frozen

LINUX = ("debian", "ubuntu", "rocky")
SMALL_LINUX = (*LINUX, "alpine")
WINDOWS_SERVERS = ("windows:server-2019", "windows:server-2022")  # whose stacks are alike
LINUX_STACK = "linux"
EMBEDDED = "embedded"
STACKS = {
    "windows": "windows-10",
    "windows:server-2016": "windows-server-2016",
    "windows:server-2019": "windows-server-2019",
    "windows:server-2022": "windows-server-2019",
    **dict.fromkeys(("router", "camera", "dvr", "printer", "controller"), EMBEDDED),
}  # of systems that are no Linux servers, with their release where that matters


@frozen(kw_only=True)
class Archetype:
    """One kind of machine."""

    name: str
    summary: str
    services: tuple[str, ...]  # what a real one has, most telling first
    stack: str = LINUX_STACK  # TCP/IP stack personality
    distributions: tuple[str, ...]  # plausible systems; one of them is chosen once

    def installed(self, available: Collection[str]) -> tuple[str, ...]:
        """Return the services there are decoys for."""
        return tuple(name for name in self.services if name in available)

    def missing(self, available: Collection[str]) -> tuple[str, ...]:
        """Return the services there is no decoy for."""
        return tuple(name for name in self.services if name not in available)


ARCHETYPES: dict[str, Archetype] = {
    archetype.name: archetype
    for archetype in (
        Archetype(
            name="windows-workstation",
            summary="A desk's computer that shares a folder and lets its user in from home.",
            services=("smb", "rdp"),
            stack="windows-10",
            distributions=("windows:10", "windows:11"),
        ),
        Archetype(
            name="windows-server",
            summary="A member server of the domain: shares, remote desktop, directory.",
            services=("smb", "rdp", "ldap"),
            stack="windows-server-2019",
            distributions=WINDOWS_SERVERS,
        ),
        Archetype(
            name="domain-controller",
            summary="The directory everybody logs in against.",
            services=("ldap", "smb", "rdp", "llmnr"),
            stack="windows-server-2016",
            distributions=("windows:server-2016",),
        ),
        Archetype(
            name="linux-server",
            summary="A general Linux server with a web page on it.",
            services=("ssh", "http"),
            distributions=SMALL_LINUX,
        ),
        Archetype(
            name="web-server",
            summary="A web server whose pages are uploaded by FTP.",
            services=("http", "ftp"),
            distributions=LINUX,
        ),
        Archetype(
            name="database-server",
            summary="Databases and a cache in front of them.",
            services=("mysql", "postgres", "redis"),
            distributions=LINUX,
        ),
        Archetype(
            name="mail-server",
            summary="Takes mail in, and lets people read it.",
            services=("smtp", "pop3", "imap"),
            distributions=LINUX,
        ),
        Archetype(
            name="file-server",
            summary="A share for the department, administered over SSH.",
            services=("smb", "ftp", "ssh"),
            distributions=LINUX,
        ),
        Archetype(
            name="printer",
            summary="A printer in the corridor.",
            services=("snmp",),
            stack=EMBEDDED,
            distributions=("printer",),
        ),
        Archetype(
            name="iot-device",
            summary="A sensor or camera with its maker's log-in still open.",
            services=("mqtt", "snmp", "telnet"),
            stack=EMBEDDED,
            distributions=("camera", "dvr"),
        ),
        Archetype(
            name="industrial-control",
            summary="A controller of a plant.",
            services=("conpot", "snmp"),
            stack=EMBEDDED,
            distributions=("controller",),
        ),
        Archetype(
            name="router",
            summary="The box at the end of the line, administered over the web and telnet.",
            services=("telnet", "http"),
            distributions=("router",),
        ),
        Archetype(
            name="ip-camera",
            summary="A camera whose picture and settings are on a web page.",
            services=("http", "telnet"),
            distributions=("camera",),
        ),
        Archetype(
            name="video-recorder",
            summary="A recorder of cameras that the internet was let in to.",
            services=("telnet", "http"),
            distributions=("dvr",),
        ),
        Archetype(
            name="voip-server",
            summary="The telephone exchange.",
            services=("sip",),
            distributions=LINUX,
        ),
        Archetype(
            name="monitoring-node",
            summary="Watches the other machines, and can log in to all of them.",
            services=("snmp", "ssh"),
            distributions=LINUX,
        ),
        Archetype(
            name="devops-host",
            summary="Builds and deploys: an open Docker socket, a cluster's interface.",
            services=("docker_api", "ssh", "k8s"),
            distributions=LINUX,
        ),
        Archetype(
            name="deaddeck",
            summary="A forgotten machine that still lets people in over SSH.",
            services=("ssh",),
            distributions=SMALL_LINUX,
        ),
    )
}


def stack_of(system: str) -> str:
    """Return the TCP/IP stack of a system such as ``windows:10`` or ``debian``."""
    return STACKS.get(system) or STACKS.get(system.partition(":")[0], LINUX_STACK)
