"""This module holds the commands that show bytes as numbers: od, hexdump and xxd."""

import re
from collections.abc import Iterator, Mapping

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import Options, getopt
from decnet_actors.machine.shell.streams import Work

MAX_DUMPED = 256 << 10  # bytes
_NAMED = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
_SHORT = {"b": "o1", "c": "c", "d": "u2", "i": "d4", "l": "d8", "o": "o2", "s": "d2", "x": "x2", "a": "a"}
_WIDTHS = {"o": {1: 3, 2: 6, 4: 11, 8: 22}, "x": {1: 2, 2: 4, 4: 8, 8: 16}, "u": {1: 3, 2: 5, 4: 10, 8: 20},
           "d": {1: 4, 2: 6, 4: 11, 8: 20}}  # fmt: skip
_SIZES = {"C": 1, "S": 2, "I": 4, "L": 8}


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]{1,8}|\d{1,9})([bkm]?)", text)
    if found is None:
        return 0
    base = 16 if found[1][:2] in {"0x", "0X"} else 8 if found[1].startswith("0") else 10
    digits = found[1] if base != 8 or set(found[1]) <= set("01234567") else "0"  # noqa: PLR2004  octal
    return int(digits, base) * {"": 1, "b": 512, "k": 1024, "m": 1 << 20}[found[2]]


def od(ctx: Context) -> Work:
    """Show bytes in octal, hexadecimal or as characters."""
    forms = [found[1] for word in ctx.args if (found := re.fullmatch(r"-t(\w{1,8})", word))]
    opts = getopt(ctx, "A:t:N:j:w:abcdiloshxvS:", ("address-radix=/A", "format=/t", "read-bytes=/N", "skip-bytes=/j"))
    read = yield from ctx.input_of(opts.rest)
    if not read:
        return 1
    skip, most = _count(opts.given.get("j")) or 0, _count(opts.given.get("N"))
    data = b"".join(part for _, part in read)[skip:][: MAX_DUMPED if most is None else min(most, MAX_DUMPED)]
    forms = forms or ([opts.given["t"]] if "t" in opts else [])
    forms += [form for letter, form in _SHORT.items() if letter in opts]
    width = int(opts.given.get("w", "16")[:4]) if opts.given.get("w", "16").isdecimal() else 16
    yield from ctx.show(_od_rows(data, forms or ["o2"], opts.given.get("A", "o")[:1], skip, width or 16, "v" in opts))
    return int(len(read) < len(opts.rest))


def _od_rows(data: bytes, forms: list[str], radix: str, start: int, width: int, every: bool) -> Iterator[str | None]:  # noqa: FBT001  an option of od
    def address(at: int) -> str:
        return "" if radix == "n" else f"{at:06x}" if radix == "x" else f"{at:07d}" if radix == "d" else f"{at:07o}"

    before, starred = b"", False
    for at in range(0, len(data), width):
        row = data[at : at + width]
        if row == before and not every and len(row) == width:
            yield None if starred else "*"
            starred = True
            continue
        before, starred = row, False
        for index, form in enumerate(forms):
            head = address(start + at) if not index else " " * len(address(0))
            yield head + _od_cells(row, form)
    if radix != "n":
        yield address(start + len(data))


def _od_cells(row: bytes, form: str) -> str:
    if form[0] in "ca":
        return "".join(f" {_character(byte):>3}" for byte in row)
    kind = form[0] if form[0] in _WIDTHS else "o"
    found = re.match(r"[a-zA-Z]([CSIL]|\d)?", form)
    size = _SIZES.get(found[1], 4) if found and found[1] and not found[1].isdigit() else int((found and found[1]) or 4)
    size = size if size in _WIDTHS[kind] else 4
    cells: list[str] = []
    for at in range(0, len(row), size):
        number = int.from_bytes(row[at : at + size].ljust(size, b"\0"), "little", signed=kind == "d")
        wide = _WIDTHS[kind][size]
        cells.append(f" {number:0{wide}{kind}}" if kind in "ox" else f" {number:{wide}d}")
    return "".join(cells)


def _character(byte: int) -> str:
    return _NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"{byte:03o}")  # noqa: PLR2004  printable ASCII


def hexdump(ctx: Context) -> Work:
    """Show bytes in hexadecimal words, or beside their characters (``-C``)."""
    opts = getopt(ctx, "bcCdoxvn:s:e:f:", ("canonical/C", "length=/n", "skip=/s"))
    read = yield from ctx.input_of(opts.rest)
    if not read:
        return 1
    skip, most = _count(opts.given.get("s")) or 0, _count(opts.given.get("n"))
    data = b"".join(part for _, part in read)[skip:][: MAX_DUMPED if most is None else min(most, MAX_DUMPED)]
    yield from ctx.show(_hex_rows(data, skip, canonical="C" in opts, characters="c" in opts))
    return 0


def _hex_rows(data: bytes, start: int, *, canonical: bool, characters: bool) -> Iterator[str | None]:
    before, starred = b"", False
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        if row == before:
            yield None if starred else "*"
            starred = True
            continue
        before, starred = row, False
        if canonical:
            left, right = " ".join(f"{b:02x}" for b in row[:8]), " ".join(f"{b:02x}" for b in row[8:])
            yield f"{start + at:08x}  {left:<23}  {right:<23}  |{_printable(row)}|"
        elif characters:
            yield f"{start + at:07x} " + " ".join(f"{_character(byte):>3}" for byte in row).ljust(63)
        else:
            units = (int.from_bytes(row[i : i + 2], "little") for i in range(0, len(row), 2))
            yield f"{start + at:07x} " + " ".join(f"{unit:04x}" for unit in units).ljust(39)
    if data:
        yield f"{start + len(data):08x}" if canonical else f"{start + len(data):07x}"


def _printable(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)  # noqa: PLR2004  printable ASCII


def xxd(ctx: Context) -> Work:
    """Show bytes in hexadecimal, or make them of it (``-r``)."""
    ctx.args = ["-p" if word in {"-ps", "-plain", "-postscript"} else word for word in ctx.args]
    opts = getopt(ctx, "aburpil:s:c:g:ed")
    read = yield from ctx.input_of(opts.rest[:1])
    if not read:
        return 2
    data = read[0][1]
    if "r" in opts:
        yield from ctx.pour(iter((_reverted(data, plain="p" in opts),)))
        return 0
    skip, most = _count(opts.given.get("s")) or 0, _count(opts.given.get("l"))
    data = data[skip:][: MAX_DUMPED if most is None else min(most, MAX_DUMPED)]
    if "p" in opts:
        width = _count(opts.given.get("c")) or 30
        yield from ctx.show(data[at : at + width].hex() for at in range(0, len(data), width))
    elif "i" in opts:
        yield from ctx.show(_included(data))
    else:
        yield from ctx.show(_xxd_rows(data, skip, opts))
    return 0


def _included(data: bytes) -> Iterator[str | None]:
    for at in range(0, len(data), 12):
        row = ", ".join(f"0x{byte:02x}" for byte in data[at : at + 12])
        yield f"  {row}{',' if at + 12 < len(data) else ''}"


def _xxd_rows(data: bytes, start: int, opts: Options) -> Iterator[str]:
    bits = "b" in opts
    width = min(_count(opts.given.get("c")) or (6 if bits else 16), 256)
    group = _count(opts.given.get("g")) if "g" in opts else 1 if bits else 2
    group = group or width
    digits = 8 if bits else 2
    wide = width * digits + (width - 1) // group
    for at in range(0, len(data), width):
        row = data[at : at + width]
        cells = [f"{byte:08b}" if bits else f"{byte:02x}" for byte in row]
        shown = " ".join("".join(cells[i : i + group]) for i in range(0, len(cells), group))
        yield f"{start + at:08x}: {shown:<{wide}}  {_printable(row)}"


def _reverted(data: bytes, *, plain: bool) -> bytes:
    out = bytearray()
    for line in data.decode("latin-1").split("\n")[:100_000]:
        text = line if plain else line.partition(":")[2].partition("  ")[0]
        digits = re.sub(r"\s", "", text)
        good = re.match(r"(?:[0-9a-fA-F]{2})*", digits)
        out += bytes.fromhex(good[0] if good else "")
    return bytes(out)


COMMANDS: Mapping[str, Function] = {"od": od, "hexdump": hexdump, "xxd": xxd}
