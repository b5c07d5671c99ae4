"""This module makes and reads the cursors of pages."""

import base64
import binascii
import json

from decnet_actors.contracts.errors import CATALOGUE, OperatorError


def encode_cursor(*values: int | str) -> str:
    """Return where a page ended as text that means nothing to a client."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def decode_cursor(text: str, *kinds: type) -> tuple[int | str, ...]:
    """Return the values of a cursor.

    Args:
        text: what a client sent.
        kinds: the type of each value.

    Raises:
        OperatorError: DN5001, that is no cursor of ours.

    """
    try:
        values = json.loads(base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is not the next of a page", errors=("/cursor: unknown",))
    if not all(-(2**63) < value < 2**63 for value in values if isinstance(value, int)):
        raise OperatorError(CATALOGUE["DN5001"], "/cursor: is out of range", errors=("/cursor: out of range",))
    return tuple(values)


def decode_number(text: str | None) -> int | None:
    """Return the one number of a cursor, ``None`` when there is no cursor."""
    if text is None:
        return None
    return int(decode_cursor(text, int)[0])
