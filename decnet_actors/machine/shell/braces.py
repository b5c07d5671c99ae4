"""This module expands braces: ``a{b,c}d`` and ``{1..5}``, before anything else happens to a word."""

import re
from collections.abc import Iterator, Sequence

from decnet_actors.machine.shell.syntax import Literal, Part, Word

MAX_WORDS = 10_000  # bash has no limit but memory; above ours the braces stay as they are
MAX_COPIED = 60_000  # marks and runs in all the words
MAX_ATOMS = 2000  # marks and runs in one word; the search for partners is quadratic in them

_SEQUENCE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?|([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d{1,9}))?")
_MARK = re.compile(r"[{},]")


def expand_braces(word: Word) -> Sequence[Word]:
    """Return the words a word stands for; itself if it holds no braces."""
    if not any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in word.parts):
        return (word,)
    atoms = list(_atoms(word.parts))
    words = _expand(atoms, 0) if len(atoms) <= MAX_ATOMS else None
    if words is None:
        return (word,)
    return tuple(Word(_joined(atoms)) for atoms in words)


_Atom = Part | str  # a str is an unquoted mark or character run


def _atoms(parts: Sequence[Part]) -> Iterator[_Atom]:
    for part in parts:
        if isinstance(part, Literal) and not part.quoted:
            at = 0
            for found in _MARK.finditer(part.text):
                if found.start() > at:
                    yield part.text[at : found.start()]
                yield found[0]
                at = found.end()
            if at < len(part.text):
                yield part.text[at:]
        else:
            yield part


def _joined(atoms: Sequence[_Atom]) -> tuple[Part, ...]:
    if len(atoms) == 1 and isinstance(atoms[0], str):
        return (Literal(atoms[0]),)
    out: list[Part] = []
    for atom in atoms:
        if not isinstance(atom, str):
            out.append(atom)
        elif out and isinstance(out[-1], Literal) and not out[-1].quoted:
            out[-1] = Literal(out[-1].text + atom)
        else:
            out.append(Literal(atom))
    return tuple(out)


def _expand(atoms: list[_Atom], depth: int) -> list[list[_Atom]] | None:
    """Return every expansion, ``None`` if there would be too many."""
    start, end = 0, 0
    pieces: list[list[_Atom]] | None = None
    while depth < 12:  # noqa: PLR2004  deeper nesting stays as it is
        try:
            start = atoms.index("{", start)
        except ValueError:
            return [atoms]
        pieces, end = _pieces(atoms, start)
        if pieces is not None:
            break
        start += 1
    if pieces is None:
        return [atoms]
    heads: list[list[_Atom]] = []
    for piece in pieces:
        inner = _expand(piece, depth + 1)
        if inner is None:
            return None
        heads.extend(inner)
    tails = _expand(atoms[end + 1 :], depth + 1)
    if not start and tails == [[]]:
        return heads
    before = atoms[:start]
    if tails is None or len(heads) * len(tails) * (len(before) + 1) > MAX_WORDS:
        return None
    if sum(map(len, heads)) * len(tails) + sum(map(len, tails)) * len(heads) > MAX_COPIED:
        return None
    return [[*before, *head, *tail] for head in heads for tail in tails]


def _pieces(atoms: list[_Atom], start: int) -> tuple[list[list[_Atom]] | None, int]:
    """Return the alternatives of the brace at ``start`` and where it ends."""
    level = 0
    pieces: list[list[_Atom]] = [[]]
    for at in range(start + 1, len(atoms)):
        atom = atoms[at]
        if atom == "{":
            level += 1
        elif atom == "}" and level:
            level -= 1
        elif atom == "}":
            if len(pieces) > 1:
                return pieces, at
            return _sequence(pieces[0]), at
        elif atom == "," and not level:
            pieces.append([])
            continue
        pieces[-1].append(atom)
    return None, start


def _sequence(atoms: list[_Atom]) -> list[list[_Atom]] | None:
    if len(atoms) != 1 or not isinstance(atoms[0], str) or not (found := _SEQUENCE.fullmatch(atoms[0])):
        return None
    if found[1] is not None:
        first, last, step = int(found[1]), int(found[2]), abs(int(found[3] or 1)) or 1
        width = max(len(found[1]), len(found[2])) if re.search(r"(?:^|\.)-?0\d", atoms[0]) else 0
        if abs(last - first) // step >= MAX_WORDS:
            return None
        numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
        return [[f"{number:0{width}d}"] for number in numbers]
    first, last, step = ord(found[4]), ord(found[5]), abs(int(found[6] or 1)) or 1
    codes = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    return [[chr(code)] for code in codes]
