"""This module holds the packers of single files: gzip, bzip2, xz and their kin, in bounded memory."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Generator, Mapping
from typing import Protocol

from attrs import frozen

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

MAX_UNPACKED = 8 << 20  # bytes of what is unpacked; more is cut, as on a full disk
STEP = 1 << 15  # bytes unpacked between two looks at the clock
MAX_MEMORY = 32 << 20  # bytes an xz stream may ask for


class PackError(ValueError):
    """The bytes are not what the program reads; the text is what it says."""


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


@frozen
class _Kind:
    """A format: its ending, how a file begins, and who packs it."""

    suffix: str
    magic: bytes
    packer: "Callable[[], _Packer]"
    wrong: str


KINDS: Mapping[str, _Kind] = {
    "gzip": _Kind(".gz", b"\x1f\x8b", lambda: zlib.compressobj(6, zlib.DEFLATED, 31), "not in gzip format"),
    "bzip2": _Kind(".bz2", b"BZh", lambda: bz2.BZ2Compressor(1), "(stdin) is not a bzip2 file."),
    "xz": _Kind(".xz", b"\xfd7zXZ\0", lambda: lzma.LZMACompressor(preset=0), "File format not recognized"),
}
_FAMILIES = {
    "gzip": "gzip", "gunzip": "gzip", "zcat": "gzip", "bzip2": "bzip2", "bunzip2": "bzip2", "bzcat": "bzip2",
    "xz": "xz",
}  # fmt: skip


def pack(ctx: Context, data: bytes, family: str) -> Generator[Pause, None, bytes]:
    """Return packed bytes."""
    packer = KINDS[family].packer()
    out = bytearray()
    for piece in pieces(data):
        ctx.world.budget.step(8)
        if ctx.world.budget.due:
            yield BREATHE
        out += packer.compress(bytes(piece))
    return bytes(out + packer.flush())


def unpack(ctx: Context, data: bytes, family: str) -> Generator[Pause, None, bytes]:
    """Return unpacked bytes.

    Raises:
        PackError: they are not packed so.

    """
    if not data.startswith(KINDS[family].magic):
        raise PackError(KINDS[family].wrong)
    out = bytearray()
    try:
        for chunk in _unpacked(data, family):
            ctx.world.budget.step(4)
            if ctx.world.budget.due:
                yield BREATHE
            out += chunk
            if len(out) > MAX_UNPACKED:
                break
    except (zlib.error, lzma.LZMAError, OSError, EOFError, struct.error):
        raise PackError("unexpected end of file") from None
    return bytes(out[:MAX_UNPACKED])


def _unpacked(data: bytes, family: str) -> Generator[bytes, None, None]:
    if family == "gzip":
        stream = zlib.decompressobj(31)
        chunk = stream.decompress(data, STEP)
        while chunk:
            yield chunk
            chunk = stream.decompress(stream.unconsumed_tail, STEP)
        if not stream.eof:
            raise EOFError
        return
    other: bz2.BZ2Decompressor | lzma.LZMADecompressor
    other = bz2.BZ2Decompressor() if family == "bzip2" else lzma.LZMADecompressor(memlimit=MAX_MEMORY)
    chunk = other.decompress(data, STEP)
    while chunk or (not other.eof and not other.needs_input):
        yield chunk
        if other.eof:
            return
        chunk = other.decompress(b"", STEP)
    if not other.eof:
        raise EOFError


def packer(ctx: Context) -> Work:
    """``gzip``, ``bzip2``, ``xz``, and what undoes them."""
    program = ctx.name.rpartition("/")[2]
    family = _FAMILIES[program]
    opts = getopt(
        ctx,
        "cdfklnNqrtvz123456789T:S:",
        ("stdout/c", "to-stdout/c", "decompress/d", "uncompress/d", "force/f", "keep/k", "list/l", "test/t", "best/9",
         "fast/1", "quiet/q", "verbose/v", "compress/z"),
    )  # fmt: skip
    undo = "d" in opts or "t" in opts or program.startswith(("gun", "bun", "un")) or program.endswith("cat")
    shown = "c" in opts or program.endswith("cat")
    status = 0
    for name in opts.rest or ["-"]:
        try:
            status = max(status, (yield from _one(ctx, opts.given, name, family, undo=undo, shown=shown)))
        except OSError as error:
            ctx.fail(f"{name}: {error.strerror}")
            status = 1
    return status


def _one(ctx: Context, given: Mapping[str, str], name: str, family: str, *, undo: bool, shown: bool) -> Work:
    suffix = KINDS[family].suffix
    target = name.removesuffix(suffix).removesuffix(".tgz") if undo else name + suffix
    if undo and name.endswith(".tgz"):
        target += ".tar"
    if name == "-":
        data = yield from ctx.stdin.read_all()
    else:
        data = ctx.read_file(name)
        if not shown and undo and "t" not in given and target == name:
            ctx.err(f"{family}: {name}: unknown suffix -- ignored\n")
            return 2
    try:
        made = yield from (unpack if undo else pack)(ctx, data, family)
    except PackError as error:
        label = "stdin" if name == "-" else name
        ctx.err(f"\n{ctx.name}: {label}: {error}\n" if family == "gzip" else f"{ctx.name}: {label}: {error}\n")
        return 1
    if "t" in given:
        return 0
    if shown or name == "-":
        yield from ctx.pour(map(bytes, pieces(made)))
        return 0
    ctx.write_file(target, made, mechanism="unpacked" if undo else "")
    if "k" not in given:
        ctx.files.remove(ctx.path(name), now=ctx.now, uid=ctx.sh.uid)
    return 0


COMMANDS: Mapping[str, Function] = dict.fromkeys(_FAMILIES, packer)
