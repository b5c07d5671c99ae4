"""This module puts envelopes on the wire between processes of one host, and reads them there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from supervisors.bus import Envelope
from supervisors.topics import is_topic, wire_topic

Encode = Callable[[Any], Any]  # a payload to builtins, or anything else that msgspec encodes

_encode = msgspec.msgpack.Encoder().encode
_decode_envelope = msgspec.msgpack.Decoder(Envelope).decode
_decode = msgspec.msgpack.Decoder().decode


class WireError(ValueError):
    """Frames that are not what the bus sends."""


def outlet(folder: Path) -> Path:
    """Return where other processes subscribe."""
    return folder / "bus-pub.sock"


def inlet(folder: Path) -> Path:
    """Return where other processes publish."""
    return folder / "bus-sub.sock"


def pack_envelope(envelope: Envelope, encode: Encode) -> tuple[bytes, bytes]:
    """Return the frames: topic with a trailing dot, then a msgpack map."""
    body = {
        "v": envelope.v,
        "id": envelope.id,
        "seq": envelope.seq,
        "prev": envelope.prev,
        "topic": envelope.topic,
        "ts": envelope.ts,
        "host": envelope.host,
        "payload": encode(envelope.payload),
    }
    return wire_topic(envelope.topic), _encode(body)


def unpack_envelope(frames: list[bytes]) -> Envelope:
    """Return the envelope; its payload is builtins. Raises ``WireError``."""
    try:
        _, body = frames
        return _decode_envelope(body)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise WireError(str(error)) from error


def pack_offer(topic: str, payload: object) -> tuple[bytes, bytes]:
    """Return the frames by which another process asks the broker to publish."""
    return wire_topic(topic), _encode(payload)


def unpack_offer(frames: list[bytes]) -> tuple[str, object]:
    """Return topic and payload of what another process wants published. Raises ``WireError`` on anything odd."""
    try:
        dotted, body = frames
        topic = dotted.decode("ascii")
        payload = _decode(body)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise WireError(str(error)) from error
    if not topic.endswith(".") or not is_topic(topic[:-1]):
        raise WireError("not a topic")
    return topic[:-1], payload
