"""The command lines and scripts that tell our shell from a real one, and the files both begin with."""

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

FOLDER = Path(__file__).parents[2] / "data" / "shell"
HOME = {
    "fruits.txt": "apple\nbanana\ncherry\nfig\nelderberry\n",
    "people.csv": "name,age,city\nAnn,34,Paris\nBob,27,Rome\nCyd,41,Paris\nDan,19,Oslo\n",
    "empty": "",
    "tree/a.txt": "x one\n\n\nx two\n",
    "tree/b.txt": "y\n",
    "tree/run.sh": "echo ran $1\n",
    "tree/.hidden": "h\n",
}


@frozen
class Case:
    """One thing to run; ``name`` is its line, or its script's name."""

    topic: str
    name: str
    text: str


def lines(name: str) -> tuple[Case, ...]:
    """Return the command lines of a data file: one a line, under headings that begin with ``##``."""
    topic = ""
    out: list[Case] = []
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line.startswith("## "):
            topic = line[3:]
        elif line:
            out.append(Case(topic, line, line))
    return tuple(out)


def scripts(name: str) -> tuple[Case, ...]:
    """Return the scripts of a data file: each after a line ``=== name``."""
    return tuple(_scripts((FOLDER / name).read_text("utf-8")))


def _scripts(text: str) -> Iterator[Case]:
    for block in text.split("=== ")[1:]:
        name, _, body = block.partition("\n")
        yield Case("scripts", name, body.rstrip("\n"))


ONE_LINERS = tuple(case.text for case in lines("one_liners.txt"))
