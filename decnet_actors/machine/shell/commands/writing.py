"""This module holds the commands that change the file tree: rm, mkdir, touch, mktemp, dd."""

import errno
import re
import stat
from collections.abc import Mapping

from decnet_actors.machine.shell.commands.modes import BadModeError, changed_mode
from decnet_actors.machine.shell.commands.moving import MAX_TREE, missing_operand
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Work


def rm(ctx: Context) -> Work:
    """Remove files."""
    opts = getopt(
        ctx,
        "rRfivdI",
        (
            "recursive/r",
            "force/f",
            "verbose/v",
            "no-preserve-root",
            "preserve-root",
            "interactive/i",
            "one-file-system",
        ),
    )
    recursive, force = "r" in opts or "R" in opts, "f" in opts
    if not opts.rest:
        if not force:
            missing_operand(ctx)
        return 0
    yield from ctx.world.capture(everything=True)
    status = 0
    for name in opts.rest:
        path = ctx.path(name)
        if recursive and ctx.files.resolve(path) == "/" and "no-preserve-root" not in opts:
            ctx.err(
                "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to "
                "override this failsafe\n"
            )
            status = 1
            continue
        if name.rstrip("/").rpartition("/")[2] in {".", ".."}:
            status = ctx.fail(f"refusing to remove '.' or '..' directory: skipping '{name}'")
            continue
        try:
            found = ctx.files.stat(path.rstrip("/") or "/", follow=False, uid=ctx.sh.uid)
        except OSError as error:
            if not (force and error.errno in {errno.ENOENT, errno.ENOTDIR}):
                status = ctx.fail(f"cannot remove '{name}': {error.strerror}")
            continue
        if stat.S_ISDIR(found.mode) and not recursive and "d" not in opts:
            status = ctx.fail(f"cannot remove '{name}': Is a directory")
            continue
        status |= yield from _remove(ctx, name, verbose="v" in opts)
    return status


def _remove(ctx: Context, top: str, *, verbose: bool) -> Work:
    """Remove a tree, children first."""
    status = 0
    stack = [(top, False)]
    touched = 0
    while stack and touched < MAX_TREE:
        name, emptied = stack.pop()
        path = ctx.path(name).rstrip("/") or "/"
        touched += 1
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        try:
            node = ctx.files.node(path, follow=False, uid=ctx.sh.uid)
            if not node.is_dir:
                ctx.files.remove(path, now=ctx.now, uid=ctx.sh.uid)
            elif emptied or not node.entries():
                ctx.files.rmdir(path, now=ctx.now, uid=ctx.sh.uid)
            else:
                stack.append((name, True))
                stack.extend(
                    (f"{name.rstrip('/')}/{child}", False) for child in reversed(ctx.files.list(path, uid=ctx.sh.uid))
                )
                continue
        except OSError as error:
            status = ctx.fail(f"cannot remove '{name}': {error.strerror}")
            continue
        if verbose:
            ctx.out(f"removed {'directory ' if node.is_dir else ''}'{name}'\n")
    return status


def rmdir(ctx: Context) -> Work:
    """Remove empty directories."""
    opts = getopt(ctx, "pv", ("parents/p", "verbose/v", "ignore-fail-on-non-empty"))
    if not opts.rest:
        missing_operand(ctx)
    status = 0
    for name in opts.rest:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            ctx.files.rmdir(ctx.path(name), now=ctx.now, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"failed to remove '{name}': {error.strerror}")
            continue
        parent = name.rstrip("/").rpartition("/")[0]
        while "p" in opts and parent:
            ctx.world.budget.step()
            try:
                ctx.files.rmdir(ctx.path(parent), now=ctx.now, uid=ctx.sh.uid)
            except OSError as error:
                status = ctx.fail(f"failed to remove directory '{parent}': {error.strerror}")
                break
            parent = parent.rpartition("/")[0]
    return status


def mkdir(ctx: Context) -> Work:
    """Make directories."""
    opts = getopt(ctx, "pvm:Z", ("parents/p", "verbose/v", "mode=/m"))
    if not opts.rest:
        missing_operand(ctx)
    status = 0
    mode = 0o777 & ~ctx.sh.umask
    if "m" in opts:
        try:
            mode = changed_mode(opts.given["m"], 0o777, umask=ctx.sh.umask, directory=True)
        except BadModeError:
            ctx.usage(f"mkdir: invalid mode \u2018{opts.given['m']}\u2019\n")
    for name in opts.rest:
        if ctx.world.budget.due:
            yield BREATHE
        path = ctx.files.resolve(ctx.path(name)) if "p" in opts else ctx.path(name)
        steps = [path]
        if "p" in opts:
            parts = path.strip("/").split("/")[:64]
            steps = ["/" + "/".join(parts[: i + 1]) for i in range(len(parts))]
        for step in steps:
            try:
                ctx.files.mkdir(step, now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid, mode=mode)
                if "v" in opts:
                    ctx.out(f"mkdir: created directory '{name}'\n")
            except OSError as error:
                if "p" in opts and error.errno == errno.EEXIST and ctx.files.node(step).is_dir:
                    continue
                status = ctx.fail(f"cannot create directory \u2018{name}\u2019: {error.strerror}")
                break
    return status


def touch(ctx: Context) -> Work:
    """Set times, making missing files."""
    opts = getopt(ctx, "acmfr:t:d:h", ("no-create/c", "reference=/r", "date=/d", "time="))
    if not opts.rest:
        ctx.usage("touch: missing file operand\nTry 'touch --help' for more information.\n")
    when = ctx.now
    if "r" in opts:
        when = ctx.files.stat(ctx.path(opts.given["r"]), uid=ctx.sh.uid).modified
    status = 0
    for name in opts.rest:
        if ctx.world.budget.due:
            yield BREATHE
        path = ctx.path(name)
        try:
            try:
                ctx.files.stat(path, uid=ctx.sh.uid)
            except FileNotFoundError:
                if "c" in opts:
                    continue
                ctx.write_file(name, b"")
            atime = None if "m" in opts and "a" not in opts else when
            mtime = None if "a" in opts and "m" not in opts else when
            ctx.files.touch(path, now=ctx.now, accessed=atime, modified=mtime, uid=ctx.sh.uid)
        except OSError as error:
            verb = "setting times of" if error.errno == errno.EPERM else "cannot touch"
            status = ctx.fail(f"{verb} '{name}': {error.strerror}")
    return status


def mktemp(ctx: Context) -> int:
    """Make a file or directory with a name nobody has."""
    opts = getopt(ctx, "dqup:t", ("directory/d", "tmpdir=/p", "dry-run/u", "quiet/q"))
    template = opts.rest[0] if opts.rest else "tmp.XXXXXXXXXX"
    run = re.search(r"X{3,}(?=[^X/]*$)", template)
    if run is None:
        return ctx.fail(f"too few X's in template \u2018{template}\u2019")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    middle = "".join(ctx.world.rng.choice(letters) for _ in range(run.end() - run.start()))
    name = template[: run.start()] + middle + template[run.end() :]
    if not opts.rest or "p" in opts or "t" in opts:
        name = f"{opts.given.get('p') or ctx.sh.get('TMPDIR') or '/tmp'}/{name}"  # noqa: S108  the decky's
    try:
        if "u" in opts:
            pass
        elif "d" in opts:
            ctx.files.mkdir(ctx.path(name), now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid, mode=0o700)
        else:
            ctx.files.write(ctx.path(name), b"", now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid, mode=0o600)
    except OSError as error:
        return ctx.fail(
            f"failed to create {'directory' if 'd' in opts else 'file'} via template \u2018{template}\u2019: "
            f"{error.strerror}"
        )
    ctx.out(f"{name}\n")
    return 0


def truncate(ctx: Context) -> Work:
    """Cut or extend files."""
    opts = getopt(ctx, "cs:r:o", ("size=/s", "no-create/c"))
    found = re.fullmatch(r"([-+]?)(\d{1,12})([KMG]?)", opts.given.get("s", ""))
    if found is None:
        ctx.usage(
            "truncate: you must specify either \u2018--size\u2019 or \u2018--reference\u2019\nTry "
            "'truncate --help' for more information.\n"
        )
    size = int(found[2]) * {"": 1, "K": 1024, "M": 1 << 20, "G": 1 << 30}[found[3]]
    for name in opts.rest:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            ctx.files.stat(ctx.path(name), uid=ctx.sh.uid)
        except FileNotFoundError:
            ctx.write_file(name, b"")
        ctx.files.truncate(ctx.path(name), size, now=ctx.now, uid=ctx.sh.uid)
    return 0


def dd(ctx: Context) -> Work:
    """Copy and count blocks."""
    words = dict(word.partition("=")[::2] for word in ctx.args)
    unknown = next((word for word in ctx.args if word.partition("=")[0] not in _DD_WORDS), None)
    if unknown is not None:
        ctx.usage(f"dd: unrecognized operand \u2018{unknown}\u2019\nTry 'dd --help' for more information.\n")
    size = min(_size(words.get("bs") or words.get("ibs") or "512"), 16 << 20)
    count = _size(words["count"]) if "count" in words else None
    skip = _size(words.get("skip", "0")) * size
    try:
        if "if" in words:
            wanted = None if count is None else min(count * size, 16 << 20)
            data = ctx.files.read(ctx.path(words["if"]), uid=ctx.sh.uid, offset=min(skip, 1 << 40), size=wanted)
        else:
            data = (yield from ctx.stdin.read_all())[skip:]
            data = data if count is None else data[: count * size]
    except OSError as error:
        return ctx.fail(f"failed to open '{words['if']}': {error.strerror}")
    try:
        if "of" in words:
            ctx.write_file(words["of"], data, mechanism="dd")
        else:
            ctx.write(data)
    except OSError as error:
        return ctx.fail(
            f"failed to open '{words.get('of', '')}': {error.strerror}"
            if error.errno != errno.ENOSPC
            else f"error writing '{words.get('of', '')}': {error.strerror}"
        )
    if words.get("status") != "none":
        full, part = divmod(len(data), max(size, 1))
        records = f"{full}+{1 if part else 0}"
        seconds = len(data) / 4.1e8 + 0.00021 + ctx.world.rng.random() * 1e-4
        speed = len(data) / seconds / 1e6
        more = (f" ({len(data) / 1000:.1f} kB, {len(data) / 1024:.1f} KiB)") if len(data) >= 1000 else ""  # noqa: PLR2004  dd's rule
        third = f"{len(data)} bytes{more} copied, {seconds:.6g} s, {speed:.1f} MB/s\n"
        ctx.err(f"{records} records in\n{records} records out\n{'' if ctx.applet else third}")
    return 0


_DD_WORDS = frozenset({"if", "of", "bs", "ibs", "obs", "count", "skip", "seek", "conv", "status", "iflag", "oflag"})


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,12})([kKMGbcw]?)B?", text)
    if found is None:
        return 1
    return int(found[1]) * {"": 1, "c": 1, "w": 2, "b": 512, "k": 1024, "K": 1024, "M": 1 << 20, "G": 1 << 30}[found[2]]


def shred(ctx: Context) -> Work:
    """Overwrite files with chance, and remove them with ``-u``."""
    opts = getopt(ctx, "fn:s:uvxz", ("remove/u", "zero/z", "iterations=/n", "verbose/v", "force/f"))
    if not opts.rest:
        ctx.usage("shred: missing file operand\nTry 'shred --help' for more information.\n")
    status = 0
    for name in opts.rest:
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        try:
            size = ctx.files.stat(ctx.path(name), uid=ctx.sh.uid).size
            noise = b"\0" if "z" in opts else ctx.world.rng.randbytes(4096)
            ctx.write_file(name, (noise * (size // len(noise) + 1))[:size])
            if "u" in opts:
                ctx.files.remove(ctx.path(name), now=ctx.now, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"{name}: failed to open for writing: {error.strerror}")
    return status


COMMANDS: Mapping[str, Function] = {
    "rm": rm, "unlink": rm, "rmdir": rmdir, "mkdir": mkdir, "touch": touch, "mktemp": mktemp, "truncate": truncate,
    "dd": dd, "shred": shred,
}  # fmt: skip
