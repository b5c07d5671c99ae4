"""This module defines the operations on what was changed of deckies' files."""

from decnet_actors.contracts.file_history import DeckyFilesArgs, DeckyRestoreArgs, FileChange, FilesRestored
from decnet_actors.contracts.operations import Audit, Operation, Page, Role, Route

DECKY_FILES = Operation(
    name="decky.files",
    summary="List what was changed of a decky's files: when, by whom, and what became of it.",
    args=DeckyFilesArgs,
    result=Page[FileChange],
    role=Role.VIEWER,
    route=Route(method="GET", path="/deckies/{name}/files"),
    examples=("decnetctl decky files web-01", "decnetctl decky files web-01 /tmp --source 192.0.2.7"),
    columns=("time", "hand", "source", "author", "action", "path", "size", "live"),
)
DECKY_RESTORE = Operation(
    name="decky.restore",
    summary="Put a decky's files back to how they were before anybody changed them.",
    args=DeckyRestoreArgs,
    result=FilesRestored,
    role=Role.ADMIN,
    audit=Audit.CHANGE,
    route=Route(method="POST", path="/deckies/{name}/files:restore"),
    examples=("decnetctl decky restore web-01", "decnetctl decky restore web-01 /etc/passwd"),
)
