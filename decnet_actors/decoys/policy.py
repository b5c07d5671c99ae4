"""This module decides which credentials open a door: bait that was laid out, and a rare weak one per decky.

Never "any": a machine that lets everybody in is recognised by the first random pair.
"""

import fnmatch
import random
import re
from collections.abc import Iterable, Sequence

from decnet_actors.contracts.fleet import Bait

MAX_MATCHED = 256  # bytes; no bait is longer, so no longer secret is looked at

# Passwords that every published list of common or default credentials has near its top.
_WEAK = (
    "123456",
    "password",
    "12345678",
    "qwerty",
    "123456789",
    "12345",
    "1234",
    "111111",
    "1234567",
    "123123",
    "admin",
    "root",
    "toor",
    "changeme",
    "letmein",
    "welcome",
    "passw0rd",
    "P@ssw0rd",
    "abc123",
    "test",
    "default",
    "1q2w3e4r",
    "qwerty123",
    "master",
)


class BaitAndRarity:
    """The policy of one decky; answers depend on its seed, users and baits alone, so they never change."""

    def __init__(self, *, seed: int, users: Sequence[str], baits: Iterable[Bait] = (), rarity: int = 2) -> None:
        """Choose the weak credentials of this decky.

        Args:
            seed: of the decky.
            users: names that can log in on the machine; only these get a weak password.
            baits: what was laid out.
            rarity: how many weak pairs are accepted; 0 turns them off.

        """
        chance = random.Random(f"{seed}/policy")  # noqa: S311  a persona, not a secret
        weak = [(user, secret) for user in users for secret in dict.fromkeys((*_WEAK, user, f"{user}123"))]
        self.weak = frozenset(chance.sample(weak, min(rarity, len(weak))))
        self._exact = {(user, secret.encode(), "") for user, secret in self.weak}
        self._patterns: dict[str, list[tuple[re.Pattern[bytes], str]]] = {}  # by user
        for bait in baits:
            if bait.is_pattern:
                pattern = re.compile(fnmatch.translate(bait.secret).encode())
                self._patterns.setdefault(bait.user, []).append((pattern, bait.service))
            else:
                self._exact.add((bait.user, bait.secret.encode(), bait.service))

    def accepts(self, user: str, secret: bytes, *, service: str) -> bool:
        """Return whether the pair logs in."""
        if len(secret) > MAX_MATCHED:
            return False
        if (user, secret, "") in self._exact or (user, secret, service) in self._exact:
            return True
        patterns = self._patterns.get(user, ())
        return any(where in {"", service} and pattern.match(secret) for pattern, where in patterns)
