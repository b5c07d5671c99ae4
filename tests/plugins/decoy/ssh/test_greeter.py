import asyncio

import pytest

from decnet_actors.domain.facts import ProtocolViolated
from plugins.decoy.ssh import greeter as module
from plugins.decoy.ssh.greeter import Greeter


class Log:
    def __init__(self) -> None:
        self.facts: list[object] = []
        self.ends: list[bool] = []

    id = "s"
    peer = None

    def now(self) -> float:
        return 0.0

    def note(self, fact) -> None:
        self.facts.append(fact)

    async def settled(self) -> None:
        raise AssertionError

    def hang_up(self, *, reset: bool = False) -> None:
        self.ends.append(reset)


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def write(self, data) -> None:
        self.sent += data


class Next:
    def __init__(self, log) -> None:
        self.calls: list[object] = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))


class Keys:
    def __init__(self, *, complete: bool = True) -> None:
        self.complete = complete
        self.task = asyncio.get_running_loop().create_task(self._made())
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    def completed(self):
        return self.task

    async def _made(self) -> None:
        if not self.complete:
            await self.go_on.wait()
            if self.error is not None:
                raise self.error
            self.complete = True


@pytest.fixture
def log():
    return Log()


async def test_a_good_line_hands_over_and_everything_after_goes_there(log):
    made = []

    def make(log):
        made.append(Next(log))
        return made[0]

    greeter, transport = Greeter(b"OpenSSH_9.2p1", log, Keys(), make), Transport()
    greeter.connection_made(transport)
    greeter.data_received(b"SSH-2.0-")
    greeter.pause_writing()
    greeter.resume_writing()
    greeter.data_received(b"x\r\nrest")
    greeter.data_received(b"more")
    greeter.pause_writing()
    greeter.resume_writing()
    greeter.eof_received()
    greeter.connection_lost(None)

    assert b"SSH-2.0-OpenSSH_9.2p1\r\n" == transport.sent
    assert [
        ("connection_made", transport),
        ("identified", b"SSH-2.0-x", b"rest"),
        ("data_received", b"more"),
        ("pause_writing",),
        ("resume_writing",),
        ("eof_received",),
        ("connection_lost", None),
    ] == made[0].calls


async def test_a_bad_line_is_recorded_answered_and_the_end(log):
    greeter, transport = Greeter(b"x", log, Keys(), Next), Transport()
    greeter.connection_made(transport)
    greeter.data_received(b"GET / HTTP/1.0\r\n\r\n")
    greeter.data_received(b"Host: x\r\n")

    assert transport.sent.endswith(b"Invalid SSH identification string.\r\n")
    assert [True] == log.ends
    assert [ProtocolViolated(detail="identification", sample=b"GET / HTTP/1.0")] == log.facts


async def test_who_says_nothing_is_not_waited_for_for_ever(log, monkeypatch):
    monkeypatch.setattr(module, "LOGIN_TIME", 0.0)
    greeter = Greeter(b"x", log, Keys(), Next)
    greeter.connection_made(Transport())
    await asyncio.sleep(0.01)

    assert [False] == log.ends
    greeter.eof_received()
    greeter.connection_lost(None)


async def test_what_comes_before_the_keys_are_there_waits_for_them(log):
    made = []

    def make(log):
        made.append(Next(log))
        return made[0]

    keys, transport = Keys(complete=False), Transport()
    greeter = Greeter(b"x", log, keys, make)
    greeter.connection_made(transport)
    greeter.data_received(b"SSH-2.0-x\r\nre")
    greeter.data_received(b"st")
    assert (True, []) == (transport.paused, made)
    keys.go_on.set()
    await keys.task
    await asyncio.sleep(0)

    assert not transport.paused
    assert [("connection_made", transport), ("identified", b"SSH-2.0-x", b"rest")] == made[0].calls


@pytest.mark.parametrize("error", [None, OSError("full")])
async def test_who_left_meanwhile_or_came_for_keys_that_cannot_be_made_is_not_handed_over(log, error):
    keys = Keys(complete=False)
    keys.error = error
    greeter = Greeter(b"x", log, keys, Next)
    greeter.connection_made(Transport())
    greeter.data_received(b"SSH-2.0-x\r\n")
    if error is None:
        greeter.connection_lost(None)
    keys.go_on.set()
    await asyncio.wait((keys.task,))
    await asyncio.sleep(0)

    assert greeter._next is None


async def test_a_server_that_offers_first_offers_before_a_word_is_said(log):
    made = []

    def make(log):
        made.append(Next(log))
        return made[-1]

    greeter, transport = Greeter(b"x", log, Keys(), make, offers_first=True), Transport()
    greeter.connection_made(transport)

    assert [("connection_made", transport), ("offer",)] == made[0].calls

    greeter.data_received(b"SSH-2.0-y\r\n")

    assert ("identified", b"SSH-2.0-y", b"") == made[0].calls[-1]
    assert 1 == len(made)


async def test_who_leaves_without_a_word_ends_what_was_offered_first(log):
    made = Next(log)
    greeter = Greeter(b"x", log, Keys(), lambda _log: made, offers_first=True)
    greeter.connection_made(Transport())
    greeter.connection_lost(None)

    assert ("connection_lost", None) == made.calls[-1]
