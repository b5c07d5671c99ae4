"""This module decides when a crashed child may start again: a sliding window and an exponential backoff, pure."""

import random
from collections import deque

from attrs import field, frozen, validators

_MAX_DOUBLINGS = 60  # keeps 2**n a small float; the limit has been reached long before


@frozen(kw_only=True)
class RestartPolicy:
    """How patiently a child is brought back.

    ``intensity`` and ``within`` judge a child on its own only where its spec says ``on_exhausted="disable"``;
    otherwise its crashes count in the window of its supervisor.
    """

    backoff_min: float = field(default=0.1, validator=validators.ge(0))  # seconds before the first restart
    backoff_max: float = field(default=30.0, validator=validators.ge(0))  # seconds, before jitter
    jitter: float = field(default=0.1, validator=[validators.ge(0), validators.le(1)])  # +- share of the delay
    reset_after: float = field(default=60.0, validator=validators.ge(0))  # a run this long forgets earlier crashes
    intensity: int = field(default=3, validator=validators.ge(0))  # restarts allowed inside the window
    within: float = field(default=5.0, validator=validators.gt(0))  # seconds


def backoff(crashes: int, policy: RestartPolicy, rng: random.Random) -> float:
    """Return how long to wait before the next start.

    Args:
        crashes: crashes in a row, >= 1.
        policy: the child's.
        rng: source of the jitter.

    Returns:
        Seconds, doubling from ``policy.backoff_min`` up to ``policy.backoff_max``, give or take the jitter.

    """
    delay = min(policy.backoff_max, policy.backoff_min * 2.0 ** min(crashes - 1, _MAX_DOUBLINGS))
    return delay * (1 + policy.jitter * rng.uniform(-1, 1))


class RestartWindow:
    """Counts crashes in a sliding window (supervisor.erl, add_restart)."""

    def __init__(self, intensity: int, within: float) -> None:
        self.intensity = intensity
        self.within = within
        self._crashes: deque[float] = deque(maxlen=intensity + 1)  # more are never needed to decide

    def crash(self, now: float) -> bool:
        """Count a crash at ``now`` and say whether a restart is still allowed.

        Intensity N allows N restarts inside the window; the next crash is refused.
        """
        self._crashes.append(now)
        while self._crashes[0] < now - self.within:
            self._crashes.popleft()
        return len(self._crashes) <= self.intensity

    def clear(self) -> None:
        """Forget all crashes, as after an operator's restart."""
        self._crashes.clear()
