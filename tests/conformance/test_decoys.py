"""Every decoy that is installed keeps the promises of its kind; and the check notices who does not."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from decnet_actors.conformance.decoy import check_decoy
from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.conformance.promises import ConformanceError
from decnet_actors.contracts.decoy import HangUp, Note, Send, WakeAt
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.domain.facts import CommandSeen

DECOYS = sorted(path.parent.name for path in Path("plugins/decoy").glob("*/__init__.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", DECOYS)
async def test_decoy_keeps_the_promises_of_its_kind(name):
    plugin = importlib.import_module(f"plugins.decoy.{name}").PLUGIN

    await check_decoy(plugin, lambda time: fake_deps(service=name, now=time, accepts=[("root", b"toor")]))


@frozen(kw_only=True)
class Options:
    port: int = field(default=1, metadata={"help": "where it listens"})


class Sound:
    """Echoes lines."""

    def __init__(self, deps):
        self.rest = b""
        self.deps = deps

    def opened(self, now):
        return [Send(b"hello\n"), WakeAt(now + 60)]

    def received(self, data, now):
        *lines, self.rest = (self.rest + data).split(b"\n")
        effects: list[Any] = []
        if len(self.rest) > 1000:
            return [HangUp()]
        for line in lines:
            if len(line) > 1000:
                return [*effects, HangUp()]
            effects += [Note(CommandSeen(verb="ECHO", args=(line,))), Send(line + b"\n")]
        return effects

    def ended(self, now):
        return [HangUp()]

    def tick(self, now):
        return [HangUp()]

    def closed(self, now):
        return []


class ByChunk(Sound):
    def received(self, data, now):
        return [Send(b"%d\n" % len(data))]


class Forgetful(Sound):
    def received(self, data, now):
        self.rest += data
        return []


class Hasty(Sound):
    def tick(self, now):
        return [WakeAt(now)]


class Named(Sound):
    def opened(self, now):
        return [Send(b"Python server\n")]


class Broken(Sound):
    def received(self, data, now):
        return [Send(str(int(data)).encode())]


class Unsteady(Sound):
    count = 0

    def opened(self, now):
        type(self).count += 1
        return [Send(b"%d" % self.count)]


class Talkative(Sound):
    def received(self, data, now):
        return [HangUp(), Send(b"one more thing")]


def plugin_of(session: type[Sound], *, close_fails: bool = False) -> Plugin[Any]:
    class Service:
        def __init__(self, deps):
            self.deps = deps
            self.key: bytes | None = None

        async def open(self):
            self.key = await self.deps.vault.get("key", lambda: b"k")

        def connect(self, log):
            return session(self.deps)

        async def aclose(self):
            if close_fails and self.key is None:
                raise TypeError(self.key)

    return Plugin(id="decoy.x", config=Options, create=lambda config, deps: Service(deps), summary="X")


def deps(time):
    return fake_deps(now=time)


async def test_sound_service_passes():
    await check_decoy(plugin_of(Sound), deps)


@pytest.mark.parametrize(
    ("session", "complaint"),
    [
        (ByChunk, "how the stream is cut"),
        (Hasty, "wake-ups of a silent session"),
        (Named, "'python' on the wire"),
        (Unsteady, "not the same effects"),
        (Talkative, "effects after HangUp"),
    ],
)
async def test_broken_promise_is_noticed(session, complaint):
    with pytest.raises(ConformanceError, match=complaint):
        await check_decoy(plugin_of(session), deps)


@pytest.mark.slow
async def test_unbounded_buffer_is_noticed(monkeypatch):
    monkeypatch.setattr("decnet_actors.conformance.decoy.MAX_GROWTH", 4 * 1024 * 1024)
    with pytest.raises(ConformanceError, match="holds"):
        await check_decoy(plugin_of(Forgetful), deps)


async def test_exception_is_not_hidden():
    with pytest.raises(ValueError, match="invalid literal"):
        await check_decoy(plugin_of(Broken), deps)


async def test_close_that_needs_an_open_is_noticed():
    with pytest.raises(TypeError):
        await check_decoy(plugin_of(Sound, close_fails=True), deps)


@frozen(kw_only=True)
class Unhelpful:
    port: int = 1


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Plugin(id="llm.x", config=Options, create=lambda c, d: None, summary="X"), "begins with 'decoy.'"),
        (lambda: Plugin(id="decoy.x", config=Unhelpful, create=lambda c, d: None, summary="X"), "no help"),
        (lambda: Plugin(id="decoy.x", config=Options, create=lambda c, d: None, summary=""), "no summary"),
    ],
)
async def test_form_is_checked(make: Callable[[], Plugin[Any]], complaint):
    with pytest.raises(ConformanceError, match=complaint):
        await check_decoy(make(), deps)


class Chatty:
    """A service of datagrams that repeats itself to whoever is silent."""

    def __init__(self, reply, *, repeats):
        self.reply = reply
        self.repeats = repeats

    async def open(self):
        pass

    async def aclose(self):
        pass

    def converse(self, session, peer):
        return self

    def received(self, data, now):
        return [Send(self.reply), *([WakeAt(now + 1)] if self.repeats else [])]

    def tick(self, now):
        return [Send(self.reply)]

    def closed(self, now):
        return []

    def take_artifacts(self):
        return ()


@pytest.mark.parametrize(
    ("reply", "tick", "complaint"),
    [(b"again", True, "2 datagrams to somebody who answers nothing"), (b"DECNET", False, "'decnet' on the wire")],
)
async def test_datagram_service_that_says_too_much_is_noticed(reply, tick, complaint):
    def create(_config, _deps):
        return Chatty(reply, repeats=tick)

    plugin = Plugin(id="decoy.chatty", config=Options, create=create, summary="says too much")
    with pytest.raises(ConformanceError, match=complaint):
        await check_decoy(plugin, lambda time: fake_deps(now=time))
