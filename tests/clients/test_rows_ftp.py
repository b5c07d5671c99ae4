"""What detectors of honeypots ask of an FTP server (F1 to F7), asked of the decoy as each daemon it can be.

How the daemons answer word by word was recorded from them: ``tests/plugins/decoy/ftp/recorded``.
"""

import asyncio
import contextlib
import hashlib

import pytest

from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.domain.facts import ForwardRequested, SessionCrashed
from plugins.decoy.ftp import PLUGIN, FtpConfig
from tests.hosting import hosted

pytestmark = [pytest.mark.client, pytest.mark.slow]

DAEMONS = {
    "vsftpd": {"vsftpd": "3.0.3-13+b2"},
    "proftpd": {"proftpd-core": "1.3.8+dfsg-4+deb12u4"},
    "pure-ftpd": {"pure-ftpd": "1.0.50-2.1+b1"},
}
GIVEN_AWAY = (b"Welcome to the ftp service", b"FTP server ready", b"ProFTPD 1.2.10", b"vsFTPd 2.3.4", b"Twisted")
WORDS = {  # of clients, for what FEAT may list (not LANG: ProFTPD itself lists it and cannot)
    b"EPSV": b"EPSV",
    b"MDTM": b"MDTM .",
    b"MFMT": b"MFMT 20240101000000 .",
    b"MLST": b"MLST",
    b"PASV": b"PASV",
    b"REST": b"REST 0",
    b"SIZE": b"SIZE .",
    b"SPSV": b"SPSV",
    b"UTF8": b"OPTS UTF8 ON",
}
UNKNOWN = {b"500", b"502"}  # of a command a server does not have
BYTES = b"\x7fELF" + bytes(range(256)) * 40


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def reply(self) -> list[bytes]:
        """Return the lines of a reply; none when the server hung up."""
        lines: list[bytes] = []
        async with asyncio.timeout(10):
            while line := await self._reader.readline():
                lines.append(line)
                if line[:3].isdigit() and line[3:4] == b" ":
                    break
        return lines

    async def say(self, line: bytes) -> list[bytes]:
        self._writer.write(line + b"\r\n")
        return await self.reply()

    async def data(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = int((await self.say(b"EPSV"))[-1].split(b"|")[3])
        return await asyncio.open_connection("127.0.0.1", port)

    async def down(self, line: bytes) -> bytes:
        reader, writer = await self.data()
        assert (await self.say(line))[-1][:1] == b"1"
        async with asyncio.timeout(10):
            found = await reader.read()
        writer.close()
        assert (await self.reply())[-1][:1] == b"2"
        return found

    async def up(self, line: bytes, content: bytes) -> None:
        _, writer = await self.data()
        assert (await self.say(line))[-1][:1] == b"1"
        writer.write(content)
        writer.close()
        assert (await self.reply())[-1][:1] == b"2"


@pytest.fixture(params=DAEMONS)
def daemon(request):
    return request.param


@pytest.fixture
async def served(daemon):
    deps = fake_deps(service="ftp", accepts=[("ops", b"s3cret")], packages=DAEMONS[daemon])
    async with hosted(PLUGIN.create(FtpConfig(failure_delay=0.0), deps), name="ftp") as found:
        yield found
        assert [] == found.journal.of(SessionCrashed)


@contextlib.asynccontextmanager
async def client(served):
    reader, writer = await asyncio.open_connection(*served.address)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def insider(served):
    async with client(served) as found:
        await found.reply()
        await found.say(b"USER ops")
        assert (await found.say(b"PASS s3cret"))[-1][:3] == b"230"
        yield found


async def test_f1_greets_as_nothing_that_is_known_for_a_honeypot(served):
    async with client(served) as found:
        greeting = b"".join(await found.reply())

    assert greeting.startswith(b"220")
    assert not any(words in greeting for words in GIVEN_AWAY)


async def test_f2_and_f4_answer_user_and_an_empty_password_in_the_daemons_words(served, daemon):
    words = {
        "vsftpd": (b"331 Please specify the password.", b"530 Login incorrect."),
        "proftpd": (b"331 Password required for admin", b"530 Login incorrect."),
        "pure-ftpd": (b"331 User admin OK. Password required", b"530 Login authentication failed"),
    }[daemon]
    async with client(served) as found:
        await found.reply()
        user, empty = await found.say(b"USER admin"), await found.say(b"PASS")

    assert words == (user[-1].rstrip(), empty[-1].rstrip())


async def test_f3_what_is_listed_works(served):
    async with insider(served) as found:
        features = [line.strip().split(b" ")[0] for line in (await found.say(b"FEAT"))[1:-1]]
        asked = {name: WORDS[name] for name in features if name in WORDS}
        answers = {name: (await found.say(words))[-1][:3] for name, words in asked.items()}

    assert {b"EPSV", b"MDTM", b"REST", b"SIZE"} <= asked.keys()
    assert not {name for name, code in answers.items() if code in UNKNOWN}


async def test_f5_sends_nothing_to_a_third(served):
    async with insider(served) as found:
        refused = (await found.say(b"PORT 192,0,2,99,0,22"))[-1][:1]

    assert refused == b"5"
    assert [("ftp port", "192.0.2.99", 22)] == [
        (one.kind, one.host, one.port) for one in served.journal.of(ForwardRequested)
    ]


async def test_f6_an_upload_is_there_is_listed_and_is_the_same(served):
    async with insider(served) as found:
        await found.say(b"TYPE I")
        await found.up(b"STOR x.bin", BYTES)
    async with insider(served) as found:
        await found.say(b"TYPE I")
        listed, content = await found.down(b"LIST"), await found.down(b"RETR x.bin")

    assert b"x.bin" in listed
    assert str(len(BYTES)).encode() in listed
    assert hashlib.sha256(BYTES).digest() == hashlib.sha256(content).digest()


async def test_f7_says_goodbye_once_and_hangs_up(served):
    async with insider(served) as found:
        assert (await found.say(b"QUIT"))[-1][:3] == b"221"
        assert [] == await found.say(b"NOOP")
