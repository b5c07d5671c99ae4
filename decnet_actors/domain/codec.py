"""This module turns facts into bytes (msgpack) and into JSON-ready values, and back."""

from typing import Any

import msgspec

from decnet_actors.domain.facts import Fact
from decnet_actors.domain.registry import FACTS
from decnet_actors.domain.text import escaped

_encode = msgspec.msgpack.Encoder().encode
_decoders = {name: msgspec.msgpack.Decoder(cls) for name, cls in FACTS.items()}


def encode_fact(fact: Fact) -> bytes:
    """Return the msgpack map of the fact's fields; the class name is kept beside it, not in it."""
    return _encode(fact)


def decode_fact(kind: str, payload: bytes) -> Fact:
    """Return the fact of class ``kind``.

    Raises:
        KeyError: no such fact class.
        msgspec.MsgspecError: the payload does not fit the class.

    """
    return _decoders[kind].decode(payload)


def plain(value: Any) -> Any:  # Any: the shape of JSON
    """Return JSON-ready builtins; bytes become ``{"text": escaped, "base64": exact}``."""
    if isinstance(value, bytes):
        return {"text": escaped(value), "base64": msgspec.to_builtins(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return plain(msgspec.to_builtins(value, builtin_types=(bytes,)))
