"""This module is what the cartographer's process does: it reads files from elsewhere and makes the index.

Seconds of work and hundreds of megabytes for a moment: in the daemon both would be felt by every session.
"""

from pathlib import Path
from typing import Any

from decnet_actors.enrich.geo.build import build
from decnet_actors.enrich.geo.source import read_source
from supervisors.process_actor import Answer, Plain, Say


def drafting(_say: Say, folder: str) -> Answer:
    """Return what answers ``["check", path]``, and ``["build", {name: path}, now, {name: problem}]``."""

    def answer(request: Plain) -> Plain:
        what: list[Any] = request  # Any: of the types named above, which only the cartographer sends
        if what[0] == "check":
            return read_source(Path(what[1])).rows
        files = {name: Path(path) for name, path in what[1].items()}
        build(Path(folder), files, what[2], what[3])
        return None

    return answer
