"""This module makes hostile bytes and text safe to show: nothing it returns can drive a terminal."""

import unicodedata

MAX_SHOWN = 200  # characters; longer values are cut with an ellipsis where a limit is asked for

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BACKSLASH = ord("\\")


def escaped(value: bytes | str, limit: int | None = None) -> str:
    r"""Return printable text for ``value``; control, format and undecodable parts as ``\xNN`` or ``\u{N}``.

    Args:
        value: bytes are read as UTF-8, bytes that are not UTF-8 are shown as ``\xNN``.
        limit: characters kept before an ellipsis; ``None`` keeps all.

    """
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    cut = limit is not None and len(text) > limit
    if cut:
        text = text[:limit]
    if not (text.isascii() and text.isprintable() and "\\" not in text):
        text = "".join(map(_shown, text))
    return text + "\u2026" if cut else text


def _shown(character: str) -> str:
    code = ord(character)
    if code == _BACKSLASH:
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004  the range surrogateescape uses for raw bytes
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(character) in _UNSAFE_CATEGORIES:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"  # noqa: PLR2004  one byte
    return character
