"""This module knows the secrets that everybody tries, of which nothing follows."""

import string
from functools import cache
from importlib.resources import files

MAX_LOOKED_AT = 256  # bytes; no common secret is longer
_TRAILING = (string.digits + string.punctuation).encode()


def is_common(user: str | None, secret: bytes) -> bool:
    """Return whether a secret is one that strangers try alike: a known default, or made from the user's name.

    ``Password1!`` is ``password``, ``deploy2024`` of the user ``deploy`` is that user's name.
    """
    if len(secret) > MAX_LOOKED_AT:
        return False
    word = secret.lower()
    base = word.rstrip(_TRAILING)
    if not word or word in _common() or (base and base in _common()):
        return True
    name = "" if user is None else user.lower()
    plain = name.encode("utf-8", "replace")
    return bool(plain) and (plain in {word, base, word[::-1]} or plain + plain == word)


@cache
def _common() -> frozenset[bytes]:
    text = (files(__package__) / "common_secrets.txt").read_text(encoding="utf-8")
    return frozenset(line.encode() for line in text.splitlines() if line and not line.startswith("#"))
