"""This module decides which passwords are good enough (NIST SP 800-63B: length and a blocklist) and hashes them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MAX_LENGTH = 128  # characters; longer ones are refused, never cut
MAX_WORDS = 4  # a password that is at most so many common words in a row is guessed early
MIN_DISTINCT = 5  # different characters

# Pieces that lists of leaked passwords are made of. At the lengths we ask for, a guessable password is a row of these.
_COMMON = """
    password passwort passw0rd p4ssw0rd pass word passphrase admin administrator root toor user test guest login
    letmein welcome iloveyou monkey dragon master sunshine princess football baseball superman batman shadow
    michael jordan jennifer hunter trustno correct horse battery staple qwerty qwertz azerty qwertyuiop asdfgh
    asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsxedc 1qaz2wsx 1q2w3e4r 1q2w3e4r5t abc abcd abcdef abcdefgh
    abcdefghijklmnop changeme change default secret service server computer internet security secure access
    honeypot decoy deception decnet company summer winter spring autumn january february march april june july
    august september october november december monday tuesday wednesday thursday friday saturday sunday
    for ever please this that is my the a new old not very long and so to of in you me we
"""
_SIGNS = str.maketrans({"@": "a", "$": "s", "!": "i"})
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_ROWS = (
    "012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


def faults(password: str, *, minimum: int, words: Iterable[str] = ()) -> Sequence[str]:
    """Return why a password is not accepted; empty when it is.

    Args:
        password: any Unicode; nothing is stripped.
        minimum: shortest length, in characters.
        words: names an attacker would try first: the user's, the site's.

    """
    length = len(password)
    if length < minimum:
        return (f"/password: has {length} characters; at least {minimum} are needed. A sentence is easy to remember",)
    if length > MAX_LENGTH:
        return (f"/password: has {length} characters; at most {MAX_LENGTH} are taken",)
    plain = unicodedata.normalize("NFKC", password).casefold()
    if len(set(plain)) < MIN_DISTINCT or _repeats(plain):
        return ("/password: repeats itself; repeated characters are guessed first",)
    if any(plain in row or plain[::-1] in row for row in _ROWS):
        return ("/password: is a row of neighbouring keys or letters",)
    known = {*_COMMON.split(), *(word.casefold() for word in words if word)}
    if any(_made_of(re.sub(r"[\W_]+", "", form), known) for form in _forms(plain)):
        return ("/password: is made of words that are in every list of leaked passwords",)
    return ()


class Hasher:
    """Hashes with argon2id; slow on purpose, so call it off the loop.

    Args:
        time_cost, memory_kib, parallelism: RFC 9106; the defaults are its second recommended option.

    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 64 * 1024, parallelism: int = 4) -> None:
        self._argon = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, type=Type.ID)
        # An unknown user costs the same work as a known one, so time does not tell who exists.
        self.nobody = self._argon.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return an argon2id string."""
        return self._argon.hash(_normal(password))

    def fits(self, password_hash: str, password: str) -> bool:
        """Return whether the password is the one that was hashed."""
        try:
            self._argon.verify(password_hash or self.nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return bool(password_hash)


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _repeats(text: str) -> bool:
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, len(text) // 2))


def _forms(text: str) -> set[str]:
    return {text, text.translate(_SIGNS), text.translate(_LEET)}


def _made_of(text: str, words: set[str]) -> bool:
    """Return whether ``text``, apart from digits at its ends, is a row of at most MAX_WORDS of ``words``."""
    core = text.strip("0123456789")
    if not core:
        return len(set(text)) <= MIN_DISTINCT
    fewest = [0] + [MAX_WORDS + 1] * len(core)
    for end in range(1, len(core) + 1):
        for start in range(end):
            if fewest[start] < fewest[end] - 1 and core[start:end] in words:
                fewest[end] = fewest[start] + 1
    return fewest[-1] <= MAX_WORDS
