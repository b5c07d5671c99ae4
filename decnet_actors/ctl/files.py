"""This module reads a file that an operation takes as an argument."""

from pathlib import Path

from decnet_actors.contracts.operations import MAX_FILE
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Settings

STDIN = "-"


def read_file(path: str, settings: Settings) -> dict[str, str]:
    """Return the text of a file (``-``: of standard input) with its name, as ``contracts.operations.File`` takes it.

    Raises:
        CommandFailed: DN1001, it cannot be read, is too large or no UTF-8.

    """
    if path == STDIN:
        text = settings.world.stdin.read(MAX_FILE + 1)
        if len(text) > MAX_FILE:
            raise _unreadable("standard input", f"is larger than {MAX_FILE // 1024} KiB")
        return {"name": "stdin", "text": text}
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or "cannot be read") from None
    if len(data) > MAX_FILE:
        raise _unreadable(path, f"is larger than {MAX_FILE // 1024} KiB")
    try:
        return {"name": path[-255:], "text": data.decode()}
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"is not UTF-8 (byte {error.start + 1})") from None


def _unreadable(path: str, text: str) -> CommandFailed:
    return CommandFailed.of("DN1001", f"{words(path)}: {text}")
