"""This module is one SSH connection: asyncssh's transport, saying what sshd says and nothing else.

What is replaced here is what a peer could tell the library by: the identification exchange, the algorithm lists and
their markers, padding, the ignore packets it sprinkles in, its disconnect texts, its answers to channel and global
requests. Authentication (``authentication``) and what runs in a session (``channels``) are ours altogether.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncssh
from asyncssh.connection import SSHServerConnection
from asyncssh.packet import Byte, PacketDecodeError, SSHPacket, String, UInt32

from decnet_actors.contracts.decky_files import Author, Hand
from decnet_actors.contracts.decoy import SessionLog
from decnet_actors.domain.facts import LimitReached, ProtocolViolated, SessionCrashed
from decnet_actors.domain.text import escaped
from decnet_actors.wire.ssh_kex import read_offer
from plugins.decoy.ssh.compression import BoundedDecompressor
from plugins.decoy.ssh.daemon import Daemon
from plugins.decoy.ssh.forwarding import PROHIBITED, Forwarding
from plugins.decoy.ssh.hassh import client_seen
from plugins.decoy.ssh.library import SILENCE, Responses, at_once

MAX_UNREAD = 512 * 1024  # bytes kept while a packet waits for the journal: two of OpenSSH's longest packets
MAX_DEFERRED = 1024  # packets of ours that wait for the end of a key exchange
MAX_SAMPLE = 256  # bytes of a wrong request that are recorded
MAX_QUEUED = 64  # global requests that wait for their answer
MAX_SESSIONS = 10  # MaxSessions, sshd_config(5)
GOOD_BYE = 1.0  # seconds a peer gets to close after it said so; tells its end from ours in the record

_MSG_IGNORE, _MSG_UNIMPLEMENTED, _MSG_DEBUG, _MSG_SERVICE_REQUEST, _MSG_SERVICE_ACCEPT = 2, 3, 4, 5, 6
_MSG_DISCONNECT, _MSG_EXT_INFO, _MSG_KEXINIT, _MSG_NEWKEYS, _MSG_KEX_LAST = 1, 7, 20, 21, 49
_MSG_USERAUTH_REQUEST, _MSG_GLOBAL_REQUEST = 50, 80
_MSG_CHANNEL_OPEN_FAILURE, _MSG_PING, _MSG_PONG = 92, 192, 193
_WAIT_FOR_KEYS = frozenset({_MSG_DEBUG, _MSG_SERVICE_REQUEST, _MSG_SERVICE_ACCEPT})
_USERAUTH = b"ssh-userauth"
_MSG_LOCAL = 192  # SSH2_MSG_LOCAL_MIN, ssh2.h
_PROTOCOL_ERROR = 2  # SSH2_DISCONNECT_PROTOCOL_ERROR: sshd disconnects with no other code
_CONNECT_FAILED = 2  # SSH2_OPEN_CONNECT_FAILED
_MIN_PADDING = 4
_MIN_PACKET = 5  # bytes behind the length; packet.c, ssh_packet_read_poll2
_LAST_SEQUENCE = 0xFFFFFFFF
_LENGTH = 4

Handler = Callable[[Any, int, int, SSHPacket], Awaitable[None] | None]  # Any: the library's table of unbound methods


class SshTransport(Forwarding):
    """Packets, key exchange and what sshd answers outside of sessions."""

    def __init__(self, daemon: Daemon, log: SessionLog) -> None:
        super().__init__(daemon.loop, daemon.options, log)
        self.daemon = daemon
        self.machine = daemon.machine.seen_by(Author(hand=Hand.ATTACKER, source=log.peer.address, session=log.id))
        if daemon.release.announces_keys:
            self._all_server_host_keys = daemon.keys.announced
        self._server_host_key_algs = list(daemon.release.host_keys)
        self._authentication = daemon.release.authentication(self, self.machine, daemon.policy, daemon.rules)
        self._cleaned = False
        self._starved = False  # reading is paused because a packet waits
        self._corked = False  # packets that answer one reading leave together, as sshd's do
        self._unsent: list[bytes] = []
        self._misplaced: tuple[int, int] | None = None  # number and sequence of a message out of its time
        self._logger = SILENCE

    # authentication.Transport

    @property
    def session_hash(self) -> bytes:
        """The session identifier (RFC 4253, section 7.2)."""
        return self._session_id

    @property
    def user(self) -> str:
        """Who is logging in, or has."""
        return self._authentication.user

    def reply(self, kind: int, *parts: bytes) -> None:
        """Send a message."""
        if self._transport is not None:
            self.send_packet(kind, *parts)

    async def settled(self) -> None:
        """Return when what was noted is durable."""
        await self.log.settled()

    async def enter(self, user: str) -> None:
        """Let the user in."""
        if self._transport is not None:
            self._username = user
            await self.send_userauth_success()

    def refuse(self, text: str) -> None:
        """Disconnect, in sshd's words (``ssh_packet_disconnect``) if it is one."""
        if self._transport is not None:
            if self.daemon.release.says_why:
                self.send_packet(_MSG_DISCONNECT, UInt32(_PROTOCOL_ERROR), String(text), String(b""))
            self._force_close(None)

    # what comes in

    def data_received(self, data: bytes, datatype: int | None = None) -> None:  # noqa: ARG002  the library's signature
        """Take bytes; stop reading while they cannot be served."""
        transport = self._transport
        if transport is None:
            return
        self._inpbuf += data
        self._recv_data()
        if len(self._inpbuf) > MAX_UNREAD and self._transport is not None and not self._starved:
            self._starved = True
            transport.pause_reading()

    def _recv_data(self) -> None:
        outermost = not self._corked
        self._corked = True
        super()._recv_data()
        if outermost:
            self._corked = False
            self._flush()

    def _finish_recv_packet(
        self,
        pkttype: int,
        seq: int,
        _task: asyncio.Task[None] | None = None,
        is_async: bool = False,  # noqa: FBT001, FBT002  the library's signature
    ) -> None:
        super()._finish_recv_packet(pkttype, seq, _task, is_async)
        if self._starved and len(self._inpbuf) <= MAX_UNREAD and self._transport is not None:
            self._starved = False
            self._transport.resume_reading()

    def offer(self) -> None:
        """Offer a key exchange; dropbear does before the client has said a word."""
        self._send_kexinit()
        self._kexinit_sent = True

    def identified(self, line: bytes, rest: bytes) -> None:
        """Begin: the client has said its line (RFC 4253, section 4.2)."""
        self._client_version = line
        self._recv_handler = self._recv_pkthdr
        if not self._kexinit_sent:
            self.offer()
        if rest:
            self.data_received(rest)

    def _send_version(self) -> None:
        """Our own line has been sent."""
        self._server_version = b"SSH-2.0-" + self._version

    def _recv_pkthdr(self) -> bool:
        taken = super()._recv_pkthdr()
        if taken and self._pktlen < _MIN_PACKET:
            raise asyncssh.ProtocolError("Bad packet length")
        return taken

    def _recv_packet(self) -> bool:
        """Take a packet. What has no place before log-in does not end a connection: sshd says that it knows it not."""
        try:
            return super()._recv_packet()
        except asyncssh.ProtocolError:
            misplaced, self._misplaced = self._misplaced, None
            if misplaced is None or not self._recv_encryption or not self.daemon.release.says_why:
                raise
        kind, sequence = misplaced
        if kind >= _MSG_LOCAL:
            self._nobodys(kind)
        else:
            self.send_packet(_MSG_UNIMPLEMENTED, UInt32(sequence))
            self._finish_recv_packet(kind, sequence)
        return True

    def _nobodys(self, kind: int) -> None:
        self.note(ProtocolViolated(detail=f"packet type {kind}"))
        self.refuse(f"Invalid ssh2 packet type: {kind}")

    def _process_service_request(self, _pkttype: int, pktid: int, packet: SSHPacket) -> None:
        """Let the client log in, as often as it asks."""
        service = packet.get_string()
        packet.check_end()
        if self._auth_complete:
            self.send_packet(_MSG_UNIMPLEMENTED, UInt32(pktid))
        elif service != _USERAUTH:
            self.note(ProtocolViolated(detail="service", sample=service[:MAX_SAMPLE]))
            self.refuse(f"bad service request {service.decode('utf-8', 'replace')}")
        else:
            self._next_service = None
            self._auth_in_progress = True
            self._can_recv_ext_info = False
            self.send_packet(_MSG_SERVICE_ACCEPT, String(service))

    def _process_kexinit(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:  # type: ignore[override]  # no task
        """Take the client's offer, and record it."""
        offer = read_offer(packet.get_full_payload())
        if offer is None:
            raise PacketDecodeError("malformed offer")
        if not self._session_id:
            self.note(client_seen(self._client_version, offer))
        at_once(super()._process_kexinit(pkttype, pktid, packet))
        if not self.daemon.release.strict:
            self._strict_kex = False  # it takes two: this sshd is older than the countermeasure
        release = self.daemon.release
        self._ignore_first_kex = offer.guess_is_wrong(release.kex[0], release.host_keys[0])

    def choose_server_host_key(self, peer_host_key_algs: "list[bytes]") -> bool:  # type: ignore[override]  # a list is what comes
        """Choose the first key the client would take."""
        for algorithm in peer_host_key_algs:
            if algorithm in self.daemon.release.host_keys:
                self._server_host_key = self.daemon.keys.signers[algorithm]
                return True
        return False

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> bool | Awaitable[None]:
        """Take a message; numbers that are nobody's are named back (``packet.c``, ssh_packet_read_poll2)."""
        if not pkttype or (pkttype >= _MSG_LOCAL and not (pkttype == _MSG_PING and self.daemon.release.pings)):
            self._nobodys(pkttype)
            return True
        return super().process_packet(pkttype, pktid, packet)

    def _process_ignore(self, _pkttype: int, _pktid: int, _packet: SSHPacket) -> None:
        """Ignore it, whatever it holds."""

    def _process_userauth(self, _pkttype: int, _pktid: int, packet: SSHPacket) -> Awaitable[None] | None:
        """Take an attempt; after success they are ignored, as sshd does."""
        if self._auth_complete or not self._auth_in_progress:
            return None
        self._auth = cast("Any", Responses(self._authentication))  # Any: the library wants its own class here
        return self._authentication.request(packet)

    def _process_ping(self, _pkttype: int, _pktid: int, packet: SSHPacket) -> None:
        """Answer a transport ping (PROTOCOL, section 1.9)."""
        data = packet.get_string()
        packet.check_end()
        self.send_packet(_MSG_PONG, String(data))

    # what goes out

    def _send(self, data: bytes) -> None:
        if self._corked:
            self._unsent.append(data)
        elif self._transport is not None:
            self._transport.write(data)

    def _flush(self) -> None:
        if self._unsent:
            data = b"".join(self._unsent)
            self._unsent.clear()
            if self._transport is not None:
                self._transport.write(data)

    def send_packet(self, pkttype: int, *args: bytes, handler: object = None) -> None:  # noqa: ARG002  the library's signature
        """Send a packet framed as OpenSSH frames it (``packet.c``, ssh_packet_send2_wrapped)."""
        if self._auth_complete and self._kex_complete and self._rekey_bytes_sent >= self._rekey_bytes:
            self._send_kexinit()
            self._kexinit_sent = True
        if not self._kex_complete and (pkttype in _WAIT_FOR_KEYS or pkttype > _MSG_KEX_LAST):
            if len(self._deferred_packets) >= MAX_DEFERRED:
                self._force_close(None)
                return
            self._deferred_packets.append((pkttype, args))
            return
        payload = Byte(pkttype) + b"".join(args)
        if self._compressor and (self._auth_complete or not self._compress_after_auth):
            payload = self._compressor.compress(payload) or b""
        padding = -(self._send_enchdrlen + len(payload)) % self._send_blocksize
        if padding < _MIN_PADDING:
            padding += self._send_blocksize
        sequence = self._send_seq
        cipher = self._send_encryption
        size = 1 + len(payload) + padding
        header = UInt32(size)
        if cipher:
            packet, mac = cipher.encrypt_packet(sequence, header, Byte(padding) + payload + os.urandom(padding))
            self._send(packet + mac)
        else:
            filler = bytes(padding) if self.daemon.release.clear_padding else os.urandom(padding)
            self._send(header + Byte(padding) + payload + filler)
        self._send_seq = 0 if pkttype == _MSG_NEWKEYS and self._strict_kex else (sequence + 1) & _LAST_SEQUENCE
        if self._kex_complete:
            self._rekey_bytes_sent += size

    def send_newkeys(self, k: bytes, h: bytes) -> None:
        """Finish the key exchange."""
        super().send_newkeys(k, h)
        if self._next_decompressor:
            self._next_decompressor = BoundedDecompressor()

    def _get_extra_kex_algs(self) -> list[bytes]:
        return list(self.daemon.release.markers)

    def _send_ext_info(self) -> None:
        """Send what the release announces (RFC 8308)."""
        release = self.daemon.release
        pairs = [(b"server-sig-algs", b",".join(release.signatures)), *release.extensions]
        self.send_packet(_MSG_EXT_INFO, UInt32(len(pairs)), *(String(part) for pair in pairs for part in pair))

    def send_channel_open_failure(self, send_chan: int, code: int, reason: str, lang: str) -> None:  # noqa: ARG002  the library's
        """Say what sshd says, whatever the reason: only a forbidden forwarding has a code of its own."""
        code = PROHIBITED if code == PROHIBITED else _CONNECT_FAILED
        self.send_packet(
            _MSG_CHANNEL_OPEN_FAILURE,
            UInt32(send_chan),
            UInt32(code),
            String(self.daemon.release.open_failed),
            String(b""),
        )

    def _send_disconnect(self, code: int, reason: str, lang: str) -> None:  # noqa: ARG002  the library's signature
        """Say nothing: where the library explains itself, sshd just closes."""
        self.note(ProtocolViolated(detail=escaped(reason.partition(", sent ")[0], 200)))

    def _process_global_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if len(self._global_request_queue) >= MAX_QUEUED:
            self.note(LimitReached(limit="global_requests", value=MAX_QUEUED))
            self._force_close(None)
            return
        super()._process_global_request(pkttype, pktid, packet)

    def eof_received(self) -> None:
        """The peer finished sending: sshd closes, and so does the transport."""
        self._flush()
        self._transport = None
        self._cleanup(None)

    def _process_disconnect(self, _pkttype: int, _pktid: int, _packet: SSHPacket) -> None:
        """The peer says good-bye, and nearly always closes then; sshd does not wait for that long."""
        self.eof_received()
        self._loop.call_later(GOOD_BYE, self.log.hang_up)

    _packet_handlers = {  # noqa: RUF012  the library's own declaration
        **SSHServerConnection._packet_handlers,  # noqa: SLF001  the library dispatches by this table
        _MSG_DISCONNECT: _process_disconnect,
        _MSG_IGNORE: _process_ignore,
        _MSG_SERVICE_REQUEST: _process_service_request,
        _MSG_KEXINIT: _process_kexinit,
        _MSG_USERAUTH_REQUEST: _process_userauth,
        _MSG_GLOBAL_REQUEST: _process_global_request,
        _MSG_PING: _process_ping,
    }

    def log_received_packet(self, pkttype: int, pktid: int | None, packet: object, note: str = "") -> None:
        """Nothing about packets is logged; one that does not belong here is remembered."""
        del packet
        self._misplaced = (pkttype, pktid or 0) if note else None

    # the end

    def internal_error(self, exc_info: Any = None, error_logger: Any = None) -> None:  # noqa: ARG002  Any: the library's
        """Our own code failed: a fact, and this connection alone ends."""
        error = (exc_info or sys.exc_info())[1]
        if isinstance(error, PacketDecodeError):  # raised where the library does not expect it
            self.note(ProtocolViolated(detail=str(error)))
            self._force_close(None)
            return
        trace = error.__traceback__ if error is not None else None
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
        self.note(SessionCrashed(error=f"{type(error).__name__} {place}"))
        self._force_close(None)

    def _force_close(self, exc: Exception | None) -> None:
        """End the connection once what was written is sent."""
        if self._transport is not None:
            self._flush()
            self._transport = None
            self.log.hang_up(reset=bool(self._inpbuf) and not self.daemon.release.reads_ahead)
            self._loop.call_soon(self._cleanup, exc)

    def _cleanup(self, exc: Exception | None) -> None:
        if self._cleaned:
            return
        self._cleaned = True
        self._cancel_login_timer()
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()
        super()._cleanup(exc)

    def connection_lost(self, exc: Exception | None = None) -> None:
        """The connection is gone."""
        self._transport = None
        self._cleanup(exc)
