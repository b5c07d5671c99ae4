"""This module remembers who is and was logged in, for ``w``, ``who`` and ``last``."""

from collections.abc import Sequence

from attrs import evolve, frozen

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.releases import DAY

MAX_VISITS = 200  # kept; the oldest that ended goes first


@frozen(kw_only=True)
class Visit:
    """A log-in."""

    handle: int
    user: str
    address: str
    tty: str
    since: float
    until: float | None = None


class Visits:
    """The log-ins of one machine; those before our time come from the persona's chance."""

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self._rows: list[Visit] = []
        self._next = 1

    def enter(self, user: str, address: str, now: float) -> int:
        """Note a log-in; returns its handle."""
        taken = {row.tty for row in self.present()}
        tty = next(name for name in (f"pts/{number}" for number in range(len(taken) + 1)) if name not in taken)
        handle = self._next
        self._next += 1
        self._rows.append(Visit(handle=handle, user=user, address=address, tty=tty, since=now))
        if len(self._rows) > MAX_VISITS:
            ended = next((row for row in self._rows if row.until is not None), self._rows[0])
            self._rows.remove(ended)
        return handle

    def leave(self, handle: int, now: float) -> None:
        """Note the end of a log-in; an unknown handle is nothing."""
        for index, row in enumerate(self._rows):
            if row.handle == handle:
                self._rows[index] = evolve(row, until=now)

    def present(self) -> Sequence[Visit]:
        """Return who is logged in, oldest first."""
        return [row for row in self._rows if row.until is None]

    def past(self, now: float) -> Sequence[Visit]:
        """Return everybody who was or is logged in, newest first."""
        return [*reversed(self._rows), *self._history(now)]

    def last_of(self, user: str) -> Visit | None:
        """Return the user's latest visit that is over."""
        done = [row for row in self._rows if row.user == user and row.until is not None]
        return done[-1] if done else None

    def _history(self, now: float) -> list[Visit]:
        """Return log-ins of the machine's own people from before the decoy was there."""
        persona = self._persona
        rng = derived(persona.seed, "visits")
        people = [account.name for account in persona.people] or ["root"]
        head = persona.address.rpartition(".")[0] or "192.168.1"
        places = [f"{head}.{rng.randrange(10, 250)}" for _ in range(2)]
        rows: list[Visit] = []
        when = persona.booted_at + 300
        until = min(now - DAY, persona.booted_at + 200 * DAY)
        while when < until and len(rows) < 40:  # noqa: PLR2004  what is left after log rotation
            stay = rng.expovariate(1 / 1500) + 20
            rows.append(
                Visit(
                    handle=0,
                    user=rng.choice(people),
                    address=rng.choice(places),
                    tty="pts/0",
                    since=when,
                    until=when + stay,
                )
            )
            when += stay + rng.expovariate(1 / (4 * DAY))
        return list(reversed(rows))
