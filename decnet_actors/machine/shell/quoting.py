"""This module quotes values the way the shell prints them back."""


def quoted_double(text: str) -> str:
    """Return a value in double quotes, as ``export -p`` shows it."""
    return '"' + "".join(f"\\{char}" if char in '$`"\\' else char for char in text) + '"'


def quoted(text: str) -> str:
    """Return a word as ``set -x`` and ``export -p`` show it."""
    if text and all(char.isalnum() or char in "_-./:=@%+," for char in text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
