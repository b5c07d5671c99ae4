"""This module is the state of one control connection, and how it is answered."""

import os
import random
import ssl

from attrs import define, field, frozen

from decnet_actors.contracts.decoy import CredentialPolicy, Note, Send, SessionEffect, WakeAt
from decnet_actors.contracts.machine import Machine
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from decnet_actors.wire import ftp
from plugins.decoy.ftp.dialect import Dialect
from plugins.decoy.ftp.visitor import Visitor


@frozen(kw_only=True)
class Host:
    """What all sessions of one service share."""

    dialect: Dialect
    machine: Machine
    policy: CredentialPolicy
    rng: random.Random
    delay: float  # factor of the daemon's own delays
    anonymous: bool
    writable: bool
    tls: ssl.SSLContext | None


@define(kw_only=True, slots=True)
class Client:
    """Who is connected, and what was agreed with them."""

    host: Host
    peer: Peer
    effects: list[SessionEffect] = field(factory=list)  # of the call in hand
    verb: str = ""  # of the command in hand
    user: str | None = None  # named, not logged in yet
    visitor: Visitor | None = None
    guest: bool = False
    ascii: bool = True
    renaming: str = ""
    offset: int = 0  # of the next transfer
    umask: int = 0
    extended_only: bool = False
    is_tls: bool = False
    is_private: bool = False  # data connections are under TLS
    sized: bool = False  # PBSZ came
    received_bytes: int = 0
    sent_bytes: int = 0

    @property
    def dialect(self) -> Dialect:
        """The daemon."""
        return self.host.dialect

    @property
    def here(self) -> Visitor:
        """Who is logged in; commands that ask are not served before."""
        if self.visitor is None:
            raise RuntimeError("nobody is logged in")
        return self.visitor

    def say(self, key: str, **fields: object) -> None:
        """Reply with one of the daemon's texts; nothing if it has none for the case."""
        if text := self.dialect.texts.get(key, ""):
            self.effects.append(Send(ftp.reply(text.format(verb=self.verb, **fields))))

    def say_first(self, *keys: str, **fields: object) -> None:
        """Reply with the first of these texts that the daemon has."""
        self.say(next((key for key in keys if key in self.dialect.texts), keys[-1]), **fields)

    def fail(self, verb: str, argument: str, error: OSError) -> None:
        """Reply that something could not be done."""
        keys = [f"{verb}.directory"] if isinstance(error, IsADirectoryError) else []
        if isinstance(error, FileNotFoundError):
            keys.append(f"{verb}.missing")
        self.say_first(*keys, f"{verb}.failed", arg=argument, error=os.strerror(error.errno or 0))

    def note(self, fact: Fact) -> None:
        """Record a fact before what is said next."""
        self.effects.append(Note(fact))

    def wake(self, when: float) -> None:
        """Ask for a tick."""
        self.effects.append(WakeAt(when))
