"""This module is the machine of ``contracts.machine``: one persona, one file tree, its visitors and shells."""

import itertools
import random
from collections.abc import Callable, Mapping
from functools import cache

from decnet_actors.contracts.decky_files import NOBODY, Author, Isolation, StoredFiles, Told
from decnet_actors.contracts.machine import Login
from decnet_actors.domain.persona import Persona
from decnet_actors.machine.decky_tree import DeckyTree
from decnet_actors.machine.files import TreeFiles
from decnet_actors.machine.quota import Caps
from decnet_actors.machine.shell.context import World
from decnet_actors.machine.shell.state import Budget, Limits
from decnet_actors.machine.terminal import ShellTerminal
from decnet_actors.machine.tree import etc
from decnet_actors.machine.tree.base import base
from decnet_actors.machine.visits import Visits


class DeckyMachine:
    """Implements ``contracts.machine.Machine``.

    Args:
        persona: who it is.
        rng: chance of its shells.
        caps: how much of its files may be changed.
        limits: what one command line may use.
        now: the clock ``/proc`` reads outside of a shell; without one the latest time a shell was told.
        work: the clock that measures the slices of its shells, in seconds; without one only steps and output do.
        isolation: which attackers see one another's changes of its files.
        stored: the changes of its files that were kept.
        told: who keeps changes of its files; without one they are in memory only.

    """

    simulated = True

    def __init__(
        self,
        persona: Persona,
        rng: random.Random,
        *,
        caps: Caps | None = None,
        limits: Limits | None = None,
        now: Callable[[], float] | None = None,
        work: Callable[[], float] | None = None,
        isolation: Isolation | None = None,
        stored: StoredFiles | None = None,
        told: Told | None = None,
    ) -> None:
        self.persona = persona
        self._rng = rng
        self._limits = limits or Limits()
        self._latest = persona.booted_at + 3600.0
        self._clock = now
        self._work = work or _still
        self._published: dict[str, bytes] = {}
        self.tree = DeckyTree(
            persona.decky,
            base(persona, self._now, self._published),
            caps=caps or Caps(),
            groups=_memberships(persona),
            group_names={number: name for name, (number, _) in etc.groups_of(persona).items()},
            isolation=isolation or Isolation.NONE,
            stored=stored or StoredFiles(numbers=itertools.count(1)),
            told=told,
        )
        self.files = self.tree.view(NOBODY)
        self._visits = Visits(persona)

    def seen_by(self, author: Author) -> "SeenMachine":
        return SeenMachine(self, self.tree.view(author))

    def publish(self, path: str, content: bytes) -> None:
        self._published[path] = content

    def terminal(self, login: Login) -> ShellTerminal:
        return self.terminal_on(self.files, login)

    def terminal_on(self, files: TreeFiles, login: Login) -> ShellTerminal:
        """Return a shell that works on somebody's view of the files."""
        world = World(
            persona=self.persona,
            files=files,
            rng=self._rng,
            login=login,
            visits=self._visits,
            budget=Budget(self._limits, self._work),
            heard=self.heard,
            next_pid=self._rng.randrange(1100, 30_000),
        )
        if login.pty is not None:
            world.columns, world.rows = login.pty.columns, login.pty.rows
        return ShellTerminal(world, login)

    def logged_in(self, user: str, address: str, now: float) -> int:
        self.heard(now)
        return self._visits.enter(user[:32], address, now)

    def logged_out(self, handle: int, now: float) -> None:
        self.heard(now)
        self._visits.leave(handle, now)

    def heard(self, now: float) -> None:
        """Take note of the time a shell was told."""
        self._latest = max(self._latest, now)

    def _now(self) -> float:
        return self._latest if self._clock is None else self._clock()


class SeenMachine:
    """Implements ``contracts.machine.Machine``: a decky's machine through the eyes of one author."""

    simulated = True

    def __init__(self, machine: DeckyMachine, files: TreeFiles) -> None:
        self.persona = machine.persona
        self.files = files
        self._machine = machine

    def seen_by(self, author: Author) -> "SeenMachine":
        return self._machine.seen_by(author)

    def publish(self, path: str, content: bytes) -> None:
        self._machine.publish(path, content)

    def terminal(self, login: Login) -> ShellTerminal:
        return self._machine.terminal_on(self.files, login)

    def logged_in(self, user: str, address: str, now: float) -> int:
        return self._machine.logged_in(user, address, now)

    def logged_out(self, handle: int, now: float) -> None:
        self._machine.logged_out(handle, now)


def _still() -> float:
    return 0.0


@cache
def _alone(gid: int) -> frozenset[int]:
    return frozenset({gid})  # most accounts of all deckies are in one group, and few groups differ


def _memberships(persona: Persona) -> Mapping[int, frozenset[int]]:
    found = {account.uid: _alone(account.gid) for account in persona.accounts}
    by_name = {account.name: account for account in persona.accounts}
    for number, members in etc.groups_of(persona).values():
        for name in members:
            if name in by_name:
                found[by_name[name].uid] |= {number}
    return found
