"""This module makes the TFTP service of one decky: which folder it serves, and as whom."""

from decnet_actors.contracts.decky_files import Author, Hand
from decnet_actors.contracts.decoy import DecoyDeps
from decnet_actors.domain.peer import Peer
from decnet_actors.domain.persona import Persona
from plugins.decoy.tftp.folder import Folder, Room
from plugins.decoy.tftp.transfer import TftpConversation

_NOBODY = 65_534


class TftpService:
    """See ``contracts.decoy.DatagramService``. Files are the machine's."""

    def __init__(self, deps: DecoyDeps, *, create: bool) -> None:
        self._machine = deps.machine
        self._create = create
        self._room = Room()
        self._root = deps.persona.tftp_root
        self._uid, self._gid = _server(deps.persona)

    async def open(self) -> None:
        """Nothing to get ready."""

    def converse(self, session: str, peer: Peer) -> TftpConversation:
        """Return the one transfer that a request begins."""
        author = Author(hand=Hand.ATTACKER, source=peer.address, session=session)
        machine = self._machine.seen_by(author)
        folder = Folder(machine, root=self._root, uid=self._uid, gid=self._gid, create=self._create)
        return TftpConversation(folder, self._room)

    async def aclose(self) -> None:
        """Nothing to let go of."""


def _server(persona: Persona) -> tuple[int, int]:
    """Return the account that in.tftpd becomes: its package's, or nobody."""
    accounts = {one.name: one for one in persona.accounts}
    found = accounts.get("tftp") or accounts.get("nobody")
    return (found.uid, found.gid) if found else (_NOBODY, _NOBODY)
