"""This module guesses which name was meant."""

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean "x"?)``, or nothing when no known name is near."""
    import difflib

    near = difflib.get_close_matches(word[:80], list(known), n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
