"""This module drives the Redis decoy without a socket, and reads replies back."""

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from decnet_actors.conformance.fakes import FakeTime, fake_deps
from decnet_actors.conformance.memory_transport import FakeLog
from decnet_actors.contracts.decoy import HangUp, Note, Send
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.peer import Peer
from decnet_actors.wire import resp
from plugins.decoy.redis import PLUGIN, RedisConfig
from plugins.decoy.redis.service import RedisService

PEER = Peer(address="192.0.2.7", port=40_000, local_address="127.77.0.1", local_port=6379)


@define
class Talk:
    """One connection."""

    session: Any
    time: FakeTime
    facts: list[Fact] = field(factory=list)
    hung_up: bool = False

    def raw(self, data: bytes) -> bytes:
        """Return the bytes that answer these bytes."""
        out = b""
        for effect in self.session.received(data, self.time()):
            if isinstance(effect, Send):
                out += effect.data
            elif isinstance(effect, Note):
                self.facts.append(effect.fact)
            elif isinstance(effect, HangUp):
                self.hung_up = True
        return out

    def __call__(self, *words: bytes | str) -> Any:
        """Return the reply to one command: bytes, int, list, None, or text with its mark for statuses and errors."""
        reply = self.raw(resp.bulks([word.encode() if isinstance(word, str) else word for word in words]))
        return read_all(reply)[0] if reply else None


def service(
    version: str = "5:7.0.15-1~deb12u1", *, password: str = "", accepts: Sequence[tuple[str, bytes]] = (), keys: int = 0
) -> tuple[RedisService, FakeTime]:
    """Return a service and its clock."""
    time = FakeTime()
    deps = fake_deps(packages={"redis": version}, accepts=accepts, now=time)
    return PLUGIN.create(RedisConfig(password=password, keys=keys), deps), time


def talk(
    version: str = "5:7.0.15-1~deb12u1", *, password: str = "", accepts: Sequence[tuple[str, bytes]] = (), keys: int = 0
) -> Talk:
    """Return a connection to a new server."""
    made, time = service(version, password=password, accepts=accepts, keys=keys)
    return Talk(made.connect(FakeLog(time, peer=PEER)), time)


def read_all(data: bytes) -> list[Any]:
    """Return every reply in the bytes."""
    found = []
    while data:
        value, data = read(data)
        found.append(value)
    return found


def read(data: bytes) -> tuple[Any, bytes]:
    """Return the first reply and the bytes after it."""
    head, end, rest = data.partition(b"\r\n")
    if not end:
        raise IndexError("incomplete")
    mark, text = head[:1], head[1:]
    if mark in b"+-":
        return head.decode("latin-1"), rest
    if mark == b":":
        return int(text), rest
    if mark == b"_":
        return None, rest
    if mark == b",":
        return float(text), rest
    length = int(text)
    if length < 0:
        return None, rest
    if mark == b"$":
        if len(rest) < length + 2:
            raise IndexError("incomplete")
        return rest[:length], rest[length + 2 :]
    items = []
    for _ in range(length * 2 if mark == b"%" else length):
        item, rest = read(rest)
        items.append(item)
    return items, rest
