"""This module gives tests the folder that the real server was recorded with."""

from decnet_actors.conformance.fake_machine import FakeMachine, fake_persona
from decnet_actors.contracts.decky_files import NOBODY
from decnet_actors.machine.node import Node, directory, file
from plugins.decoy.tftp.folder import Folder
from tests.decnet_actors.machine.trees import tree_of

NOW = 1_795_297_080.0
UID = 65_534


def machine(*, mode: int = 0o755) -> FakeMachine:
    """Return a machine with the folder; everybody may write to it if the mode says so."""
    made = FakeMachine(fake_persona())
    made.files = tree_of(_tree(mode)).view(NOBODY)  # type: ignore[assignment]  # a FileSystem too
    return made


def folder(*, create: bool) -> Folder:
    """Return it as the server sees it."""
    mode = 0o777 if create else 0o755
    return Folder(machine(mode=mode), root="/srv/tftp", uid=UID, gid=UID, create=create)


def _tree(mode: int) -> Node:
    root = directory(0o755, NOW)
    srv = root.entries()["srv"] = directory(0o755, NOW)
    served = srv.entries()["tftp"] = directory(mode, NOW)
    served.entries().update(
        {
            "a.txt": file(b"hello\nworld\r\nx", 0o644, NOW),
            "big.bin": file(b"z" * 1300, 0o644, NOW),
            "secret": file(b"s\n", 0o600, NOW),
            "pub": file(b"w\n", 0o666, NOW),
            "sub": directory(0o755, NOW),
        }
    )
    return root
