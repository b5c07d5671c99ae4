"""This module makes text that every engine takes."""

from decnet_actors.domain.text import escaped

MAX_TEXT = 16_000  # characters of a text without a limit of its own; MySQL's TEXT holds 65,535 bytes


def storable(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text, escaped where an engine would refuse it: PostgreSQL takes no NUL, none a lone surrogate."""
    if "\x00" in text or not text.isascii():
        try:
            text.encode()
            if "\x00" in text:
                text = escaped(text)
        except UnicodeEncodeError:
            text = escaped(text)
    return text[:limit]
