"""This module tabulates what the telnet daemons a persona can run say: their options, in their order, and their banner.

``inetutils`` was recorded from Debian 12's package 2.4-2+deb12u3. ``netkit`` is the 0.17 of Debian 11 and of Ubuntu up
to 22.04, whose opening every scanner's database knows (``fffd18 fffd20 fffd23 fffd27``).
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import evolve, field, frozen

from decnet_actors.domain.persona import Persona
from decnet_actors.wire.telnet import Option, Subnegotiation, Verb, build

Requests: TypeAlias = Sequence[tuple[Verb, int]]

_BSD_LOCAL = frozenset({Option.BINARY, Option.ECHO, Option.SGA, Option.STATUS})
_BSD_REMOTE = frozenset(
    {
        Option.BINARY,
        Option.SGA,
        Option.TTYPE,
        Option.NAWS,
        Option.TSPEED,
        Option.LFLOW,
        Option.LINEMODE,
        Option.XDISPLOC,
        Option.OLD_ENVIRON,
        Option.NEW_ENVIRON,
    }
)
# The order in which a daemon of this family asks for the values of the options it was granted.
_BSD_VALUES = (Option.TSPEED, Option.XDISPLOC, Option.NEW_ENVIRON, Option.OLD_ENVIRON, Option.TTYPE)
# The family's own oddity: these two go out with the string's terminating NUL.
_BSD_AGREED: Mapping[int, bytes] = {
    Option.LINEMODE: build(Subnegotiation(Option.LINEMODE, b"\x01\x03")) + b"\0",  # MODE EDIT|TRAPSIG (RFC 1184)
    Option.LFLOW: build(Subnegotiation(Option.LFLOW, b"\x03")) + b"\0",  # RESTART-XON (RFC 1372)
}
_BSD_AGREED_EARLY: Mapping[int, bytes] = {
    Option.LINEMODE: build(Subnegotiation(Option.LINEMODE, b"\x01\x10")) + b"\0",  # MODE LIT_ECHO
    Option.LFLOW: b"",
}


@frozen(kw_only=True)
class Daemon:
    """One implementation of telnetd.

    ``opening`` is sent at once, ``terminal`` when every DO of it has its answer, ``last`` when NAWS has. ``banner``
    takes ``{kernel} {host} {tty} {issue}`` and is followed by the prompt of ``login``. ``agreed`` is said to a peer
    that begins to perform an option; ``agreed_early`` instead of it before ``terminal``, when there is no terminal to
    tell of. ``offered`` and ``asked`` are the options of the opening's WILL and DO.
    """

    opening: Requests
    terminal: Requests
    last: Requests
    banner: str
    values: Sequence[int] = _BSD_VALUES
    local: frozenset[int] = _BSD_LOCAL
    remote: frozenset[int] = _BSD_REMOTE
    agreed: Mapping[int, bytes] = field(default=_BSD_AGREED)
    agreed_early: Mapping[int, bytes] = field(default=_BSD_AGREED_EARLY)
    alive: bytes = field(default=b"\r\n[Yes]\r\n")  # the answer to AYT
    waits: bool = True  # for the peer's answers; if not, the prompt follows the opening and no option is answered
    tries: int = 5  # of login; LOGIN_RETRIES, /etc/login.defs
    exceeded: str = "Maximum number of tries exceeded ({tries})\r\n"
    late: str = "\r\nLogin timed out after {seconds:.0f} seconds.\r\n"
    offered: frozenset[int] = field(init=False)
    asked: frozenset[int] = field(init=False)

    @offered.default
    def _offered(self) -> frozenset[int]:
        return frozenset(option for verb, option in self.opening if verb is Verb.WILL)

    @asked.default
    def _asked(self) -> frozenset[int]:
        return frozenset(option for verb, option in self.opening if verb is Verb.DO)


# It offers Kerberos 5 and has no cipher.
_INETUTILS_AGREED: Mapping[int, bytes] = {
    Option.AUTHENTICATION: build(Subnegotiation(Option.AUTHENTICATION, b"\x01\x02\x02\x02\x00")),  # SEND (RFC 2941)
    Option.ENCRYPT: build(Subnegotiation(Option.ENCRYPT, b"\x01")),  # SUPPORT (RFC 2946)
}
INETUTILS = Daemon(
    opening=(
        (Verb.WILL, Option.AUTHENTICATION),
        (Verb.WILL, Option.ENCRYPT),
        (Verb.DO, Option.TTYPE),
        (Verb.DO, Option.TSPEED),
        (Verb.DO, Option.XDISPLOC),
        (Verb.DO, Option.NEW_ENVIRON),
        (Verb.DO, Option.OLD_ENVIRON),
    ),
    terminal=(
        (Verb.WILL, Option.SGA),
        (Verb.DO, Option.ECHO),
        (Verb.DO, Option.LINEMODE),
        (Verb.DO, Option.NAWS),
        (Verb.WILL, Option.STATUS),
        (Verb.DO, Option.LFLOW),
    ),
    last=((Verb.DO, Option.TM), (Verb.DO, Option.BINARY)),
    banner="\r\nLinux {kernel} ({host}) ({tty})\r\n\r\n",
    remote=_BSD_REMOTE.union(_INETUTILS_AGREED),
    agreed={**_BSD_AGREED, **_INETUTILS_AGREED},
    agreed_early={**_BSD_AGREED_EARLY, **_INETUTILS_AGREED},
)

NETKIT = Daemon(
    opening=(
        (Verb.DO, Option.TTYPE),
        (Verb.DO, Option.TSPEED),
        (Verb.DO, Option.XDISPLOC),
        (Verb.DO, Option.NEW_ENVIRON),
    ),
    terminal=(
        (Verb.WILL, Option.SGA),
        (Verb.DO, Option.ECHO),
        (Verb.DO, Option.NAWS),
        (Verb.WILL, Option.STATUS),
        (Verb.DO, Option.LFLOW),
    ),
    last=(),
    banner="{issue}\r\n",
)

# Recorded from Debian 12's busybox 1.35.0. It asks, and leaves it at that.
BUSYBOX = Daemon(
    opening=(
        (Verb.DO, Option.ECHO),
        (Verb.DO, Option.NAWS),
        (Verb.WILL, Option.ECHO),
        (Verb.WILL, Option.SGA),
    ),
    terminal=(),
    last=(),
    banner="\r\r\n",
    alive=b"\xff\xff\xf1",  # NOP, with its IAC doubled
    waits=False,
    tries=3,
    exceeded="",
    late="\r\nLogin timed out after {seconds:.0f} seconds\r\n",
)
OLD_BUSYBOX = evolve(BUSYBOX, alive=b"")


def daemon_of(persona: Persona) -> Daemon:
    """Return the daemon that the persona's ``telnetd`` package installs (since 0.17+2.4 it is inetutils')."""
    packages = persona.packages
    if persona.userland == "busybox":
        return OLD_BUSYBOX if persona.embedded else BUSYBOX
    if "telnet-server" in packages:  # Rocky's is netkit's
        return NETKIT
    version = packages.get("telnetd", "")
    if packages.get("inetutils-telnetd") or not version or "+2." in version:
        return INETUTILS
    return NETKIT
