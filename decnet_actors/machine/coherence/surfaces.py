"""This module looks at a machine the way a peer does: commands in its shell, files, and what its services say."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import inf

from attrs import field, frozen

from decnet_actors.contracts.decoy import HangUp, Send, WakeAt
from decnet_actors.contracts.machine import Login, Machine
from decnet_actors.domain.persona import Persona

MAX_OUTPUT = 1 << 20  # bytes of one command that are looked at
MAX_TURNS = 10_000  # of one command's shell; one that takes more has not ended
PATIENCE = 60.0  # seconds a command may want to sleep in all


@frozen(kw_only=True)
class Contradiction:
    """Two surfaces of one machine that do not agree."""

    fact: str  # kernel
    here: str  # uname -r
    says: str
    there: str  # /proc/version
    but: str  # what that one says


@frozen(eq=False)
class Surfaces:
    """What can be seen of one machine at one moment.

    Args:
        machine: looked at through its ports; nothing of it changes.
        now: Unix seconds.
        greetings: what its services said to a peer, by the service's name.

    """

    machine: Machine
    now: float
    greetings: Mapping[str, bytes] = field(factory=dict)
    _seen: dict[str, str] = field(factory=dict, init=False, repr=False)

    @property
    def persona(self) -> Persona:
        """Who the machine is meant to be."""
        return self.machine.persona

    def run(self, command: str) -> str:
        """Return what a command prints for root; nothing when the machine does not have it."""
        if command not in self._seen:
            self._seen[command] = _output(self.machine, command, self.now)
        return self._seen[command]

    def has(self, path: str) -> bool:
        """Return whether there is something at a path, links followed."""
        try:
            self.machine.files.stat(path)
        except OSError:
            return False
        return True

    def read(self, path: str) -> str:
        """Return the text of a file, nothing if there is none."""
        try:
            return self.machine.files.read(path, size=MAX_OUTPUT).decode("utf-8", "replace")
        except OSError:
            return ""

    def first(self, path: str, size: int) -> bytes:
        """Return the first bytes of a file, none if there is no file."""
        try:
            return self.machine.files.read(path, size=size)
        except OSError:
            return b""

    def names(self, path: str) -> Sequence[str]:
        """Return the names in a folder, none if there is no folder."""
        try:
            return self.machine.files.list(path)
        except OSError:
            return ()

    def same(self, fact: str, told: Mapping[str, str]) -> Iterator[Contradiction]:
        """Yield a contradiction for each surface that tells something else than the first that tells anything."""
        told = {surface: text for surface, text in told.items() if text}
        if not told:
            return
        (here, says), *others = told.items()
        for there, but in others:
            if but != says:
                yield Contradiction(fact=fact, here=here, says=says, there=there, but=but)

    def all_in(self, fact: str, here: str, wanted: Mapping[str, bool]) -> Iterator[Contradiction]:
        """Yield a contradiction for each thing that one surface names and another does not have."""
        for name, found in wanted.items():
            if not found:
                yield Contradiction(fact=fact, here=here, says=name, there="the machine", but="not there")


def _output(machine: Machine, command: str, now: float) -> str:
    """Run a command to its end on a clock of its own."""
    root = machine.persona.accounts[0].name
    address = machine.persona.address
    login = Login(
        user=root, address=address, port=40_000, service="ssh", local_address=address, local_port=22, command=command
    )
    terminal = machine.terminal(login)
    out, until, ended = bytearray(), now + PATIENCE, False
    effects = list(terminal.opened(now))
    for turn in range(MAX_TURNS):
        wake = inf
        for effect in effects:
            match effect:
                case Send(data):
                    out += data
                case WakeAt(when):
                    wake = when
                case HangUp():
                    ended = True
                case _:
                    pass
        if ended or len(out) > MAX_OUTPUT:
            break
        if wake <= until:
            now = max(now, wake)
            effects = list(terminal.tick(now))
        elif turn and wake == inf:
            break
        else:
            effects = list(terminal.ended(now))
    terminal.closed(now)
    terminal.take_artifacts()
    text = out[:MAX_OUTPUT].decode("utf-8", "replace")
    return "" if "not found" in text.partition("\n")[0] else text


@lru_cache(maxsize=256)
def rows(text: str) -> Sequence[Sequence[str]]:
    """Return the words of each line that has any."""
    return [line.split() for line in text.splitlines() if line.strip()]


def value(text: str, label: str, *, separator: str = ":") -> str:
    """Return what follows a label at the start of a line, without blanks around it and quotes."""
    for line in text.splitlines():
        name, found, rest = line.partition(separator)
        if found and name.strip() == label:
            return rest.strip().strip('"')
    return ""


def column(text: str, name: str, *, below: str = "") -> Sequence[str]:
    """Return the words of a table's column; ``below`` is a word of its head, when other lines come before it."""
    lines = rows(text)
    at = next((index for index, words in enumerate(lines) if (below or name) in words), None)
    if at is None:
        return ()
    place = lines[at].index(name)
    return [words[place] for words in lines[at + 1 :] if len(words) > place]
