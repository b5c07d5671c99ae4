"""The decoy beside a real redis-server 7.0: the same requests, the same bytes back, but for what always changes."""

import contextlib
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from decnet_actors.wire import resp
from tests.plugins.decoy.redis.talk import read, talk

SERVER = shutil.which("redis-server")
pytestmark = [
    pytest.mark.client,
    pytest.mark.skipif(SERVER is None, reason="redis-server is not installed"),
]

# One conversation a line, commands separated by " | "; every reply is compared. "~" sends the rest raw.
SCRIPT = (Path(__file__).parent / "differential.txt").read_text(encoding="utf-8")
CONVERSATIONS = [line for line in SCRIPT.splitlines() if line and not line.startswith("#")]


class Real:
    """A connection to the real server that reads until it is silent."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self.closed = False
        self._unread = b""

    def close(self) -> None:
        self._socket.close()

    def raw(self, data: bytes) -> bytes:
        """Return what answers these bytes, up to the PONG of a PING sent after them, or the end of the stream."""
        mark = b"end-of-answer"
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall(data + resp.bulks([b"PING", mark]))
        tails = (resp.bulk(mark), resp.bulks([b"pong", mark]))
        got = b""
        while self._more():
            got = self._unread
            for tail in tails:
                if got.endswith(tail):
                    self._unread = b""
                    return got.removesuffix(tail)
        return self._rest()

    def command(self, words: list[bytes]) -> bytes:
        """Return the replies to one command: as many as it has channels for those that join or leave some, else one."""
        name = words[0].lower()
        count = max(len(words) - 1, 1) if name.endswith(b"subscribe") else 1
        self._socket.sendall(resp.bulks(words))
        while not self.closed:
            with contextlib.suppress(ValueError, IndexError):
                rest = self._unread
                for _ in range(count if not rest.startswith(b"-") else 1):
                    _, rest = read(rest)
                if b"\r\n" in self._unread and name != b"quit":
                    got, self._unread = self._unread[: len(self._unread) - len(rest)], rest
                    return got
            self._more()
        return self._rest()

    def _more(self) -> bool:
        try:
            chunk = self._socket.recv(65_536)
        except ConnectionResetError:
            chunk = b""
        self._unread += chunk
        self.closed = not chunk
        return not self.closed

    def _rest(self) -> bytes:
        got, self._unread = self._unread, b""
        return got


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Iterator[Path]:
    if SERVER is None:
        pytest.skip("redis-server is not installed")
    folder = tmp_path_factory.mktemp("redis")
    path = folder / "redis.sock"
    arguments = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder), "--loglevel", "warning"]
    with subprocess.Popen([SERVER, *arguments], stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(500):
                with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(path))
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
            yield path
        finally:
            process.terminate()


def requests(line: str) -> list[bytes | list[bytes]]:
    """Return raw bytes, or the words of a command."""
    found: list[bytes | list[bytes]] = []
    for part in line.split(" | "):
        if part.startswith("~"):
            found.append(part[1:].encode().decode("unicode_escape").encode("latin-1"))
        else:
            words = [word.encode().decode("unicode_escape").encode("latin-1") for word in shlex.split(part)]
            found.append(words)
    return found


@pytest.mark.parametrize("line", CONVERSATIONS)
def test_same_bytes_as_the_real_server(real, line):
    with contextlib.closing(Real(real)) as there:
        here = talk()
        there.command([b"FLUSHALL"])
        there.command([b"SCRIPT", b"FLUSH"])
        for request in requests(line):
            if isinstance(request, bytes):
                expected, got = there.raw(request), here.raw(request)
            else:
                expected, got = there.command(request), here.raw(resp.bulks(request))

            assert normal(expected) == normal(got), f"answer to {request!r}"
            assert there.closed == here.hung_up, f"end after {request!r}"
            if there.closed:
                break


VOLATILE = [
    (re.compile(rb"\$2\r\nid\r\n:\d+"), b"id"),
]


def normal(reply: bytes) -> bytes:
    for pattern, replacement in VOLATILE:
        reply = pattern.sub(replacement, reply)
    return reply
