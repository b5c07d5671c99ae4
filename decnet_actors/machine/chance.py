"""This module derives reproducible chance: the same seed and names give the same choices for ever."""

import random


def derived(seed: int, *names: object) -> random.Random:
    """Return a generator that depends on nothing but ``seed`` and ``names``."""
    return random.Random("/".join((str(seed), *map(str, names))))  # noqa: S311  looks, not secrets
