"""This module defines what an HTTP parser finds in a stream: heads of requests, parts of bodies, and what is broken."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from decnet_actors.wire.errors import WireError
from decnet_actors.wire.http_dialect import Fault

MAX_SAMPLE = 256  # bytes of a broken request kept for the record


class HttpError(WireError):
    """The peer broke HTTP; ``reply`` is empty, as the page a server answers with names more than the wire tells."""

    def __init__(self, fault: Fault, sample: bytes) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.sample = sample[:MAX_SAMPLE]


class Request(NamedTuple):
    """The head of a request. A ``fault`` is one of its framing: nothing after it can be read."""

    method: bytes
    target: bytes
    version: tuple[int, int]
    headers: tuple[tuple[bytes, bytes], ...]  # names and values in the order and the letters they were sent in
    fields: Mapping[bytes, bytes]  # those a server acts upon, by name in lower case; several of a name are joined
    length: int  # of the body, or CHUNKED
    fault: Fault | None


class Body(NamedTuple):
    """A part of the body of the last request."""

    data: bytes
    last: bool


Event: TypeAlias = Request | Body
