"""This module refuses every forwarding, and records where a peer wanted to go."""

import asyncio
from typing import Any

import asyncssh
from asyncssh.connection import SSHServerConnection
from asyncssh.packet import SSHPacket

from decnet_actors.contracts.decoy import SessionLog
from decnet_actors.domain.facts import Fact, ForwardRequested
from decnet_actors.domain.text import escaped

MAX_HOST = 255  # characters of a forwarding's target
PROHIBITED = 1  # SSH2_OPEN_ADMINISTRATIVELY_PROHIBITED


class Forwarding(SSHServerConnection):
    """A connection through which nothing can be reached."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: asyncssh.SSHServerConnectionOptions, log: SessionLog
    ) -> None:
        super().__init__(loop, options)
        self.log = log

    def note(self, fact: Fact) -> None:
        """Record a fact."""
        self.log.note(fact)

    def _process_direct_tcpip_open(
        self, packet: SSHPacket
    ) -> Any:  # Any: the library's return type is a channel, there is none
        """Record where a peer wants to go, and refuse."""
        host = packet.get_string()
        port = packet.get_uint32()
        self._forward("direct-tcpip", host, port)
        raise asyncssh.ChannelOpenError(PROHIBITED, "")

    def _process_direct_streamlocal_at_openssh_dot_com_open(self, packet: SSHPacket) -> Any:  # Any: as above
        path = packet.get_string()
        self._forward("direct-streamlocal", path, 0)
        raise asyncssh.ChannelOpenError(PROHIBITED, "")

    def _process_tun_at_openssh_dot_com_open(self, packet: SSHPacket) -> Any:  # Any: as above
        mode = packet.get_uint32()
        self._forward("tun", str(mode).encode(), 0)
        raise asyncssh.ChannelOpenError(PROHIBITED, "")

    def _process_tcpip_forward_global_request(self, packet: SSHPacket) -> None:
        host = packet.get_string()
        self._forward("tcpip-forward", host, packet.get_uint32())
        self._report_global_response(False)  # noqa: FBT003  the library's signature

    def _process_streamlocal_forward_at_openssh_dot_com_global_request(self, packet: SSHPacket) -> None:
        self._forward("streamlocal-forward", packet.get_string(), 0)
        self._report_global_response(False)  # noqa: FBT003  the library's signature

    def _process_cancel_tcpip_forward_global_request(self, packet: SSHPacket) -> None:  # noqa: ARG002  nothing can have been granted
        self._report_global_response(False)  # noqa: FBT003  the library's signature

    _process_cancel_streamlocal_forward_at_openssh_dot_com_global_request = _process_cancel_tcpip_forward_global_request

    def _forward(self, kind: str, host: bytes, port: int) -> None:
        self.note(ForwardRequested(kind=kind, host=escaped(host, MAX_HOST), port=port))
