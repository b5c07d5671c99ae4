"""This module makes the one-time link with which the first administrator is created."""

from collections.abc import Callable

from decnet_actors.web.tokens import digest, new_secret, same


class SetupLink:
    """At most one token is valid at a time; it works once and for a limited time.

    Args:
        now: monotonic seconds.
        valid: seconds a token is valid.

    """

    def __init__(self, now: Callable[[], float], valid: float) -> None:
        self._now = now
        self._valid = valid
        self._digest = b""
        self._until = 0.0

    def issue(self) -> str:
        """Return a new token; any earlier one stops working."""
        token = new_secret()
        self._digest, self._until = digest(token), self._now() + self._valid
        return token

    def take(self, token: str) -> bytes:
        """Return a ticket for ``give_back`` and make the token unusable; empty if it was not valid."""
        ticket = self._digest
        if not ticket or self._now() > self._until or not same(ticket, digest(token)):
            return b""
        self._digest = b""
        return ticket

    def give_back(self, ticket: bytes) -> None:
        """Make the token usable again, because what it was for failed; not if a newer one was issued."""
        if not self._digest:
            self._digest = ticket
