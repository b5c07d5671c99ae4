"""This module says what tells one FTP daemon from another: its words, and the few things it does differently."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from decnet_actors.contracts.machine import Stat

Texts = Mapping[str, str]


class Shown(Protocol):
    """What a listing needs to know of whoever looks."""

    def name(self, number: int) -> str:
        """Return the name of a user id."""

    def group(self, number: int) -> str:
        """Return the name of a group id."""

    def date(self, seconds: float, now: float, old: str) -> str:
        """Return a time as ``ls`` shows it; ``old`` is the format beyond half a year."""


@frozen(kw_only=True)
class Listed:
    """One entry of a directory."""

    name: str
    found: Stat
    role: str = ""  # cdir, pdir: "." and ".."


@frozen(kw_only=True)
class Dialect:
    """One daemon.

    ``texts`` holds every reply by what happened: ``cwd.ok``, ``cwd.failed``; fields are ``{arg}``, ``{path}``,
    ``{error}`` and what the case needs. ``<verb>.empty`` is said when an argument is missing, ``<verb>`` alone is the
    whole of a command that does nothing else.
    """

    name: str
    texts: Texts
    early: frozenset[str]  # verbs that are served before the log-in
    row: Callable[[Listed, Shown, float], str]  # of LIST
    facts: Callable[[Listed, Shown], str] | None  # of MLSD and MLST, without the name
    tries: int  # failures after which it hangs up
    delay: Callable[[int], float]  # seconds before the n-th refusal, without PAM's
    greeting: Callable[[str, float], str]  # of the address it is reached at, and the time
    verbs: frozenset[str]  # all it knows
    unique: Callable[[str, random.Random, float], str]  # a name for STOU, of what was asked for
    early_with_tls: frozenset[str] = frozenset()  # those of ``early`` that are none without TLS
    hides_unknown: bool = False  # asks for the log-in before it says that it does not know a command
    between_renames: frozenset[str] = frozenset({"NOOP"})  # what may come between RNFR and RNTO
    idle: float = 300.0
    umask: int = 0o022
    dotted_names: bool = False  # NLST shows hidden names too
    filters: bool = False  # what LIST names is a filter, and none is missing
    dots_in_stat: bool = False
    ascii_sizes: bool = True  # SIZE answers in ASCII mode
    converts: bool = False  # ASCII mode changes ends of lines
    any_port: bool = False  # passive ports are drawn from all above 1024
    appends: bool = True
    keeps_user: bool = False  # after a refusal PASS may come again
    keeps_tail: bool = True  # of a file that is overwritten from the middle
    argument: Callable[[str], str] = str  # what it takes of an argument
    doubles_quotes: bool = True  # in a path it quotes
    trusts_private: bool = False  # an RFC 1918 address in PORT of a peer that has none means the peer
    resets_on_http: bool = False  # a request of HTTP ends it
    guest_needs_password: bool = True
    sets_time: Sequence[str] = ()  # verbs with a time and a name
