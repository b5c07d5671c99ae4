"""Real clients' first words, read by tshark and by us: what tshark has a field for must be the same."""

import shutil
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from decnet_actors.wire.community_id import TCP, UDP, community_id
from decnet_actors.wire.ja import ja3, ja3_text
from decnet_actors.wire.quic import VERSIONS, InitialReader, initial_keys
from decnet_actors.wire.ssh_kex import OfferReader, hassh, hassh_text
from decnet_actors.wire.tls import ClientHello, HelloReader
from tests import hellos

pytestmark = [
    pytest.mark.client,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]
CLIENT, SERVER = "192.0.2.1", "192.0.2.2"
_RAW = 101  # link type: packets begin with IP


def packet(protocol: int, payload: bytes) -> bytes:
    size = 20 + len(payload)
    addresses = socket.inet_aton(CLIENT) + socket.inet_aton(SERVER)
    return struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0x4000, 64, protocol, 0) + addresses + payload


def segments(chunks: list[bytes], port: int) -> list[bytes]:
    """Return a connection's packets from the client: SYN, then a segment a chunk."""
    sequence, packets = 1000, []
    for flags, data in [(0x02, b""), *((0x18, chunk) for chunk in chunks)]:
        header = struct.pack(">HHIIBBHHH", 40_000, port, sequence, 1, 0x50, flags, 65_000, 0, 0)
        packets.append(packet(TCP, header + data))
        sequence += len(data) + (flags == 0x02)
    return packets


def fields(path, packets: list[bytes], *names: str) -> dict[str, str]:
    """Return what tshark calls fields of the packets: of each, the first that is not empty."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, _RAW)
    path.write_bytes(header + b"".join(struct.pack("<IIII", 1, 0, len(one), len(one)) + one for one in packets))
    wanted = [word for name in names for word in ("-e", name)]
    command = ["tshark", "-r", path, "--enable-protocol", "communityid", "-T", "fields", "-E", "separator=|", *wanted]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    rows = [line.split("|") for line in lines]
    return {name: next((row[at] for row in rows if row[at]), "") for at, name in enumerate(names)}


def heard(reader, run):
    """Return what a client said on loopback until the reader had what it looks for, and that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        client = threading.Thread(target=run, args=(listener.getsockname()[1],))
        client.start()
        chunks: list[bytes] = []
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(30)
            if isinstance(reader, OfferReader):
                connection.sendall(b"SSH-2.0-x\r\n")
            while True:
                chunks.append(connection.recv(700))  # a hello in several segments, as often as not
                found = reader.feed(chunks[-1])
                if found is not None:
                    break
        client.join()
    return chunks, found


def program(*words: str):
    def run(port: int) -> None:
        command = [word.replace("PORT", str(port)) for word in words]
        subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60)

    return run


def python(port: int) -> None:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        pytest.raises(OSError),
        context.wrap_socket(plain, server_hostname="python.example"),
    ):
        pass


CLIENTS = {
    "curl": program("curl", "-sk", "--resolve", "decky.example:PORT:127.0.0.1", "https://decky.example:PORT/"),
    "curl-1.2": program("curl", "-sk", "--tls-max", "1.2", "https://127.0.0.1:PORT/"),
    "openssl": program("openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", "o.example"),
    "openssl-1.2": program("openssl", "s_client", "-tls1_2", "-noservername", "-connect", "127.0.0.1:PORT"),
    "python": python,
}  # fmt: skip


def same(hello: ClientHello, seen: dict[str, str]) -> None:
    def numbers(name: str) -> tuple[int, ...]:
        return tuple(int(text, 0) for text in seen[name].split(",") if text)

    assert (seen["tls.handshake.ja3"], seen["tls.handshake.ja3_full"]) == (ja3(hello), ja3_text(hello))
    assert seen["tls.handshake.extensions_server_name"] == hello.server_name
    assert numbers("tls.handshake.ciphersuite") == hello.ciphers
    assert numbers("tls.handshake.extension.type") == hello.extensions
    assert numbers("tls.handshake.sig_hash_alg") == hello.signature_algorithms
    assert numbers("tls.handshake.extensions.supported_version") == hello.supported_versions
    alpn = seen["tls.handshake.extensions_alpn_str"]
    assert tuple(alpn.encode().split(b",") if alpn else ()) == hello.alpn


TLS_FIELDS = (
    "tls.handshake.ja3",
    "tls.handshake.ja3_full",
    "tls.handshake.extensions_server_name",
    "tls.handshake.ciphersuite",
    "tls.handshake.extension.type",
    "tls.handshake.sig_hash_alg",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.extensions_alpn_str",
    "communityid",
)


@pytest.mark.parametrize("name", CLIENTS)
def test_tls_clients_are_the_same_to_tshark(name, tmp_path):
    chunks, hello = heard(HelloReader(), CLIENTS[name])
    seen = fields(tmp_path / "tls.pcap", segments(chunks, 443), *TLS_FIELDS)

    same(hello, seen)
    assert seen["communityid"] == community_id(CLIENT, SERVER, TCP, 40_000, 443)


def test_an_ssh_client_is_the_same_to_tshark(tmp_path):
    run = program("ssh", "-p", "PORT", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes", "127.0.0.1")
    chunks, offer = heard(OfferReader(), run)
    seen = fields(tmp_path / "ssh.pcap", segments(chunks, 22), "ssh.kex.hassh", "ssh.kex.hassh_algorithms")

    assert (hassh(offer), hassh_text(offer).decode()) == tuple(seen.values())


@pytest.mark.parametrize("version", [1, 0x6B3343CF])
def test_a_hello_over_quic_is_the_same_to_tshark(version, tmp_path):
    context = ssl.create_default_context()
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="quic.example")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    message = outgoing.read()[5:]  # without the record's header
    how, cid = VERSIONS[version], bytes(range(8))
    frames = hellos.crypto(message) + bytes(1100 - len(message))
    datagram = hellos.initial(version, how.initial, initial_keys(how, cid), cid, 0, frames)
    hello = InitialReader().feed(datagram)
    udp = packet(UDP, struct.pack(">HHHH", 40_000, 443, 8 + len(datagram), 0) + datagram)
    seen = fields(tmp_path / "quic.pcap", [udp], *TLS_FIELDS)

    assert hello is not None
    same(hello, seen)
    assert seen["communityid"] == community_id(CLIENT, SERVER, UDP, 40_000, 443)
