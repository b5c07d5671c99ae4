"""Stock clients and bare sockets against the decoy behind its door."""

import asyncio
import contextlib
import hashlib
import shutil
import ssl

import pytest

from decnet_actors.conformance.fakes import FakeVault, fake_deps
from decnet_actors.contracts.fleet import Limits
from decnet_actors.domain.facts import CredentialSeen, FileCaptured, LimitReached, ProtocolViolated, SessionClosed
from plugins.decoy.ftp import PLUGIN, FtpConfig
from tests.hosting import hosted

LARGE = bytes(range(256)) * 8_000  # two megabytes: more than the sockets hold
REFUSED = r"refused|Connect call failed"  # uvloop, asyncio
VSFTPD = {"vsftpd": "3.0.3-13+b2"}


def service(packages=VSFTPD, **options):
    deps = fake_deps(service="ftp", accepts=[("ops", b"s3cret")], packages=packages)
    return PLUGIN.create(FtpConfig(failure_delay=0.0, **options), deps)


async def reply(reader):
    async with asyncio.timeout(5):
        while True:
            line = await reader.readline()
            if not line or line[3:4] == b" ":
                return line


async def said(streams, *lines):
    reader, writer = streams
    answer = b""
    for line in lines:
        writer.write(line + b"\r\n")
        answer = await reply(reader)
    return answer


class Peers:
    """Connections of a test, closed at its end."""

    def __init__(self):
        self.writers = []

    async def open(self, port, **options):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
        self.writers.append(writer)
        return reader, writer

    async def logged_in(self, served):
        streams = await self.open(served.address[1])
        await reply(streams[0])

        assert b"230 Login successful.\r\n" == await said(streams, b"USER ops", b"PASS s3cret")

        return streams

    async def passive(self, streams, **options):
        return await self.open(await port_of(streams), **options)

    async def aclose(self):
        for writer in self.writers:
            writer.close()
            with contextlib.suppress(OSError):  # how it ended is not what is tested
                await writer.wait_closed()


@pytest.fixture
async def peers():
    found = Peers()
    yield found
    await found.aclose()


async def port_of(streams):
    return int((await said(streams, b"EPSV")).split(b"|")[3])


async def test_file_goes_up_stays_and_comes_down(peers):
    async with hosted(service(), name="ftp") as served:
        streams = await peers.logged_in(served)
        _, upload = await peers.passive(streams)

        assert b"150 Ok to send data.\r\n" == await said(streams, b"STOR big.bin")

        upload.write(LARGE)
        await upload.drain()
        upload.close()

        assert b"226 Transfer complete.\r\n" == await reply(streams[0])

        reader, _ = await peers.passive(streams)
        await said(streams, b"RETR big.bin")
        async with asyncio.timeout(5):
            assert LARGE == await reader.read()

        assert b"226 Transfer complete.\r\n" == await reply(streams[0])
        assert b"221 Goodbye.\r\n" == await said(streams, b"QUIT")
        assert b"" == await streams[0].read()

        digest = hashlib.sha256(LARGE).hexdigest()

        assert [digest] == [fact.sha256 for fact in served.journal.of(FileCaptured)]
        assert LARGE == served.artifacts.kept[digest]
        assert [b"s3cret"] == [fact.secret for fact in served.journal.of(CredentialSeen)]

        (closed,) = await served.until_facts(SessionClosed)

        assert closed.bytes_in > len(LARGE)


async def test_reply_to_an_upload_waits_for_its_evidence(peers):
    async with hosted(service(), name="ftp") as served:
        streams = await peers.logged_in(served)
        _, upload = await peers.passive(streams)
        await said(streams, b"STOR a.sh")
        served.journal.held = True
        upload.write(b"x")
        upload.close()
        await served.until_facts(FileCaptured)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await streams[0].readline()

        served.journal.commit()

        assert b"226 Transfer complete.\r\n" == await reply(streams[0])


async def test_later_pasv_takes_the_place_of_an_earlier_one(peers):
    async with hosted(service(), name="ftp") as served:
        streams = await peers.logged_in(served)
        first = await port_of(streams)
        reader, _ = await peers.passive(streams)

        with pytest.raises(OSError, match=REFUSED):
            await peers.open(first)

        await said(streams, b"LIST")
        async with asyncio.timeout(5):
            assert b"" == await reader.read()

        assert b"226 Directory send OK.\r\n" == await reply(streams[0])


async def test_second_connection_to_a_data_port_is_refused(peers):
    async with hosted(service(), name="ftp") as served:
        streams = await peers.logged_in(served)
        port = await port_of(streams)
        await peers.open(port)

        assert b"200 NOOP ok.\r\n" == await said(streams, b"NOOP")

        with pytest.raises(OSError, match=REFUSED):
            await peers.open(port)


async def test_stranger_does_not_get_the_data(peers):
    async with hosted(service(), name="ftp") as served:
        streams = await peers.logged_in(served)
        port = await port_of(streams)
        thief, _ = await peers.open(port, local_addr=("127.0.0.9", 0))
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert b"" == await thief.read()

        await served.until_facts(ProtocolViolated)
        reader, _ = await peers.open(port)
        await said(streams, b"RETR /etc/hostname")
        async with asyncio.timeout(5):
            assert b"web-01\n" == await reader.read()


async def test_data_connections_are_counted_and_given_back(peers):
    async with hosted(service(), name="ftp", limits=Limits(data_connections=1)) as served:
        one, other = await peers.logged_in(served), await peers.logged_in(served)
        reader, _ = await peers.passive(one)

        assert b"425 Failed to establish connection.\r\n" == await said(other, b"PASV")
        assert [LimitReached(limit="data_connections", value=1)] == served.journal.of(LimitReached)

        await said(one, b"LIST")
        await reader.read()
        await reply(one[0])

        assert (await said(other, b"PASV")).startswith(b"227 ")


async def test_peer_that_leaves_leaves_no_port_open(peers):
    async with hosted(service(), name="ftp") as served:
        streams = await peers.logged_in(served)
        port = await port_of(streams)
        streams[1].close()
        await served.until_facts(SessionClosed)

        with pytest.raises(OSError, match=REFUSED):
            await peers.open(port)


CURL = shutil.which("curl")
CURLS = [
    (["-l", "ftp://ops:s3cret@{place}//etc/hostname"], b"hostname\n"),
    (["ftp://ops:s3cret@{place}//etc/hostname"], b"web-01\n"),
    (["--disable-epsv", "ftp://ops:s3cret@{place}//etc/hostname"], b"web-01\n"),
    (["-r", "1-3", "ftp://ops:s3cret@{place}//etc/hostname"], b"eb-"),
]


@pytest.mark.skipif(CURL is None, reason="needs curl")
@pytest.mark.parametrize("packages", [VSFTPD, {"proftpd-core": "1.3.8+dfsg-4"}, {"pure-ftpd": "1.0.50-2.1"}], ids=str)
async def test_curl(packages, tmp_path):
    assert CURL is not None

    brought = tmp_path / "brought"
    brought.write_bytes(b"abc\n")
    only = {name: packages.get(name, "") for name in ("vsftpd", "proftpd-core", "pure-ftpd")}
    async with hosted(service({name: version for name, version in only.items() if version}), name="ftp") as served:
        place = f"127.0.0.1:{served.address[1]}"

        async def curl(*arguments):
            process = await asyncio.create_subprocess_exec(
                CURL, "-sS", "-m", "5", *arguments, stdout=-1, stderr=-1, stdin=-3
            )
            return (await process.communicate())[:2]

        for arguments, expected in CURLS:
            out, error = await curl(*(one.format(place=place) for one in arguments))

            assert (expected, b"") == (out[-len(expected) :], error), arguments

        assert (b"", b"") == await curl("-T", str(brought), f"ftp://ops:s3cret@{place}/up/x", "--ftp-create-dirs")
        assert (b"abc\n", b"") == await curl(f"ftp://ops:s3cret@{place}/up/x")
        assert b"denied" in (await curl(f"ftp://ops:wrong@{place}/"))[1].lower()


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_tls_on_both_connections(peers):
    async with hosted(service(tls=True), name="ftp") as served:
        streams = await peers.open(served.address[1])
        await reply(streams[0])

        assert b"234 Proceed with negotiation.\r\n" == await said(streams, b"AUTH TLS")

        await streams[1].start_tls(trusting())

        assert b"230 Login successful.\r\n" == await said(streams, b"USER ops", b"PASS s3cret")
        assert b"200 PROT now Private.\r\n" == await said(streams, b"PBSZ 0", b"PROT P")

        reader, writer = await peers.passive(streams)
        await said(streams, b"RETR /etc/hostname")
        await writer.start_tls(trusting())
        async with asyncio.timeout(5):
            assert b"web-01\n" == await reader.read()

        assert b"226 Transfer complete.\r\n" == await reply(streams[0])

        reader, writer = await peers.passive(streams)
        await said(streams, b"STOR x")
        await writer.start_tls(trusting())
        writer.write(LARGE)
        writer.close()

        assert b"226 Transfer complete.\r\n" == await reply(streams[0])
        assert [len(LARGE)] == [fact.size for fact in served.journal.of(FileCaptured)]


async def test_commands_in_the_clear_behind_auth_are_dropped(peers):
    async with hosted(service(tls=True), name="ftp") as served:
        streams = await peers.open(served.address[1])
        await reply(streams[0])
        await said(streams, b"AUTH TLS\r\nUSER evil\r\nPASS evil")
        await streams[1].start_tls(trusting())

        assert b"331 Please specify the password.\r\n" == await said(streams, b"USER ops")
        assert [] == served.journal.of(CredentialSeen)


async def test_peer_that_speaks_no_tls_is_recorded_and_let_go(peers):
    async with hosted(service(tls=True), name="ftp") as served:
        streams = await peers.open(served.address[1])
        await reply(streams[0])
        await said(streams, b"AUTH TLS")
        streams[1].write(b"USER ops\r\n")
        await served.until_facts(SessionClosed)

        assert served.journal.of(ProtocolViolated)[0].detail.startswith("TLS: ")
    assert len(served.journal.of(SessionClosed)) == 1


async def test_certificate_stays(peers):
    vault = FakeVault()
    shown = []
    for _ in range(2):
        deps = fake_deps(service="ftp", packages=VSFTPD, vault=vault)
        async with hosted(PLUGIN.create(FtpConfig(tls=True), deps), name="ftp") as served:
            streams = await peers.open(served.address[1])
            await reply(streams[0])
            await said(streams, b"AUTH TLS")
            await streams[1].start_tls(trusting())
            shown.append(streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True))

    assert shown[0] == shown[1]
    assert b"web-01.corp.example" in shown[0]


# Recorded from vsftpd 3.0.3-13+b2 (ssl_enable, force_local_logins_ssl=NO) and pure-ftpd 1.0.50-2.1+b2 (TLS 1) of Debian
# 12, 2026-11-21; under TLS from the line that is empty on.
TLS_SAID = {
    "vsftpd": (
        ("PBSZ 0", "503 PBSZ needs a secure connection."),
        ("PROT P", "503 PROT needs a secure connection."),
        ("AUTH FOO", "504 Unknown AUTH type."),
        ("AUTH", "504 Unknown AUTH type."),
        ("AUTH TLS", "234 Proceed with negotiation."),
        ("", ""),
        ("PROT P", "200 PROT now Private."),
        ("PBSZ 1", "200 PBSZ set to 0."),
        ("PROT C", "200 PROT now Clear."),
        ("PROT X", "504 PROT not recognized."),
        ("AUTH TLS", "530 Please login with USER and PASS."),
    ),
    "pure-ftpd": (
        ("PBSZ 0", "503 PBSZ=0"),
        ("PROT P", "503 PROT must be preceded by a successful PBSZ command"),
        ("AUTH FOO", "500 This security scheme is not implemented"),
        ("AUTH", "500 This security scheme is not implemented"),
        ("AUTH TLS", "234 AUTH TLS OK."),
        ("", ""),
        ("PROT P", '200 Data protection level set to "private"'),
        ("PBSZ 1", "200 PBSZ=0"),
        ("PROT C", '200 Data protection level set to "clear"'),
        ("PROT X", "534 Fallback to [C]"),
    ),
}


@pytest.mark.parametrize("daemon", TLS_SAID)
async def test_words_about_tls_are_the_daemons(peers, daemon):
    deps = fake_deps(service="ftp", packages={daemon: "3.0.3-1" if daemon == "vsftpd" else "1.0.50"})
    async with hosted(PLUGIN.create(FtpConfig(tls=True), deps), name="ftp") as served:
        streams = await peers.open(served.address[1])
        await reply(streams[0])
        for command, expected in TLS_SAID[daemon]:
            if not command:
                await streams[1].start_tls(trusting())
                continue

            assert (command, f"{expected}\r\n".encode()) == (command, await said(streams, command.encode()))
