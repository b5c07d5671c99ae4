"""This module reads the word tables the data modules of this package are written in."""


def words(text: str) -> tuple[str, ...]:
    """Return the words of a table."""
    return tuple(text.split())


def sized(text: str) -> dict[str, int]:
    """Return ``name=123`` words as a mapping."""
    pairs = (word.partition("=") for word in text.split())
    return {name: int(size) for name, _, size in pairs}
