"""This module holds the commands that show files in other forms: sums, base64, hexadecimal, strings."""

import base64
import binascii
import re
from collections.abc import Mapping

from decnet_actors.machine.shell.context import MAX_TEXT, Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Work, pieces

GROUPS = 15 * 4096  # bytes encoded at once: whole groups of base64's three and base32's five


def checksum(ctx: Context) -> Work:
    """``md5sum`` and its family."""
    opts = getopt(ctx, "bctwz", ("check/c", "binary/b", "text/t", "tag", "status", "quiet"))
    method = ctx.name.rpartition("/")[2].removesuffix("sum")
    method = "blake2b" if method == "b2" else method
    status = 0
    for name in opts.rest or ["-"]:
        try:
            data = (yield from ctx.stdin.read_all()) if name == "-" else ctx.read_file(name)
        except OSError as error:
            status = ctx.fail(f"{name}: {error.strerror}")
            continue
        if "c" in opts:
            status |= yield from _verify(ctx, data[:MAX_TEXT].decode("utf-8", "replace"), method)
            continue
        digest = yield from ctx.world.digest(data, method)
        ctx.out(f"{digest}{' *' if 'b' in opts else '  '}{name}\n")
    return status


def _verify(ctx: Context, text: str, method: str) -> Work:
    bad = 0
    for line in filter(None, text.split("\n", 1000)[:1000]):
        digest, _, name = line.partition(" ")
        name = name.lstrip(" *")
        try:
            good = (yield from ctx.world.digest(ctx.read_file(name), method)) == digest
        except OSError as error:
            ctx.fail(f"{name}: {error.strerror}")
            ctx.out(f"{name}: FAILED open or read\n")
            bad += 1
            continue
        ctx.out(f"{name}: {'OK' if good else 'FAILED'}\n")
        bad += not good
    if bad:
        ctx.fail(f"WARNING: {bad} computed checksum{'s' if bad > 1 else ''} did NOT match")
    return int(bad > 0)


def base(ctx: Context) -> Work:
    """``base64`` and ``base32``."""
    opts = getopt(ctx, "diw:", ("decode/d", "ignore-garbage/i", "wrap=/w"))
    read = yield from ctx.input_of(opts.rest[:1], None)
    if not read:
        return 1
    data = read[0][1]
    wide = ctx.name.endswith("64")
    if "d" in opts:
        compact = data.translate(None, b" \t\n\r\v\f")
        if "i" in opts:
            compact = re.sub(rb"[^A-Za-z0-9+/=]", b"", compact)
        for piece in map(bytes, pieces(compact)):
            if ctx.world.budget.due:
                yield BREATHE
            try:
                ctx.write(base64.b64decode(piece, validate=True) if wide else base64.b32decode(piece))
            except (binascii.Error, ValueError):
                ctx.write(_decodable(piece) if wide else b"")
                return ctx.fail("invalid input")
        return 0
    encode = base64.b64encode if wide else base64.b32encode
    found = re.fullmatch(r"\d{1,7}", opts.given.get("w", "76"))
    if found is None:
        ctx.usage(f"{ctx.name}: invalid wrap size: \u2018{opts.given['w']}\u2019\n")
    width = int(found[0])
    text = bytearray()
    for at in range(0, len(data), GROUPS):
        if ctx.world.budget.due:
            yield BREATHE
        text += encode(data[at : at + GROUPS])
    if width:
        yield from ctx.pour(bytes(text[at : at + width]) + b"\n" for at in range(0, len(text), width))
    else:
        yield from ctx.pour(map(bytes, pieces(text)))
    return 0


def _decodable(data: bytes) -> bytes:
    good = re.match(rb"[A-Za-z0-9+/]*", data)
    kept = good[0] if good else b""
    return base64.b64decode(kept[: len(kept) // 4 * 4])


def strings(ctx: Context) -> Work:
    """Show printable runs."""
    opts = getopt(ctx, "an:e:t:f", ("bytes=/n", "all/a"))
    least = int(opts.given["n"][:4]) if opts.given.get("n", "").isdecimal() else 4
    read = yield from ctx.input_of(opts.rest)
    for _, data in read:
        yield from ctx.pour(found[0] + b"\n" for found in re.finditer(rb"[\x20-\x7e\t]{%d,}" % max(least, 1), data))
    return int(len(read) < len(opts.rest))


COMMANDS: Mapping[str, Function] = {
    "md5sum": checksum, "sha1sum": checksum, "sha224sum": checksum, "sha256sum": checksum, "sha384sum": checksum,
    "sha512sum": checksum, "b2sum": checksum, "base64": base, "base32": base,
    "strings": strings,
}  # fmt: skip
