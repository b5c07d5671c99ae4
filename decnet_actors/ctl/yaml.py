"""This module writes JSON-shaped values as YAML 1.2 (a subset every reader knows); it reads none."""

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")
# Words YAML 1.1 readers take for something else than text.
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def dump(value: Any) -> str:  # Any: the shape of JSON
    """Return ``value`` as one YAML document, ASCII only, ending in a newline."""
    return "\n".join(_lines(value, 0)) + "\n"


def _lines(value: Any, depth: int) -> Iterator[str]:  # Any: the shape of JSON
    space = "  " * depth
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if _nested(item):
                yield f"{space}{_text(str(key))}:"
                yield from _lines(item, depth + 1)
            else:
                yield f"{space}{_text(str(key))}: {_scalar(item)}"
    elif isinstance(value, (list, tuple)) and value:
        for item in value:
            if _nested(item):
                first, *others = _lines(item, depth + 1)
                yield f"{space}- {first.lstrip()}"
                yield from others
            else:
                yield f"{space}- {_scalar(item)}"
    else:
        yield f"{space}{_scalar(value)}"


def _nested(value: object) -> bool:
    return isinstance(value, (dict, list, tuple)) and bool(value)


def _scalar(value: object) -> str:
    match value:
        case str():
            return _text(str(value))
        case dict():
            return "{}"
        case list() | tuple():
            return "[]"
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124  not a number
            return {"inf": ".inf", "-inf": "-.inf"}.get(str(value), ".nan")
        case float() if "." not in repr(value):
            return repr(value).replace("e", ".0e")  # YAML 1.1 readers take 1e+17 for text
        case _:
            return json.dumps(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    code = ord(character)
    if character in {'"', "\\"}:
        return "\\" + character
    if 0x20 <= code < 0x7F:  # noqa: PLR2004  printable ASCII
        return character
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004  half a pair: no YAML reader takes it
        return "\\uFFFD"
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"  # noqa: PLR2004  beyond the basic plane
