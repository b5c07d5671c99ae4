"""This module quotes values the way the shell prints them back."""


def quoted_double(text: str) -> str:
    """Return a value in double quotes, as ``export -p`` shows it."""
    return '"' + "".join(f"\\{char}" if char in '$`"\\' else char for char in text) + '"'
