"""This module is one TFTP transfer as in.tftpd 5.2 makes it, but for one thing: it hardly ever repeats itself.

The real one sends a block again up to five times. Here one block is sent again once, and only to a peer that has
answered: whoever is sent blocks in somebody else's name gets a single one.
"""

import hashlib
import math
from collections.abc import Sequence

from decnet_actors.contracts.decoy import DatagramEffect, HangUp, Note, OwnPort, Send, WakeAt
from decnet_actors.domain.facts import CommandSeen, Direction, FileCaptured, ProtocolViolated
from decnet_actors.wire import tftp
from decnet_actors.wire.tftp import Ack, Code, Data, Error, Oack, Op, Packet, Request, TftpError
from plugins.decoy.tftp.folder import MAX_FILE, MAX_TOGETHER, Folder, Room, refusal
from plugins.decoy.tftp.options import REFUSED, RefusedError, Terms, agree

STRANGER = 3.0  # seconds a port is kept for a peer that has not answered
PATIENCE = 15.0  # seconds for one that has
SAMPLE = 64  # bytes of what means nothing
NAME = 1024  # bytes of a word that is recorded

_FULL = Error(Code.DISK_FULL, b"Disk full or allocation exceeded")


class TftpConversation:
    """What follows one request."""

    def __init__(self, folder: Folder, room: Room) -> None:
        self._folder = folder
        self._room = room
        self._transfer: _Sending | _Receiving | None = None
        self._answered = False
        self._repeated = False
        self._over = False
        self._give_up = math.inf

    def received(self, data: bytes, now: float) -> Sequence[DatagramEffect]:
        """Take one packet."""
        if self._over:
            return []
        try:
            packet = tftp.parse(data)
        except TftpError as error:
            return self._nonsense(error.detail, data)
        if self._transfer is None:
            return self._begin(packet, data, now)
        self._answered = True
        if self._transfer.over:
            return [*self._transfer.repeated(packet), *self._end()]
        if isinstance(packet, Error):
            return self._end()
        return self._went_on(self._transfer.received(packet, now), now)

    def tick(self, now: float) -> Sequence[DatagramEffect]:
        """Say the last thing again, once; then give up."""
        if self._transfer is None or self._transfer.over or now >= self._give_up:
            return self._end()
        if self._answered and not self._repeated:
            self._repeated = True
            return [Send(self._transfer.last), WakeAt(self._give_up)]
        return [WakeAt(self._give_up)]

    def closed(self, now: float) -> Sequence[DatagramEffect]:  # noqa: ARG002  the port's signature
        """Keep what there is of a file."""
        if isinstance(self._transfer, _Receiving):
            return self._transfer.cut_off()
        return []

    def take_artifacts(self) -> Sequence[bytes]:
        """Return the file that came."""
        return self._transfer.take() if isinstance(self._transfer, _Receiving) else ()

    def _begin(self, packet: Packet, data: bytes, now: float) -> Sequence[DatagramEffect]:
        if not isinstance(packet, Request):
            return self._nonsense("no request", data)
        words = [packet.name, packet.mode or b"", *(word for pair in packet.options for word in pair)]
        seen = Note(CommandSeen(verb=packet.op.name, args=tuple(word[:NAME] for word in words)))
        answer = self._answer(packet)
        if isinstance(answer, Error) or self._transfer is None:
            return [seen, OwnPort(), Send(tftp.build(answer)), *self._end()]
        self._transfer.last = tftp.build(answer)
        return [seen, OwnPort(), *self._sent(self._transfer.last, now)]

    def _answer(self, request: Request) -> Packet:
        """Return the first answer, in the order of in.tftpd's checks: mode, file, options."""
        if request.mode is None:
            return Error(Code.ILLEGAL, b"Missing mode")
        mode = request.mode.lower()
        if mode not in {b"netascii", b"octet"}:
            return Error(Code.ILLEGAL, b"Unknown mode")
        name, is_text = request.name, mode == b"netascii"
        try:
            if request.op is Op.RRQ:
                terms = Terms(is_text=is_text, size=self._folder.size(name))
            else:
                self._folder.check_writable(name)
                terms = Terms(is_text=is_text, size=None)
            agreed = agree(terms, request.options)
            if request.op is Op.RRQ:
                sending = _Sending(self._folder, name, terms)
                self._transfer = sending
                return Oack(agreed) if agreed else sending.block()
        except OSError as error:
            return refusal(error)
        except RefusedError:
            return REFUSED
        self._transfer = _Receiving(self._folder, name, terms, self._room)
        return Oack(agreed) if agreed else Ack(0)

    def _went_on(self, effects: Sequence[DatagramEffect] | None, now: float) -> Sequence[DatagramEffect]:
        """Return the effects with a time to look again; ``None`` means that the packet led to nothing."""
        transfer = self._transfer
        if effects is None or transfer is None:
            return []
        if transfer.over and not transfer.lingers:
            return [*effects, *self._end()]
        self._repeated = False
        return [*effects, *self._sent(b"", now)]

    def _sent(self, data: bytes, now: float) -> Sequence[DatagramEffect]:
        transfer = self._transfer
        self._give_up = now + (PATIENCE if self._answered else STRANGER)
        again = now + transfer.terms.timeout if transfer is not None else now
        return [*([Send(data)] if data else []), WakeAt(min(again, self._give_up))]

    def _nonsense(self, detail: str, data: bytes) -> Sequence[DatagramEffect]:
        """Record what in.tftpd says nothing to."""
        noted = Note(ProtocolViolated(detail=detail, sample=data[:SAMPLE]))
        return [noted] if self._transfer is not None else [noted, *self._end()]

    def _end(self) -> Sequence[DatagramEffect]:
        self._over = True
        return [HangUp()]


class _Sending:
    """A file goes to the peer, a block for each acknowledgement."""

    lingers = False

    def __init__(self, folder: Folder, name: bytes, terms: Terms) -> None:
        self.terms = terms
        self.over = False
        self.last = b""
        self._folder = folder
        self._name = name
        self._offset = 0
        self._text = b""  # converted and not sent; less than two blocks
        self._number = 0
        self._size = terms.block  # of the block before; a short one is the last

    def received(self, packet: Packet, now: float) -> Sequence[DatagramEffect] | None:  # noqa: ARG002  as the other's
        """Take what the peer said; only the acknowledgement of the last block leads to anything."""
        if not isinstance(packet, Ack) or packet.block != self._number:
            return None
        if self._size < self.terms.block:
            self.over = True
            return []
        try:
            self.last = tftp.build(self.block())
        except OSError as error:
            self.over = True
            return [Send(tftp.build(refusal(error)))]
        return [Send(self.last)]

    def repeated(self, packet: Packet) -> Sequence[DatagramEffect]:  # noqa: ARG002  as the other's
        """Nothing is said again after the end."""
        return []

    def block(self) -> Data:
        """Return the next block.

        Raises:
            OSError: the file is not there any more.

        """
        wanted = self.terms.block
        if self.terms.is_text:
            raw = self._folder.read(self._name, self._offset, wanted) if len(self._text) < wanted else b""
            text = self._text + tftp.to_netascii(raw)
            data, self._text = text[:wanted], text[wanted:]
        else:
            data = raw = self._folder.read(self._name, self._offset, wanted)
        self._offset += len(raw)
        self._size = len(data)
        self._number = _after(self._number, self.terms)
        return Data(self._number, data)


class _Receiving:
    """A file comes from the peer."""

    def __init__(self, folder: Folder, name: bytes, terms: Terms, room: Room) -> None:
        self.terms = terms
        self.over = False
        self.lingers = False
        self.last = b""
        self._folder = folder
        self._name = name
        self._room = room
        self._number = 0
        self._data = bytearray()
        self._counted = 0  # bytes of it in the room
        self._text = tftp.FromNetascii()
        self._taken: tuple[bytes, ...] = ()

    def received(self, packet: Packet, now: float) -> Sequence[DatagramEffect] | None:
        """Take the next block, or say again that the one before has come."""
        if not isinstance(packet, Data):
            return None
        if packet.block == self._number and self._number:
            return [Send(self.last)]
        if packet.block != _after(self._number, self.terms):
            return None
        self._number = packet.block
        data = packet.data[: self.terms.block]
        if len(self._data) + len(data) > MAX_FILE or self._room.held + len(data) > MAX_TOGETHER:
            self.over = True
            return [*self.cut_off(), Send(tftp.build(_FULL))]
        self._data += self._text.receive(data) if self.terms.is_text else data
        self._room.held += len(data)
        self._counted += len(data)
        self.last = tftp.build(Ack(self._number))
        if len(data) == self.terms.block:
            return [Send(self.last)]
        self.over = True
        self._data += self._text.end()
        try:
            self._folder.write(self._name, bytes(self._data), now=now)
        except OSError as error:
            return [*self.cut_off(), Send(tftp.build(refusal(error)))]
        self.lingers = True
        return [*self._kept(truncated=False), Send(self.last)]

    def repeated(self, packet: Packet) -> Sequence[DatagramEffect]:
        """Say again that the last block has come, to a peer that did not hear it."""
        return [Send(self.last)] if isinstance(packet, Data) and packet.block == self._number else []

    def cut_off(self) -> Sequence[DatagramEffect]:
        """Keep what came of a file that will not be whole."""
        return self._kept(truncated=True) if self._data else []

    def take(self) -> Sequence[bytes]:
        """Return (once) the file."""
        taken, self._taken = self._taken, ()
        return taken

    def _kept(self, *, truncated: bool) -> Sequence[DatagramEffect]:
        data = bytes(self._data)
        self._data.clear()
        self._room.held -= self._counted
        self._counted = 0
        self._taken = (data,)
        return [
            Note(
                FileCaptured(
                    path=self._folder.path(self._name),
                    sha256=hashlib.sha256(data).hexdigest(),
                    size=len(data),
                    direction=Direction.IN,
                    mechanism="tftp",
                    truncated=truncated,
                )
            )
        ]


def _after(number: int, terms: Terms) -> int:
    return number + 1 if number + 1 < tftp.BLOCKS else terms.rollover
