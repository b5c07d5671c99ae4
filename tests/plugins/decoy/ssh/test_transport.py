import asyncio
import contextlib
import struct
from functools import partial

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decnet_actors.conformance.fakes import FakeJournal
from decnet_actors.domain.facts import (
    CloseReason,
    CredentialSeen,
    ForwardRequested,
    ProtocolViolated,
    SessionClosed,
    SessionCrashed,
    SshClientSeen,
)
from plugins.decoy.ssh import PLUGIN, SshConfig
from plugins.decoy.ssh.greeter import Greeter
from plugins.decoy.ssh.releases import banner_of, release_of
from plugins.decoy.ssh.transport import MAX_UNREAD, SshTransport
from tests.hosting import hosted
from tests.plugins.decoy.ssh.serving import VERSION, client, served, ssh_deps

BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n"
CLIENT = b"SSH-2.0-x\r\n"


def packet(payload: bytes) -> bytes:
    padding = 8 - (len(payload) + 5) % 8 + 8
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


async def read_kexinit(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    return struct.pack(">I", size) + await reader.readexactly(size)


async def say(found, data: bytes) -> bytes:
    """Return all that is answered to a client that sends this and waits for the end."""
    reader, writer = await found.connect()
    writer.write(data)
    got = b""
    try:
        async with asyncio.timeout(5):
            while chunk := await reader.read(4096):
                got += chunk
    except ConnectionResetError:
        got += b"<reset>"
    finally:
        writer.close()
    return got


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"SSH-1337-OpenSSH_9.0\r\n", b"Invalid SSH identification string.\r\n"),
        (b"SSH-1.5-x\r\n", b"Protocol major versions differ.\r\n"),
        (b"GET / HTTP/1.0\r\n\r\n", b"Invalid SSH identification string.\r\n<reset>"),
    ],
)
async def test_a_wrong_identification_is_answered_as_sshd_answers_it(line, answer):
    async with served() as found:
        assert BANNER + answer == await say(found, line)
        assert "identification" == found.journal.of(ProtocolViolated)[0].detail
        assert [CloseReason.DECOY] == [closed.reason for closed in await found.until_facts(SessionClosed)]


async def test_the_offer_comes_after_the_clients_line_and_not_before():
    async with served() as found:
        reader, writer = await found.connect()

        assert BANNER == await reader.readline()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
        writer.write(CLIENT)
        offer = await read_kexinit(reader)

        assert (1132, 11, bytes(11)) == (len(offer) - 4, offer[4], offer[-11:])
        writer.close()


async def test_a_number_that_is_no_message_is_named_back():
    async with served() as found:
        answer = await say(found, CLIENT + packet(bytes(11)))

        assert b"Invalid ssh2 packet type: 0" in answer
        assert answer.endswith(bytes(4))


@pytest.mark.parametrize(
    "junk", [b"\xff" * 64, packet(b"\x14" + bytes(5)), packet(b"\x1e" + bytes(40)), packet(b"\x32abc"), bytes(64)]
)
async def test_nonsense_after_the_identification_ends_the_connection_without_a_word(junk):
    async with served() as found:
        reader, writer = await found.connect()
        writer.write(CLIENT)
        await reader.readline()
        await read_kexinit(reader)
        writer.write(junk)
        async with asyncio.timeout(5):
            assert b"" == await reader.read()
        writer.close()
        await found.until_facts(SessionClosed)

        assert [] == found.journal.of(SessionCrashed)


async def test_a_malformed_ignore_is_ignored():
    async with served() as found:
        reader, writer = await found.connect()
        writer.write(CLIENT + packet(b"\x02" + bytes(2)))
        await reader.readline()
        await read_kexinit(reader)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
        writer.close()


class Watched:
    """A service that shows its connections to the test."""

    def __init__(self, service) -> None:
        self.service = service
        self.connections: list[Greeter] = []

    async def open(self) -> None:
        await self.service.open()

    def connect(self, log):
        self.connections.append(self.service.connect(log))
        return self.connections[-1]

    async def aclose(self) -> None:
        await self.service.aclose()


async def test_a_flood_while_the_journal_is_slow_is_not_read():
    journal = FakeJournal(held=True)
    service = Watched(PLUGIN.create(SshConfig(failure_delay=0), ssh_deps()))
    async with hosted(service, name="ssh", journal=journal) as found:
        task = asyncio.get_running_loop().create_task(_ignore(client(found, password="x")))
        await found.until_facts(CredentialSeen)
        connection = service.connections[0]._next
        assert isinstance(connection, SshTransport)
        connection.data_received(bytes(MAX_UNREAD + 1))

        assert connection._starved
        journal.commit()
        await task


async def _ignore(connecting) -> None:
    try:
        async with connecting:
            pass
    except (asyncssh.Error, OSError):
        pass


@pytest.mark.parametrize(
    "version", ["1:8.2p1-4ubuntu0.3", "1:8.4p1-5+deb11u3", "1:8.9p1-3ubuntu0.10", "1:9.6p1-3ubuntu13"]
)
async def test_every_version_can_be_logged_in_to(version):
    async with served(ssh_deps(version=version)) as found, client(found) as connection:
        assert "hi\n" == (await connection.run("hi")).stdout
        assert banner_of(version, "debian").decode() in connection.get_extra_info("server_version")
        assert 1 == len(found.journal.of(SshClientSeen))


@pytest.mark.parametrize("polite", [True, False])
async def test_who_ended_it_is_told(polite):
    async with served() as found:
        async with client(found) as connection:
            if not polite:
                connection.abort()
        assert [CloseReason.PEER] == [closed.reason for closed in await found.until_facts(SessionClosed)]


async def test_what_the_server_offers_to_sign_with_is_announced():
    async with served() as found, client(found) as connection:
        assert set(release_of(VERSION).signatures) == connection._server_sig_algs


async def test_forwarding_is_recorded_and_refused_in_sshds_words():
    async with served() as found, client(found) as connection:
        with pytest.raises(asyncssh.ChannelOpenError) as refused:
            await connection.open_connection("10.0.0.1", 80)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/run/docker.sock")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_server(lambda *_: None, "0.0.0.0", 9999)

        assert (1, "open failed", "") == (refused.value.code, refused.value.reason, refused.value.lang)
        assert [
            ForwardRequested(kind="direct-tcpip", host="10.0.0.1", port=80),
            ForwardRequested(kind="direct-streamlocal", host="/run/docker.sock", port=0),
            ForwardRequested(kind="tcpip-forward", host="0.0.0.0", port=9999),
        ] == found.journal.of(ForwardRequested)


async def test_the_library_cannot_be_told_by_what_it_sends():
    async with served() as found:
        seen = bytearray()
        reader, writer = await found.connect()
        writer.write(CLIENT)
        seen += await reader.readline()
        seen += await read_kexinit(reader)
        writer.close()

        assert b"syncssh" not in seen.lower()
        assert b"python" not in seen.lower()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(st.lists(st.one_of(st.binary(max_size=300), st.binary(min_size=1, max_size=200).map(packet)), max_size=6))
def test_garbage_crashes_nothing(parts):
    async def scenario():
        async with served() as found:
            reader, writer = await found.connect()
            writer.write(CLIENT)
            for part in parts:
                writer.write(part)
            writer.write_eof()
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionResetError):  # bytes of ours were unread
                    await reader.read()
            writer.close()
            await found.until_facts(SessionClosed)

            assert [] == found.journal.of(SessionCrashed)

    asyncio.run(scenario())


def any_of(answers: list[int]) -> bool:
    return bool(set(answers) & {193, 1})


async def test_pings_are_answered_by_those_that_announce_it():
    for version, answered in (("1:9.6p1-3ubuntu13", True), (VERSION, False)):
        async with served(ssh_deps(version=version)) as found, client(found) as connection:
            answers: list[int] = []
            known = connection.process_packet

            def watch(kind, number, packet, known=known, answers=answers):
                answers.append(kind)
                return known(kind, number, packet)

            connection.process_packet = watch
            connection.send_packet(192, b"\0\0\0\1x")
            await found.until(partial(any_of, answers))

            assert answered == (193 in answers)


async def test_many_global_requests_are_all_taken():
    async with served() as found, client(found) as connection:
        for _ in range(200):
            connection._send_global_request(b"keepalive@openssh.com", want_reply=False)

        assert "ok\n" == (await connection.run("ok")).stdout


async def test_rarer_forwardings_are_recorded_and_refused():
    async with served() as found, client(found) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_tun(0)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_unix_server(lambda *_: None, "/tmp/s")

        assert ["tun", "streamlocal-forward"] == [fact.kind for fact in found.journal.of(ForwardRequested)]


async def test_a_client_with_none_of_our_algorithms_is_dropped_without_a_word():
    async with served() as found:
        with pytest.raises((asyncssh.Error, OSError)):
            async with client(found, server_host_key_algs=["ecdsa-sha2-nistp521"]):
                pass
        (violated,) = await found.until_facts(ProtocolViolated)

        assert "host key" in violated.detail
